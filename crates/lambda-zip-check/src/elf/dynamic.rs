//! The dynamic segment: the libraries, search paths and symbol versions that the loader is asked for.

use object::Endianness;
use object::elf as constants;
use object::read::elf::{Dyn, ProgramHeader};
use object::read::{ReadRef, StringTable};

use super::{Elf, ElfError, TABLE_LIMIT, VersionNeed};

/// How many libraries and versions a file may ask for. Real files ask for far fewer.
const NEEDS_LIMIT: usize = 1024;

/// How much memory the names of a dynamic segment may take. Names may overlap in the file, so its size does not limit
/// them.
const NAMES_LIMIT: usize = 128 << 10;

/// The memory of a name in addition to its bytes, roughly.
const NAME_OVERHEAD: usize = 64;

/// Reads names and counts their memory.
struct Names<'data, R: ReadRef<'data>> {
    table: StringTable<'data, R>,
    left: usize,
}

impl<'data, R: ReadRef<'data>> Names<'data, R> {
    fn get(&mut self, offset: u64) -> Result<String, ElfError> {
        let offset = u32::try_from(offset).ok();
        let bytes = offset.and_then(|offset| self.table.get(offset).ok());
        let bytes = bytes.ok_or(ElfError("a name in its dynamic table lies outside the file"))?;
        let name = String::from_utf8_lossy(bytes).into_owned();
        self.charge(&name)?;
        Ok(name)
    }

    fn charge(&mut self, name: &str) -> Result<(), ElfError> {
        self.left = self
            .left
            .checked_sub(name.len() + NAME_OVERHEAD)
            .ok_or(ElfError("its names are longer than any real file's"))?;
        Ok(())
    }
}

/// The addresses of the segment's tables.
#[derive(Default)]
struct Tables {
    strings: u64,
    strings_size: u64,
    versions: u64,
    version_count: u64,
}

/// Adds the contents of this `PT_DYNAMIC` segment to `elf`.
pub(super) fn read<'data, Segment, R>(
    elf: &mut Elf,
    dynamic: &Segment,
    segments: &'data [Segment],
    endian: Endianness,
    data: R,
) -> Result<(), ElfError>
where
    Segment: ProgramHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    if dynamic.p_filesz(endian).into() > TABLE_LIMIT {
        return Err(ElfError("its dynamic table is larger than that of any real file"));
    }
    let Ok(Some(entries)) = dynamic.dynamic(endian, data) else {
        return Err(ElfError("its dynamic table lies outside the file"));
    };
    let entries = || {
        let pairs = entries.iter().map(|entry| (entry.tag(endian), entry.val(endian)));
        pairs.take_while(|(tag, _)| *tag != constants::DT_NULL)
    };

    let mut tables = Tables::default();
    for (tag, value) in entries() {
        match tag {
            constants::DT_STRTAB => tables.strings = value,
            constants::DT_STRSZ => tables.strings_size = value,
            constants::DT_FLAGS_1 => elf.is_pie = value & u64::from(constants::DF_1_PIE.0) != 0,
            constants::DT_VERNEED => tables.versions = value,
            constants::DT_VERNEEDNUM => tables.version_count = value,
            _ => {}
        }
    }
    let table = match file_range(segments, endian, tables.strings) {
        Some((start, length)) => StringTable::new(data, start, start.saturating_add(length.min(tables.strings_size))),
        None => StringTable::default(),
    };
    let mut names = Names { table, left: NAMES_LIMIT };

    for (tag, value) in entries() {
        let is_name =
            matches!(tag, constants::DT_NEEDED | constants::DT_SONAME | constants::DT_RPATH | constants::DT_RUNPATH);
        if !is_name {
            continue;
        }
        let name = names.get(value)?;
        match tag {
            constants::DT_NEEDED if elf.needed.len() >= NEEDS_LIMIT => {
                return Err(ElfError("it needs more libraries than any real file"));
            }
            constants::DT_NEEDED => elf.needed.push(name),
            constants::DT_SONAME => elf.soname = Some(name),
            constants::DT_RPATH => elf.rpath = split_path(&name),
            _ => elf.runpath = split_path(&name),
        }
    }

    if tables.versions != 0 && tables.version_count != 0 {
        let (start, length) = file_range(segments, endian, tables.versions)
            .ok_or(ElfError("its table of symbol versions lies outside the file"))?;
        let table = data
            .read_bytes_at(start, length.min(TABLE_LIMIT))
            .map_err(|()| ElfError("its table of symbol versions lies outside the file"))?;
        read_versions(elf, table, tables.version_count, endian, &mut names)?;
    }
    Ok(())
}

/// The position of an address in the file, and how many bytes of its segment follow.
fn file_range<Segment>(segments: &[Segment], endian: Endianness, address: u64) -> Option<(u64, u64)>
where
    Segment: ProgramHeader<Endian = Endianness>,
{
    let loads = segments.iter().filter(|segment| segment.p_type(endian) == constants::PT_LOAD);
    loads.filter(|_| address != 0).find_map(|segment| {
        let inside = address.checked_sub(segment.p_vaddr(endian).into())?;
        let length = Into::<u64>::into(segment.p_filesz(endian)).checked_sub(inside).filter(|length| *length > 0)?;
        Some((Into::<u64>::into(segment.p_offset(endian)).checked_add(inside)?, length))
    })
}

fn split_path(path: &str) -> Vec<String> {
    path.split(':').filter(|directory| !directory.is_empty()).map(str::to_owned).collect()
}

fn read_versions<'data, R: ReadRef<'data>>(
    elf: &mut Elf,
    table: &'data [u8],
    count: u64,
    endian: Endianness,
    names: &mut Names<'data, R>,
) -> Result<(), ElfError> {
    let outside = ElfError("its table of symbol versions is truncated");
    // Overlapping records could make a small table endless, so the visits are counted too.
    let mut visits = 0;
    let mut offset = 0_u64;
    for _ in 0..count {
        let record: &constants::Verneed<Endianness> = table.read_at(offset).map_err(|()| outside.clone())?;
        let library = names.get(record.vn_file.get(endian).into())?;
        let mut inner = offset.saturating_add(record.vn_aux.get(endian).into());
        for _ in 0..record.vn_cnt.get(endian) {
            visits += 1;
            if visits > NEEDS_LIMIT {
                return Err(ElfError("it needs more symbol versions than any real file"));
            }
            let need: &constants::Vernaux<Endianness> = table.read_at(inner).map_err(|()| outside.clone())?;
            // The loader enforces every version that is not marked weak, even if each symbol that uses it is weak.
            if need.vna_flags.get(endian).0 & constants::VER_FLG_WEAK.0 == 0 {
                // The library's name is stored once for each of its versions.
                names.charge(&library)?;
                let version = names.get(need.vna_name.get(endian).into())?;
                elf.version_needs.push(VersionNeed { library: library.clone(), version });
            }
            match need.vna_next.get(endian) {
                0 => break,
                next => inner = inner.saturating_add(next.into()),
            }
        }
        visits += 1;
        match record.vn_next.get(endian) {
            0 => break,
            _ if visits > NEEDS_LIMIT => return Err(ElfError("it needs more symbol versions than any real file")),
            next => offset = offset.saturating_add(next.into()),
        }
    }
    Ok(())
}
