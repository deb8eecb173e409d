//! What an entry contains. Only the little that the rules need is kept in memory.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::read::DeflateDecoder;
use tempfile::SpooledTempFile;

use super::entry::{METHOD_DEFLATE, ZipEntry};
use super::error::ReadError;
use crate::elf::{self, Elf};
use lambda_platform::limits::UNPACKED_LIMIT;

/// An ELF file that is larger than this is unpacked to a temporary file instead of memory.
const IN_MEMORY_LIMIT: usize = 4 << 20;

/// The start of a PEM file.
const PEM_BEGIN: &[u8] = b"-----BEGIN ";

/// How much of a PEM file is searched for a private key. A chain of certificates takes some kilobytes.
const PEM_LIMIT: u64 = 1 << 20;

/// The longest target of a symbolic link on Linux, and one byte more.
const LINK_LIMIT: u64 = 4096;

/// How many bytes of an entry decide what it is. Linux reads 256 bytes of a `#!` line.
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
    /// A file on the disk, which has not changed since.
    File(&'a Path),
    /// Contents in memory.
    Bytes(&'a [u8]),
    /// A symbolic link with this target.
    Link(&'a str),
    /// An empty directory.
    Directory,
}

/// How much of one zip may still be unpacked and kept, whatever the zip claims.
pub(super) struct Budget {
    /// Bytes to unpack: enough to report what else is wrong with a zip over Lambda's limit.
    unpacked: u64,
    /// ELF files to parse.
    elf_files: u32,
    /// Bytes of the targets of symbolic links.
    links: u64,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { unpacked: 2 * UNPACKED_LIMIT, elf_files: 2048, links: 4 << 20 }
    }

    /// Subtracts an entry's share before it is read; false if too little is left.
    fn afford(&mut self, entry: &ZipEntry) -> bool {
        // The compressed size counts as well: many entries may share the same bytes of the archive.
        let Some(unpacked) = self.unpacked.checked_sub(entry.size.max(entry.packed_size)) else { return false };
        let links = if entry.is_link() { self.links.checked_sub(entry.size) } else { Some(self.links) };
        let Some(links) = links else { return false };
        (self.unpacked, self.links) = (unpacked, links);
        true
    }
}

/// What an entry contains, as far as a rule needs to know.
#[derive(Debug)]
pub(super) enum Contents {
    /// A directory.
    Directory,
    /// The target of a symbolic link.
    Link(String),
    /// An ELF file.
    Elf(Box<Elf>),
    /// A file that starts like an ELF file, with the reason why it is not one.
    BrokenElf(String),
    /// A macOS executable or library.
    MachO,
    /// A Windows executable or library.
    PortableExecutable,
    /// A script with its `#!` line.
    Script(Shebang),
    /// A private key.
    PrivateKey,
    /// An empty file.
    Empty,
    /// Anything else.
    Other,
    /// Not unpacked, for a reason that another rule reports: its headers, its method or its encryption.
    Skipped,
    /// Not unpacked because the zip contains too much.
    BeyondBudget,
    /// Cannot be decompressed, with the reason.
    Corrupt(String),
    /// Unpacks to another size than the directory gives.
    WrongSize,
    /// Unpacks to data with another checksum than the directory gives.
    WrongChecksum,
}

/// The first line of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shebang {
    /// The program after `#!`.
    pub(super) interpreter: String,
    /// The rest of the line.
    pub(super) argument: Option<String>,
    /// Whether the line ends with CR LF, as on Windows.
    pub(super) ends_with_carriage_return: bool,
}

/// Unpacks an entry. An error is about reading the file, never about the entry's data.
pub(super) fn read(file: &mut (impl Read + Seek), entry: &ZipEntry, budget: &mut Budget) -> io::Result<Contents> {
    if entry.is_directory() && entry.size == 0 {
        return Ok(Contents::Directory);
    }
    let Some(data_start) = entry.local.data_start else { return Ok(Contents::Skipped) };
    if entry.is_encrypted() || !entry.has_known_method() {
        return Ok(Contents::Skipped);
    }
    if !budget.afford(entry) {
        return Ok(Contents::BeyondBudget);
    }
    file.seek(SeekFrom::Start(data_start))?;
    let packed = file.take(entry.packed_size);
    let unpacked = if entry.method == METHOD_DEFLATE {
        unpack(DeflateDecoder::new(packed), entry, budget)
    } else {
        unpack(packed, entry, budget)
    };
    match unpacked {
        // An error of the operating system is about the file, any other error about the data.
        Err(error) if error.raw_os_error().is_some() => Err(error),
        Err(error) => Ok(Contents::Corrupt(error.to_string())),
        Ok(contents) => Ok(contents),
    }
}

/// Reads the decompressed data of an entry to its end, or to one byte past its stated size.
fn unpack(data: impl Read, entry: &ZipEntry, budget: &mut Budget) -> io::Result<Contents> {
    let mut data = data.take(entry.size + 1);
    let mut head = Vec::new();
    data.by_ref().take(HEAD_SIZE as u64).read_to_end(&mut head)?;
    let is_elf = head.starts_with(&elf::MAGIC);
    let is_link = entry.is_link();
    let is_pem = head.starts_with(PEM_BEGIN);
    let mut kept = SpooledTempFile::new(IN_MEMORY_LIMIT);
    let mut checksum = crc32fast::Hasher::new();
    let mut size = 0;
    let mut buffer = vec![0; 64 << 10];
    let mut reader = Cursor::new(&head).chain(data);
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
    inspect(kept, &head, budget)
}

/// The contents of an entry that was just packed. The source is read again only if its first bytes are not enough.
pub(super) fn of_packed(
    packed: &PackedEntry<'_>,
    entry: &ZipEntry,
    budget: &mut Budget,
) -> Result<Contents, ReadError> {
    let PackedEntry { source, head } = *packed;
    if !matches!(source, PackedSource::Directory) && !budget.afford(entry) {
        return Ok(Contents::BeyondBudget);
    }
    match source {
        PackedSource::Directory => Ok(Contents::Directory),
        PackedSource::Link(target) => Ok(Contents::Link(target.to_owned())),
        PackedSource::Bytes(bytes) => inspect(Cursor::new(bytes), head, budget).map_err(ReadError::Reader),
        PackedSource::File(_) if !needs_whole_file(head) => Ok(classify(head)),
        PackedSource::File(path) => inspect_source(path, head, entry.size, budget),
    }
}

fn inspect_source(path: &Path, head: &[u8], size: u64, budget: &mut Budget) -> Result<Contents, ReadError> {
    let failed = |source| ReadError::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() != size {
        return Err(ReadError::SourceChanged { path: path.to_owned() });
    }
    inspect(file, head, budget).map_err(failed)
}

/// Whether the first bytes of a file are not enough to classify it.
fn needs_whole_file(head: &[u8]) -> bool {
    head.starts_with(&elf::MAGIC) || head.starts_with(PEM_BEGIN)
}

/// Classifies a file by its first bytes, and ELF and PEM files by what follows.
fn inspect(mut file: impl Read + Seek, head: &[u8], budget: &mut Budget) -> io::Result<Contents> {
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

/// Classifies a file that is neither ELF nor PEM by its first bytes.
fn classify(head: &[u8]) -> Contents {
    let magic: [u8; 4] = head.first_chunk().copied().unwrap_or_default();
    match magic {
        // 32 and 64 bits in both byte orders, and universal files. Java classes share the magic number of the latter, but
        // their next number is a version of 45 or more, not a count of architectures.
        [0xfe, 0xed, 0xfa, 0xce | 0xcf] | [0xce | 0xcf, 0xfa, 0xed, 0xfe] => Contents::MachO,
        [0xca, 0xfe, 0xba, 0xbe] if head.get(4..8).is_some_and(|count| *count < [0, 0, 0, 45][..]) => Contents::MachO,
        [b'M', b'Z', ..] => Contents::PortableExecutable,
        [b'#', b'!', ..] => shebang(head).map_or(Contents::Other, Contents::Script),
        _ if head.is_empty() => Contents::Empty,
        _ => Contents::Other,
    }
}

/// The key may come after the certificates that it belongs to.
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
    fn a_shebang_line_is_split_as_linux_does() {
        let parse = |text: &str| shebang(text.as_bytes()).unwrap();
        let script = parse("#! /usr/bin/env bash\necho");
        assert_eq!((script.interpreter.as_str(), script.argument.as_deref()), ("/usr/bin/env", Some("bash")));
        assert!(!script.ends_with_carriage_return);
        let script = parse("#!/bin/sh\r\necho");
        assert_eq!((script.interpreter.as_str(), script.argument), ("/bin/sh", None));
        assert!(script.ends_with_carriage_return);
    }

    #[test]
    fn a_private_key_is_found_after_certificates() {
        let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(has_private_key(b"-----BEGIN RSA PRIVATE KEY-----\nabc"));
        assert!(has_private_key(format!("{certificate}-----BEGIN PRIVATE KEY-----\r\nabc").as_bytes()));
        assert!(!has_private_key(certificate.as_bytes()));
        assert!(!has_private_key(b"-----BEGIN PUBLIC KEY-----"));
    }

    #[test]
    fn executables_for_other_systems_are_recognised() {
        assert!(matches!(classify(b"\xcf\xfa\xed\xfe\x0c\0\0\x01"), Contents::MachO));
        assert!(matches!(classify(b"\xca\xfe\xba\xbe\0\0\0\x02"), Contents::MachO));
        assert!(matches!(classify(b"\xca\xfe\xba\xbe\0\0\0\x41"), Contents::Other));
        assert!(matches!(classify(b"MZ\x90\0"), Contents::PortableExecutable));
        assert!(matches!(classify(b""), Contents::Empty));
    }
}
