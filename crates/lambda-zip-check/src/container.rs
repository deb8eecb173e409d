//! Reads a zip's own records strictly: the end record, the directory, and each entry's header.
//!
//! Readers of zips forgive much, each in its own way, and nobody knows in which way Lambda's does. So the records are
//! read here, once, and what is odd about them is kept for the rules. Nothing is unpacked in this module.

use std::io::{self, Read, Seek};

use super::bytes::{ByteReader, extra_field, read_at, widen};
use super::entry::{Local, ZipEntry, join};

/// A directory larger than this has more entries than Lambda could unpack: the smallest record has 46 bytes.
const DIRECTORY_LIMIT: u64 = 16 << 20;

const LOCAL_HEADER: u32 = 0x0403_4b50;
const CENTRAL_HEADER: u32 = 0x0201_4b50;
const DATA_DESCRIPTOR: u32 = 0x0807_4b50;
const END_RECORD: u32 = 0x0605_4b50;
const END_RECORD_64: u32 = 0x0606_4b50;
const END_LOCATOR_64: u32 = 0x0706_4b50;

const END_RECORD_SIZE: usize = 22;
const CENTRAL_HEADER_SIZE: usize = 46;
const LOCAL_HEADER_SIZE: usize = 30;

/// Bit 3 of the flags: checksum and sizes follow the data.
pub(super) const FLAG_DESCRIPTOR: u16 = 1 << 3;

/// Why nothing of an archive can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is no zip, or a broken one.
    Unreadable(String),
    /// Its end is missing.
    Truncated(String),
}

/// The archive's records.
#[derive(Debug, Default)]
pub(super) struct Container {
    /// Why the entries are not all of the archive's.
    pub(super) fault: Option<Fault>,
    /// Bytes before the archive, which its offsets do not count.
    pub(super) prefix: u64,
    /// Bytes after the end record and its comment.
    pub(super) trailing: u64,
    /// Whether it has the end record of zip64.
    pub(super) zip64: bool,
    /// Where the directory starts.
    pub(super) directory_start: u64,
    /// The entries in the directory's order.
    pub(super) entries: Vec<ZipEntry>,
}

/// Reads the records. An error is one of the file itself, never of what it says.
pub(super) fn read(file: &mut (impl Read + Seek), length: u64) -> io::Result<Container> {
    let mut container = Container::default();
    match read_directory(file, length, &mut container)? {
        Ok(()) => {}
        Err(fault) => container.fault = Some(fault),
    }
    for entry in &mut container.entries {
        entry.local = read_local(file, length, entry)?;
    }
    Ok(container)
}

/// What the end record says, after its zip64 form where there is one.
struct End {
    /// Where the directory ends: at the first of the end records.
    position: u64,
    entries: u64,
    size: u64,
    offset: u64,
}

fn read_directory(
    file: &mut (impl Read + Seek),
    length: u64,
    container: &mut Container,
) -> io::Result<Result<(), Fault>> {
    let end = match find_end(file, length, container)? {
        Ok(end) => end,
        Err(fault) => return Ok(Err(fault)),
    };
    let Some(start) = end.position.checked_sub(end.size) else {
        return Ok(Err(Fault::Unreadable("its directory is larger than what stands before its end record".into())));
    };
    let Some(prefix) = start.checked_sub(end.offset) else {
        return Ok(Err(Fault::Truncated("bytes before its directory are missing".into())));
    };
    if end.size > DIRECTORY_LIMIT {
        return Ok(Err(Fault::Unreadable(format!("its directory has {} bytes, too many to be read", end.size))));
    }
    container.prefix = prefix;
    container.directory_start = start;
    let Some(directory) = read_at(file, start, usize::try_from(end.size).unwrap_or(usize::MAX))? else {
        return Ok(Err(Fault::Truncated("its directory is cut off".into())));
    };
    let mut rest = directory.as_slice();
    while !rest.is_empty() {
        let Some((entry, size)) = parse_central(rest, prefix) else {
            let count = container.entries.len();
            return Ok(Err(Fault::Unreadable(format!("its directory is broken after {count} entries"))));
        };
        container.entries.push(entry);
        rest = &rest[size..];
    }
    if container.entries.len() as u64 != end.entries {
        let count = container.entries.len();
        let claim = end.entries;
        return Ok(Err(Fault::Unreadable(format!("its directory has {count} entries, its end record says {claim}"))));
    }
    Ok(Ok(()))
}

/// Finds the end record: the one whose comment reaches to the end of the file, else the last one.
fn find_end(file: &mut (impl Read + Seek), length: u64, container: &mut Container) -> io::Result<Result<End, Fault>> {
    let tail_size = length.min((END_RECORD_SIZE + usize::from(u16::MAX)) as u64);
    let tail_start = length - tail_size;
    let tail = read_at(file, tail_start, usize::try_from(tail_size).unwrap_or(usize::MAX))?.unwrap_or_default();
    let fits = |at: usize| {
        let record = ByteReader(&tail[at..]);
        let comment = record.u16(20)?;
        (record.u32(0)? == END_RECORD)
            .then(|| (tail.len() - at).checked_sub(END_RECORD_SIZE + usize::from(comment)))
            .flatten()
            .map(|trailing| (at, trailing))
    };
    let found = || (0..tail.len()).rev().filter_map(fits);
    let Some((at, trailing)) = found().find(|(_, trailing)| *trailing == 0).or_else(|| found().next()) else {
        let head = read_at(file, 0, 4)?.unwrap_or_default();
        return Ok(Err(if ByteReader(&head).u32(0) == Some(LOCAL_HEADER) {
            Fault::Truncated("it starts like a zip but has no end record".into())
        } else {
            Fault::Unreadable("it is not a zip archive".into())
        }));
    };
    container.trailing = trailing as u64;
    let record = ByteReader(&tail[at..]);
    let short = |offset| record.u16(offset).unwrap_or_default();
    let long = |offset| record.u32(offset).unwrap_or_default();
    let position = tail_start + at as u64;
    let mut end = End { position, entries: short(10).into(), size: long(12).into(), offset: long(16).into() };
    if let Some(end_64) = find_end_64(file, position)? {
        container.zip64 = true;
        end = end_64;
    } else if short(4) != 0 || short(6) != 0 || short(8) != short(10) {
        return Ok(Err(Fault::Unreadable("it is one part of an archive that was split".into())));
    }
    Ok(Ok(end))
}

/// The zip64 end record that belongs to the end record at this position.
fn find_end_64(file: &mut (impl Read + Seek), end_position: u64) -> io::Result<Option<End>> {
    let Some(locator_position) = end_position.checked_sub(20) else { return Ok(None) };
    let locator = read_at(file, locator_position, 20)?.unwrap_or_default();
    if ByteReader(&locator).u32(0) != Some(END_LOCATOR_64) {
        return Ok(None);
    }
    // The record stands right before its locator in every archive that a tool writes; the offset in the locator would be
    // wrong by a prefix's length.
    let Some(position) = locator_position.checked_sub(56) else { return Ok(None) };
    let bytes = read_at(file, position, 56)?.unwrap_or_default();
    let record = ByteReader(&bytes);
    let fields = || Some((record.u64(32)?, record.u64(40)?, record.u64(48)?));
    Ok(match (record.u32(0), fields()) {
        (Some(END_RECORD_64), Some((entries, size, offset))) => Some(End { position, entries, size, offset }),
        _ => None,
    })
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
        flags: record.u16(8)?,
        method: record.u16(10)?,
        crc: record.u32(16)?,
        size: wide[0],
        packed_size: wide[1],
        attributes: record.u32(38)?,
        header_start: wide[2].checked_add(prefix)?,
        zip64,
        local: Local::default(),
    };
    Some((entry, size))
}

/// Reads an entry's own header and what follows its data, and compares both with the directory.
fn read_local(file: &mut (impl Read + Seek), length: u64, entry: &ZipEntry) -> io::Result<Local> {
    let mut local = Local::default();
    let header = read_at(file, entry.header_start, LOCAL_HEADER_SIZE)?;
    let parse = |header: &[u8]| {
        let record = ByteReader(header);
        (record.u32(0)? == LOCAL_HEADER).then_some(())?;
        Some((record.u16(6)?, record.u16(8)?, record.u32(14)?, [record.u32(22)?, record.u32(18)?]))
    };
    let Some((flags, method, crc, sizes)) = header.as_deref().and_then(parse) else {
        local.disagreements.push("has no header where the directory says");
        return Ok(local);
    };
    let header = header.unwrap_or_default();
    let name_size = usize::from(ByteReader(&header).u16(26).unwrap_or_default());
    let extra_size = usize::from(ByteReader(&header).u16(28).unwrap_or_default());
    let after_header = entry.header_start.saturating_add(LOCAL_HEADER_SIZE as u64);
    let Some(rest) = read_at(file, after_header, name_size + extra_size)? else {
        local.disagreements.push("has a header that is cut off");
        return Ok(local);
    };
    let (name, extra) = rest.split_at(name_size);
    local.zip64 = extra_field(extra, 1).is_some();
    let mut differs = |message: &'static str, is_different: bool| {
        if is_different {
            local.disagreements.push(message);
        }
    };
    differs("has another name in its own header than in the directory", name != entry.raw_name);
    differs("has another compression method in its own header than in the directory", method != entry.method);
    // The bits that tell how well deflate compressed are nobody's business; some tools set them in one place only.
    let meaningful = 1 | FLAG_DESCRIPTOR | 1 << 6 | 1 << 11 | 1 << 13;
    differs(
        "has another set of flags in its own header than in the directory",
        (flags ^ entry.flags) & meaningful != 0,
    );
    let descriptor_follows = flags & FLAG_DESCRIPTOR != 0;
    let sizes = widen(extra, sizes).map(|(wide, _)| wide);
    let agrees = |here: u64, there: u64| here == there || descriptor_follows && here == 0;
    differs("has another checksum in its own header than in the directory", !agrees(crc.into(), entry.crc.into()));
    match sizes {
        Some([size, packed]) => {
            // A writer that does not know the sizes yet may reserve room for 64 bits and leave the field empty.
            differs("has another size in its own header than in the directory", !agrees(size, entry.size));
            differs(
                "has another compressed size in its own header than in the directory",
                !agrees(packed, entry.packed_size),
            );
        }
        None => differs("has another size in its own header than in the directory", true),
    }
    let data_start = after_header + rest.len() as u64;
    let Some(data_end) = data_start.checked_add(entry.packed_size).filter(|end| *end <= length) else {
        local.disagreements.push("reaches beyond the end of the archive");
        return Ok(local);
    };
    local.data_start = Some(data_start);
    local.end = data_end;
    if descriptor_follows {
        match read_descriptor(file, data_end, length, entry)? {
            Some(size) => local.end += size,
            None => local.disagreements.push("is followed by sizes that differ from the directory's"),
        }
    }
    Ok(local)
}

/// The size of the data descriptor at this position, in whichever of its four forms it says what the directory says.
fn read_descriptor(
    file: &mut (impl Read + Seek),
    position: u64,
    length: u64,
    entry: &ZipEntry,
) -> io::Result<Option<u64>> {
    let available = usize::try_from(length.saturating_sub(position).min(24)).unwrap_or_default();
    let bytes = read_at(file, position, available)?.unwrap_or_default();
    let skip = if ByteReader(&bytes).u32(0) == Some(DATA_DESCRIPTOR) { 4 } else { 0 };
    let forms = [skip, 0].into_iter().find_map(|skip| {
        let record = ByteReader(bytes.get(skip..)?);
        (record.u32(0)? == entry.crc).then_some(())?;
        let narrow = || Some((u64::from(record.u32(4)?), u64::from(record.u32(8)?)));
        let wide = || Some((record.u64(4)?, record.u64(12)?));
        let expected = Some((entry.packed_size, entry.size));
        if narrow() == expected {
            Some(skip + 12)
        } else if wide() == expected {
            Some(skip + 20)
        } else {
            None
        }
    });
    Ok(forms.map(|size| size as u64))
}
