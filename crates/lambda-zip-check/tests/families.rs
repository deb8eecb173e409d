//! The neighbours of the zips in `tests/cases`: other members of each family, and zips that must not be mistaken for one.

mod support;

use lambda_platform::Runtime;
use lambda_zip_check::{ArchiveKind, Finding, Rule, Severity, check_view};
use test_support::elf::{ElfSpec, dynamic_program, library, static_program};
use test_support::zip_builder::{DATA, EXECUTABLE, Item, LINK, finish, zip};

use support::{
    DIRECTORY, bootstrap, check_function, check_layer, check_with_layers, data, error, expectation, function_with,
    rules, view, warning,
};

fn program(name: &str, spec: &ElfSpec) -> Item {
    Item::new(name, EXECUTABLE, spec.build())
}

fn library_item(path: &str, spec: &ElfSpec) -> Item {
    Item::new(path, EXECUTABLE, spec.build())
}

/// A program that needs a version of a library that the runtime's library does not have.
fn needing(library: &'static str, version: &'static str) -> ElfSpec {
    ElfSpec { needed: vec![library], versions: vec![(library, version, 0)], ..dynamic_program() }
}

fn messages(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{}\n{}\n", finding.message, finding.hint)).collect()
}

mod search_path {
    use super::*;

    #[test]
    fn a_packed_library_does_not_hide_the_runtimes_own() {
        for (name, version, rule) in [
            ("libm.so.6", "GLIBC_2.38", Rule::GlibcTooNew),
            ("libc.so.6", "GLIBC_2.38", Rule::GlibcTooNew),
            ("libgcc_s.so.1", "GCC_99.0.0", Rule::LibgccTooNew),
            ("libstdc++.so.6", "GLIBCXX_3.4.99", Rule::LibstdcxxTooNew),
        ] {
            for directory in ["", "lib/"] {
                let own = library_item(&format!("{directory}{name}"), &library(name));
                let findings = check_function(&zip(&[program("bootstrap", &needing(name, version)), own]));
                assert_eq!(rules(&findings), error(rule), "{directory}{name}: {findings:#?}");
                assert!(findings[0].message.contains("is not used"), "{}", findings[0].message);
            }
        }
    }

    #[test]
    fn an_rpath_comes_first_and_a_runpath_last() {
        let own = || library_item("lib/libm.so.6", &library("libm.so.6"));
        let with = |rpath, runpath| {
            let spec = ElfSpec { rpath, runpath, ..needing("libm.so.6", "GLIBC_2.38") };
            rules(&check_function(&zip(&[program("bootstrap", &spec), own()])))
        };
        assert_eq!(with(Some("$ORIGIN/lib"), None), []);
        assert_eq!(with(Some("/var/task/lib"), None), []);
        assert_eq!(with(None, Some("$ORIGIN/lib")), error(Rule::GlibcTooNew));
        // With a RUNPATH, the loader ignores the RPATH.
        assert_eq!(with(Some("$ORIGIN/lib"), Some("$ORIGIN/other")), error(Rule::GlibcTooNew));
        // The runtime's own directory comes first in this one.
        assert_eq!(with(Some("/lib64:$ORIGIN/lib"), None), error(Rule::GlibcTooNew));
    }

    #[test]
    fn a_packed_library_that_is_never_loaded_breaks_nothing() {
        let newer = ElfSpec { versions: vec![("libc.so.6", "GLIBC_2.40", 0)], ..library("libm.so.6") };
        let spec = ElfSpec { needed: vec!["libm.so.6", "libc.so.6"], ..dynamic_program() };
        assert_eq!(check_function(&zip(&[program("bootstrap", &spec), library_item("lib/libm.so.6", &newer)])), []);
        let broken = Item::new("lib/libm.so.6", DATA, *b"libm-2.38.so");
        assert_eq!(check_function(&zip(&[program("bootstrap", &spec), broken])), []);
    }

    #[test]
    fn a_loader_that_is_never_used_saves_nothing() {
        let loader = library_item("lib/ld-linux-x86-64.so.2", &library("ld-linux-x86-64.so.2"));
        for needed in ["libc.so.6", "ld-linux-x86-64.so.2"] {
            let spec = ElfSpec {
                needed: vec!["libc.so.6", "ld-linux-x86-64.so.2"],
                versions: vec![(needed, "GLIBC_2.38", 0)],
                ..dynamic_program()
            };
            let findings = check_function(&zip(&[program("bootstrap", &spec), loader.clone()]));
            assert_eq!(rules(&findings), error(Rule::GlibcTooNew), "{needed}: {findings:#?}");
        }
    }

    #[test]
    fn a_script_may_start_its_program_with_a_loader_of_its_own() {
        let script = b"#!/bin/sh\nexec lib/ld-linux-x86-64.so.2 --library-path lib bin/app\n";
        let items = [
            Item::new("bootstrap", EXECUTABLE, *script),
            program("bin/app", &needing("libc.so.6", "GLIBC_2.38")),
            library_item("lib/ld-linux-x86-64.so.2", &library("ld-linux-x86-64.so.2")),
            library_item("lib/libc.so.6", &library("libc.so.6")),
        ];
        assert_eq!(check_function(&zip(&items)), []);
        let without = check_function(&zip(&items[..2]));
        assert_eq!(rules(&without), warning(Rule::GlibcTooNew), "{without:#?}");
    }

    #[test]
    fn a_packed_library_is_used_if_the_runtime_has_none() {
        let spec = ElfSpec { needed: vec!["libfoo.so"], versions: Vec::new(), ..dynamic_program() };
        let newer = ElfSpec { versions: vec![("libc.so.6", "GLIBC_2.40", 0)], ..library("libfoo.so") };
        let findings = check_function(&zip(&[program("bootstrap", &spec), library_item("lib/libfoo.so", &newer)]));
        assert_eq!(rules(&findings), error(Rule::GlibcTooNew), "{findings:#?}");
    }

    #[test]
    fn a_packed_library_helps_if_the_service_may_lack_the_images() {
        let spec = ElfSpec { needed: vec!["libcurl.so.4"], versions: Vec::new(), ..dynamic_program() };
        let alone = check_function(&zip(&[program("bootstrap", &spec)]));
        assert_eq!(rules(&alone), warning(Rule::LibraryUncertain));
        let own = library_item("lib/libcurl.so.4", &library("libcurl.so.4"));
        assert_eq!(check_function(&zip(&[program("bootstrap", &spec), own])), []);
    }
}

mod libraries {
    use super::*;

    fn function_needing(library: Item) -> Vec<Finding> {
        let spec = ElfSpec { needed: vec!["libfoo.so"], versions: Vec::new(), ..dynamic_program() };
        check_function(&zip(&[program("bootstrap", &spec), library]))
    }

    #[test]
    fn a_needed_library_must_be_an_elf_file() {
        for (contents, what) in [
            (&b"libfoo.so.1"[..], "the text of a symbolic link"),
            (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
            (b"/* GNU ld script */\nINPUT(libfoo.so.1)", "a linker script"),
            (b"", "an empty file"),
            (b"\xcf\xfa\xed\xfe\x0c\0\0\x01", "for macOS"),
            (b"#!/bin/sh\n", "a script"),
        ] {
            let findings = function_needing(Item::new("lib/libfoo.so", DATA, contents));
            assert_eq!(rules(&findings), error(Rule::LibraryNotElf), "{what}: {findings:#?}");
            assert!(findings[0].message.contains(what), "{}", findings[0].message);
        }
    }

    #[test]
    fn a_needed_library_must_be_complete() {
        let whole = library("libfoo.so").build();
        let findings = function_needing(Item::new("lib/libfoo.so", DATA, &whole[..whole.len() - 8]));
        assert_eq!(rules(&findings), error(Rule::ElfUnreadable), "{findings:#?}");
        // A library that nothing needs is a warning.
        let findings = check_function(&function_with([Item::new("x.so", DATA, &whole[..whole.len() - 8])]));
        assert_eq!(rules(&findings), warning(Rule::ElfUnreadable), "{findings:#?}");
    }

    #[test]
    fn a_library_for_another_processor_is_told_as_such() {
        let arm = ElfSpec { machine: 183, ..library("libfoo.so") };
        let findings = function_needing(library_item("lib/libfoo.so", &arm));
        assert_eq!(rules(&findings), error(Rule::WrongArchitecture), "{findings:#?}");
        assert_eq!(findings[0].entry.as_deref(), Some("lib/libfoo.so"));
        assert!(findings[0].message.ends_with("is built for `arm64`, not for `x86_64`"), "{}", findings[0].message);
    }

    #[test]
    fn an_executable_without_a_loader_gets_no_libraries() {
        let spec = ElfSpec { needed: vec!["libfoo.so", "libc.so.6"], interpreter: None, ..dynamic_program() };
        let own = library_item("lib/libfoo.so", &library("libfoo.so"));
        for items in [vec![program("bootstrap", &spec)], vec![program("bootstrap", &spec), own]] {
            let findings = check_function(&zip(&items));
            assert_eq!(rules(&findings), error(Rule::NoLoader), "{findings:#?}");
            assert!(
                findings[0].hint.contains("--libc gnu") && !findings[0].hint.contains("lib/"),
                "{}",
                findings[0].hint
            );
        }
        assert_eq!(check_function(&zip(&[bootstrap()])), [], "a static program needs no loader");
    }

    #[test]
    fn an_extension_module_for_a_newer_runtime_is_an_error_in_a_layer_only() {
        for (library_name, version, rule) in [
            ("libc.so.6", "GLIBC_2.36", Rule::GlibcTooNew),
            ("libm.so.6", "GLIBC_2.38", Rule::GlibcTooNew),
            ("libstdc++.so.6", "GLIBCXX_3.4.99", Rule::LibstdcxxTooNew),
            ("libgcc_s.so.1", "GCC_99.0.0", Rule::LibgccTooNew),
        ] {
            let spec = ElfSpec { entry_point: 0, interpreter: None, soname: None, ..needing(library_name, version) };
            for path in ["python/x.cpython-312-x86_64-linux-gnu.so", "nodejs/node_modules/x/build/Release/x.node"] {
                let item = library_item(path, &spec);
                assert_eq!(rules(&check_layer(&zip(std::slice::from_ref(&item)))), error(rule), "{path}");
                assert_eq!(rules(&check_function(&function_with([item]))), warning(rule), "{path}");
            }
        }
    }

    #[test]
    fn an_extension_module_for_musl_is_left_to_its_own_loader() {
        let spec = ElfSpec {
            needed: vec!["libstdc++.so.6", "libc.musl-x86_64.so.1"],
            versions: vec![("libstdc++.so.6", "GLIBCXX_3.4.99", 0)],
            ..library("x.node")
        };
        assert_eq!(check_layer(&zip(&[library_item("nodejs/node_modules/x/linuxmusl-x64/x.node", &spec)])), []);
    }

    #[test]
    fn libraries_for_other_systems_are_errors_in_a_layer() {
        let contents: [(&[u8], &str); 3] = [
            (b"\xcf\xfa\xed\xfe\x0c\0\0\x01", "macOS"),
            (b"\xca\xfe\xba\xbe\0\0\0\x02", "macOS"),
            (b"MZ\x90\0", "Windows"),
        ];
        for (contents, system) in contents {
            for path in ["python/PIL/_imaging.so", "nodejs/node_modules/sharp/build/Release/sharp.node", "bin/tool"] {
                let item = Item::new(path, EXECUTABLE, contents);
                let findings = check_layer(&zip(std::slice::from_ref(&item)));
                assert_eq!(rules(&findings), error(Rule::WrongSystem), "{path}: {findings:#?}");
                assert!(findings[0].message.contains(system), "{}", findings[0].message);
                assert_eq!(rules(&check_function(&function_with([item]))), warning(Rule::WrongSystem), "{path}");
            }
        }
    }

    #[test]
    fn builds_for_several_systems_side_by_side_are_no_mistake() {
        let mac = |path: &str| Item::new(path, DATA, *b"\xcf\xfa\xed\xfe\x0c\0\0\x01");
        let windows = |path: &str| Item::new(path, DATA, *b"MZ\x90\0");
        let items = [
            mac("nodejs/node_modules/x/prebuilds/darwin-arm64/x.node"),
            mac("nodejs/node_modules/@img/sharp-darwin-x64/lib/sharp-darwin-x64.node"),
            windows("nodejs/node_modules/x/prebuilds/win32-x64/x.node"),
            windows("python/pip/_vendor/distlib/t64.exe"),
            library_item("nodejs/node_modules/x/prebuilds/linux-x64/x.node", &library("x.node")),
        ];
        assert_eq!(check_layer(&zip(&items)), []);
    }
}

mod modes {
    use super::*;

    fn bootstrap_with(mode: u32) -> Vec<Finding> {
        check_function(&zip(&[Item::new("bootstrap", 0o100_000 | mode, static_program().build())]))
    }

    #[test]
    fn only_the_permissions_of_others_count() {
        for mode in [0o755, 0o777, 0o555, 0o005, 0o705] {
            assert_eq!(bootstrap_with(mode), [], "{mode:o}");
        }
        for mode in [0o744, 0o774, 0o764, 0o644, 0o754] {
            assert_eq!(rules(&bootstrap_with(mode)), error(Rule::NotExecutable), "{mode:o}");
        }
        assert_eq!(rules(&bootstrap_with(0o711)), error(Rule::NotReadable));
        assert_eq!(rules(&bootstrap_with(0o750)), [error(Rule::NotExecutable), error(Rule::NotReadable)].concat());
        for (mode, expected) in [(0o604, vec![]), (0o640, error(Rule::NotReadable)), (0o440, error(Rule::NotReadable))]
        {
            let findings = check_function(&function_with([Item::new("a.txt", 0o100_000 | mode, *b"data")]));
            assert_eq!(rules(&findings), expected, "{mode:o}");
        }
    }

    #[test]
    fn directories_that_others_cannot_enter_are_warnings() {
        for (mode, expected) in [
            (0o755, vec![]),
            (0o777, vec![]),
            (0o750, warning(Rule::DirectoryMode)),
            (0o700, warning(Rule::DirectoryMode)),
            (0o754, warning(Rule::DirectoryMode)),
            (0o751, warning(Rule::DirectoryMode)),
        ] {
            let findings = check_function(&function_with([Item::new("conf/", 0o040_000 | mode, "")]));
            assert_eq!(rules(&findings), expected, "{mode:o}");
        }
    }

    #[test]
    fn programs_that_nobody_may_run_are_warnings() {
        let runnable = program("bin/tool", &dynamic_program());
        let plain = runnable.clone().with(|item| item.mode = DATA);
        assert_eq!(check_layer(&zip(std::slice::from_ref(&runnable))), []);
        assert_eq!(rules(&check_layer(&zip(std::slice::from_ref(&plain)))), warning(Rule::NotExecutable));
        assert_eq!(rules(&check_function(&function_with([plain]))), warning(Rule::NotExecutable));
        for name in ["bootstrap", "bin/run"] {
            let script = Item::new(name, DATA, *b"#!/bin/sh\n");
            assert_eq!(rules(&check_layer(&zip(&[script]))), warning(Rule::NotExecutable), "{name}");
        }
        // Libraries and scripts elsewhere are data.
        let others = [
            Item::new("lib/libfoo.so", DATA, library("libfoo.so").build()),
            Item::new("python/x.py", DATA, *b"#!/usr/bin/env python3\n"),
        ];
        assert_eq!(check_layer(&zip(&others)), []);
    }

    #[test]
    fn special_files_are_named() {
        for (mode, what) in [(0o010_644, "a named pipe"), (0o020_644, "a character device"), (0o140_644, "a socket")] {
            let findings = check_function(&function_with([Item::new("x", mode, *b"data")]));
            assert_eq!(rules(&findings), warning(Rule::MissingTypeBits), "{findings:#?}");
            assert!(findings[0].message.contains(what), "{}", findings[0].message);
        }
        let pipe = bootstrap().with(|item| item.mode = 0o010_755);
        assert_eq!(rules(&check_function(&zip(&[pipe]))), error(Rule::BootstrapNotAFile));
    }

    #[test]
    fn attributes_of_other_systems_are_named() {
        for (host, name) in [(0, "MS-DOS or Windows"), (10, "Windows NTFS"), (11, "MVS"), (99, "system number 99")] {
            let item = bootstrap().with(|item| (item.host, item.mode) = (host, 0));
            let findings = check_function(&zip(&[item]));
            assert_eq!(rules(&findings), error(Rule::HostNotUnix));
            assert!(messages(&findings).contains(name), "{}", messages(&findings));
            assert!(messages(&findings).contains("platform: 'UNIX'"), "{}", messages(&findings));
        }
    }
}

mod layout {
    use super::*;

    #[test]
    fn a_directory_called_bootstrap_leaves_the_start_to_a_layer() {
        let files = [Item::new("bootstrap/app.php", DATA, *b"<?php")];
        let entry = [Item::new("bootstrap/", DIRECTORY, ""), data("bootstrap/app.php")];
        for items in [&files[..], &entry] {
            let function = zip(items);
            let layered = |layer| check_with_layers(ArchiveKind::Function, &function, &[zip(&[layer])]);
            assert_eq!(layered(bootstrap()), []);
            assert_eq!(rules(&layered(data("readme.txt"))), error(Rule::BootstrapNotAFile));
            assert_eq!(rules(&check_function(&function)), error(Rule::BootstrapNotAFile));
            let plain = bootstrap().with(|item| item.mode = DATA);
            assert_eq!(rules(&layered(plain)), error(Rule::NotExecutable));
            assert_eq!(rules(&layered(Item::new("bootstrap", EXECUTABLE, *b"text\n"))), error(Rule::ExecFormat));
        }
    }

    #[test]
    fn a_bootstrap_may_be_a_link_into_a_layer() {
        let link = zip(&[Item::new("bootstrap", LINK, *b"/opt/bin/run")]);
        let layer = zip(&[program("bin/run", &static_program())]);
        assert_eq!(check_with_layers(ArchiveKind::Function, &link, &[layer]), []);
        let findings = check_function(&link);
        assert_eq!(rules(&findings), error(Rule::BootstrapNotAFile));
        assert!(findings[0].message.contains("no layer"), "{}", findings[0].message);
    }

    #[test]
    fn links_into_layers_are_followed() {
        let layer = zip(&[data("nodejs/node_modules/x/index.js"), Item::new("current", LINK, *b"nodejs")]);
        let check = |target: &str| {
            let function = function_with([Item::new("link", LINK, target)]);
            rules(&check_with_layers(ArchiveKind::Function, &function, std::slice::from_ref(&layer)))
        };
        for target in ["/opt/nodejs/node_modules", "../../opt/nodejs", "/opt/current/node_modules/x/index.js", "/opt/"]
        {
            assert_eq!(check(target), [], "{target}");
        }
        assert_eq!(check("/opt/missing"), warning(Rule::LinkDangling));
        // Without the layers, it is not known.
        let findings = check_function(&function_with([Item::new("link", LINK, *b"/opt/nodejs/node_modules")]));
        assert_eq!(rules(&findings), warning(Rule::LinkEscapes));
        assert!(findings[0].hint.contains("layers"), "{}", findings[0].hint);
    }

    #[test]
    fn a_later_layer_replaces_the_files_of_an_earlier_one() {
        let spec = ElfSpec { needed: vec!["libfoo.so"], versions: Vec::new(), ..dynamic_program() };
        let function = zip(&[program("bootstrap", &spec)]);
        let good = zip(&[library_item("lib/libfoo.so", &library("libfoo.so"))]);
        let arm = zip(&[library_item("lib/libfoo.so", &ElfSpec { machine: 183, ..library("libfoo.so") })]);
        let check = |layers: [&Vec<u8>; 2]| {
            rules(&check_with_layers(ArchiveKind::Function, &function, &layers.map(Clone::clone)))
        };
        assert_eq!(check([&arm, &good]), []);
        assert_eq!(check([&good, &arm]), error(Rule::LibraryMissing));
    }

    #[test]
    fn loops_are_named() {
        let link = |name: &str, target: &str| Item::new(name, LINK, target);
        for items in [
            vec![link("a", "a")],
            vec![link("a", "b"), link("b", "a")],
            vec![link("a", "b/x"), link("b", "a")],
            vec![link("a", "/var/task/a")],
        ] {
            let count = items.len();
            let findings = check_function(&function_with(items));
            assert_eq!(rules(&findings), vec![(Severity::Error, Rule::LinkLoop); count], "{findings:#?}");
        }
    }

    #[test]
    fn a_link_that_holds_a_file_is_one_short_error() {
        let contents: [(Vec<u8>, &str); 4] = [
            (static_program().build(), "an ELF file"),
            (b"#!/bin/sh\nexec ./app\n".to_vec(), "a script"),
            (vec![b'a'; 5000], "a text file"),
            (b"\xcf\xfa\xed\xfe\x0c\0\0\x01".to_vec(), "for macOS"),
        ];
        for (contents, what) in contents {
            for name in ["bootstrap", "tool"] {
                let item = Item::new(name, LINK, contents.clone());
                let items = if name == "bootstrap" { vec![item] } else { vec![bootstrap(), item] };
                let findings = check_function(&zip(&items));
                assert_eq!(rules(&findings), error(Rule::LinkBroken), "{what}: {findings:#?}");
                assert!(findings[0].message.contains(what) && findings[0].message.len() < 150, "{findings:#?}");
            }
        }
        assert_eq!(rules(&check_function(&function_with([Item::new("x", LINK, "")]))), error(Rule::LinkBroken));
    }

    #[test]
    fn directories_are_marked_by_a_slash() {
        let without = |items: &[Item]| rules(&check_function(&function_with(items.to_vec())));
        let entry = Item::new("assets", DIRECTORY, "");
        assert_eq!(without(&[entry.clone(), data("assets/a.txt")]), error(Rule::DirectoryWithoutSlash));
        assert_eq!(without(&[data("assets/a.txt"), entry.clone()]), error(Rule::DirectoryWithoutSlash));
        assert_eq!(without(&[entry]), warning(Rule::DirectoryWithoutSlash));
        assert_eq!(without(&[Item::new("assets/", DIRECTORY, ""), data("assets/a.txt")]), []);
    }

    #[test]
    fn names_are_as_long_as_linux_allows() {
        let named = |name: String| rules(&check_function(&function_with([data(&name)])));
        assert_eq!(named("a".repeat(255)), []);
        assert_eq!(named("a".repeat(256)), error(Rule::NameTooLong));
        assert_eq!(named(format!("{}/b", "a".repeat(256))), error(Rule::NameTooLong));
        // `/var/task/` and the byte that ends a path count as well.
        let long = |length: usize| "a/".repeat(length / 2) + &"b".repeat(length % 2 + 2);
        assert_eq!(named(long(4096 - "/var/task/".len() - 1 - 2)), []);
        assert_eq!(named(long(4096 - "/var/task/".len() - 2)), error(Rule::NameTooLong));
    }

    #[test]
    fn packages_for_other_runtimes_are_recognised() {
        let node = [data("index.js"), data("package.json"), data("node_modules/x/index.js")];
        let archive = Item::new("function.zip", DATA, zip(&[bootstrap()]));
        for (items, what) in [
            (&node[..], "Node.js"),
            (&[data("lambda_function.py"), data("boto3/__init__.py")], "Python"),
            (&[data("com/example/Handler.class"), data("META-INF/MANIFEST.MF")], "Java"),
            (&[data("lib/app.jar")], "Java"),
            (&[data("app.rb")], "Ruby"),
            (&[data("App.deps.json"), data("App.runtimeconfig.json")], ".NET"),
            (&[archive], "only contains another archive, `function.zip`"),
        ] {
            let findings = check_function(&zip(items));
            assert_eq!(rules(&findings), error(Rule::NoBootstrap), "{what}: {findings:#?}");
            assert!(findings[0].message.contains(what), "{}", findings[0].message);
        }
    }

    #[test]
    fn data_in_the_directory_of_extensions_is_to_be_moved_out() {
        for name in ["extensions/README.md", "extensions/config.yaml", "extensions/LICENSE"] {
            let findings = check_layer(&zip(&[program("extensions/tool", &static_program()), data(name)]));
            assert_eq!(rules(&findings), error(Rule::ExecFormat), "{name}: {findings:#?}");
            assert!(findings[0].hint.starts_with("move it out of `extensions/`"), "{}", findings[0].hint);
        }
    }
}

mod scripts {
    use super::*;

    fn script(contents: &[u8]) -> Vec<Finding> {
        check_function(&zip(&[Item::new("bootstrap", EXECUTABLE, contents)]))
    }

    #[test]
    fn near_misses_of_a_shebang_are_named() {
        for (contents, what) in [
            (&b"\xef\xbb\xbf#!/bin/sh\n"[..], "byte order mark"),
            (b"\xff\xfe#\0!\0/\0b\0i\0n\0", "UTF-16"),
            (b"\n#!/bin/sh\n", "blank before `#!`"),
            (b" #!/bin/sh\n", "blank before `#!`"),
            (b"\r\n#!/bin/sh\r\n", "blank before `#!`"),
            (b"#/bin/sh\n", "does not start with `#!`"),
            (b"!#/bin/sh\n", "does not start with `#!`"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
            (b"../target/release/app", "text of a symbolic link"),
            (b"Not Found", "`Not Found`"),
            (b"404: Not Found", "`Not Found`"),
            (b"<!DOCTYPE html><html>", "HTML"),
            (b"\x1f\x8b\x08\0\0\0\0\0", "gzip"),
            (b"PK\x03\x04", "zip"),
            (b"echo hello\n", "a text file"),
        ] {
            let findings = script(contents);
            assert_eq!(rules(&findings), error(Rule::ExecFormat), "{what}: {findings:#?}");
            assert!(findings[0].message.contains(what), "{what}: {}", findings[0].message);
        }
        assert_eq!(rules(&script(b"#!\necho\n")), error(Rule::ExecFormat));
    }

    #[test]
    fn a_line_that_ends_in_cr_is_shown_whole() {
        let findings = script(b"#!/usr/bin/env -S bash -e\r\necho\r\n");
        assert_eq!(rules(&findings), error(Rule::ShebangCrlf));
        assert!(findings[0].message.contains("`#!/usr/bin/env -S bash -e`"), "{}", findings[0].message);
    }
}

mod archives {
    use super::*;

    #[test]
    fn other_formats_are_named() {
        let tar = [&[b'a'; 257][..], b"ustar\x0000"].concat();
        for (bytes, what) in [
            (&b"\x1f\x8b\x08\0"[..], "a gzip file"),
            (b"BZh91AY", "a bzip2 file"),
            (b"\xfd7zXZ\0", "an xz file"),
            (b"Rar!\x1a\x07\0", "a RAR archive"),
            (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
            (&tar, "a tar archive"),
            (b"UEsDBBQAAAAIAA==", "base64"),
            (b"<html><body>", "an HTML page"),
            (b"{\"message\": \"Forbidden\"}", "a JSON document"),
            (b"<?xml version=\"1.0\"?><Error/>", "an XML document"),
            (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
            (&static_program().build(), "an ELF executable"),
            (b"MZ\x90\0", "a Windows executable"),
            (b"#!/bin/sh\n", "a script"),
            (&[0; 600], "filled with zeros"),
            (b"", "empty"),
        ] {
            let findings = check_function(bytes);
            assert_eq!(rules(&findings), error(Rule::ZipUnreadable), "{what}: {findings:#?}");
            assert!(findings[0].message.contains(what), "{what}: {}", findings[0].message);
            assert!(!findings[0].message.contains("the the") && !findings[0].hint.is_empty());
        }
    }

    #[test]
    fn an_entry_past_the_end_is_a_finding() {
        for offset in [1_000_000_usize, u32::MAX as usize - 1] {
            let item = bootstrap();
            let bytes = finish(item.local(), &[(&item, offset)]);
            let findings = check_function(&bytes);
            assert!(findings.iter().any(|finding| finding.rule == Rule::HeadersDisagree), "{findings:#?}");
            assert!(findings[0].message.contains("past the end"), "{findings:#?}");
        }
    }

    #[test]
    fn an_offset_of_64_bits_past_the_end_is_a_finding() {
        for offset in [1_u64 << 40, i64::MAX as u64 - 1, i64::MAX as u64 + 1, u64::MAX - 1] {
            let item = bootstrap().with(|item| {
                item.central_extra = [&[1, 0, 8, 0][..], &offset.to_le_bytes()].concat();
            });
            let bytes = finish(item.local(), &[(&item, u32::MAX as usize)]);
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("a.zip");
            std::fs::write(&path, bytes).unwrap();
            // From the disk: seeking there would be an error of the operating system.
            let findings = lambda_zip_check::check_file(&path, &[], &expectation(ArchiveKind::Function)).unwrap();
            assert!(findings.iter().any(Finding::is_error), "{offset:#x}: {findings:#?}");
        }
    }

    #[test]
    fn extra_fields_must_fit() {
        let with = |extra: &[u8]| {
            let item = data("a.txt").with(|item| item.central_extra = extra.to_vec());
            rules(&check_function(&function_with([item])))
        };
        assert_eq!(with(&[0x99, 0x99, 2, 0, 1, 2]), []);
        assert_eq!(with(&[0, 0, 0]), [], "padding");
        assert_eq!(with(&[0x99, 0x99, 3, 0, 1, 2]), error(Rule::ExtraField));
        assert_eq!(with(&[0x99, 0x99, 0xff, 0xff]), error(Rule::ExtraField));
        assert_eq!(with(&[0x99, 0x99, 1, 0, 1, 0x88, 0x88, 9, 0]), error(Rule::ExtraField));
    }

    #[test]
    fn methods_are_named_and_encryption_is_one_finding() {
        let with = |method: u16, flags: u16| {
            let item = data("a.txt").with(|item| (item.method, item.flags) = (method, flags));
            check_function(&function_with([item]))
        };
        for (method, name) in
            [(9, "Deflate64"), (12, "bzip2"), (14, "LZMA"), (93, "Zstandard"), (77, "unknown method 77")]
        {
            let findings = with(method, 0);
            assert_eq!(rules(&findings), error(Rule::UnsupportedMethod), "{findings:#?}");
            assert!(findings[0].message.ends_with(name), "{}", findings[0].message);
        }
        for (method, flags, message) in [(99, 1, "is encrypted with AES"), (8, 1, "is encrypted"), (99, 0, "with AES")]
        {
            let findings = with(method, flags);
            assert_eq!(rules(&findings), error(Rule::Encrypted), "{findings:#?}");
            assert!(findings[0].message.ends_with(message) && !findings[0].hint.contains("deflate"), "{findings:#?}");
        }
    }

    #[test]
    fn a_version_that_readers_do_not_know_is_refused() {
        let with_version = |version: u8| {
            let mut bytes = function_with([]);
            let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
            (bytes[4], bytes[directory + 6]) = (version, version);
            rules(&check_function(&bytes))
        };
        for version in [10, 20, 45, 46] {
            assert_eq!(with_version(version), [], "{version}");
        }
        assert_eq!(with_version(47), warning(Rule::UnsupportedFeature));
        assert_eq!(with_version(63), warning(Rule::UnsupportedFeature));
        assert_eq!(with_version(64), error(Rule::UnsupportedFeature));
        assert_eq!(with_version(255), error(Rule::UnsupportedFeature));
    }

    #[test]
    fn a_part_of_a_split_archive_is_told_as_one() {
        let mut zip = function_with([]);
        let directory = zip.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
        zip[directory + 34] = 2;
        let findings = check_function(&zip);
        assert_eq!(rules(&findings), warning(Rule::UnsupportedFeature));
        assert!(findings[0].message.contains("part 3"), "{}", findings[0].message);
    }

    #[test]
    fn flags_must_agree_but_for_the_level_of_compression() {
        let with = |bits: u8| {
            let mut zip = function_with([]);
            zip[6] |= bits;
            rules(&check_function(&zip))
        };
        assert_eq!(with(0b110), []);
        assert_eq!(with(0b1000_0000), error(Rule::HeadersDisagree));
    }

    #[test]
    fn a_missing_start_is_told_as_one() {
        let zip = function_with([data("a.txt")]);
        let findings = check_function(&zip[100..]);
        assert_eq!(rules(&findings), error(Rule::ZipTruncated));
        assert_eq!(findings[0].message, "its first 100 bytes are missing");
        assert!(!findings[0].hint.contains("end is missing"));
    }

    #[test]
    fn one_byte_is_not_several() {
        let message = |zip: Vec<u8>| check_function(&zip).remove(0).message;
        assert_eq!(message([&function_with([])[..], b"x"].concat()), "there is 1 byte after the end of the archive");
        assert_eq!(message([b"x", &function_with([])[..]].concat()), "there is 1 byte before the first entry");
        let gap = function_with([data("a.txt").with(|item| item.after = vec![0])]);
        assert_eq!(message(gap), "1 byte after `a.txt` belongs to no entry");
    }

    #[test]
    fn a_descriptor_of_64_bits_is_no_gap() {
        for contents in [&b""[..], b"data"] {
            let item = Item::new("a.txt", DATA, contents).with(|item| {
                item.flags = 8;
                item.after = [&b"PK\x07\x08"[..], &item.crc.to_le_bytes()].concat();
                let size = u64::from(item.size);
                item.after.extend([size.to_le_bytes(), size.to_le_bytes()].concat());
            });
            assert_eq!(check_function(&function_with([item])), [], "{contents:?}");
        }
    }

    #[test]
    fn the_name_of_the_root_is_not_empty_in_a_hint() {
        for name in ["//", "./"] {
            let findings = check_function(&function_with([Item::new(name, DIRECTORY, "")]));
            assert!(!messages(&findings).contains("``"), "{}", messages(&findings));
        }
    }

    #[test]
    fn what_is_not_listed_is_counted() {
        let items = (0..3000).map(|index| Item::new(format!("{index:04}"), 0o100_600, *b"data"));
        let findings = check_function(&function_with(items));
        assert_eq!(findings.len(), 21);
        assert_eq!(findings.iter().map(Finding::count).sum::<usize>(), 3000);
    }
}

#[test]
fn the_oldest_runtimes_are_deprecated_and_not_blocked() {
    for id in ["provided", "go1.x"] {
        let mut expectation = expectation(ArchiveKind::Function);
        expectation.runtime = Some(id.parse::<Runtime>().unwrap());
        expectation.today = time::macros::date!(2026 - 11 - 27);
        let findings = check_view(&view(&function_with([])), &[], &expectation);
        assert_eq!(rules(&findings), warning(Rule::RuntimeDeprecated), "{id}: {findings:#?}");
        expectation.today = time::macros::date!(2027 - 03 - 03);
        let findings = check_view(&view(&function_with([])), &[], &expectation);
        assert_eq!(rules(&findings), error(Rule::RuntimeBlocked), "{id}: {findings:#?}");
    }
}
