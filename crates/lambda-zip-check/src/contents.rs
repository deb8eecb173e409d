//! What an entry contains. Only the little that the rules need is kept in memory.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::read::DeflateDecoder;
use tempfile::SpooledTempFile;

use super::entry::{METHOD_DEFLATE, ZipEntry};
use super::error::{ReadError, TemporaryFileError, open_regular};
use super::recognise::{FileFormat, recognise};
use crate::elf::{self, Elf};
use lambda_platform::limits::UNPACKED_LIMIT;

/// An ELF file that is larger than this is unpacked to a temporary file instead of memory.
const IN_MEMORY_LIMIT: usize = 4 << 20;

/// The start of a PEM file.
const PEM_BEGIN: &[u8] = b"-----BEGIN ";

/// How much of a PEM file is searched for a private key. A chain of certificates takes some kilobytes.
const PEM_LIMIT: u64 = 1 << 20;

/// The longest target of a symbolic link on Linux, in bytes.
const LINK_LIMIT: u64 = 4095;

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
    /// A .NET assembly, which has the format of Windows on every system.
    DotNetAssembly,
    /// A script with its `#!` line.
    Script(Shebang),
    /// A private key.
    PrivateKey,
    /// An empty file.
    Empty,
    /// A symbolic link whose contents cannot be a path.
    BrokenLink(LinkDamage),
    /// Anything else.
    Other(FileFormat),
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

impl Contents {
    /// Names a file that is neither an ELF file nor a script.
    pub(super) fn name(&self) -> String {
        match self {
            Self::MachO => "an executable or library for macOS".into(),
            Self::PortableExecutable => "an executable or library for Windows".into(),
            Self::DotNetAssembly => "a .NET assembly".into(),
            Self::PrivateKey => "a private key".into(),
            Self::Empty => "an empty file".into(),
            Self::Script(_) => "a script".into(),
            Self::Elf(_) | Self::BrokenElf(_) => "an ELF file".into(),
            Self::Other(format) => format.to_string(),
            _ => "not a file".into(),
        }
    }

    /// Whether it is a file that Linux can neither execute nor give to an interpreter.
    pub(super) fn is_not_executable(&self) -> bool {
        matches!(
            self,
            Self::MachO
                | Self::PortableExecutable
                | Self::DotNetAssembly
                | Self::PrivateKey
                | Self::Empty
                | Self::Other(_)
        )
    }

    /// Whether it could not be read, so that nothing is known about it. Another rule says why.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(
            self,
            Self::Skipped
                | Self::BeyondBudget
                | Self::Corrupt(_)
                | Self::WrongSize
                | Self::WrongChecksum
                | Self::BrokenLink(_)
        )
    }
}

/// Why the contents of a symbolic link are not a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LinkDamage {
    /// There are none.
    Empty,
    /// They are something else, of this size.
    NotAPath(String, u64),
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

/// Unpacks an entry, and records how much of its data was not needed for that. An error is about reading the file, never
/// about the entry's data.
pub(super) fn read(file: &mut (impl Read + Seek), entry: &mut ZipEntry, budget: &mut Budget) -> io::Result<Contents> {
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
        let mut decoder = DeflateDecoder::new(packed);
        let unpacked = unpack(&mut decoder, entry, budget);
        entry.local.unused = entry.packed_size.saturating_sub(decoder.total_in());
        unpacked
    } else {
        unpack(packed, entry, budget)
    };
    match unpacked {
        Ok(contents) => Ok(contents),
        Err(UnpackError::Data(reason)) => Ok(Contents::Corrupt(reason)),
        Err(UnpackError::File(error)) => Err(error),
        Err(UnpackError::TemporaryFile(error)) => {
            Err(io::Error::new(error.kind(), TemporaryFileError { directory: std::env::temp_dir(), source: error }))
        }
    }
}

/// Why an entry could not be unpacked.
enum UnpackError {
    /// Its data is damaged.
    Data(String),
    /// The zip cannot be read from the disk.
    File(io::Error),
    /// The data cannot be written to a temporary file.
    TemporaryFile(io::Error),
}

impl UnpackError {
    /// Sorts an error of the decompressor: what the operating system reports is about the file.
    fn reading(error: io::Error) -> Self {
        if error.raw_os_error().is_some() { Self::File(error) } else { Self::Data(error.to_string()) }
    }
}

/// Reads the decompressed data of an entry to its end, or to one byte past its stated size.
fn unpack(data: impl Read, entry: &ZipEntry, budget: &mut Budget) -> Result<Contents, UnpackError> {
    let mut data = data.take(entry.size + 1);
    let mut head = Vec::new();
    data.by_ref().take(HEAD_SIZE as u64).read_to_end(&mut head).map_err(UnpackError::reading)?;
    let is_elf = head.starts_with(&elf::MAGIC);
    let is_link = entry.is_link();
    let is_pem = head.starts_with(PEM_BEGIN);
    let mut kept = SpooledTempFile::new(IN_MEMORY_LIMIT);
    let mut checksum = crc32fast::Hasher::new();
    let mut size = 0;
    let mut buffer = vec![0; 64 << 10];
    let mut reader = Cursor::new(&head).chain(data);
    loop {
        let count = reader.read(&mut buffer).map_err(UnpackError::reading)?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        checksum.update(bytes);
        size += count as u64;
        if is_link && size <= LINK_LIMIT || !is_link && (is_elf || is_pem && size <= PEM_LIMIT) {
            kept.write_all(bytes).map_err(UnpackError::TemporaryFile)?;
        }
    }
    if size != entry.size {
        return Ok(Contents::WrongSize);
    }
    if checksum.finalize() != entry.crc {
        return Ok(Contents::WrongChecksum);
    }
    if is_link {
        let mut target = Vec::new();
        kept.rewind().and_then(|()| kept.read_to_end(&mut target)).map_err(UnpackError::TemporaryFile)?;
        return Ok(link(&target, &head, size));
    }
    inspect(kept, &head, budget).map_err(UnpackError::TemporaryFile)
}

/// Checks that the contents of a symbolic link can be a path. `head` is their start, `size` their full size.
fn link(target: &[u8], head: &[u8], size: u64) -> Contents {
    let is_path = || !target.iter().any(u8::is_ascii_control);
    match size {
        0 => Contents::BrokenLink(LinkDamage::Empty),
        // Executables, scripts and archives are packed whole when a tool mistakes the mode.
        _ if size > LINK_LIMIT || !is_path() => Contents::BrokenLink(LinkDamage::NotAPath(describe(head), size)),
        _ => Contents::Link(String::from_utf8_lossy(target).into_owned()),
    }
}

/// Names what a file is by its first bytes.
fn describe(head: &[u8]) -> String {
    if head.starts_with(&elf::MAGIC) { "an ELF file".into() } else { classify(head).name() }
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
        PackedSource::Link(target) => Ok(link(target.as_bytes(), head, target.len() as u64)),
        PackedSource::Bytes(bytes) => inspect(Cursor::new(bytes), head, budget).map_err(ReadError::Reader),
        PackedSource::File(_) if !needs_whole_file(head) => Ok(classify(head)),
        PackedSource::File(path) => inspect_source(path, head, entry.size, budget),
    }
}

fn inspect_source(path: &Path, head: &[u8], size: u64, budget: &mut Budget) -> Result<Contents, ReadError> {
    let failed = |source| ReadError::File { path: path.to_owned(), source };
    let file = open_regular(path).map_err(failed)?;
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
        return Ok(if has_private_key(&pem) { Contents::PrivateKey } else { Contents::Other(FileFormat::Text) });
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
        [b'M', b'Z', ..] if has_clr_header(head) => Contents::DotNetAssembly,
        [b'M', b'Z', ..] => Contents::PortableExecutable,
        [b'#', b'!', ..] => Contents::Script(shebang(head)),
        _ if head.is_empty() => Contents::Empty,
        _ => Contents::Other(recognise(head)),
    }
}

/// Whether a Windows executable has the header of the .NET runtime: entry 14 of the data directories.
fn has_clr_header(head: &[u8]) -> bool {
    let number = |offset: usize| head.get(offset..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    let has_header = || {
        let header = usize::try_from(number(0x3c)?).ok()?;
        (head.get(header..)?.starts_with(b"PE\0\0")).then_some(())?;
        let optional = header.checked_add(24)?;
        // The format with 64-bit addresses has the directories 16 bytes later.
        let directories = optional + if number(optional)? & 0xffff == 0x20b { 112 } else { 96 };
        Some(number(directories + 14 * 8)? != 0)
    };
    has_header().unwrap_or(false)
}

/// The key may come after the certificates that it belongs to.
fn has_private_key(pem: &[u8]) -> bool {
    let mut lines = pem.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    lines.any(|line| line.starts_with(PEM_BEGIN) && line.ends_with(b" PRIVATE KEY-----"))
}

/// Splits the first line of a file that starts with `#!`.
fn shebang(head: &[u8]) -> Shebang {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line.strip_prefix(b"#!").unwrap_or(line));
    let ends_with_carriage_return = line.ends_with('\r');
    let line = line.trim();
    let (interpreter, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    let argument = Some(argument.trim().to_owned()).filter(|argument| !argument.is_empty());
    Shebang { interpreter: interpreter.into(), argument, ends_with_carriage_return }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shebang_line_is_split_as_linux_does() {
        let parse = |text: &str| shebang(text.as_bytes());
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
        assert!(matches!(classify(b"\xca\xfe\xba\xbe\0\0\0\x41"), Contents::Other(FileFormat::JavaClass)));
        assert!(matches!(classify(b"MZ\x90\0"), Contents::PortableExecutable));
        let mut assembly = vec![0; 512];
        assembly[..2].copy_from_slice(b"MZ");
        assembly[0x3c] = 0x80;
        assembly[0x80..0x84].copy_from_slice(b"PE\0\0");
        assert!(matches!(classify(&assembly), Contents::PortableExecutable));
        assembly[0x98..0x9a].copy_from_slice(&[0x0b, 0x02]);
        assembly[0x98 + 112 + 14 * 8] = 1;
        assert!(matches!(classify(&assembly), Contents::DotNetAssembly));
        assert!(matches!(classify(b""), Contents::Empty));
    }
}
