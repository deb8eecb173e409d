//! Cargo's configuration reaches rustc and build scripts as it does with `cargo build`: each key that the program reads,
//! from each source, and from all of them together.
//!
//! Each case runs plain cargo and the program with the same files, arguments and environment. A recorder in place of rustc
//! writes down how it was called and fails for the package itself, so that nothing is linked.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use test_support::{Computer, Fixture, Program, Run, Toolchain, script};

const TRIPLE: &str = "x86_64-unknown-linux-musl";
const LINKER_VARIABLE: &str = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER";
const RUSTFLAGS_VARIABLE: &str = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS";

/// The places of config files, the weakest first. The package is in the last one.
const HOME: &str = "home/config.toml";
const OUTER: &str = "outer/.cargo/config.toml";
const MIDDLE: &str = "outer/middle/.cargo/config.toml";
const INNER: &str = "outer/middle/inner/.cargo/config.toml";
const PACKAGE: &str = "outer/middle/inner";

/// A workspace with a recorder.
struct Comparison {
    fixture: Fixture,
    recorder: PathBuf,
    log: PathBuf,
}

/// One configuration.
#[derive(Debug, Default, Clone)]
struct Case {
    files: Vec<(String, String)>,
    args: Vec<String>,
    env: Vec<(String, String)>,
}

impl Case {
    fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    fn config(mut self, argument: &str) -> Self {
        self.args.extend(["--config".to_owned(), argument.to_owned()]);
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Comparison {
    fn new() -> Self {
        let fixture = Fixture::empty();
        fixture.add_package(PACKAGE, "function", "[workspace]\n");
        fixture.write(&format!("{PACKAGE}/src/main.rs"), "fn main() {}\n");
        let (recorder, log) = (fixture.path("recorder"), fixture.path("log"));
        let text = format!(
            "case \"$*\" in *'--crate-name function '*) printf '%s\\n' \"$@\" >> '{}'; exit 1;; esac\nexec \"$@\"",
            log.display()
        );
        script(&recorder, &text);
        Self { fixture, recorder, log }
    }

    /// Runs a program with this configuration, and returns rustc's arguments for the package.
    fn recorded(&self, program: Program, case: &Case) -> Vec<String> {
        for path in ["home", "outer/.cargo", "outer/middle/.cargo", "outer/middle/inner/.cargo"] {
            let _ = fs::remove_dir_all(self.fixture.path(path));
        }
        for (path, text) in &case.files {
            self.fixture.write(path, text);
        }
        fs::write(&self.log, "").unwrap();
        let program = case.env.iter().fold(program, |program, (name, value)| program.env(name, value));
        let run = program.args(&case.args).env("CARGO_HOME", self.fixture.path("home")).run();
        let log = fs::read_to_string(&self.log).unwrap();
        assert!(run.code != 0 && !log.is_empty(), "rustc was not called for {case:?}\n{run}");
        log.lines().map(str::to_owned).collect()
    }

    /// Compares the flags that rustc gets from plain cargo and from the program.
    #[track_caller]
    fn compare(&self, case: &Case) -> Vec<String> {
        let case = &case.clone().env("RUSTC_WRAPPER", self.recorder.to_str().unwrap());
        self.compare_recorded(case)
    }

    #[track_caller]
    fn compare_recorded(&self, case: &Case) -> Vec<String> {
        let directory = self.fixture.path(PACKAGE);
        let args = ["build", "--release", "--target", TRIPLE];
        let cargo = Program::other("cargo", &directory).args(args);
        let expected = flags(&self.recorded(cargo, case));
        let ours = Program::new(&directory).args(["--target", TRIPLE]);
        let found = flags(&self.recorded(ours, case));
        assert_eq!(found, expected, "{case:?}");
        expected
    }
}

/// The user's flags among rustc's arguments: each `--cfg`, and the linker.
fn flags(args: &[String]) -> Vec<String> {
    let mut flags = Vec::new();
    for (index, arg) in args.iter().enumerate() {
        let value = args.get(index + 1).cloned().unwrap_or_default();
        let is_linker = value.starts_with("linker=") && value != "linker=rust-lld";
        if arg == "--cfg" || is_linker {
            flags.push(value);
        }
    }
    flags
}

/// A source of configuration: how it sets a key to a value.
type Source = (&'static str, fn(Case, &str, &str) -> Case);

/// `KEY = VALUE` in each kind of file and argument. A key has no table header, so it can be used in all of them.
const SOURCES: [Source; 8] = [
    ("home", |case, key, value| case.file(HOME, &format!("{key} = {value}\n"))),
    ("outer", |case, key, value| case.file(OUTER, &format!("{key} = {value}\n"))),
    ("middle", |case, key, value| case.file(MIDDLE, &format!("{key} = {value}\n"))),
    ("inner", |case, key, value| case.file(INNER, &format!("{key} = {value}\n"))),
    ("include", |case, key, value| {
        let included = format!("{PACKAGE}/.cargo/included.toml");
        case.file(INNER, "include = ['included.toml']\n").file(&included, &format!("{key} = {value}\n"))
    }),
    ("optional include in a directory", |case, key, value| {
        let included = format!("{PACKAGE}/.cargo/deep/included.toml");
        let text =
            "include = [{ path = 'deep/included.toml', optional = true }, { path = 'no.toml', optional = true }]\n";
        case.file(INNER, text).file(&included, &format!("{key} = {value}\n"))
    }),
    ("argument", |case, key, value| case.config(&format!("{key}={value}"))),
    ("file argument", |case, key, value| {
        case.file(&format!("{PACKAGE}/.cargo/argument.toml"), &format!("{key} = {value}\n"))
            .config(".cargo/argument.toml")
    }),
];

/// A list of the three keys for rustflags, with the variable of each.
fn rustflags_keys() -> [(String, Option<&'static str>); 3] {
    [
        ("build.rustflags".to_owned(), Some("CARGO_BUILD_RUSTFLAGS")),
        (format!("target.{TRIPLE}.rustflags"), Some(RUSTFLAGS_VARIABLE)),
        ("target.'cfg(unix)'.rustflags".to_owned(), None),
    ]
}

#[test]
fn rustflags_from_each_source_reach_rustc_in_either_form() {
    let comparison = Comparison::new();
    for (key, variable) in rustflags_keys() {
        for (name, source) in SOURCES {
            for value in ["['--cfg', 'seen']", "'--cfg seen'"] {
                let seen = comparison.compare(&source(Case::default(), &key, value));
                assert_eq!(seen, ["seen"], "{key} from {name}");
            }
        }
        if let Some(variable) = variable {
            assert_eq!(comparison.compare(&Case::default().env(variable, "--cfg seen")), ["seen"]);
        }
    }
}

#[test]
fn rustflags_from_all_sources_are_joined_in_cargos_order() {
    let comparison = Comparison::new();
    for (key, variable) in rustflags_keys() {
        let list = |name: &str| format!("{key} = ['--cfg', '{name}']\n");
        let included = format!("include = ['a.toml', 'b.toml']\n{}", list("inner"));
        let mut case = Case::default()
            .file(HOME, &list("home"))
            .file(OUTER, &list("outer"))
            .file(MIDDLE, &list("middle"))
            .file(INNER, &included)
            .file(&format!("{PACKAGE}/.cargo/a.toml"), &list("a"))
            .file(&format!("{PACKAGE}/.cargo/b.toml"), &list("b"))
            .config(&list("first").trim_end().replace(" = ", "="))
            .config(&list("second").trim_end().replace(" = ", "="));
        let mut expected = vec!["home", "outer", "middle", "a", "b", "inner"];
        if let Some(variable) = variable {
            case = case.env(variable, "--cfg variable");
            expected.push("variable");
        }
        expected.extend(["first", "second"]);
        assert_eq!(comparison.compare(&case), expected, "{key}");
    }
}

#[test]
fn tables_of_a_target_are_joined_and_hide_those_of_the_build() {
    let comparison = Comparison::new();
    let text = format!(
        "[target.'cfg(unix)']\nrustflags = '--cfg unix_table'\n[target.'cfg(target_os = \"linux\")']\n\
         rustflags = ['--cfg', 'linux_table']\n[target.{TRIPLE}]\nrustflags = ['--cfg', 'triple_table']\n\
         [target.'cfg(windows)']\nrustflags = ['--cfg', 'windows_table']\n[build]\nrustflags = ['--cfg', 'build_table']\n"
    );
    let seen = comparison.compare(&Case::default().file(INNER, &text));
    assert_eq!(seen, ["triple_table", "linux_table", "unix_table"]);
}

#[test]
fn an_empty_key_hides_nothing_and_an_empty_variable_does() {
    let comparison = Comparison::new();
    let build = || Case::default().file(OUTER, "build.rustflags = ['--cfg', 'seen']\n");
    for case in [
        build().file(INNER, &format!("target.{TRIPLE}.rustflags = []\n")),
        build().file(INNER, "target.'cfg(unix)'.rustflags = ''\n"),
        build().file(INNER, "build.rustflags = []\n"),
        build().env("CARGO_BUILD_RUSTFLAGS", ""),
        build().env(RUSTFLAGS_VARIABLE, ""),
        build().config("build.rustflags=[]"),
    ] {
        assert_eq!(comparison.compare(&case), ["seen"], "{case:?}");
    }
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"] {
        assert!(comparison.compare(&build().env(variable, "")).is_empty());
        let separator = if variable == "RUSTFLAGS" { " " } else { "\x1f" };
        let case = build().env(variable, &["--cfg", "variable"].join(separator));
        assert_eq!(comparison.compare(&case), ["variable"]);
    }
    let case = build().file(INNER, "[env]\nRUSTFLAGS = '--cfg table'\nCARGO_ENCODED_RUSTFLAGS = '--cfg table'\n");
    assert_eq!(comparison.compare(&case), ["seen"], "`[env]` is for build scripts");
}

#[test]
fn a_string_stays_a_string_where_cargo_would_not_merge_a_list() {
    let comparison = Comparison::new();
    let key = format!("target.{TRIPLE}.rustflags");
    let file = || Case::default().file(INNER, &format!("{key} = '--cfg file'\n"));
    assert_eq!(comparison.compare(&file()), ["file"]);
    assert_eq!(comparison.compare(&file().config(&format!("{key}='--cfg argument'"))), ["argument"]);
    assert_eq!(comparison.compare(&file().env(RUSTFLAGS_VARIABLE, "--cfg variable")), ["file", "variable"]);

    // Targets that need different flags.
    let directory = comparison.fixture.path(PACKAGE);
    let case = file()
        .file(MIDDLE, "target.'cfg(unix)'.rustflags = '--cfg table'\nbuild.rustflags = '--cfg build'\n")
        .env("RUSTC_WRAPPER", comparison.recorder.to_str().unwrap());
    let both = ["--target", TRIPLE, "--target", "aarch64-unknown-linux-musl", "--target-cpu", "lambda"];
    let log = comparison.recorded(Program::new(&directory).args(both).args(["--", "--keep-going"]), &case);
    let calls: Vec<_> =
        log.split(|arg| arg.starts_with("--crate-name")).map(flags).filter(|flags| !flags.is_empty()).collect();
    assert_eq!(calls.len(), 2, "{log:?}");
    assert!(calls.contains(&vec!["file".to_owned(), "table".to_owned()]), "{calls:?}");
    assert!(calls.contains(&vec!["table".to_owned()]), "{calls:?}");
}

#[test]
fn the_linker_from_each_source_is_used() {
    let comparison = Comparison::new();
    for key in [format!("target.{TRIPLE}.linker"), "target.'cfg(unix)'.linker".to_owned()] {
        for (name, source) in SOURCES {
            let seen = comparison.compare(&source(Case::default(), &key, "'my-ld'"));
            assert_eq!(seen, ["linker=my-ld"], "{key} from {name}");
            let seen = comparison.compare(&source(Case::default(), &key, "'bin/my-ld'"));
            assert!(seen[0].ends_with("/bin/my-ld"), "{key} from {name}: {seen:?}");
        }
    }
    let key = format!("target.{TRIPLE}.linker");
    let file = || Case::default().file(INNER, &format!("{key} = 'file-ld'\n"));
    assert_eq!(comparison.compare(&file().env(LINKER_VARIABLE, "variable-ld")), ["linker=variable-ld"]);
    let case = file().env(LINKER_VARIABLE, "variable-ld").config(&format!("{key}='argument-ld'"));
    assert_eq!(comparison.compare(&case), ["linker=argument-ld"]);
    let both = file().file(OUTER, "target.'cfg(unix)'.linker = 'table-ld'\n");
    assert_eq!(comparison.compare(&both), ["linker=file-ld"]);
}

#[test]
fn rustc_and_its_wrappers_from_each_source_are_used() {
    let comparison = Comparison::new();
    let recorder = format!("'{}'", comparison.recorder.display());
    for key in ["rustc-wrapper", "rustc-workspace-wrapper"] {
        for (_, source) in SOURCES {
            comparison.compare_recorded(&source(Case::default(), &format!("build.{key}"), &recorder));
        }
        let path = comparison.recorder.to_str().unwrap();
        let variable = key.to_uppercase().replace('-', "_");
        comparison.compare_recorded(&Case::default().env(&variable, path));
        comparison.compare_recorded(&Case::default().env(&format!("CARGO_BUILD_{variable}"), path));
    }
}

/// A package with a crate that compiles C, whose build script writes its variables for C to a file.
struct CPackage {
    fixture: Fixture,
    computer: Computer,
}

impl CPackage {
    fn new() -> Self {
        let fixture = Fixture::empty();
        fixture.add_package("inner/cc", "cc", "[lib]\npath = \"lib.rs\"\n");
        fixture.write("inner/cc/lib.rs", "");
        let native = "[lib]\npath = \"lib.rs\"\n[build-dependencies]\ncc = { path = \"../cc\" }\n";
        fixture.add_package("inner/native", "native-sys", native);
        fixture.write("inner/native/lib.rs", "");
        let build_script = r#"fn main() {
    println!("cargo:rerun-if-changed=never");
    let starts = ["CC", "CXX", "CFLAGS", "CXXFLAGS", "AR", "TARGET_CC", "TARGET_CFLAGS"];
    let is_for_c = |name: &str| starts.iter().any(|start| name == *start || name.starts_with(&format!("{start}_")));
    let lines = std::env::vars().filter(|(name, _)| is_for_c(name)).map(|(name, value)| format!("{name}={value}\n"));
    std::fs::write(std::env::var("LZ_REPORT").unwrap(), lines.collect::<String>()).unwrap();
    std::process::exit(1);
}
"#;
        fixture.write("inner/native/build.rs", build_script);
        fixture.add_package("inner", "function", "[dependencies]\nnative-sys = { path = \"native\" }\n[workspace]\n");
        fixture.write("inner/src/main.rs", "fn main() {}\n");
        let computer = Toolchain::current().with_targets_only(&[TRIPLE], &fixture);
        script(&computer.bin.join("cc"), "PATH=/usr/bin:/bin exec cc \"$@\"");
        script(&computer.bin.join("x86_64-linux-musl-gcc"), "exit 1");
        let run = Self::on(&computer, "cargo", &fixture).args(["generate-lockfile"]).run();
        assert_eq!(run.code, 0, "{run}");
        Self { fixture, computer }
    }

    fn on(computer: &Computer, program: &str, fixture: &Fixture) -> Program {
        let program = Program::other(program, fixture.path("inner"));
        program.env("PATH", &computer.bin).env_remove("RUSTUP_TOOLCHAIN").env("HOME", fixture.path("home"))
    }

    /// The variables of the build script with this configuration.
    fn variables(&self, program: Program, config: &str, env: &[(&str, &str)]) -> (BTreeMap<String, String>, Run) {
        self.fixture.write("inner/.cargo/config.toml", config);
        let report = self.fixture.path("report");
        let _ = fs::remove_file(&report);
        let program = env.iter().fold(program, |program, (name, value)| program.env(name, value));
        let run = program.env("LZ_REPORT", &report).run();
        let text = fs::read_to_string(&report).unwrap_or_else(|error| panic!("{error}\n{run}"));
        let pair = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        (text.lines().filter_map(pair).collect(), run)
    }

    /// Compares the variables of a build script with those of plain cargo. Returns the ones that only the program sets.
    #[track_caller]
    fn added(&self, config: &str, env: &[(&str, &str)]) -> Vec<String> {
        let cargo = Self::on(&self.computer, "cargo", &self.fixture).args(["build", "--release", "--target", TRIPLE]);
        let (expected, _) = self.variables(cargo, config, env);
        let ours = Self::on(&self.computer, binary(), &self.fixture).args(["--target", TRIPLE]);
        let (found, run) = self.variables(ours, config, env);
        for (name, value) in &expected {
            assert_eq!(found.get(name), Some(value), "{name} with {config} and {env:?}\n{run}");
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
    for path in ["outer/.cargo", "outer/middle/inner/.cargo"] {
        let _ = fs::remove_dir_all(comparison.fixture.path(path));
    }
    for (path, text) in &case.files {
        comparison.fixture.write(path, text);
    }
    let program = Program::new(comparison.fixture.path(PACKAGE)).args(["--dry-run", "--message-format", "json"]);
    let program =
        case.env.iter().fold(program.args(args).args(&case.args), |program, (name, value)| program.env(name, value));
    let run = program.run().success();
    let plan = run.json();
    let functions = plan["functions"].as_array().unwrap();
    (functions.iter().map(|function| function["target"].as_str().unwrap().to_owned()).collect(), run.stderr)
}

#[test]
fn a_target_of_lambda_in_the_configuration_is_built() {
    let comparison = Comparison::new();
    let arm64 = "aarch64-unknown-linux-musl";
    for (name, source) in SOURCES.into_iter().filter(|(name, _)| *name != "home" && *name != "middle") {
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
