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
    /// A toolchain of rustup, and nothing else.
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
        let ring = CCrate { chain: ring, wants_system_openssl: false, tools: BTreeSet::new() };
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
fn what_the_user_configured_goes_before_everything() {
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
fn pure_musl_is_linked_by_rust_lld_whatever_else_lies_about() {
    let machine = Machine {
        found: compiler("/usr/bin/aarch64-linux-musl-gcc"),
        zig: ZigSurvey::Found(zig()),
        ..Machine::default()
    };
    assert_eq!(machine.links(MUSL).unwrap().linker, Linker::RustLld);
}

#[test]
fn c_takes_zig_then_a_compiler_then_the_risk() {
    let machine = || Machine { compiles_c: true, ..Machine::default() };
    let gcc = || compiler("/usr/bin/aarch64-linux-musl-gcc");
    let with_zig = Machine { zig: ZigSurvey::Found(zig()), found: gcc(), ..machine() };
    assert_eq!(with_zig.links(MUSL).unwrap().linker, Linker::Zig(zig()));
    let with_compiler = Machine { found: gcc(), ..machine() };
    assert_eq!(with_compiler.links(MUSL).unwrap().linker, Linker::Cross("/usr/bin/aarch64-linux-musl-gcc".into()));

    let choice = machine().links(MUSL).unwrap();
    assert_eq!(choice.linker, Linker::RustLld);
    let doubt = choice.doubt.unwrap();
    assert!(doubt.message.contains("ring ← rustls ← function"), "{}", doubt.message);
    assert!(doubt.message.contains("aarch64-linux-musl-gcc"), "{}", doubt.message);
    assert_eq!(doubt.hints.len(), 1, "{:?}", doubt.hints);
}

#[test]
fn a_compiler_that_the_user_chose_settles_the_question_of_c() {
    for (variable, zig_is_taken) in [("CC_aarch64_unknown_linux_musl", false), ("TARGET_CC", false), ("CC", true)] {
        let found = || TargetSurvey { c_compiler: Some(variable.to_owned()), ..TargetSurvey::default() };
        let machine = || Machine { compiles_c: true, found: found(), ..Machine::default() };
        let choice = machine().links(MUSL).unwrap();
        assert_eq!((choice.linker, choice.doubt), (Linker::RustLld, None));
        let choice = Machine { zig: ZigSurvey::Found(zig()), ..machine() }.links(MUSL).unwrap();
        assert_eq!(choice.linker == Linker::Zig(zig()), zig_is_taken, "{variable}");
    }
}

#[test]
fn gnu_takes_zig_then_the_system_compiler_at_home_and_a_cross_compiler_elsewhere() {
    let with_zig = Machine { zig: ZigSurvey::Found(zig()), found: compiler("/usr/bin/cc"), ..Machine::default() };
    assert_eq!(with_zig.links(HOST).unwrap().linker, Linker::Zig(zig()));
    let links = |triple, path| Machine { found: compiler(path), ..Machine::default() }.links(triple).unwrap().linker;
    assert_eq!(links(HOST, "/usr/bin/cc"), Linker::System("/usr/bin/cc".into()));
    let cross = "/usr/bin/aarch64-linux-gnu-gcc";
    assert_eq!(links(GNU, cross), Linker::Cross(cross.into()));
}

#[test]
fn a_glibc_by_name_is_only_for_zig() {
    let triple = format!("{HOST}.2.26");
    let machine = |choice| Machine { choice, found: compiler("/usr/bin/cc"), ..Machine::default() };
    for choice in [LinkerChoice::Auto, LinkerChoice::System, LinkerChoice::RustLld] {
        assert!(machine(choice).links(&triple).is_err(), "{choice:?}");
    }
    let with_zig = Machine { zig: ZigSurvey::Found(zig()), ..machine(LinkerChoice::Auto) };
    assert_eq!(with_zig.links(&triple).unwrap().linker, Linker::Zig(zig()));
}

#[test]
fn a_wish_that_cannot_be_honoured_says_why() {
    let refusal = |choice, zig, triple| {
        let failure = Machine { zig, choice, ..Machine::default() }.links(triple).unwrap_err();
        (failure.to_string(), exit_code(&failure.into()))
    };
    let (text, code) = refusal(LinkerChoice::RustLld, ZigSurvey::Missing, GNU);
    assert!(code == 2 && text.contains("no glibc"), "{text}");
    let (text, code) = refusal(LinkerChoice::Zig, ZigSurvey::Missing, MUSL);
    assert!(code == 96 && text.contains("`zig`") && text.contains("ziglang"), "{text}");
    let (text, code) = refusal(LinkerChoice::Zig, ZigSurvey::Unusable("`zig version` is 0.8.1, too old".into()), MUSL);
    assert!(code == 96 && text.contains("0.8.1"), "{text}");
    let (text, code) = refusal(LinkerChoice::System, ZigSurvey::Missing, MUSL);
    assert!(code == 96 && text.contains("aarch64-linux-musl-gcc"), "{text}");
}

#[test]
fn nothing_found_says_what_was_looked_for() {
    let failure = Machine::default().links(GNU).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "no linker for `aarch64-unknown-linux-gnu`: there is no `zig`, no `ziglang` in Python, no \
         `aarch64-linux-gnu-gcc`, no `aarch64-unknown-linux-gnu-gcc`"
    );
    let without_lld = Machine { has_rust_lld: false, compiles_c: true, ..Machine::default() };
    let text = without_lld.links(MUSL).unwrap_err().to_string();
    assert!(text.contains("no `rust-lld`") && text.contains("ring ← rustls"), "{text}");
}
