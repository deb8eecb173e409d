//! Writes static libraries, in the format that GNU's and LLVM's tools share.

/// An archive of object files. Each comes with its name and with the symbols that it defines.
pub(super) fn write(members: &[Member]) -> Vec<u8> {
    let mut archive = b"!<arch>\n".to_vec();
    if members.is_empty() {
        return archive;
    }
    let symbol_count: usize = members.iter().map(|member| member.symbols.len()).sum();
    let names_size: usize = members.iter().flat_map(|member| &member.symbols).map(|name| name.len() + 1).sum();
    let index_size = 4 + 4 * symbol_count + names_size;

    // The index says in which member a symbol is, by the offset of that member's header.
    let mut index = u32::try_from(symbol_count).expect("few symbols").to_be_bytes().to_vec();
    let mut offset = archive.len() + HEADER + index_size.next_multiple_of(2);
    for member in members {
        let place = u32::try_from(offset).expect("a small archive").to_be_bytes();
        index.extend(place.repeat(member.symbols.len()));
        offset += HEADER + member.data.len().next_multiple_of(2);
    }
    for name in members.iter().flat_map(|member| &member.symbols) {
        index.extend(name.as_bytes());
        index.push(0);
    }
    add(&mut archive, "/", &index);
    for member in members {
        add(&mut archive, &format!("{}/", member.name), &member.data);
    }
    archive
}

/// An object file in an archive.
pub(super) struct Member {
    /// At most 15 bytes: longer names have a table of their own.
    pub(super) name: &'static str,
    pub(super) symbols: Vec<&'static str>,
    pub(super) data: Vec<u8>,
}

const HEADER: usize = 60;

fn add(archive: &mut Vec<u8>, name: &str, data: &[u8]) {
    debug_assert!(name.len() <= 16, "{name}");
    // Name, time, user, group, mode and size. What differs between machines is 0, as in `ar D`.
    let header = format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 644, data.len());
    archive.extend(header.as_bytes());
    archive.extend(data);
    if data.len() % 2 == 1 {
        archive.push(b'\n');
    }
}
