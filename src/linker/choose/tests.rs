use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::semver::Version;

use super::*;
use crate::linker::zig::Zig;
use lambda_platform::Runtime;
use lambda_zip_error::exit_code;

const HOST: &str = "x86_64-unknown-linux-gnu";

struct Machine {
    has_rust_lld: bool,
    zig: ZigSurvey,
    found: TargetSurvey,
    choice: LinkerChoice,
    compiles_c: bool,
}

impl Default for Machine {
    /// A toolchain from rustup, and nothing else.
    fn default() -> Self {
        let choice = LinkerChoice::Auto;
        let found = TargetSurvey::default();
        Self { has_rust_lld: true, zig: ZigSurvey::Missing, found, choice, compiles_c: false }
    }
}

impl Machine {
    fn links(self, triple: &str) -> Result<Choice, Failure> {
        let target = Target::from_triple(triple, Runtime::AL2023).unwrap();
        let targets = BTreeMap::from([(target.triple(), self.found)]);
        let Self { has_rust_lld, zig, .. } = self;
        let survey = Survey { host: HOST.into(), has_rust_lld, targets, zig, graph: None, lockfile_is_missing: false };
        let ring = ["ring", "rustls", "function"].map(str::to_owned).to_vec();
        let ring =
            CCrate { chain: ring, needs_system_openssl: false, tools: BTreeSet::new(), manifest: "Cargo.toml".into() };
        choose(target, self.choice, &survey, if self.compiles_c { std::slice::from_ref(&ring) } else { &[] })
    }
}

fn zig() -> Zig {
    Zig { program: "/bin/zig".into(), args: Vec::new(), version: Version::new(0, 16, 0) }
}

fn compiler(path: &str) -> TargetSurvey {
    TargetSurvey { compiler: Some(path.into()), ..TargetSurvey::default() }
}

const MUSL: &str = "aarch64-unknown-linux-musl";
const GNU: &str = "aarch64-unknown-linux-gnu";

#[test]
fn a_configured_linker_wins_over_everything() {
    let found = || TargetSurvey { configured_linker: Some("mold".into()), ..compiler("/usr/bin/cc") };
    let machine = || Machine { found: found(), zig: ZigSurvey::Found(zig()), ..Machine::default() };
    assert_eq!(machine().links(MUSL).unwrap().linker, Linker::Configured("mold".into()));

    let failure = Machine { choice: LinkerChoice::Zig, ..machine() }.links(MUSL).unwrap_err();
    let text = failure.to_string();
    assert!(text.contains("`--linker zig`") && text.contains("`mold`"), "{text}");
    assert_eq!(exit_code(&failure.into()), 2);
    assert!(machine().links(&format!("{GNU}.2.26")).unwrap_err().to_string().contains("2.26"));
}

#[test]
fn the_built_in_linker_links_pure_rust_whatever_else_is_installed() {
    for (triple, gcc) in [(MUSL, "aarch64-linux-musl-gcc"), (GNU, "aarch64-linux-gnu-gcc"), (HOST, "cc")] {
        let machine = Machine { found: compiler(gcc), zig: ZigSurvey::Found(zig()), ..Machine::default() };
        assert_eq!(machine.links(triple).unwrap().linker, Linker::BuiltIn, "{triple}");
    }
}

#[test]
fn c_needs_zig_or_a_compiler_and_else_gets_a_warning() {
    let machine = || Machine { compiles_c: true, ..Machine::default() };
    let gcc = || compiler("/usr/bin/aarch64-linux-musl-gcc");
    let with_zig = Machine { zig: ZigSurvey::Found(zig()), found: gcc(), ..machine() };
    assert_eq!(with_zig.links(MUSL).unwrap().linker, Linker::Zig(zig()));
    let with_compiler = Machine { found: gcc(), ..machine() };
    assert_eq!(with_compiler.links(MUSL).unwrap().linker, Linker::Cross("/usr/bin/aarch64-linux-musl-gcc".into()));

    let choice = machine().links(MUSL).unwrap();
    assert_eq!(choice.linker, Linker::BuiltIn);
    let warning = choice.warning.unwrap();
    assert!(warning.message.contains("ring ← rustls ← function"), "{}", warning.message);
    assert!(warning.message.contains("aarch64-linux-musl-gcc"), "{}", warning.message);
    assert_eq!(warning.hints.len(), 1, "{:?}", warning.hints);
}

#[test]
fn a_compiler_that_the_user_chose_settles_who_compiles_c() {
    for (variable, zig_is_taken) in [("CC_aarch64_unknown_linux_musl", false), ("TARGET_CC", false), ("CC", true)] {
        let found = || TargetSurvey { c_compiler: Some(variable.to_owned()), ..TargetSurvey::default() };
        let machine = || Machine { compiles_c: true, found: found(), ..Machine::default() };
        let choice = machine().links(MUSL).unwrap();
        assert_eq!((choice.linker, choice.warning), (Linker::BuiltIn, None));
        let choice = Machine { zig: ZigSurvey::Found(zig()), ..machine() }.links(MUSL).unwrap();
        assert_eq!(choice.linker == Linker::Zig(zig()), zig_is_taken, "{variable}");
    }
}

#[test]
fn c_for_gnu_is_compiled_by_zig_else_by_the_system_compiler_else_by_a_cross_compiler() {
    let machine = |path| Machine { compiles_c: true, found: compiler(path), ..Machine::default() };
    let with_zig = Machine { zig: ZigSurvey::Found(zig()), ..machine("/usr/bin/cc") };
    assert_eq!(with_zig.links(HOST).unwrap().linker, Linker::Zig(zig()));
    assert_eq!(machine("/usr/bin/cc").links(HOST).unwrap().linker, Linker::System("/usr/bin/cc".into()));
    let cross = "/usr/bin/aarch64-linux-gnu-gcc";
    assert_eq!(machine(cross).links(GNU).unwrap().linker, Linker::Cross(cross.into()));
}

#[test]
fn a_chosen_glibc_needs_the_built_in_linker_or_zig() {
    let triple = format!("{HOST}.2.26");
    let machine = |choice| Machine { choice, found: compiler("/usr/bin/cc"), ..Machine::default() };
    for choice in [LinkerChoice::Auto, LinkerChoice::BuiltIn] {
        assert_eq!(machine(choice).links(&triple).unwrap().linker, Linker::BuiltIn, "{choice:?}");
    }
    assert!(machine(LinkerChoice::System).links(&triple).is_err());
    let with_c = || Machine { compiles_c: true, ..machine(LinkerChoice::Auto) };
    let with_zig = Machine { zig: ZigSurvey::Found(zig()), ..with_c() };
    assert_eq!(with_zig.links(&triple).unwrap().linker, Linker::Zig(zig()));
    let choice = with_c().links(&triple).unwrap();
    assert!(
        choice.linker == Linker::BuiltIn && choice.warning.is_some(),
        "the system compiler would link its own glibc"
    );
    let without_lld = Machine { has_rust_lld: false, ..machine(LinkerChoice::Auto) };
    assert!(without_lld.links(&triple).unwrap_err().to_string().contains("needs zig"));
}

#[test]
fn a_glibc_that_the_linker_does_not_know_is_refused() {
    let failure = Machine::default().links(&format!("{GNU}.2.12")).unwrap_err();
    assert!(failure.to_string().contains("it knows 2.17 to "), "{failure}");
    assert_eq!(exit_code(&failure.into()), 2);
}

#[test]
fn a_linker_that_was_asked_for_and_cannot_be_used_is_an_error_with_the_reason() {
    let refusal = |choice, zig, triple| {
        let failure = Machine { zig, choice, ..Machine::default() }.links(triple).unwrap_err();
        (failure.to_string(), exit_code(&failure.into()))
    };
    let without_lld = Machine { has_rust_lld: false, choice: LinkerChoice::BuiltIn, ..Machine::default() };
    let failure = without_lld.links(GNU).unwrap_err();
    assert!(failure.to_string().contains("no `rust-lld`"), "{failure}");
    assert_eq!(exit_code(&failure.into()), 96);
    let (text, code) = refusal(LinkerChoice::Zig, ZigSurvey::Missing, MUSL);
    assert!(code == 96 && text.contains("`zig`") && text.contains("ziglang"), "{text}");
    let (text, code) = refusal(LinkerChoice::Zig, ZigSurvey::Unusable("`zig version` is 0.8.1, too old".into()), MUSL);
    assert!(code == 96 && text.contains("0.8.1"), "{text}");
    let (text, code) = refusal(LinkerChoice::System, ZigSurvey::Missing, MUSL);
    assert!(code == 96 && text.contains("aarch64-linux-musl-gcc"), "{text}");
}

#[test]
fn without_a_linker_the_error_lists_what_was_tried() {
    let failure = Machine { has_rust_lld: false, ..Machine::default() }.links(GNU).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "no linker found for `aarch64-unknown-linux-gnu`; tried `rust-lld`, `zig`, Python's `ziglang`, `aarch64-linux-gnu-gcc`, \
         `aarch64-unknown-linux-gnu-gcc`"
    );
    let without_lld = Machine { has_rust_lld: false, compiles_c: true, ..Machine::default() };
    let text = without_lld.links(MUSL).unwrap_err().to_string();
    assert!(text.contains("tried `rust-lld`") && text.contains("ring ← rustls"), "{text}");
}
