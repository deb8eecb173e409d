//! Features in the metadata tables have cargo's meaning: each function is compiled as `cargo build` compiles it with the same
//! features on the command line.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use test_support::{Fixture, Program, Run, Zip, write_executable};

/// A program that prints its name and its features, and those of the library that it shares with other packages.
const SOURCE: &str = r#"fn main() {
    let own = [("default", cfg!(feature = "default")), ("x", cfg!(feature = "x")), ("y", cfg!(feature = "y"))];
    let own: Vec<_> = own.into_iter().filter(|(_, is_on)| *is_on).map(|(name, _)| name).collect();
    println!("{} {own:?} {:?}", env!("CARGO_BIN_NAME"), common::features());
}
"#;

const COMMON: &str = r#"pub fn features() -> &'static str {
    if cfg!(feature = "extra") { "extra" } else { "" }
}
"#;

/// A workspace with the packages `orders` and `users`, which have these tables in their manifests.
fn workspace(orders: &str, users: &str) -> Fixture {
    let fixture = Fixture::empty();
    fixture.write(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"orders\", \"users\", \"common\"]\n[profile.release]\nlto = \"off\"\n",
    );
    fixture.add_package("common", "common", "[features]\nextra = []\n");
    fixture.write("common/src/lib.rs", COMMON);
    for (package, tables, bins) in [("orders", orders, &["list", "create"][..]), ("users", users, &["show"])] {
        let features = "[features]\ndefault = []\nx = []\ny = [\"common/extra\"]\n";
        let rest = format!("[dependencies]\ncommon = {{ path = \"../common\" }}\n{features}{tables}");
        fixture.add_package(package, package, &rest);
        for bin in bins {
            fixture.write(&format!("{package}/src/bin/{bin}.rs"), SOURCE);
        }
    }
    fixture
}

fn printed(program: &Path) -> String {
    let output = Command::new(program).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What each function of a run prints, by its name.
fn functions(fixture: &Fixture, args: &[&str]) -> BTreeMap<String, String> {
    let arch = std::env::consts::ARCH;
    let run = fixture.run(&[args, &["--arch", arch, "--libc", "musl", "-o", "zips/{function}.zip"]].concat()).success();
    let bootstrap = fixture.path("bootstrap");
    let function = |zip: &std::path::PathBuf| {
        write_executable(&bootstrap, Zip::read(zip).bootstrap());
        (zip.file_stem().unwrap().to_str().unwrap().to_owned(), printed(&bootstrap))
    };
    run.zips().iter().map(function).collect()
}

/// What a program prints that plain cargo built.
fn by_cargo(fixture: &Fixture, package: &str, bin: &str, args: &[&str]) -> String {
    let args = [&["build", "--release", "--target-dir", "by-cargo", "-p", package, "--bin", bin], args].concat();
    Program::other("cargo", fixture.root()).args(args).run().success();
    printed(&fixture.path("by-cargo/release").join(bin))
}

#[test]
fn each_function_is_built_with_the_features_of_its_tables() {
    let orders = "[package.metadata.lambda-zip]\nfeatures = [\"x\"]\n[package.metadata.lambda-zip.bin.create]\n\
                  features = [\"common/extra\"]\nno-default-features = true\n";
    let users = "[package.metadata.lambda-zip]\nno-default-features = true\n";
    let fixture = workspace(orders, users);
    for _ in 0..2 {
        let found = functions(&fixture, &[]);
        assert_eq!(found["list"], by_cargo(&fixture, "orders", "list", &["-F", "x"]));
        let args = ["-F", "x,common/extra", "--no-default-features"];
        assert_eq!(found["create"], by_cargo(&fixture, "orders", "create", &args));
        assert_eq!(found["show"], by_cargo(&fixture, "users", "show", &["--no-default-features"]));
        assert_eq!(found["list"], "list [\"default\", \"x\"] \"\"");
        assert_eq!(found["create"], "create [\"x\"] \"extra\"");
        assert_eq!(found["show"], "show [] \"\"");
    }
    let run = fixture.run(&["--dry-run", "--message-format", "json"]).success();
    assert_eq!(run.json()["more_cargo"].as_array().unwrap().len(), 2, "{run}");
}

#[test]
fn flags_and_tables_add_up() {
    let orders = "[package.metadata.lambda-zip]\nfeatures = [\"x\"]\nno-default-features = true\n\
                  [package.metadata.lambda-zip.bin.create]\nno-default-features = false\n";
    let fixture = workspace(orders, "");
    let found = functions(&fixture, &["--features", "y"]);
    assert_eq!(found["list"], "list [\"x\", \"y\"] \"extra\"");
    assert_eq!(found["create"], "create [\"default\", \"x\", \"y\"] \"extra\"");
    assert_eq!(found["show"], "show [\"default\", \"y\"] \"extra\"");
    // A feature that only one of the packages has.
    let found = functions(&fixture, &["--features", "users/y"]);
    assert_eq!(found["list"], "list [\"x\"] \"\"");
    assert_eq!(found["show"], "show [\"default\", \"y\"] \"extra\"");
    let found = functions(&fixture, &["--no-default-features"]);
    assert_eq!((found["create"].as_str(), found["show"].as_str()), ("create [\"x\"] \"\"", "show [] \"\""));
    let found = functions(&fixture, &["--all-features"]);
    assert_eq!(found["list"], by_cargo(&fixture, "orders", "list", &["--all-features", "--no-default-features"]));
}

#[test]
fn packages_without_these_keys_are_one_build() {
    let fixture = workspace("", "");
    let run = fixture.run(&["--dry-run", "--message-format", "json", "--features", "x"]).success();
    assert!(run.json().get("more_cargo").is_none(), "{run}");
}

/// The two builds would write the same paths if a build had all binaries of its packages.
#[test]
fn a_binary_of_one_name_with_other_features_is_not_mixed_up() {
    let fixture = workspace("", "[package.metadata.lambda-zip.bin.list]\nfeatures = [\"x\"]\n");
    fixture.write("users/src/bin/list.rs", SOURCE);
    let run = fixture.run(&["-o", "{package}-{function}.zip", "--libc", "musl"]).success();
    assert_eq!(run.zips().len(), 4, "{run}");
    let bootstrap = fixture.path("bootstrap");
    for (package, expected) in [("orders", "list [\"default\"] \"\""), ("users", "list [\"default\", \"x\"] \"\"")] {
        write_executable(&bootstrap, Zip::read(fixture.path(format!("{package}-list.zip"))).bootstrap());
        assert_eq!(printed(&bootstrap), expected, "{run}");
    }
}

#[test]
fn a_required_feature_in_a_table_selects_the_binary() {
    let orders = "[[bin]]\nname = \"list\"\n[[bin]]\nname = \"create\"\nrequired-features = [\"x\"]\n";
    let fixture = workspace(orders, "");
    assert!(!functions(&fixture, &[]).contains_key("create"));
    let with_table = format!("{orders}[package.metadata.lambda-zip.bin.create]\nfeatures = [\"x\"]\n");
    let fixture = workspace(&with_table, "");
    let found = functions(&fixture, &[]);
    assert_eq!(
        (found["create"].as_str(), found["list"].as_str()),
        ("create [\"default\", \"x\"] \"\"", "list [\"default\"] \"\"")
    );
}

fn refusal(orders: &str) -> Run {
    workspace(orders, "").run(&["--dry-run"])
}

#[test]
fn wrong_features_are_refused_with_their_table() {
    let table = |keys: &str| format!("[package.metadata.lambda-zip]\n{keys}\n");
    refusal(&table("features = [\"z\"]"))
        .fails(96, "`package.metadata.lambda-zip.features` in `")
        .says("orders/Cargo.toml`: `orders` has no feature `z`")
        .says("hint: did you mean `x`?");
    refusal("[package.metadata.lambda-zip.bin.list]\nfeatures = [\"commn/extra\"]\n")
        .fails(96, "`package.metadata.lambda-zip.bin.list.features` in `")
        .says("`orders` has no feature `commn/extra`");
    refusal(&table("features = \"x\"")).fails(96, "`\"x\"` is not a list of features");
    refusal(&table("no-default-features = \"yes\"")).fails(96, "`\"yes\"` is not `true` or `false`");

    let fixture = workspace("", "");
    let root = std::fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    fixture.write("Cargo.toml", format!("{root}[workspace.metadata.lambda-zip]\nfeatures = [\"x\"]\n"));
    fixture
        .run(&["--dry-run"])
        .fails(96, "`workspace.metadata.lambda-zip.features` in `")
        .says("a feature belongs to one package")
        .says("hint: set `features` in `[package.metadata.lambda-zip]` of each package");
}

/// A crate that compiles C behind a feature decides about the linker.
#[test]
fn a_feature_in_a_table_counts_where_the_linker_is_chosen() {
    let fixture = Fixture::with_native_crate("native-sys", "cc", "fn main() {}\n");
    let manifest = std::fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    let optional = manifest.replace("{ path = \"native\" }", "{ path = \"native\", optional = true }");
    let with_table = |keys: &str| format!("{optional}\n[package.metadata.lambda-zip]\n{keys}\n");
    let warns = |text: &str| {
        fixture.write("Cargo.toml", text);
        let computer = test_support::Toolchain::current().with_targets_only(&["x86_64-unknown-linux-musl"], &fixture);
        let program = computer.program(&fixture).env("HOME", fixture.path("home"));
        let run = program.args(["--dry-run", "--libc", "musl"]).run().success();
        std::fs::remove_dir_all(fixture.path("machine")).unwrap();
        run.stderr.contains("native-sys ← function")
    };
    assert!(warns(&manifest), "it is always compiled");
    assert!(!warns(&with_table("")), "the feature is off");
    assert!(warns(&with_table("features = [\"native-sys\"]")), "the table turns it on");
    let by_default = format!("{}\n[features]\ndefault = [\"native-sys\"]\n", with_table("no-default-features = true"));
    assert!(!warns(&by_default), "the table turns it off");
}
