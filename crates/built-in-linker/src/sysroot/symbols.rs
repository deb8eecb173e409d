//! The symbols of each glibc, from `data/symbols.txt`. `data/README.md` describes the format.

use crate::target::{Arch, GlibcVersion};

const TABLE: &str = include_str!("../../data/symbols.txt");

/// The library of GCC that unwinds the stack. It comes with GCC, but a program expects to find it as it does glibc.
pub(super) const LIBGCC: &str = "libgcc_s.so.1";

/// The loader, whose file name depends on the architecture.
const LOADER: &str = "ld.so";

/// The libraries that glibc 2.34 made part of libc. Files without symbols are left of them.
pub(super) const MERGED: [&str; 4] = ["libpthread.so.0", "libdl.so.2", "librt.so.1", "libutil.so.1"];

/// The glibc with the merged libc.
pub(super) const MERGED_IN: GlibcVersion = GlibcVersion::new(2, 34);

/// The version of GCC that was current when a glibc was released, by the minor version of glibc. A system has a GCC of its
/// glibc's time or a newer one, so its libgcc has at least these symbols.
const GCC_OF_GLIBC: [(u32, u32); 12] = [
    (17, 4),
    (26, 7),
    (28, 8),
    (30, 9),
    (32, 10),
    (34, 11),
    (36, 12),
    (38, 13),
    (40, 14),
    (42, 15),
    (44, 16),
    (46, 17),
];

/// A shared library, as a program that links against it sees it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Library {
    /// The name under which a program asks for it, and under which it is a file.
    pub(super) soname: &'static str,
    pub(super) symbols: Vec<Symbol>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Symbol {
    pub(super) name: &'static str,
    pub(super) version: Version,
    /// Whether a program that names no version gets this one.
    pub(super) is_default: bool,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    /// A variable. A program may hold a copy of it, in the place of all variables that are the same one as `alias`.
    Object {
        size: u64,
        alias: &'static str,
    },
}

/// The version of a symbol, by its name in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    /// `GLIBC_2.MINOR`, or `GLIBC_2.MINOR.PATCH`.
    Glibc { minor: u32, patch: u32 },
    /// Of libgcc.
    Named(&'static str),
}

impl Version {
    pub(super) fn name(self) -> String {
        match self {
            Self::Glibc { minor, patch: 0 } => format!("GLIBC_2.{minor}"),
            Self::Glibc { minor, patch } => format!("GLIBC_2.{minor}.{patch}"),
            Self::Named(name) => name.to_owned(),
        }
    }

    /// Whether it came with this glibc, or an older one.
    fn is_in(self, glibc: GlibcVersion) -> bool {
        match self {
            Self::Glibc { minor, .. } => minor <= glibc.minor,
            Self::Named(name) => {
                let newest = GCC_OF_GLIBC.iter().rev().find(|(minor, _)| *minor <= glibc.minor).map(|(_, gcc)| *gcc);
                let gcc = name.strip_prefix("GCC_").and_then(|version| version.split('.').next()?.parse().ok());
                gcc.is_none_or(|gcc: u32| newest.is_some_and(|newest| gcc <= newest))
            }
        }
    }
}

/// The oldest and the newest glibc in the table.
pub(super) fn known_versions() -> (GlibcVersion, GlibcVersion) {
    let line = TABLE.lines().find_map(|line| line.strip_prefix("glibc "));
    let versions = line.and_then(|line| line.split_once(' '));
    let parsed = versions.and_then(|(oldest, newest)| Some((oldest.parse().ok()?, newest.parse().ok()?)));
    parsed.expect("the table names its versions")
}

/// The libraries of a glibc.
pub(super) fn libraries(arch: Arch, glibc: GlibcVersion) -> Vec<Library> {
    let mut libraries: Vec<Library> = Vec::new();
    for line in TABLE.lines() {
        if let Some(name) = line.strip_prefix("library ") {
            let soname = if name == LOADER { arch.loader_soname() } else { name };
            libraries.push(Library { soname, symbols: Vec::new() });
        } else if let Some(library) = libraries.last_mut()
            && !(glibc >= MERGED_IN && MERGED.contains(&library.soname))
        {
            library.symbols.extend(symbols(line, arch, glibc));
        }
    }
    libraries
}

/// The symbols of a line that a glibc has.
fn symbols(line: &'static str, arch: Arch, glibc: GlibcVersion) -> Vec<Symbol> {
    let mut columns = line.split(' ');
    let name = columns.next().unwrap_or_default();
    let (name, alias) = name.split_once('=').unwrap_or((name, name));
    let (x86_64, aarch64) = (columns.next().unwrap_or("2.5"), columns.next().unwrap_or("17"));
    let nodes = match arch {
        Arch::X86_64 => x86_64,
        Arch::Aarch64 => aarch64,
    };
    let nodes = nodes.split(',').filter(|node| *node != "-").map(Node::parse);
    let mut found: Vec<(Node, Symbol)> = nodes
        .filter(|node| node.is_in(glibc))
        .map(|node| {
            let kind = node.size.map_or(Kind::Function, |size| Kind::Object { size, alias });
            let symbol = Symbol { name, version: node.version, is_default: false, kind };
            (node, symbol)
        })
        .collect();
    // They are in order of age.
    if let Some((node, symbol)) = found.last_mut() {
        symbol.is_default = node.retired.is_none_or(|retired| glibc.minor < retired);
    }
    found.into_iter().map(|(_, symbol)| symbol).collect()
}

/// A version of a symbol in the table: `VERSION[#SIZE][+SINCE][-UNTIL][~RETIRED]`.
#[derive(Debug, Clone, Copy)]
struct Node {
    version: Version,
    size: Option<u64>,
    /// The first glibc that has it in this library, where that is not its version.
    since: Option<u32>,
    /// The first glibc that no longer has it in this library.
    until: Option<u32>,
    /// The first glibc that has it for old programs only.
    retired: Option<u32>,
}

impl Node {
    fn parse(text: &'static str) -> Self {
        let end = text.find(['#', '+', '-', '~']).unwrap_or(text.len());
        let (version, mut marks) = text.split_at(end);
        let mut node = Self { version: parse_version(version), size: None, since: None, until: None, retired: None };
        while let Some(mark) = marks.chars().next() {
            let rest = &marks[1..];
            let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
            let (number, next) = rest.split_at(end);
            let number = number.parse().expect("a number behind a mark of the table");
            match mark {
                '#' => node.size = Some(u64::from(number)),
                '+' => node.since = Some(number),
                '-' => node.until = Some(number),
                _ => node.retired = Some(number),
            }
            marks = next;
        }
        node
    }

    fn is_in(&self, glibc: GlibcVersion) -> bool {
        self.version.is_in(glibc)
            && self.since.is_none_or(|since| glibc.minor >= since)
            && self.until.is_none_or(|until| glibc.minor < until)
    }
}

fn parse_version(text: &'static str) -> Version {
    if text.contains('_') {
        return Version::Named(text);
    }
    let (minor, patch) = text.split_once('.').unwrap_or((text, "0"));
    let number = |text: &str| text.parse().expect("a version of the table is a number");
    Version::Glibc { minor: number(minor), patch: number(patch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `NAME@@VERSION`, or `NAME@VERSION` for old programs only.
    fn find(arch: Arch, minor: u32, soname: &str, name: &str) -> Vec<String> {
        let libraries = libraries(arch, GlibcVersion::new(2, minor));
        let library = libraries.iter().find(|library| library.soname == soname).unwrap();
        let symbols = library.symbols.iter().filter(|symbol| symbol.name == name);
        symbols
            .map(|symbol| format!("{}{}", if symbol.is_default { "@@" } else { "@" }, symbol.version.name()))
            .collect()
    }

    #[test]
    fn threads_are_in_a_library_of_their_own_before_2_34() {
        let create = |minor, library| find(Arch::X86_64, minor, library, "pthread_create");
        assert_eq!(create(33, "libpthread.so.0"), ["@@GLIBC_2.2.5"]);
        assert_eq!(create(33, "libc.so.6"), [""; 0]);
        assert_eq!(create(34, "libpthread.so.0"), [""; 0]);
        assert_eq!(create(34, "libc.so.6"), ["@GLIBC_2.2.5", "@@GLIBC_2.34"]);
    }

    #[test]
    fn the_newest_version_is_the_default_until_it_is_retired() {
        assert_eq!(find(Arch::X86_64, 17, "libc.so.6", "memcpy"), ["@GLIBC_2.2.5", "@@GLIBC_2.14"]);
        assert_eq!(find(Arch::Aarch64, 17, "libc.so.6", "memcpy"), ["@@GLIBC_2.17"]);
        assert_eq!(find(Arch::Aarch64, 28, "libm.so.6", "pow"), ["@@GLIBC_2.17"]);
        assert_eq!(find(Arch::Aarch64, 29, "libm.so.6", "pow"), ["@GLIBC_2.17", "@@GLIBC_2.29"]);
        assert_eq!(find(Arch::Aarch64, 33, "libc.so.6", "__malloc_hook"), ["@@GLIBC_2.17"]);
        assert_eq!(find(Arch::Aarch64, 34, "libc.so.6", "__malloc_hook"), ["@GLIBC_2.17"]);
    }

    #[test]
    fn libgcc_is_of_the_time_of_its_glibc() {
        let division = |minor| find(Arch::X86_64, minor, LIBGCC, "__divhc3");
        assert_eq!(division(34), [""; 0]);
        assert_eq!(division(36), ["@@GCC_12.0.0"]);
        assert_eq!(find(Arch::Aarch64, 17, LIBGCC, "_Unwind_Resume"), ["@@GCC_3.0"]);
    }

    #[test]
    fn the_loader_has_the_name_of_its_architecture() {
        assert_eq!(find(Arch::Aarch64, 26, "ld-linux-aarch64.so.1", "__stack_chk_guard"), ["@@GLIBC_2.17"]);
        assert_eq!(find(Arch::X86_64, 26, "ld-linux-x86-64.so.2", "__stack_chk_guard"), [""; 0]);
    }

    #[test]
    fn every_line_of_every_version_can_be_read() {
        let (oldest, newest) = known_versions();
        assert_eq!(oldest, GlibcVersion::new(2, 17));
        assert!(newest >= GlibcVersion::new(2, 44));
        for arch in Arch::ALL {
            for minor in oldest.minor..=newest.minor {
                let count: usize =
                    libraries(arch, GlibcVersion::new(2, minor)).iter().map(|lib| lib.symbols.len()).sum();
                assert!((2900..6000).contains(&count), "{arch} 2.{minor}: {count}");
            }
        }
    }
}
