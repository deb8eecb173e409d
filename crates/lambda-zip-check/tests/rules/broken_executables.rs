//! Zips whose executables would not start.

use lambda_platform::Runtime;
use lambda_zip_check::{ArchiveKind, Rule, Severity};
use test_support::elf::{ElfSpec, dynamic_program, library, static_program};
use test_support::zip_builder::{DATA, EXECUTABLE, Item, zip};

use crate::Case;

/// A function whose `bootstrap` has these contents.
fn function(rule: Rule, contents: impl Into<Vec<u8>>) -> Case {
    Case::new(rule, zip(&[Item::new("bootstrap", EXECUTABLE, contents)]))
}

fn elf(rule: Rule, spec: &ElfSpec) -> Case {
    function(rule, spec.build())
}

fn needing(rule: Rule, library: &'static str, version: &'static str) -> Case {
    elf(rule, &ElfSpec { versions: vec![(library, version, 0)], ..dynamic_program() })
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = formats();
    cases.extend(loading());
    cases
}

fn formats() -> Vec<Case> {
    let broken = static_program().build();
    let arm = ElfSpec { machine: 183, ..static_program() };
    vec![
        function(Rule::ExecFormat, b"\xcf\xfa\xed\xfe\x07\0\0\x01"),
        function(Rule::ExecFormat, b"MZ\x90\0"),
        function(Rule::ExecFormat, b"echo hello\n"),
        function(Rule::ExecFormat, b""),
        function(Rule::ShebangCrlf, b"#!/bin/sh\r\necho\r\n"),
        function(Rule::ScriptInterpreter, b"#!/usr/local/bin/bash\n"),
        function(Rule::ScriptInterpreter, b"#!/opt/homebrew/bin/bash\n"),
        function(Rule::ScriptInterpreter, b"#!/nix/store/x-bash-5.2/bin/bash -e\n"),
        function(Rule::ScriptInterpreter, b"#!/usr/bin/env /home/me/bin/run\n"),
        function(Rule::ScriptInterpreter, b"#!/var/task/bin/run\n"),
        function(Rule::ScriptInterpreter, b"#!bin/run\n"),
        function(Rule::ElfUnreadable, &broken[..broken.len() / 2]),
        elf(Rule::WrongClass, &ElfSpec { class: 1, machine: 3, ..static_program() }),
        elf(Rule::WrongEndianness, &ElfSpec { byte_order: 2, ..static_program() }),
        elf(Rule::WrongArchitecture, &arm),
        elf(Rule::WrongArchitecture, &ElfSpec { machine: 243, ..static_program() }),
        Case::with(Rule::MixedArchitectures, [Item::new("tool", EXECUTABLE, arm.build())]),
        Case::with(Rule::MixedArchitectures, [Item::new("plugin.so", DATA, arm.build())]),
        elf(Rule::NotAProgram, &ElfSpec { kind: 1, ..static_program() }),
        elf(Rule::NotAProgram, &library("libfoo.so")),
        elf(Rule::Unstripped, &ElfSpec { debug_size: 2 << 20, ..static_program() }),
        Case { kind: ArchiveKind::Layer, ..Case::new(Rule::WrongSystem, zip(&[mach_o("python/_imaging.so")])) },
        elf(Rule::NoLoader, &ElfSpec { needed: vec!["libfoo.so"], ..static_program() }),
        elf(Rule::ExecutableStack, &ElfSpec { stack_flags: 7, ..static_program() }),
    ]
}

/// The start of a library for macOS.
fn mach_o(name: &str) -> Item {
    Item::new(name, DATA, *b"\xcf\xfa\xed\xfe\x0c\0\0\x01")
}

fn loading() -> Vec<Case> {
    let needs = |name| ElfSpec { needed: vec!["libc.so.6", name], ..dynamic_program() };
    let al2 = |case| Case { runtime: Some(Runtime::AL2), ..case };
    let bundled = |path: &'static str, library: &ElfSpec| {
        let program = Item::new("bootstrap", EXECUTABLE, needs("libfoo.so").build());
        zip(&[program, Item::new(path, DATA, library.build())])
    };
    let plain = library("libfoo.so");
    vec![
        elf(Rule::LoaderMissing, &ElfSpec { interpreter: Some("/lib/ld-musl-x86_64.so.1"), ..dynamic_program() }),
        elf(Rule::LoaderMissing, &ElfSpec { interpreter: Some("/nix/store/ld.so"), ..dynamic_program() }),
        needing(Rule::GlibcTooNew, "libc.so.6", "GLIBC_2.38"),
        needing(Rule::GlibcTooNew, "libc.so.6", "GLIBC_ABI_DT_RELR"),
        al2(needing(Rule::GlibcTooNew, "libc.so.6", "GLIBC_2.34")),
        needing(Rule::LibstdcxxTooNew, "libstdc++.so.6", "GLIBCXX_3.4.99"),
        needing(Rule::LibstdcxxTooNew, "libstdc++.so.6", "CXXABI_1.3.99"),
        needing(Rule::LibgccTooNew, "libgcc_s.so.1", "GCC_99.0.0"),
        elf(Rule::LibraryMissing, &needs("libfoo.so")),
        Case::new(Rule::LibraryMissing, bundled("vendor/libfoo.so", &plain)),
        // The same rules apply to a library in the zip.
        Case::new(
            Rule::LibraryMissing,
            bundled("lib/libfoo.so", &ElfSpec { needed: vec!["libbar.so"], ..plain.clone() }),
        ),
        Case::new(
            Rule::GlibcTooNew,
            bundled("libfoo.so", &ElfSpec { versions: vec![("libc.so.6", "GLIBC_2.39", 0)], ..plain }),
        ),
        Case::new(
            Rule::LibraryNotElf,
            zip(&[
                Item::new("bootstrap", EXECUTABLE, needs("libfoo.so").build()),
                Item::new("lib/libfoo.so", DATA, *b"libfoo.so.1"),
            ]),
        ),
        elf(Rule::LibraryUncertain, &needs("libcurl.so.4")),
        al2(elf(Rule::LibraryUncertain, &needs("libssl.so.10"))),
    ]
}

#[test]
fn an_unknown_interpreter_is_a_warning() {
    for first_line in ["#!/usr/bin/python3", "#!/usr/bin/env node", "#!/opt/bin/run", "#!/usr/libexec/run"] {
        for runtime in [Runtime::AL2023, Runtime::AL2] {
            let case = function(Rule::ScriptInterpreter, format!("{first_line}\n"));
            let findings = Case { runtime: Some(runtime), ..case }.check();
            let found: Vec<_> = findings.iter().map(|finding| (finding.rule, finding.severity)).collect();
            assert_eq!(found, [(Rule::ScriptInterpreter, Severity::Warning)], "{first_line}");
        }
    }
}

#[test]
fn a_glibc_that_is_too_new_is_named_with_a_hint() {
    let findings = needing(Rule::GlibcTooNew, "libm.so.6", "GLIBC_2.38").check();
    assert_eq!(
        findings[0].message,
        "`bootstrap` needs `GLIBC_2.38` of `libm.so.6`, but `provided.al2023` has glibc 2.34"
    );
    assert_eq!(findings[0].hint, "build with `--libc musl`, or on a system with glibc 2.34 or older");
    let on_al2 = Case { runtime: Some(Runtime::AL2), ..needing(Rule::GlibcTooNew, "libc.so.6", "GLIBC_2.34") };
    assert_eq!(
        on_al2.check()[0].hint,
        "build with `--libc musl`, or on a system with glibc 2.26 or older, or move to `provided.al2023`"
    );
}

#[test]
fn a_broken_helper_executable_is_a_warning() {
    let tool = ElfSpec { interpreter: Some("/nix/store/ld.so"), ..dynamic_program() };
    let findings = Case::with(Rule::LoaderMissing, [Item::new("tool", EXECUTABLE, tool.build())]).check();
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].rule, findings[0].severity), (Rule::LoaderMissing, Severity::Warning));
}
