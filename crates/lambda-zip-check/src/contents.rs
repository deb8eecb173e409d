//! What an entry holds. The `zip` crate decompresses; what is kept is small.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tempfile::SpooledTempFile;
use zip::ZipReadOptions;

use super::entry::Entry;
use crate::elf::{self, Elf};
use lambda_platform::limits::UNPACKED_LIMIT;
use lambda_zip_error::fs;

/// An ELF file that is larger than this is unpacked to a temporary file in place of memory.
const IN_MEMORY_LIMIT: usize = 4 << 20;

/// How the first line of a file in PEM begins.
const PEM_BEGIN: &[u8] = b"-----BEGIN ";

/// A private key that lies deeper in a file than this is not looked for: a chain of certificates takes some kilobytes.
const PEM_LIMIT: u64 = 1 << 20;

/// The longest target that a symbolic link can have in Linux.
const LINK_LIMIT: u64 = 4096;

/// How many bytes of an entry decide what it is. A `#!` line is at most 256 bytes long in Linux.
pub const HEAD_SIZE: usize = 512;

/// An entry that the caller has just packed.
#[derive(Debug, Clone, Copy)]
pub struct PackedEntry<'a> {
    /// What it was packed from.
    pub source: PackedSource<'a>,
    /// The first [`HEAD_SIZE`] bytes of its contents, or all of them if there are fewer.
    pub head: &'a [u8],
}

/// What an entry was packed from.
#[derive(Debug, Clone, Copy)]
pub enum PackedSource<'a> {
    /// A file on the disk, unchanged since.
    File(&'a Path),
    /// Contents in memory.
    Bytes(&'a [u8]),
    /// A symbolic link with this target.
    Link(&'a str),
    /// An empty directory.
    Directory,
}

/// What may still be unpacked and kept of one zip, whatever it says of itself.
pub(super) struct Budget {
    /// Bytes to unpack: enough to say of a zip over Lambda's limit what else is wrong with it.
    unpacked: u64,
    /// ELF files to take apart.
    elf_files: u32,
    /// Bytes of the targets of symbolic links.
    links: u64,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { unpacked: 2 * UNPACKED_LIMIT, elf_files: 2048, links: 4 << 20 }
    }

    /// Takes an entry's share, before anything of it is read; false if there is too little left.
    fn afford(&mut self, entry: &Entry) -> bool {
        // Entries that share bytes of the archive must not make it be read over and over.
        let Some(unpacked) = self.unpacked.checked_sub(entry.size.max(entry.packed_size)) else { return false };
        let links = if entry.is_link() { self.links.checked_sub(entry.size) } else { Some(self.links) };
        let Some(links) = links else { return false };
        (self.unpacked, self.links) = (unpacked, links);
        true
    }
}

/// What an entry holds, as far as a rule asks for it.
#[derive(Debug)]
pub(super) enum Contents {
    /// Nothing: it is a folder.
    Folder,
    /// The target of a symbolic link.
    Link(String),
    /// An ELF file.
    Elf(Box<Elf>),
    /// A file that starts like an ELF file, and why it is none.
    BrokenElf(String),
    /// An executable of macOS.
    MachO,
    /// An executable of Windows.
    PortableExecutable,
    /// A script and what its first line says.
    Script(Shebang),
    /// A private key.
    PrivateKey,
    /// A file without a byte.
    Empty,
    /// Anything else.
    Other,
    /// It was not unpacked, for a reason that another rule reports: its headers or its method.
    Skipped,
    /// It was not unpacked, since the zip holds too much.
    BeyondBudget,
    /// It cannot be decompressed, with the reason.
    Corrupt(String),
    /// It decompressed to another size than the directory gives.
    WrongSize,
    /// It decompressed to another checksum than the directory gives.
    WrongChecksum,
}

/// The first line of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shebang {
    /// The program after `#!`.
    pub(super) interpreter: String,
    /// What follows it on the line.
    pub(super) argument: Option<String>,
    /// Whether the line ends like a line on Windows.
    pub(super) ends_with_carriage_return: bool,
}

/// Unpacks an entry. An error is one of the file, never of what the entry holds.
pub(super) fn read(file: &mut (impl Read + Seek), entry: &Entry, budget: &mut Budget) -> io::Result<Contents> {
    if entry.is_folder() && entry.size == 0 {
        return Ok(Contents::Folder);
    }
    let Some(data_start) = entry.local.data_start else { return Ok(Contents::Skipped) };
    if entry.is_encrypted() || !entry.has_known_method() {
        return Ok(Contents::Skipped);
    }
    if !budget.afford(entry) {
        return Ok(Contents::BeyondBudget);
    }
    let Some(header) = plain_header(entry) else { return Ok(Contents::BeyondBudget) };
    file.seek(SeekFrom::Start(data_start))?;
    let mut stream = Cursor::new(header).chain(file.take(entry.packed_size));
    match unpack(&mut stream, entry, budget) {
        // What the operating system reports is about the file; the rest is about the data in it.
        Err(error) if error.raw_os_error().is_some() => Err(error),
        Err(error) => Ok(Contents::Corrupt(error.to_string())),
        Ok(contents) => Ok(contents),
    }
}

/// A header that says what the directory says and nothing more, for the `zip` crate to unpack by: the entry's own header
/// was compared before, and its extra fields are no business of the decompressor's.
fn plain_header(entry: &Entry) -> Option<Vec<u8>> {
    let mut header = b"PK\x03\x04\x14\0\0\0".to_vec();
    header.extend_from_slice(&entry.method.to_le_bytes());
    header.extend_from_slice(&[0; 4]);
    header.extend_from_slice(&entry.crc.to_le_bytes());
    header.extend_from_slice(&u32::try_from(entry.packed_size).ok()?.to_le_bytes());
    // One more than stated, to see whether there is more.
    header.extend_from_slice(&u32::try_from(entry.size + 1).ok()?.to_le_bytes());
    header.extend_from_slice(b"\x01\0\0\0x");
    Some(header)
}

fn unpack(stream: &mut impl Read, entry: &Entry, budget: &mut Budget) -> io::Result<Contents> {
    let options = ZipReadOptions::new().ignore_crc32(true);
    let unpacked = zip::read::read_zipfile_from_stream_with_options(stream, options).map_err(io::Error::other)?;
    let Some(unpacked) = unpacked else { return Ok(Contents::Skipped) };
    let mut unpacked = unpacked.take(entry.size + 1);
    let mut head = Vec::new();
    unpacked.by_ref().take(HEAD_SIZE as u64).read_to_end(&mut head)?;
    let is_elf = head.starts_with(&elf::MAGIC);
    let is_link = entry.is_link();
    let is_pem = head.starts_with(PEM_BEGIN);
    let mut kept = SpooledTempFile::new(IN_MEMORY_LIMIT);
    let mut checksum = crc32fast::Hasher::new();
    let mut size = 0;
    let mut buffer = vec![0; 64 << 10];
    let mut reader = Cursor::new(&head).chain(unpacked);
    loop {
        let count = reader.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        checksum.update(bytes);
        size += count as u64;
        if is_elf || is_link && size <= LINK_LIMIT || is_pem && size <= PEM_LIMIT {
            kept.write_all(bytes)?;
        }
    }
    if size != entry.size {
        return Ok(Contents::WrongSize);
    }
    if checksum.finalize() != entry.crc {
        return Ok(Contents::WrongChecksum);
    }
    if is_link {
        kept.rewind()?;
        let mut target = Vec::new();
        kept.read_to_end(&mut target)?;
        return Ok(Contents::Link(String::from_utf8_lossy(&target).into_owned()));
    }
    look_into(kept, &head, budget)
}

/// The contents of an entry that was just packed. The source is read again only if its head is not enough.
pub(super) fn of_packed(packed: &PackedEntry<'_>, entry: &Entry, budget: &mut Budget) -> Result<Contents> {
    let PackedEntry { source, head } = *packed;
    if !matches!(source, PackedSource::Directory) && !budget.afford(entry) {
        return Ok(Contents::BeyondBudget);
    }
    match source {
        PackedSource::Directory => Ok(Contents::Folder),
        PackedSource::Link(target) => Ok(Contents::Link(target.to_owned())),
        PackedSource::Bytes(bytes) => Ok(look_into(Cursor::new(bytes), head, budget)?),
        PackedSource::File(_) if !is_more_than_its_head(head) => Ok(classify(head)),
        PackedSource::File(path) => {
            let shown = path.display();
            let file = fs::open(path)?;
            let length = file.metadata().with_context(|| format!("failed to look at `{shown}`"))?.len();
            ensure!(length == entry.size, "`{shown}` changed after it was packed");
            look_into(file, head, budget).with_context(|| format!("failed to read `{shown}`"))
        }
    }
}

/// Whether what a file is takes more of it to tell than how it begins.
fn is_more_than_its_head(head: &[u8]) -> bool {
    head.starts_with(&elf::MAGIC) || head.starts_with(PEM_BEGIN)
}

/// What a file is, by its head, and for those that are more than that, by what is in it.
fn look_into(mut file: impl Read + Seek, head: &[u8], budget: &mut Budget) -> io::Result<Contents> {
    if head.starts_with(&elf::MAGIC) {
        let Some(left) = budget.elf_files.checked_sub(1) else { return Ok(Contents::BeyondBudget) };
        budget.elf_files = left;
        file.rewind()?;
        return Ok(match Elf::read(file) {
            Ok(elf) => Contents::Elf(Box::new(elf)),
            Err(error) => Contents::BrokenElf(error.to_string()),
        });
    }
    if head.starts_with(PEM_BEGIN) {
        let mut pem = Vec::new();
        file.rewind()?;
        file.by_ref().take(PEM_LIMIT).read_to_end(&mut pem)?;
        return Ok(if has_private_key(&pem) { Contents::PrivateKey } else { Contents::Other });
    }
    Ok(classify(head))
}

/// What a file that is no ELF file starts like.
fn classify(head: &[u8]) -> Contents {
    let magic: [u8; 4] = head.first_chunk().copied().unwrap_or_default();
    match magic {
        // 32 and 64 bits in both byte orders, and the universal file, whose magic Java classes share: there the next
        // number is a version of 45 or more, not a count of architectures.
        [0xfe, 0xed, 0xfa, 0xce | 0xcf] | [0xce | 0xcf, 0xfa, 0xed, 0xfe] => Contents::MachO,
        [0xca, 0xfe, 0xba, 0xbe] if head.get(4..8).is_some_and(|count| *count < [0, 0, 0, 45][..]) => Contents::MachO,
        [b'M', b'Z', ..] => Contents::PortableExecutable,
        [b'#', b'!', ..] => shebang(head).map_or(Contents::Other, Contents::Script),
        _ if head.is_empty() => Contents::Empty,
        _ => Contents::Other,
    }
}

/// A key may come after the certificates that it is for.
fn has_private_key(pem: &[u8]) -> bool {
    let mut lines = pem.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.any(|line| line.starts_with(PEM_BEGIN) && line.ends_with(b" PRIVATE KEY-----"))
}

fn shebang(head: &[u8]) -> Option<Shebang> {
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    let ends_with_carriage_return = line.ends_with('\r');
    let line = line.trim();
    let (interpreter, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    let argument = Some(argument.trim().to_owned()).filter(|argument| !argument.is_empty());
    Some(Shebang { interpreter: interpreter.into(), argument, ends_with_carriage_return })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_script_is_taken_apart_as_linux_does() {
        let parse = |text: &str| shebang(text.as_bytes()).unwrap();
        let script = parse("#! /usr/bin/env bash\necho");
        assert_eq!((script.interpreter.as_str(), script.argument.as_deref()), ("/usr/bin/env", Some("bash")));
        assert!(!script.ends_with_carriage_return);
        let script = parse("#!/bin/sh\r\necho");
        assert_eq!((script.interpreter.as_str(), script.argument), ("/bin/sh", None));
        assert!(script.ends_with_carriage_return);
    }

    #[test]
    fn a_private_key_is_found_behind_certificates() {
        let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(has_private_key(b"-----BEGIN RSA PRIVATE KEY-----\nabc"));
        assert!(has_private_key(format!("{certificate}-----BEGIN PRIVATE KEY-----\r\nabc").as_bytes()));
        assert!(!has_private_key(certificate.as_bytes()));
        assert!(!has_private_key(b"-----BEGIN PUBLIC KEY-----"));
    }

    #[test]
    fn executables_of_other_systems_are_told_by_their_head() {
        assert!(matches!(classify(b"\xcf\xfa\xed\xfe\x0c\0\0\x01"), Contents::MachO));
        assert!(matches!(classify(b"\xca\xfe\xba\xbe\0\0\0\x02"), Contents::MachO));
        assert!(matches!(classify(b"\xca\xfe\xba\xbe\0\0\0\x41"), Contents::Other));
        assert!(matches!(classify(b"MZ\x90\0"), Contents::PortableExecutable));
        assert!(matches!(classify(b""), Contents::Empty));
    }
}
