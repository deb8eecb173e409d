//! The sysroots, read back as a linker reads them, and held against Debian's glibc.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use built_in_linker::{Arch, GlibcVersion, Libc, Sysroot, SysrootError, Target};
use object::elf::{self, FileHeader64};
use object::endian::LittleEndian;
use object::read::elf::{Dyn, FileHeader, Sym};

fn create(directory: &Path, arch: Arch, minor: u32) -> PathBuf {
    let target = Target::new(arch, Libc::Glibc(GlibcVersion::new(2, minor)));
    let path = directory.join(target.to_string());
    Sysroot::create(&path, target).unwrap().path().to_owned()
}

/// A symbol that a library defines, as a linker sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Defined {
    is_default: bool,
    /// The size, where it is a variable.
    object_size: Option<u64>,
    value: u64,
}

/// What a shared library defines, by `NAME@VERSION`. Symbols that are internal to glibc are left out, as are those that stand
/// for a version or for a library that was emptied.
fn defined(path: &Path) -> BTreeMap<String, Defined> {
    let data = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let header = FileHeader64::<LittleEndian>::parse(&*data).unwrap();
    let endian = header.endian().unwrap();
    let sections = header.sections(endian, &*data).unwrap();
    let symbols = sections.symbols(endian, &*data, elf::SHT_DYNSYM).unwrap();
    let versions = sections.versions(endian, &*data).unwrap().expect("versions");
    let mut found = BTreeMap::new();
    for (index, symbol) in symbols.enumerate() {
        if symbol.is_undefined(endian) || symbol.st_bind() == elf::STB_LOCAL {
            continue;
        }
        let name = std::str::from_utf8(symbol.name(endian, symbols.strings()).unwrap()).unwrap();
        let versym = versions.version_index(endian, index);
        let Some(version) = versions.version(versym.into()).unwrap() else { continue };
        let version = std::str::from_utf8(version.name()).unwrap();
        if version == "GLIBC_PRIVATE" || name == version || name.ends_with("_version_placeholder") {
            continue;
        }
        let object_size = (symbol.st_type() == elf::STT_OBJECT).then(|| symbol.st_size(endian));
        let symbol = Defined { is_default: !versym.is_hidden(), object_size, value: symbol.st_value(endian) };
        assert!(found.insert(format!("{name}@{version}"), symbol).is_none(), "{name}@{version} twice");
    }
    found
}

fn soname(path: &Path) -> String {
    let data = fs::read(path).unwrap();
    let header = FileHeader64::<LittleEndian>::parse(&*data).unwrap();
    let endian = header.endian().unwrap();
    let sections = header.sections(endian, &*data).unwrap();
    let (dynamic, link) = sections.dynamic(endian, &*data).unwrap().expect("a dynamic section");
    let strings = sections.strings(endian, &*data, link).unwrap();
    let name = dynamic.iter().find(|entry| entry.tag(endian) == elf::DT_SONAME).expect("a name");
    String::from_utf8(name.string(endian, strings).unwrap().to_vec()).unwrap()
}

#[test]
fn every_stub_of_every_glibc_can_be_read() {
    let scratch = tempfile::tempdir().unwrap();
    let (oldest, newest) = Sysroot::glibc_versions();
    for arch in Arch::ALL {
        for minor in oldest.minor..=newest.minor {
            let sysroot = create(scratch.path(), arch, minor);
            let mut count = 0;
            for entry in fs::read_dir(&sysroot).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                if name.contains(".so.") {
                    assert_eq!(soname(&path), name);
                    for symbol in defined(&path).keys() {
                        let version = symbol.split_once("@GLIBC_2.").map(|(_, version)| version);
                        let version: Option<u32> = version.map(|text| text.split('.').next().unwrap().parse().unwrap());
                        assert!(version.is_none_or(|version| version <= minor), "{symbol} in glibc 2.{minor}");
                    }
                    count += 1;
                }
            }
            assert_eq!(count, 9, "{}", sysroot.display());
        }
    }
}

#[test]
fn a_variable_has_one_address_under_all_its_names() {
    let scratch = tempfile::tempdir().unwrap();
    let symbols = defined(&create(scratch.path(), Arch::X86_64, 26).join("libc.so.6"));
    let environ = symbols["environ@GLIBC_2.2.5"];
    assert_eq!(environ.object_size, Some(8));
    assert_eq!(environ.value, symbols["__environ@GLIBC_2.2.5"].value);
    assert_eq!(environ.value, symbols["_environ@GLIBC_2.2.5"].value);
    let mut places = BTreeMap::new();
    for (name, symbol) in &symbols {
        if let Some(size) = symbol.object_size {
            let place = places.entry(symbol.value).or_insert((size, name));
            place.0 = place.0.max(size);
        }
    }
    let mut end = 0;
    for (place, (size, name)) in places {
        assert!(place >= end, "{name} overlaps the variable before it");
        end = place + size;
    }
}

#[test]
fn the_same_target_gives_the_same_bytes() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let read = |directory: &Path| -> BTreeMap<_, _> {
        let entries = fs::read_dir(create(directory, Arch::Aarch64, 26)).unwrap();
        entries.map(|entry| entry.unwrap()).map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect()
    };
    let files = read(first.path());
    assert!(files == read(second.path()));
    let size: usize = files.values().map(Vec::len).sum();
    assert!(size < 300_000, "{size} bytes");
}

#[test]
fn a_damaged_sysroot_is_made_whole() {
    let scratch = tempfile::tempdir().unwrap();
    let sysroot = create(scratch.path(), Arch::X86_64, 34);
    let libc = sysroot.join("libc.so.6");
    let whole = fs::read(&libc).unwrap();
    let mut damaged = whole.clone();
    damaged[5000] ^= 1;
    for damage in [damaged, whole[..70].to_vec(), Vec::new()] {
        fs::write(&libc, damage).unwrap();
        fs::remove_file(sysroot.join("Scrt1.o")).unwrap();
        create(scratch.path(), Arch::X86_64, 34);
        assert!(fs::read(&libc).unwrap() == whole);
        assert!(sysroot.join("Scrt1.o").is_file());
    }
}

#[test]
fn a_whole_sysroot_is_left_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let time = |path: &Path| fs::metadata(path.join("libc.so.6")).unwrap().modified().unwrap();
    let sysroot = create(scratch.path(), Arch::X86_64, 34);
    let before = time(&sysroot);
    std::thread::sleep(std::time::Duration::from_millis(20));
    create(scratch.path(), Arch::X86_64, 34);
    assert_eq!(time(&sysroot), before);
}

#[test]
fn several_may_be_made_at_once() {
    let scratch = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| create(scratch.path(), Arch::X86_64, 26));
        }
    });
    let left: Vec<_> = fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["x86_64-unknown-linux-gnu.2.26"]);
}

#[test]
fn an_unknown_glibc_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let newer = Sysroot::glibc_versions().1.minor + 1;
    for version in [GlibcVersion::new(2, 16), GlibcVersion::new(2, newer), GlibcVersion::new(3, 20)] {
        let target = Target::new(Arch::X86_64, Libc::Glibc(version));
        let error = Sysroot::create(&scratch.path().join("sysroot"), target).unwrap_err();
        assert!(matches!(error, SysrootError::UnknownGlibc { .. }), "{error}");
        assert!(error.to_string().contains(&version.to_string()), "{error}");
    }
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Sysroot::create(&file.join("sysroot"), Target::new(Arch::X86_64, Libc::Musl)).unwrap_err();
    assert!(matches!(error, SysrootError::Io { .. }) && error.to_string().contains("file"), "{error}");
}

#[test]
#[ignore = "needs Debian 12's libc6 and libgcc-s1, and libc6-arm64-cross and libgcc-s1-arm64-cross"]
fn glibc_2_36_is_debian_12s() {
    let scratch = tempfile::tempdir().unwrap();
    let directories = [(Arch::X86_64, "/lib/x86_64-linux-gnu"), (Arch::Aarch64, "/usr/aarch64-linux-gnu/lib")];
    for (arch, debian) in directories {
        let sysroot = create(scratch.path(), arch, 36);
        let loader = if arch == Arch::X86_64 { "ld-linux-x86-64.so.2" } else { "ld-linux-aarch64.so.1" };
        for library in ["libc.so.6", "libm.so.6", "libresolv.so.2", "libgcc_s.so.1", loader] {
            let (ours, theirs) = (defined(&sysroot.join(library)), defined(&Path::new(debian).join(library)));
            let names = |symbols: &BTreeMap<String, Defined>| -> BTreeSet<String> {
                symbols
                    .iter()
                    .map(|(name, found)| format!("{name} {} {:?}", found.is_default, found.object_size))
                    .collect()
            };
            let (ours, theirs) = (names(&ours), names(&theirs));
            let differences: Vec<_> = ours.symmetric_difference(&theirs).collect();
            assert!(differences.is_empty(), "{arch} {library}: {differences:#?}");
            assert!(ours.len() > 5, "{arch} {library}");
        }
    }
}
