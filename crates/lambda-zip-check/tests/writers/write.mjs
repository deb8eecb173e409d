// Writes zips of a function with npm's packages: node write.mjs NODE_MODULES BOOTSTRAP DIRECTORY
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { finished, pipeline } from 'node:stream/promises';

const [modules, bootstrapPath, out] = process.argv.slice(2);
const require = createRequire(join(resolve(modules), 'x.js'));
const load = (name) => import(pathToFileURL(require.resolve(name)));
const bootstrap = readFileSync(bootstrapPath);
const text = Buffer.from('the same again '.repeat(200));
const files = [
  ['bootstrap', bootstrap, 0o100755],
  ['conf/a.txt', text, 0o100644],
  ['empty', Buffer.alloc(0), 0o100644],
];
const place = (name) => join(out, `${name}.zip`);
const date = new Date('2026-11-27T12:00:00Z');

async function archiver() {
  const module = await load('archiver');
  const create = (options) =>
    module.ZipArchive ? new module.ZipArchive(options) : (module.default ?? module)('zip', options);
  for (const [name, options] of [['stored', { store: true }], ['deflated', {}], ['zip64', { forceZip64: true }]]) {
    const archive = create(options);
    const written = pipeline(archive, createWriteStream(place(`archiver-${name}`)));
    for (const [path, contents, mode] of files) archive.append(contents, { name: path, mode: mode & 0o777, date });
    await archive.finalize();
    await written;
  }
}

async function jszip() {
  const JSZip = require('jszip');
  for (const [name, compression] of [['stored', 'STORE'], ['deflated', 'DEFLATE']]) {
    for (const streamFiles of [false, true]) {
      const zip = new JSZip();
      for (const [path, contents, mode] of files) zip.file(path, contents, { unixPermissions: mode, date });
      const bytes = await zip.generateAsync({ type: 'nodebuffer', platform: 'UNIX', compression, streamFiles });
      writeFileSync(place(`jszip-${name}${streamFiles ? '-streamed' : ''}`), bytes);
    }
  }
}

async function yazl() {
  const { ZipFile } = require('yazl');
  const { Readable } = require('node:stream');
  for (const compress of [false, true]) {
    for (const kind of ['plain', 'streamed', 'zip64']) {
      const zip = new ZipFile();
      for (const [path, contents, mode] of files) {
        const options = { mode, compress, mtime: date, forceZip64Format: kind === 'zip64' };
        if (kind === 'plain') zip.addBuffer(contents, path, options);
        else zip.addReadStream(Readable.from([contents]), path, options);
      }
      const stream = createWriteStream(place(`yazl-${compress ? 'deflated' : 'stored'}-${kind}`));
      zip.outputStream.pipe(stream);
      zip.end({ forceZip64Format: kind === 'zip64' });
      await finished(stream);
    }
  }
}

async function admZip() {
  const AdmZip = require('adm-zip');
  for (const method of [0, 8]) {
    const zip = new AdmZip();
    for (const [path, contents, mode] of files) {
      zip.addFile(path, contents, '', mode & 0o777);
      const entry = zip.getEntry(path);
      if (contents.length > 0) entry.header.method = method;
      entry.header.made = 0x314;
      entry.header.attr = (mode << 16) >>> 0;
    }
    zip.writeZip(place(`adm-zip-${method === 0 ? 'stored' : 'deflated'}`));
  }
}

async function fflate() {
  const { zipSync, Zip, ZipDeflate, ZipPassThrough } = require('fflate');
  const attributes = (mode) => ({ os: 3, attrs: (mode << 16) >>> 0, mtime: date });
  for (const level of [0, 6]) {
    const input = Object.fromEntries(
      files.map(([path, contents, mode]) => [path, [new Uint8Array(contents), { level, ...attributes(mode) }]]),
    );
    writeFileSync(place(`fflate-${level === 0 ? 'stored' : 'deflated'}`), zipSync(input));
    const chunks = [];
    const zip = new Zip((error, chunk) => {
      if (error) throw error;
      chunks.push(Buffer.from(chunk));
    });
    for (const [path, contents, mode] of files) {
      const file = level === 0 ? new ZipPassThrough(path) : new ZipDeflate(path, { level });
      Object.assign(file, attributes(mode));
      zip.add(file);
      file.push(new Uint8Array(contents), true);
    }
    zip.end();
    writeFileSync(place(`fflate-${level === 0 ? 'stored' : 'deflated'}-streamed`), Buffer.concat(chunks));
  }
}

async function zipJs() {
  const { ZipWriter, Uint8ArrayReader, Uint8ArrayWriter, configure } = require('@zip.js/zip.js');
  configure({ useWebWorkers: false });
  for (const level of [0, 6]) {
    for (const [name, options] of [
      ['plain', { dataDescriptor: false, zip64: false }],
      ['streamed', { dataDescriptor: true }],
      ['zip64', { zip64: true }],
      ['zip64-plain', { zip64: true, dataDescriptor: false }],
    ]) {
      const zip = new ZipWriter(new Uint8ArrayWriter());
      for (const [path, contents, mode] of files) {
        const attributes = { msDosCompatible: false, unixMode: mode };
        const all = { level, extendedTimestamp: false, lastModDate: date, ...attributes, ...options };
        await zip.add(path, new Uint8ArrayReader(new Uint8Array(contents)), all);
      }
      const bytes = await zip.close(undefined, { zip64: options.zip64 ?? false });
      writeFileSync(place(`zip-js-${level === 0 ? 'stored' : 'deflated'}-${name}`), bytes);
    }
  }
}

for (const write of [archiver, jszip, yazl, admZip, fflate, zipJs]) await write();
