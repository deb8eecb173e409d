//! The other keys that the program reads from cargo's configuration: variables for C, directories, targets, profiles, the
//! terminal and unstable features. As with rustflags, each source sets each key, and plain cargo is the reference.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use test_support::{Computer, Fixture, Program, Run, Toolchain, script};

use crate::sources::{Case, Comparison, INNER, OUTER, PACKAGE, SOURCES, TRIPLE};

/// A package with a crate that compiles C, whose build script writes its variables for C to a file.
struct CPackage {
    fixture: Fixture,
    computer: Computer,
}

impl CPackage {
    fn new() -> Self {
        let fixture = Fixture::empty();
        fixture.add_package("outer/middle/inner/cc", "cc", "[lib]\npath = \"lib.rs\"\n");
        fixture.write("outer/middle/inner/cc/lib.rs", "");
        let native = "[lib]\npath = \"lib.rs\"\n[build-dependencies]\ncc = { path = \"../cc\" }\n";
        fixture.add_package("outer/middle/inner/native", "native-sys", native);
        fixture.write("outer/middle/inner/native/lib.rs", "");
        let build_script = r#"fn main() {
    println!("cargo:rerun-if-changed=never");
    let starts = ["CC", "CXX", "CFLAGS", "CXXFLAGS", "AR", "TARGET_CC", "TARGET_CFLAGS"];
    let is_for_c = |name: &str| starts.iter().any(|start| name == *start || name.starts_with(&format!("{start}_")));
    let lines = std::env::vars().filter(|(name, _)| is_for_c(name)).map(|(name, value)| format!("{name}={value}\n"));
    std::fs::write(std::env::var("LZ_REPORT").unwrap(), lines.collect::<String>()).unwrap();
    std::process::exit(1);
}
"#;
        fixture.write("outer/middle/inner/native/build.rs", build_script);
        fixture.add_package(PACKAGE, "function", "[dependencies]\nnative-sys = { path = \"native\" }\n[workspace]\n");
        fixture.write("outer/middle/inner/src/main.rs", "fn main() {}\n");
        let computer = Toolchain::current().with_targets_only(&[TRIPLE], &fixture);
        script(&computer.bin.join("cc"), "PATH=/usr/bin:/bin exec cc \"$@\"");
        script(&computer.bin.join("x86_64-linux-musl-gcc"), "exit 1");
        let run = Self::on(&computer, "cargo", &fixture).args(["generate-lockfile"]).run();
        assert_eq!(run.code, 0, "{run}");
        Self { fixture, computer }
    }

    fn on(computer: &Computer, program: &str, fixture: &Fixture) -> Program {
        let program = Program::other(program, fixture.path(PACKAGE));
        program.env("PATH", &computer.bin).env_remove("RUSTUP_TOOLCHAIN").env("HOME", fixture.path("home"))
    }

    /// The variables of the build script with this configuration.
    fn variables(&self, program: Program, case: &Case) -> (BTreeMap<String, String>, Run) {
        let report = self.fixture.path("report");
        let _ = fs::remove_file(&report);
        let run = case.apply(program, &self.fixture).env("LZ_REPORT", &report).run();
        let text = fs::read_to_string(&report).unwrap_or_else(|error| panic!("{error}\n{run}"));
        let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        (text.lines().filter_map(pair).collect(), run)
    }

    /// Compares the variables of a build script with those of plain cargo. Returns the ones that only the program sets.
    #[track_caller]
    fn added(&self, config: &str, env: &[(&str, &str)]) -> Vec<String> {
        let case = Case::default().file(INNER, config);
        self.added_to(&env.iter().fold(case, |case, (name, value)| case.env(name, value)))
    }

    #[track_caller]
    fn added_to(&self, case: &Case) -> Vec<String> {
        let cargo = Self::on(&self.computer, "cargo", &self.fixture).args(["build", "--release", "--target", TRIPLE]);
        let (expected, _) = self.variables(cargo, case);
        let ours = Self::on(&self.computer, binary(), &self.fixture).args(["--target", TRIPLE]);
        let (found, run) = self.variables(ours, case);
        for (name, value) in &expected {
            assert_eq!(found.get(name), Some(value), "{name} with {case:?}\n{run}");
        }
        found.into_keys().filter(|name| !expected.contains_key(name)).collect()
    }
}

fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_cargo-lambda-zip")
}

#[test]
fn variables_for_c_from_the_env_table_are_the_users_own() {
    let package = CPackage::new();
    let (cc, cflags, cxxflags) =
        ("CC_x86_64_unknown_linux_musl", "CFLAGS_x86_64_unknown_linux_musl", "CXXFLAGS_x86_64_unknown_linux_musl");
    assert_eq!(package.added("", &[]), [cc, cflags, cxxflags], "nothing is set");

    for name in [cc, "CC_x86_64-unknown-linux-musl", "TARGET_CC", "CC"] {
        assert_eq!(package.added(&format!("env.{name} = 'mine'\n"), &[]), [cflags, cxxflags], "{name}");
        if !name.contains('-') {
            assert_eq!(package.added("", &[(name, "mine")]), [cflags, cxxflags], "{name}");
        }
    }
    for name in [cflags, cxxflags, "CFLAGS", "CXXFLAGS", "TARGET_CFLAGS"] {
        assert_eq!(package.added(&format!("env.{name} = '-DMINE'\n"), &[]), [cc], "{name}");
        assert_eq!(package.added("", &[(name, "-DMINE")]), [cc], "{name}");
    }
    for config in [
        "env.CC = { value = 'forced', force = true }\n",
        "env.CC = { value = 'tools/cc', relative = true }\n",
        "env.CC = 'weak'\n",
    ] {
        assert_eq!(package.added(config, &[("CC", "process")]), [cflags, cxxflags], "{config}");
    }
}

#[test]
fn the_env_table_of_each_source_is_read() {
    let package = CPackage::new();
    let flags = ["CFLAGS_x86_64_unknown_linux_musl", "CXXFLAGS_x86_64_unknown_linux_musl"];
    for (name, source) in SOURCES {
        // Cargo refuses an inline table in an argument.
        let values = ["'mine'", "{ value = 'mine', force = true }"];
        for value in values.into_iter().filter(|value| name != "argument" || !value.starts_with('{')) {
            let case = source(Case::default(), "env.CC", value);
            assert_eq!(package.added_to(&case), flags, "{value} from {name}");
        }
    }
}

/// The target directory that cargo names.
fn cargos_target_directory(directory: &Path, case: &Case) -> String {
    let program = Program::other("cargo", directory).args(["metadata", "--no-deps", "--format-version=1"]);
    let program = case.env.iter().fold(program.args(&case.args), |program, (name, value)| program.env(name, value));
    program.run().success().json()["target_directory"].as_str().unwrap().to_owned()
}

#[test]
fn zips_and_stored_answers_are_in_cargos_target_directory() {
    let comparison = Comparison::new();
    let directory = comparison.fixture.path(PACKAGE);
    let key = "build.target-dir";
    let mut cases: Vec<_> = SOURCES.map(|(_, source)| source(Case::default(), key, "'built'")).into();
    let file = || Case::default().file(OUTER, "build.target-dir = 'file'\n");
    cases.push(file().env("CARGO_BUILD_TARGET_DIR", "variable"));
    cases.push(file().env("CARGO_TARGET_DIR", "strong").config("build.target-dir='argument'"));
    cases.push(file().env("CARGO_BUILD_TARGET_DIR", "variable").config("build.target-dir='argument'"));
    for case in cases {
        let mut case = case;
        case.env.push(("CARGO_HOME".to_owned(), comparison.fixture.path("home").to_str().unwrap().to_owned()));
        comparison.recorded(
            Program::new(&directory).env("RUSTC_WRAPPER", &comparison.recorder).args(["--target", TRIPLE]),
            &case,
        );
        let expected = PathBuf::from(cargos_target_directory(&directory, &case));
        assert!(expected.join(".lambda-zip").is_dir(), "{case:?}");
        fs::remove_dir_all(&expected).unwrap();
    }
}

/// The targets of a plan, and its stderr.
fn planned(comparison: &Comparison, case: &Case, args: &[&str]) -> (Vec<String>, String) {
    let program = comparison.program().args(["--dry-run", "--message-format", "json"]).args(args);
    let run = case.apply(program, &comparison.fixture).run().success();
    let plan = run.json();
    let functions = plan["functions"].as_array().unwrap();
    (functions.iter().map(|function| function["target"].as_str().unwrap().to_owned()).collect(), run.stderr)
}

#[test]
fn a_target_of_lambda_in_the_configuration_is_built() {
    let comparison = Comparison::new();
    let arm64 = "aarch64-unknown-linux-musl";
    for (name, source) in SOURCES {
        let (targets, stderr) =
            planned(&comparison, &source(Case::default(), "build.target", &format!("'{arm64}'")), &[]);
        assert_eq!((targets, stderr.as_str()), (vec![arm64.to_owned()], ""), "{name}");
    }
    let both = Case::default().file(INNER, &format!("build.target = ['{arm64}', '{TRIPLE}']\n"));
    assert_eq!(planned(&comparison, &both, &[]).0, [arm64, TRIPLE]);
    let variable = both.clone().env("CARGO_BUILD_TARGET", TRIPLE);
    assert_eq!(planned(&comparison, &variable, &[]).0, [TRIPLE]);
    let by_flag = "x86_64-unknown-linux-gnu";
    assert_eq!(planned(&comparison, &both, &["--arch", "x86_64"]), (vec![by_flag.to_owned()], String::new()));

    let (targets, stderr) = planned(&comparison, &Case::default().env("CARGO_BUILD_TARGET", "wasm32-wasip1"), &[]);
    assert_eq!(targets, [by_flag]);
    assert!(stderr.starts_with("warning: ignored cargo's `build.target`: `wasm32-wasip1` cannot be"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

/// The keys of a profile that the program sets if the user does not, each with a value, and rustc's option for it.
const PROFILE_KEYS: [(&str, &str, &str); 4] = [
    ("codegen-units", "7", "codegen-units=7"),
    ("lto", "'thin'", "lto=thin"),
    ("strip", "'debuginfo'", "strip=debuginfo"),
    ("debug", "1", "debuginfo=1"),
];

#[test]
fn profile_keys_from_each_source_are_kept() {
    let comparison = Comparison::new();
    let recorder = comparison.recorder.to_str().unwrap();
    let options = |args: &[String], key: &str| -> Vec<String> {
        let starts = |arg: &&String| arg.starts_with(&format!("{key}="));
        args.iter().filter(starts).cloned().collect()
    };
    for (key, value, option) in PROFILE_KEYS {
        let name = option.split('=').next().unwrap();
        let check = |case: Case, source: &str| {
            let case = case.env("RUSTC_WRAPPER", recorder);
            let expected = options(&comparison.recorded(comparison.cargo(), &case), name);
            assert_eq!(expected, [option], "cargo, {key} from {source}");
            assert_eq!(options(&comparison.recorded(comparison.ours(), &case), name), expected, "{key} from {source}");
        };
        for (name, source) in SOURCES {
            check(source(Case::default(), &format!("profile.release.{key}"), value), name);
        }
        let variable = format!("CARGO_PROFILE_RELEASE_{}", key.to_uppercase().replace('-', "_"));
        check(Case::default().env(&variable, value.trim_matches('\'')), "the environment");
        let manifest = format!("{PACKAGE}/Cargo.toml");
        let unset = fs::read_to_string(comparison.fixture.path(&manifest)).unwrap();
        let set = format!("{unset}\n[profile.release]\n{key} = {value}\n");
        check(Case::default().file(&manifest, &set), "the manifest");
        comparison.fixture.write(&manifest, unset);
    }
}

#[test]
fn settings_of_the_terminal_from_each_source_are_followed() {
    let comparison = Comparison::new();
    let recorder = comparison.recorder.to_str().unwrap();
    let seen = |stderr: &str| {
        let is_colored = stderr.contains("\x1b[");
        (stderr.contains("Compiling"), stderr.contains("Running"), is_colored)
    };
    for (key, value, expected) in [
        ("term.quiet", "true", (false, false, false)),
        ("term.verbose", "true", (true, true, false)),
        ("term.color", "'always'", (true, false, true)),
    ] {
        let check = |case: Case, source: &str| {
            let case = case.env("RUSTC_WRAPPER", recorder);
            let (cargo, _) = comparison.run(comparison.cargo(), &case);
            assert_eq!(seen(&cargo.stderr), expected, "cargo, {key} from {source}\n{cargo}");
            let (ours, _) = comparison.run(comparison.ours(), &case);
            assert_eq!(seen(&ours.stderr), expected, "{key} from {source}\n{ours}");
            // The program's own lines follow it too.
            let error = ours.stderr.lines().find(|line| line.contains("`cargo build` failed")).unwrap();
            assert_eq!(error.contains("\x1b["), expected.2, "{key} from {source}\n{ours}");
            assert_eq!(ours.stderr.contains("build --profile release"), expected.1, "{key} from {source}\n{ours}");
        };
        for (name, source) in SOURCES {
            check(source(Case::default(), key, value), name);
        }
        let variable = format!("CARGO_{}", key.to_uppercase().replace('.', "_"));
        check(Case::default().env(&variable, value.trim_matches('\'')), "the environment");
    }
}

/// The plan for a target whose standard library is not installed.
#[test]
fn unstable_features_from_each_source_are_known() {
    let comparison = Comparison::new();
    let fixture = &comparison.fixture;
    let computer = Toolchain::current().with_targets_only(&[], fixture);
    let plan = |case: &Case| {
        let program = comparison.ours().env("PATH", &computer.bin).env_remove("RUSTUP_TOOLCHAIN");
        let program = program.args(["--linker", "built-in", "--dry-run", "--message-format", "json"]);
        case.apply(program, fixture).env("RUSTC_BOOTSTRAP", "1").run().success().json()
    };
    let trims = |plan: &serde_json::Value| plan["cargo"]["args"].to_string().contains("trim-paths");
    assert!(!trims(&plan(&Case::default())));
    let mut cases: Vec<_> =
        SOURCES.map(|(name, source)| (name, source(Case::default(), "unstable.trim-paths", "true"))).into();
    cases.push(("the environment", Case::default().env("CARGO_UNSTABLE_TRIM_PATHS", "true")));
    for (name, case) in cases {
        assert!(trims(&plan(&case)), "{name}");
    }

    // The standard library is compiled, so it need not be installed. Musl's start files are.
    let installs = |case: &Case| {
        let program = comparison.program().args(["--arch", "arm64", "--libc", "gnu", "--linker", "built-in"]);
        let program = program.args(["--dry-run", "--message-format", "json"]).env("PATH", &computer.bin);
        let program = case.apply(program.env_remove("RUSTUP_TOOLCHAIN"), fixture).env("RUSTC_BOOTSTRAP", "1");
        !program.run().success().json()["install_targets"].as_array().unwrap().is_empty()
    };
    assert!(installs(&Case::default()));
    let mut cases: Vec<_> =
        SOURCES.map(|(name, source)| (name, source(Case::default(), "unstable.build-std", "['std']"))).into();
    cases.push(("the environment", Case::default().env("CARGO_UNSTABLE_BUILD_STD", "std")));
    for (name, case) in cases {
        assert!(!installs(&case), "{name}");
    }
}
