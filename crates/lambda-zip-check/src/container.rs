//! Reads a zip's records strictly: the end record, the directory, and each entry's header.
//!
//! Readers of zips are lenient, each in its own way, and Lambda's way is not documented. So this module reads the records
//! once and keeps whatever is unusual for the rules. It does not unpack anything.

use std::io::{self, Read, Seek};

use super::bytes::{ByteReader, SizedFile, extra_field, overruns, widen};
use super::entry::{Local, ZipEntry, join};

/// The largest directory that is read. A larger one has more entries than Lambda could unpack, as each takes 46 bytes.
const DIRECTORY_LIMIT: u64 = 16 << 20;

const LOCAL_HEADER: u32 = 0x0403_4b50;
const CENTRAL_HEADER: u32 = 0x0201_4b50;
const DATA_DESCRIPTOR: u32 = 0x0807_4b50;
const END_RECORD: u32 = 0x0605_4b50;
const END_RECORD_64: u32 = 0x0606_4b50;
const END_LOCATOR_64: u32 = 0x0706_4b50;

const END_RECORD_SIZE: usize = 22;
const END_LOCATOR_64_SIZE: usize = 20;
const END_RECORD_64_SIZE: usize = 56;
const CENTRAL_HEADER_SIZE: usize = 46;
const LOCAL_HEADER_SIZE: usize = 30;

/// How many bytes of a file that is not a zip say what it is.
const HEAD_SIZE: u64 = 512;

/// Bit 3 of the flags: checksum and sizes follow the data.
pub(super) const FLAG_DESCRIPTOR: u16 = 1 << 3;

/// Bit 5 of the flags: the data is a patch for another file.
pub(super) const FLAG_PATCH: u16 = 1 << 5;

/// Bits 1 and 2 of the flags: deflate's compression level. They mean nothing to a reader, and some tools set them in one
/// header only.
const FLAGS_LEVEL: u16 = 0b110;

/// Why an archive cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not a zip; these are its first bytes.
    NotAZip(Vec<u8>),
    /// Its records contradict each other.
    Broken(String),
    /// A part of it is missing.
    Truncated(String),
}

/// The archive's records.
#[derive(Debug, Default)]
pub(super) struct Container {
    /// Why the list of entries is not complete.
    pub(super) fault: Option<Fault>,
    /// Bytes before the archive, which its offsets do not count.
    pub(super) prefix: u64,
    /// Bytes after the end record and its comment.
    pub(super) trailing: u64,
    /// Whether it has a zip64 end record.
    pub(super) zip64: bool,
    /// Where the directory starts.
    pub(super) directory_start: u64,
    /// The entries in the directory's order.
    pub(super) entries: Vec<ZipEntry>,
}

/// A step that may fail because of the disk (outer error) or because of the archive (inner error).
type Parsed<T> = io::Result<Result<T, Fault>>;

fn broken<T>(reason: impl Into<String>) -> Parsed<T> {
    Ok(Err(Fault::Broken(reason.into())))
}

fn truncated<T>(reason: impl Into<String>) -> Parsed<T> {
    Ok(Err(Fault::Truncated(reason.into())))
}

/// Reads the records. An error is about reading the file, never about what it contains.
pub(super) fn read(file: &mut (impl Read + Seek), length: u64) -> io::Result<Container> {
    let mut file = SizedFile { file, length };
    let mut container = Container::default();
    if let Err(fault) = read_directory(&mut file, &mut container)? {
        container.fault = Some(fault);
    }
    for entry in &mut container.entries {
        entry.local = read_local(&mut file, entry)?;
    }
    Ok(container)
}

/// The contents of the end record, or of its zip64 form if there is one.
struct End {
    /// Where the directory ends: at the first of the end records.
    position: u64,
    entries: u64,
    size: u64,
    offset: u64,
}

fn read_directory(file: &mut SizedFile<impl Read + Seek>, container: &mut Container) -> Parsed<()> {
    let end = match find_end(file, container)? {
        Ok(end) => end,
        Err(fault) => return Ok(Err(fault)),
    };
    let Some(start) = end.position.checked_sub(end.size) else {
        return broken("its directory is larger than everything before its end record");
    };
    let Some(prefix) = start.checked_sub(end.offset) else {
        return truncated(format!("its first {} are missing", count(end.offset - start, "byte")));
    };
    if end.size > DIRECTORY_LIMIT {
        return broken(format!("its directory has {} bytes, which is too many to read", end.size));
    }
    container.prefix = prefix;
    container.directory_start = start;
    let Some(directory) = file.read_at(start, usize::try_from(end.size).unwrap_or(usize::MAX))? else {
        return truncated("its directory is incomplete");
    };
    let mut rest = directory.as_slice();
    while !rest.is_empty() {
        let Some((entry, size)) = parse_central(rest, prefix) else {
            return broken(format!("its directory is damaged after {}", entries(container.entries.len() as u64)));
        };
        container.entries.push(entry);
        rest = &rest[size..];
    }
    let found = container.entries.len() as u64;
    if found != end.entries {
        return broken(format!("its directory has {}, but its end record says {}", entries(found), end.entries));
    }
    Ok(Ok(()))
}

/// A number with its noun, which gets an `s` unless the number is 1.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn entries(number: u64) -> String {
    if number == 1 { "1 entry".into() } else { format!("{number} entries") }
}

/// Finds the end record: the one whose comment ends with the file, or else the last one.
fn find_end(file: &mut SizedFile<impl Read + Seek>, container: &mut Container) -> Parsed<End> {
    let length = file.length;
    let tail_size = length.min((END_RECORD_SIZE + usize::from(u16::MAX)) as u64);
    let tail_start = length - tail_size;
    let tail = file.read_at(tail_start, usize::try_from(tail_size).unwrap_or(usize::MAX))?.unwrap_or_default();
    let is_signature = |at: &usize| ByteReader(&tail[*at..]).u32(0) == Some(END_RECORD);
    let signatures = || (0..tail.len()).rev().filter(is_signature);
    let trailing_after = |at: usize| {
        let comment = ByteReader(&tail[at..]).u16(20)?;
        Some((at, (tail.len() - at).checked_sub(END_RECORD_SIZE + usize::from(comment))?))
    };
    let complete = || signatures().filter_map(trailing_after);
    let Some((at, trailing)) = complete().find(|(_, trailing)| *trailing == 0).or_else(|| complete().next()) else {
        return no_end(file);
    };
    // Some readers take the last record, others the one whose comment fits.
    if signatures().next().is_some_and(|last| last != at) {
        return broken("it has a second end record, and readers disagree about which one counts");
    }
    container.trailing = trailing as u64;
    let record = ByteReader(&tail[at..]);
    let short = |offset| record.u16(offset).unwrap_or_default();
    let long = |offset| record.u32(offset).unwrap_or_default();
    let position = tail_start + at as u64;
    let end = End { position, entries: short(10).into(), size: long(12).into(), offset: long(16).into() };
    match find_end_64(file, &end)? {
        Err(fault) => Ok(Err(fault)),
        Ok(Some(end_64)) => {
            container.zip64 = true;
            Ok(Ok(end_64))
        }
        Ok(None) if short(4) != 0 || short(6) != 0 || short(8) != short(10) => {
            broken("it is one part of a split archive")
        }
        Ok(None) => Ok(Ok(end)),
    }
}

/// Says why there is no end record.
fn no_end<T>(file: &mut SizedFile<impl Read + Seek>) -> Parsed<T> {
    let size = usize::try_from(file.length.min(HEAD_SIZE)).unwrap_or_default();
    let head = file.read_at(0, size)?.unwrap_or_default();
    if ByteReader(&head).u32(0) == Some(LOCAL_HEADER) {
        return truncated("it starts like a zip but has no end record");
    }
    Ok(Err(Fault::NotAZip(head)))
}

/// The zip64 end record that belongs to this end record, if a locator says that there is one.
fn find_end_64(file: &mut SizedFile<impl Read + Seek>, end: &End) -> Parsed<Option<End>> {
    let Some(locator_position) = end.position.checked_sub(END_LOCATOR_64_SIZE as u64) else { return Ok(Ok(None)) };
    let locator = file.read_at(locator_position, END_LOCATOR_64_SIZE)?.unwrap_or_default();
    let locator = ByteReader(&locator);
    if locator.u32(0) != Some(END_LOCATOR_64) {
        return Ok(Ok(None));
    }
    // Every writer places the record right before its locator. Taking it from there allows for bytes before the archive,
    // which the locator's offset does not count.
    let Some(position) = locator_position.checked_sub(END_RECORD_64_SIZE as u64) else {
        return broken("its zip64 end record is missing");
    };
    let bytes = file.read_at(position, END_RECORD_64_SIZE)?.unwrap_or_default();
    let record = ByteReader(&bytes);
    let fields = || Some((record.u64(32)?, record.u64(40)?, record.u64(48)?));
    let (Some(END_RECORD_64), Some((entries, size, offset))) = (record.u32(0), fields()) else {
        return broken("its zip64 end record is missing");
    };
    let end_64 = End { position, entries, size, offset };
    let is_whole = locator.u32(4) == Some(0)
        && locator.u32(16).is_some_and(|disks| disks <= 1)
        && (record.u32(16), record.u32(20)) == (Some(0), Some(0))
        && record.u64(24) == Some(entries);
    // The directory and the record have the same distance from where the archive starts.
    let prefix = position.checked_sub(size).and_then(|start| start.checked_sub(offset));
    let is_located =
        locator.u64(8).is_some_and(|at| prefix.and_then(|prefix| at.checked_add(prefix)) == Some(position));
    if is_whole && is_located { Ok(Ok(Some(end_64))) } else { broken("its zip64 end locator points elsewhere") }
}

/// One record of the directory and its size.
fn parse_central(bytes: &[u8], prefix: u64) -> Option<(ZipEntry, usize)> {
    let record = ByteReader(bytes);
    if record.u32(0)? != CENTRAL_HEADER {
        return None;
    }
    let name_end = CENTRAL_HEADER_SIZE + usize::from(record.u16(28)?);
    let extra_end = name_end + usize::from(record.u16(30)?);
    let size = extra_end + usize::from(record.u16(32)?);
    let raw_name = bytes.get(CENTRAL_HEADER_SIZE..name_end)?;
    let extra = bytes.get(name_end..extra_end)?;
    bytes.get(..size)?;
    let [unpacked, packed, offset] = [record.u32(24)?, record.u32(20)?, record.u32(42)?];
    let (wide, zip64) = widen(extra, [unpacked, packed, offset])?;
    let name = String::from_utf8_lossy(raw_name).into_owned();
    let entry = ZipEntry {
        path: join(name.split('/')),
        name,
        raw_name: raw_name.to_vec(),
        has_unicode_name: extra_field(extra, 0x7075).is_some(),
        host: record.u16(4)?.to_be_bytes()[0],
        version_needed: record.u16(6)?.to_le_bytes()[0],
        flags: record.u16(8)?,
        method: record.u16(10)?,
        crc: record.u32(16)?,
        disk: record.u16(34)?,
        size: wide[0],
        packed_size: wide[1],
        attributes: record.u32(38)?,
        header_start: wide[2].checked_add(prefix)?,
        zip64,
        has_broken_extra: overruns(extra),
        local: Local::default(),
    };
    Some((entry, size))
}

/// Reads an entry's own header and what follows its data, and compares both with the directory.
fn read_local(file: &mut SizedFile<impl Read + Seek>, entry: &ZipEntry) -> io::Result<Local> {
    let mut local = Local::default();
    let header = file.read_at(entry.header_start, LOCAL_HEADER_SIZE)?;
    let parse = |header: &[u8]| {
        let record = ByteReader(header);
        (record.u32(0)? == LOCAL_HEADER).then_some(())?;
        Some((record.u16(6)?, record.u16(8)?, record.u32(14)?, [record.u32(22)?, record.u32(18)?]))
    };
    let Some((flags, method, crc, sizes)) = header.as_deref().and_then(parse) else {
        let is_outside = entry.header_start >= file.length;
        local.disagreements.push(if is_outside {
            "is located past the end of the archive"
        } else {
            "has no header where the directory says"
        });
        return Ok(local);
    };
    let header = header.unwrap_or_default();
    let name_size = usize::from(ByteReader(&header).u16(26).unwrap_or_default());
    let extra_size = usize::from(ByteReader(&header).u16(28).unwrap_or_default());
    let after_header = entry.header_start.saturating_add(LOCAL_HEADER_SIZE as u64);
    let Some(rest) = file.read_at(after_header, name_size + extra_size)? else {
        local.disagreements.push("has an incomplete header");
        return Ok(local);
    };
    let (name, extra) = rest.split_at(name_size);
    local.has_broken_extra = overruns(extra);
    let mut differs = |message: &'static str, is_different: bool| {
        if is_different {
            local.disagreements.push(message);
        }
    };
    differs("has another name in its own header than in the directory", name != entry.raw_name);
    differs("has another compression method in its own header than in the directory", method != entry.method);
    differs("has other flags in its own header than in the directory", (flags ^ entry.flags) & !FLAGS_LEVEL != 0);
    let descriptor_follows = flags & FLAG_DESCRIPTOR != 0;
    let sizes = widen(extra, sizes).map(|(wide, _)| wide);
    let agrees = |here: u64, there: u64| here == there || descriptor_follows && here == 0;
    differs("has another checksum in its own header than in the directory", !agrees(crc.into(), entry.crc.into()));
    match sizes {
        Some([size, packed]) => {
            // A writer that does not know the sizes yet may reserve a zip64 field and leave it empty.
            differs("has another size in its own header than in the directory", !agrees(size, entry.size));
            differs(
                "has another compressed size in its own header than in the directory",
                !agrees(packed, entry.packed_size),
            );
        }
        None => differs("has another size in its own header than in the directory", true),
    }
    let data_start = after_header + rest.len() as u64;
    let Some(data_end) = data_start.checked_add(entry.packed_size).filter(|end| *end <= file.length) else {
        local.disagreements.push("reaches past the end of the archive");
        return Ok(local);
    };
    local.data_start = Some(data_start);
    local.end = data_end;
    if descriptor_follows {
        match read_descriptor(file, data_end, entry)? {
            Some(size) => local.end += size,
            None => local.disagreements.push("is followed by sizes that differ from the directory's"),
        }
    }
    Ok(local)
}

/// The size of the data descriptor at this position, in whichever of its four forms agrees with the directory.
fn read_descriptor(file: &mut SizedFile<impl Read + Seek>, position: u64, entry: &ZipEntry) -> io::Result<Option<u64>> {
    let available = usize::try_from(file.length.saturating_sub(position).min(24)).unwrap_or_default();
    let bytes = file.read_at(position, available)?.unwrap_or_default();
    let signature = if ByteReader(&bytes).u32(0) == Some(DATA_DESCRIPTOR) { 4 } else { 0 };
    let forms = [signature, 0].into_iter().find_map(|skip| {
        let record = ByteReader(bytes.get(skip..)?);
        (record.u32(0)? == entry.crc).then_some(())?;
        let narrow = || Some((u64::from(record.u32(4)?), u64::from(record.u32(8)?)));
        let wide = || Some((record.u64(4)?, record.u64(12)?));
        let expected = Some((entry.packed_size, entry.size));
        // For an empty file the wide form starts like the narrow one, so it is tried first. It cannot match by accident: a
        // header follows the narrow form, not zeros.
        if wide() == expected {
            Some(skip + 20)
        } else if narrow() == expected {
            Some(skip + 12)
        } else {
            None
        }
    });
    Ok(forms.map(|size| size as u64))
}
