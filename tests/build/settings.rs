//! The user's settings for cargo stay in force: linkers, rustflags and profiles, from every source.

use std::fs;
use std::path::PathBuf;

use test_support::{Fixture, Program, Toolchain, Zip, contains, script};

const TRIPLE: &str = "x86_64-unknown-linux-gnu";
/// A target for which Rust's own `rust-lld` can be the linker that a user configures.
const MUSL: &str = "x86_64-unknown-linux-musl";

/// A package whose program shows which of the `cfg`s called `from_…` were set when it was compiled.
fn telltale() -> Fixture {
    let fixture = Fixture::package("telltale");
    let lines = SOURCES.map(|name| format!("#[cfg(from_{name})]\n    println!(\"saw from_{name}!\");"));
    let source = format!("#![allow(unexpected_cfgs)]\nfn main() {{\n    {}\n}}\n", lines.join("\n    "));
    fixture.write("src/main.rs", &source);
    fixture
}

const SOURCES: [&str; 4] = ["encoded", "variable", "target", "build"];

/// Which of the `cfg`s reached the compiler.
#[track_caller]
fn seen(program: Program) -> Vec<&'static str> {
    let zip = Zip::read(program.run().success().zip());
    SOURCES.into_iter().filter(|name| contains(zip.bootstrap(), &format!("saw from_{name}!"))).collect()
}

#[test]
fn rustflags_from_the_encoded_variable_reach_the_compiler() {
    let fixture = telltale();
    assert_eq!(seen(fixture.program().env("CARGO_ENCODED_RUSTFLAGS", "--cfg\x1ffrom_encoded")), ["encoded"]);
}

#[test]
fn rustflags_from_the_variable_reach_the_compiler() {
    let fixture = telltale();
    assert_eq!(seen(fixture.program().env("RUSTFLAGS", "--cfg from_variable")), ["variable"]);
}

#[test]
fn rustflags_of_the_target_reach_the_compiler() {
    let fixture = telltale();
    let table = format!("[target.{TRIPLE}]\nrustflags = [\"--cfg\", \"from_target\"]\n");
    fixture.write(".cargo/config.toml", &table);
    assert_eq!(seen(fixture.program()), ["target"]);
}

#[test]
fn rustflags_of_the_target_from_its_variable_reach_the_compiler() {
    let fixture = telltale();
    let program = fixture.program().env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", "--cfg from_target");
    assert_eq!(seen(program), ["target"]);
}

#[test]
fn rustflags_of_every_build_reach_the_compiler() {
    let fixture = telltale();
    fixture.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"from_build\"]\n");
    assert_eq!(seen(fixture.program()), ["build"]);
}

#[test]
fn rustflags_from_the_command_line_reach_the_compiler() {
    let fixture = telltale();
    let setting = format!("target.{TRIPLE}.rustflags = ['--cfg', 'from_target']");
    assert_eq!(seen(fixture.program().args(["--config", &setting])), ["target"]);
}

#[test]
fn of_several_sources_of_rustflags_cargo_takes_its_first() {
    let fixture = telltale();
    fixture.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"from_build\"]\n");
    assert_eq!(seen(fixture.program().env("RUSTFLAGS", "--cfg from_variable")), ["variable"]);
}

/// A linker of the user's: it logs that it was called and runs Rust's own. Rustc derives from its name which arguments it
/// takes.
struct UsersLinker {
    path: PathBuf,
    log: PathBuf,
}

impl UsersLinker {
    fn new(fixture: &Fixture) -> Self {
        let path = fixture.path("tools/rust-lld");
        let log = fixture.path("linker.log");
        let lld = Toolchain::current().rust_lld();
        script(&path, &format!("echo called >> '{}'\nexec '{}' \"$@\"", log.display(), lld.display()));
        Self { path, log }
    }

    #[track_caller]
    fn is_used(&self, program: Program) {
        let report = program.args(["--libc", "musl", "--message-format", "json"]).run().success().json();
        assert_eq!(fs::read_to_string(&self.log).unwrap_or_default(), "called\n", "the user's linker links");
        assert_eq!(report["archives"][0]["linker"]["kind"], "configured");
        assert_eq!(report["archives"][0]["linker"]["program"], self.path.to_str().unwrap());
    }
}

#[test]
fn a_linker_from_a_config_file_is_used() {
    let fixture = Fixture::package("greeter");
    let linker = UsersLinker::new(&fixture);
    fixture.write(".cargo/config.toml", format!("[target.{MUSL}]\nlinker = {:?}\n", linker.path));
    linker.is_used(fixture.program());
}

#[test]
fn a_linker_from_the_environment_is_used() {
    let fixture = Fixture::package("greeter");
    let linker = UsersLinker::new(&fixture);
    linker.is_used(fixture.program().env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER", &linker.path));
}

#[test]
fn a_linker_from_the_command_line_is_used() {
    let fixture = Fixture::package("greeter");
    let linker = UsersLinker::new(&fixture);
    linker.is_used(fixture.program().args(["--config", &format!("target.{MUSL}.linker = {:?}", linker.path)]));
}

#[test]
fn a_linker_for_another_target_changes_nothing() {
    let fixture = Fixture::package("greeter");
    fixture.write(".cargo/config.toml", "[target.aarch64-unknown-linux-gnu]\nlinker = \"no-such-linker\"\n");
    let report = fixture.run(&["--message-format", "json"]).success().json();
    assert_eq!(report["archives"][0]["linker"]["kind"], "built-in");
}

/// A package whose program shows whether debug assertions are on, which they are not by default in a release.
fn profiled() -> Fixture {
    let fixture = Fixture::package("profiled");
    let source = "fn main() {\n    println!(\"{}\", if cfg!(debug_assertions) { \"assertions on\" } else { \"assertions off\" });\n}\n";
    fixture.write("src/main.rs", source);
    fixture
}

#[track_caller]
fn asserts(program: Program) -> bool {
    let zip = Zip::read(program.run().success().zip());
    assert_ne!(contains(zip.bootstrap(), "assertions on"), contains(zip.bootstrap(), "assertions off"));
    contains(zip.bootstrap(), "assertions on")
}

#[test]
fn the_profile_is_release_unless_another_is_named() {
    let fixture = profiled();
    assert!(!asserts(fixture.program()));
    assert!(!asserts(fixture.program().args(["--release"])));
    assert!(asserts(fixture.program().args(["--profile", "dev"])));
}

#[test]
fn a_profile_of_the_users_own_is_built() {
    let fixture = profiled();
    fixture.add_package(".", "profiled", "[profile.staging]\ninherits = \"release\"\ndebug-assertions = true\n");
    assert!(asserts(fixture.program().args(["--profile", "staging"])));
}

#[test]
fn profile_settings_of_the_manifest_are_kept() {
    let fixture = profiled();
    fixture.add_package(".", "profiled", "[profile.release]\ndebug-assertions = true\n");
    assert!(asserts(fixture.program()));
}

#[test]
fn profile_settings_of_a_config_file_are_kept() {
    let fixture = profiled();
    fixture.write(".cargo/config.toml", "[profile.release]\ndebug-assertions = true\n");
    assert!(asserts(fixture.program()));
}

#[test]
fn profile_settings_of_the_environment_are_kept() {
    let fixture = profiled();
    assert!(asserts(fixture.program().env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")));
}

#[test]
fn profile_settings_of_the_command_line_are_kept() {
    let fixture = profiled();
    assert!(asserts(fixture.program().args(["--config", "profile.release.debug-assertions = true"])));
}

/// Symbols that stay in an executable only when the user says so.
#[track_caller]
fn has_symbols(program: Program) -> bool {
    contains(Zip::read(program.run().success().zip()).bootstrap(), ".symtab")
}

#[test]
fn an_executable_is_stripped_unless_the_user_says_otherwise() {
    let fixture = Fixture::package("greeter");
    assert!(!has_symbols(fixture.program()));
    assert!(has_symbols(fixture.program().args(["--config", "profile.release.strip = 'none'"])));
    assert!(has_symbols(fixture.program().env("CARGO_PROFILE_RELEASE_STRIP", "none")));
    fixture.write(".cargo/config.toml", "[profile.release]\nstrip = \"none\"\n");
    assert!(has_symbols(fixture.program()));
    fs::remove_file(fixture.path(".cargo/config.toml")).unwrap();
    fixture.add_package(".", "greeter", "[profile.release]\nstrip = \"none\"\n");
    assert!(has_symbols(fixture.program()));
}

#[test]
fn features_are_those_of_the_command_line() {
    let fixture = Fixture::package("greeter");
    fixture.add_package(".", "greeter", "[features]\ndefault = [\"calm\"]\ncalm = []\nloud = []\n");
    let source = "fn main() {\n    println!(\"calm={} loud={}\", cfg!(feature = \"calm\"), cfg!(feature = \"loud\"));\n    #[cfg(feature = \"calm\")]\n    println!(\"it is calm\");\n    #[cfg(feature = \"loud\")]\n    println!(\"it is loud\");\n}\n";
    fixture.write("src/main.rs", source);
    let heard = |args: &[&str]| {
        let zip = Zip::read(fixture.run(args).success().zip());
        (contains(zip.bootstrap(), "it is calm"), contains(zip.bootstrap(), "it is loud"))
    };
    assert_eq!(heard(&[]), (true, false));
    assert_eq!(heard(&["--features", "loud"]), (true, true));
    assert_eq!(heard(&["--no-default-features", "-F", "loud"]), (false, true));
    assert_eq!(heard(&["--all-features"]), (true, true));
}
