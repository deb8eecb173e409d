use proptest::prelude::*;

use super::*;
use crate::error::Unsupported;

fn driver(target: &str) -> Driver {
    Driver {
        target: target.parse().unwrap(),
        sysroot: "/sysroot".into(),
        self_contained: "/self-contained".into(),
        defaults: Defaults::default(),
    }
}

const GNU: &str = "x86_64-unknown-linux-gnu.2.26";
const ARM: &str = "aarch64-unknown-linux-gnu.2.34";
const MUSL: &str = "x86_64-unknown-linux-musl";

fn request(target: &str, line: &str) -> Result<Request, Error> {
    let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    driver(target).translate(&arguments)
}

fn link(target: &str, line: &str) -> String {
    match request(target, line) {
        Ok(Request::Link { arguments, .. }) => {
            arguments.iter().map(|argument| argument.to_str().unwrap()).collect::<Vec<_>>().join(" ")
        }
        other => panic!("{line}: {other:?}"),
    }
}

/// What becomes of options, without what every link has.
fn given(line: &str) -> String {
    let line = link(GNU, &format!("-nostdlib -no-pie a.o {line}"));
    let start = "-m elf_x86_64 --eh-frame-hdr --hash-style=gnu -dynamic-linker /lib64/ld-linux-x86-64.so.2 a.o";
    line.strip_prefix(start).unwrap().strip_suffix(" -L/sysroot").unwrap().trim_start().to_owned()
}

fn error(target: &str, line: &str) -> Error {
    match request(target, line) {
        Err(error) => error,
        Ok(request) => panic!("{line}: {request:?}"),
    }
}

#[test]
fn a_program_for_glibc_as_rustc_links_it() {
    let line = "-m64 symbols.o main.o -Wl,--as-needed -Wl,-Bstatic libstd.rlib -Wl,-Bdynamic -lgcc_s -lutil -lc -L raw \
                -B/rust/gcc-ld -fuse-ld=lld -Wl,--eh-frame-hdr -Wl,-z,noexecstack -L /rust/lib -o out -Wl,--gc-sections \
                -pie -Wl,-z,relro,-z,now -Wl,-O1 -nodefaultlibs";
    let expected = "-m elf_x86_64 --eh-frame-hdr --hash-style=gnu -pie -dynamic-linker /lib64/ld-linux-x86-64.so.2 \
                    /sysroot/Scrt1.o symbols.o main.o --as-needed -Bstatic libstd.rlib -Bdynamic -lgcc_s -lutil -lc -Lraw \
                    --eh-frame-hdr -z noexecstack -L/rust/lib -o out --gc-sections -z relro -z now -O1 -L/sysroot \
                    -L/rust/gcc-ld";
    assert_eq!(link(GNU, line), expected);
}

#[test]
fn a_shared_library_for_glibc() {
    let line = link(ARM, "-Wl,--version-script=list main.o -lc -o out -shared -nodefaultlibs");
    let expected = "-m aarch64linux --eh-frame-hdr --hash-style=gnu -shared /sysroot/crtbeginS.o --version-script=list main.o \
                    -lc -o out -L/sysroot";
    assert_eq!(line, expected);
}

#[test]
fn a_program_for_musl_as_rustc_links_it() {
    let line = "/s/rcrt1.o main.o -Wl,-Bstatic -lunwind -lc -Wl,-Bdynamic -nostartfiles -L /s -o out -static-pie \
                -nodefaultlibs /s/crtn.o";
    let expected = "-m elf_x86_64 --eh-frame-hdr --hash-style=gnu -static -pie --no-dynamic-linker -z text /s/rcrt1.o main.o \
                    -Bstatic -lunwind -lc -Bdynamic -L/s -o out /s/crtn.o -L/self-contained -L/sysroot";
    assert_eq!(link(MUSL, line), expected);
}

#[test]
fn start_files_and_libraries_are_added_unless_told_otherwise() {
    assert!(link(MUSL, "-static-pie a.o").ends_with(
        "/self-contained/rcrt1.o /self-contained/crti.o /self-contained/crtbeginS.o a.o -L/self-contained -L/sysroot \
         -lunwind -lc /self-contained/crtendS.o /self-contained/crtn.o"
    ));
    assert!(
        link(MUSL, "-static a.o").contains("/self-contained/crt1.o /self-contained/crti.o /self-contained/crtbegin.o")
    );
    let libraries = "-lgcc --push-state --as-needed -lgcc_s --pop-state";
    assert!(link(GNU, "a.o").ends_with(&format!("/sysroot/Scrt1.o a.o -L/sysroot {libraries} -lc")));
    assert!(link(GNU, "a.o -pthread").ends_with(&format!("-lpthread {libraries} -lc")));
    assert!(link(GNU, "a.o -pthread -nolibc").ends_with(libraries));
    assert!(!link(GNU, "a.o -nostartfiles").contains("Scrt1.o"));
    assert!(link(GNU, "a.o -nodefaultlibs -pthread").ends_with("/sysroot/Scrt1.o a.o -L/sysroot"));
    assert_eq!(link(GNU, "-r a.o -o b.o"), "-m elf_x86_64 -r a.o -o b.o -L/sysroot");
}

#[test]
fn arguments_for_the_linker_are_handed_on() {
    for (line, expected) in [
        ("-Wl,-z,noexecstack,--build-id=sha1", "-z noexecstack --build-id=sha1"),
        ("-Xlinker --wrap=malloc -Xlinker -z -Xlinker defs", "--wrap=malloc -z defs"),
        ("-Wl,--start-group -lz -Wl,--end-group", "--start-group -lz --end-group"),
        ("-Wl,-rpath,$ORIGIN", "-rpath $ORIGIN"),
        ("-l z -lz -l:libz.so.1 -L dir -Ldir", "-lz -lz -l:libz.so.1 -Ldir -Ldir"),
        ("-ofile -o file --output=file", "-o file -o file -o file"),
        ("-u symbol -usymbol -e start -z now -znow", "-u symbol -u symbol -e start -z now -z now"),
        ("-T script -Tscript -Ttext=0x1000", "-T script -Tscript -Ttext=0x1000"),
        ("-s -rdynamic -symbolic -t", "--strip-all --export-dynamic -Bsymbolic --trace"),
        ("-mllvm -inline-threshold=1", "-mllvm -inline-threshold=1"),
        ("-Wl,--dynamic-linker=/lib/other.so", "--dynamic-linker=/lib/other.so"),
        ("b.rlib libc++.a @x", "b.rlib libc++.a @x"),
        ("-Wl,-plugin-opt=O3,-plugin-opt=mcpu=x86-64", "-plugin-opt=O3 -plugin-opt=mcpu=x86-64"),
    ] {
        assert_eq!(given(line), expected, "{line}");
    }
}

#[test]
fn options_for_compiling_mean_nothing_to_a_link() {
    for line in [
        "-O2 -Os -O -Ofast -g -g3 -ggdb3 -gdwarf-5 -gsplit-dwarf -gz=zstd",
        "-fPIC -fpie -fno-plt -flto -flto=thin -fno-lto -ffunction-sections -fstack-protector-strong -finite-math-only",
        "-march=x86-64-v3 -mtune=native -mno-avx -msse4.2 -mcmodel=large -m64",
        "-Wall -Wextra -Wno-unused -Werror -w -pedantic -ansi -std=gnu11 -pipe",
        "-I include -Iinclude -D NAME -DNAME=1 -U NAME -include file.h -isystem dir -MMD -MF file.d",
        "-static-libgcc -static-libstdc++ -rtlib=libgcc --param max=1 -Qunused-arguments -nostdinc -x none",
        "--target=x86_64-linux-gnu -target x86_64-unknown-linux-gnu -fuse-ld=lld -fuse-ld=/opt/bin/ld.lld",
        "-Xclang -option -Xassembler -option -no-canonical-prefixes --gcc-toolchain=/usr -save-temps",
    ] {
        assert_eq!(given(line), "", "{line}");
    }
}

#[test]
fn what_cannot_be_honoured_says_why() {
    for (argument, reason) in [
        ("-fuse-ld=mold", Unsupported::OtherLinker),
        ("--ld-path=/usr/bin/mold", Unsupported::OtherLinker),
        ("-fsanitize=address", Unsupported::CompilerRuntime),
        ("-fopenmp", Unsupported::CompilerRuntime),
        ("--coverage", Unsupported::CompilerRuntime),
        ("-c", Unsupported::Compiles),
        ("-specs=file", Unsupported::Specs),
        ("-dynamiclib", Unsupported::Apple),
        ("-framework", Unsupported::Apple),
        ("-undefined", Unsupported::Apple),
        ("-mwindows", Unsupported::Windows),
        ("-Bstatic", Unsupported::LinkerOption),
        ("--gc-sections", Unsupported::LinkerOption),
        ("-gc-sections", Unsupported::LinkerOption),
        ("--build-id", Unsupported::LinkerOption),
        ("--version-script=list", Unsupported::LinkerOption),
        ("-soname", Unsupported::LinkerOption),
        ("--whole-archive", Unsupported::LinkerOption),
        ("-print-libgcc-file-name", Unsupported::Query),
    ] {
        match error(GNU, &format!("a.o {argument}")) {
            Error::UnsupportedArgument { argument: named, reason: found } => {
                assert_eq!((named.to_str(), found), (Some(argument), reason));
            }
            other => panic!("{argument}: {other}"),
        }
    }
}

#[test]
fn an_unknown_argument_is_named_with_its_sources() {
    for argument in ["--frobnicate", "-Q", "-", "-Wl", "-f", "-k8", "-O2x", "-gee"] {
        let error = error(GNU, &format!("a.o {argument}"));
        assert!(matches!(error, Error::UnknownArgument { .. }), "{argument}: {error}");
        let text = error.to_string();
        assert!(text.contains(&format!("`{argument}`")) && text.contains("cargo:rustc-link-arg"), "{text}");
    }
}

#[test]
fn a_value_must_follow() {
    for argument in ["-o", "-L", "-l", "-Xlinker", "-target", "-u"] {
        assert!(matches!(error(GNU, &format!("a.o {argument}")), Error::MissingValue { .. }), "{argument}");
    }
}

#[test]
fn nothing_is_linked_for_another_target() {
    for (target, argument) in [
        (ARM, "-m64"),
        (GNU, "-m32"),
        (GNU, "-mx32"),
        (GNU, "--target=aarch64-linux-gnu"),
        (GNU, "--target=x86_64-linux-musl"),
        (GNU, "--target=x86_64-apple-darwin"),
        (ARM, "-mabi=ilp32"),
    ] {
        assert!(matches!(error(target, &format!("a.o {argument}")), Error::OtherTarget { .. }), "{argument}");
    }
}

#[test]
fn a_source_file_is_not_compiled() {
    for file in ["a.c", "b.cpp", "c.S", "dir.x/d.cc"] {
        assert!(matches!(error(GNU, file), Error::SourceFile { .. }), "{file}");
    }
}

#[test]
fn each_libc_has_its_own_way_of_linking() {
    assert!(matches!(error(GNU, "-static a.o"), Error::StaticGlibc { argument: "-static" }));
    assert!(matches!(error(GNU, "-static-pie a.o"), Error::StaticGlibc { argument: "-static-pie" }));
    for line in ["-pie a.o", "-no-pie a.o", "-shared a.o", "a.o"] {
        assert!(matches!(error(MUSL, line), Error::DynamicMusl), "{line}");
    }
    assert!(link(MUSL, "-static -no-pie a.o").contains(" -static /self-contained/crt1.o"));
    assert!(link(MUSL, "-static-pie -no-pie a.o").contains(" -static /self-contained/crt1.o"));
    assert!(link(MUSL, "-pie -static a.o").contains(" -static /self-contained/crt1.o"));
}

#[test]
fn the_last_of_pie_and_no_pie_counts() {
    assert!(link(GNU, "-no-pie -pie a.o").contains(" -pie "));
    assert!(!link(GNU, "-pie -no-pie a.o").contains("-pie"));
    assert!(link(GNU, "a.o").contains(" -pie "));
}

#[test]
fn an_old_glibc_does_not_get_relocations_of_a_new_one() {
    for argument in ["-Wl,-z,pack-relative-relocs", "-Wl,--pack-dyn-relocs=relr", "-zpack-relative-relocs"] {
        assert!(matches!(error(GNU, &format!("a.o {argument}")), Error::NewerGlibc { .. }), "{argument}");
        link("x86_64-unknown-linux-gnu.2.36", &format!("a.o {argument}"));
    }
    link(GNU, "a.o -Wl,-z,nopack-relative-relocs");
    link(GNU, "a.o -Wl,--pack-dyn-relocs=none");
}

#[test]
fn libraries_of_another_sysroot_come_behind_the_c_library() {
    let line = link(ARM, "-nodefaultlibs a.o --sysroot=/other -lssl");
    assert!(line.ends_with(
        "a.o --sysroot=/other -lssl -L/sysroot -L/other/lib/aarch64-linux-gnu -L/other/lib \
         -L/other/usr/lib/aarch64-linux-gnu -L/other/usr/lib"
    ));
}

#[test]
fn defaults_come_before_what_is_given() {
    let mut driver = driver(GNU);
    driver.defaults.icf = Icf::All;
    let Request::Link { arguments, .. } = driver.translate(&["a.o".into(), "-Wl,--icf=none".into()]).unwrap() else {
        panic!("no link");
    };
    let place = |text: &str| arguments.iter().position(|argument| argument == text).unwrap();
    assert!(place("--icf=all") < place("--icf=none"));
}

#[test]
fn questions_are_answered() {
    let print = |line| match request(ARM, line).unwrap() {
        Request::Print(text) => text,
        other => panic!("{other:?}"),
    };
    assert!(print("--version").starts_with("built-in-linker "));
    assert!(print("-v").starts_with("built-in-linker "));
    assert_eq!(print("-dumpmachine"), "aarch64-unknown-linux-gnu\n");
    assert_eq!(print("-print-sysroot"), "/sysroot\n");
    let expected = Request::PrintFileName { name: "libc.so".into(), directories: vec!["/sysroot".into()] };
    assert_eq!(request(ARM, "-print-file-name=libc.so").unwrap(), expected);
    assert!(matches!(request(ARM, "a.o -###").unwrap(), Request::Show { .. }));
    assert!(matches!(request(ARM, "a.o -v").unwrap(), Request::Link { verbose: true, .. }));
    assert!(matches!(error(ARM, "-O2"), Error::NoInput));
}

#[cfg(unix)]
#[test]
fn paths_need_not_be_unicode() {
    use std::os::unix::ffi::OsStringExt;

    let path = OsString::from_vec(b"-L\xff".to_vec());
    let list = OsString::from_vec(b"-Wl,-rpath,\xff".to_vec());
    let Request::Link { arguments, .. } = driver(GNU).translate(&["a.o".into(), path.clone(), list]).unwrap() else {
        panic!("no link");
    };
    assert!(arguments.contains(&path) && arguments.contains(&OsString::from_vec(vec![0xff])));
}

proptest! {
    #[test]
    fn any_arguments_can_be_read(
        target in any::<u8>(),
        words in proptest::collection::vec("[-@]{0,2}[a-zA-Z]{0,3}[=,@:.a-z0-9-]{0,12}", 0..12),
    ) {
        crate::fuzz([&[target], words.join("\n").as_bytes()].concat().as_slice());
    }
}
