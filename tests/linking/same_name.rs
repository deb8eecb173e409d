//! Functions whose binaries have one name get their own executables, though cargo writes both to one path.

use std::fmt::Write;
use std::process::Command;

use test_support::{Fixture, Program, Zip, contains, write_executable};

const ARCHITECTURES: [&str; 2] = ["x86_64", "arm64"];

/// A program that prints this text.
fn prints(text: &str) -> String {
    format!("fn main() {{\n    println!(\"I am {text}\");\n}}\n")
}

/// A workspace of packages, each with these targets: `bin/NAME` or `examples/NAME`.
fn workspace(packages: &[(&str, &[&str])]) -> Fixture {
    let fixture = Fixture::empty();
    let members: Vec<_> = packages.iter().map(|(package, _)| *package).collect();
    let manifest = format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n[profile.release]\nlto = \"off\"\n");
    fixture.write("Cargo.toml", &manifest);
    for (package, targets) in packages {
        let mut rest = String::new();
        for target in *targets {
            let (kind, name) = target.split_once('/').unwrap();
            let table = if kind == "bin" { "bin" } else { "example" };
            // Paths of their own: on a disk that ignores case, names that differ in case would share one.
            let path = format!("src/{kind}_{}.rs", rest.len());
            writeln!(rest, "[[{table}]]\nname = \"{name}\"\npath = \"{path}\"").unwrap();
            fixture.write(&format!("{package}/{path}"), prints(&format!("{package} {target}")));
        }
        fixture.add_package(package, package, &rest);
    }
    fixture
}

/// Builds, and holds that each zip has the executable of its own package.
#[track_caller]
fn each_is_itself(fixture: &Fixture, program: Program, expected: &[(&str, &str)]) {
    let run = program
        .args(["-o", "{arch}/{package}-{function}.zip", "--arch", &ARCHITECTURES.join(","), "--no-trim-paths"])
        .run()
        .success();
    for arch in ARCHITECTURES {
        for (package, target) in expected {
            let name = target.split('/').next_back().unwrap();
            let zip = Zip::read(fixture.path(format!("{arch}/{package}-{name}.zip")));
            let text = format!("I am {package} {target}\n");
            assert!(contains(zip.bootstrap(), &text), "{arch} {package} {target}\n{run}");
            if arch == std::env::consts::ARCH {
                let bootstrap = fixture.path("bootstrap");
                write_executable(&bootstrap, zip.bootstrap());
                let output = Command::new(&bootstrap).output().unwrap();
                assert_eq!(String::from_utf8_lossy(&output.stdout), text, "{run}");
            }
        }
    }
}

#[test]
fn packages_with_a_binary_of_one_name_are_packaged_as_themselves() {
    let fixture = workspace(&[("orders", &["bin/bootstrap", "bin/extra"]), ("users", &["bin/bootstrap"])]);
    let expected = [("orders", "bin/bootstrap"), ("orders", "bin/extra"), ("users", "bin/bootstrap")];
    each_is_itself(&fixture, fixture.program(), &expected);
    // Nothing is new: cargo reports both as fresh, and links the path of both to each in turn.
    each_is_itself(&fixture, fixture.program(), &expected);
    // A change in one of them.
    fixture.write("users/src/bin_0.rs", prints("users bin/bootstrap"));
    each_is_itself(&fixture, fixture.program(), &expected);
    // A zip that is gone.
    std::fs::remove_file(fixture.path("x86_64/orders-bootstrap.zip")).unwrap();
    each_is_itself(&fixture, fixture.program(), &expected);
}

#[test]
fn examples_and_names_that_differ_in_case_are_packaged_as_themselves() {
    let fixture = workspace(&[
        ("orders", &["bin/api", "examples/demo"]),
        ("users", &["bin/Api", "examples/demo"]),
        ("mails", &["bin/demo"]),
    ]);
    let bins = [("orders", "bin/api"), ("users", "bin/Api"), ("mails", "bin/demo")];
    each_is_itself(&fixture, fixture.program(), &bins);
    let examples = [("orders", "examples/demo"), ("users", "examples/demo")];
    each_is_itself(&fixture, fixture.program().args(["--examples"]), &examples);
}

#[test]
fn a_plan_without_a_common_path_is_one_build_and_another_is_several() {
    let builds = |fixture: &Fixture| {
        let plan = fixture.run(&["--dry-run", "--message-format", "json", "-o", "{package}-{function}.zip"]).success();
        plan.json()["more_cargo"].as_array().map_or(0, Vec::len) + 1
    };
    assert_eq!(builds(&workspace(&[("orders", &["bin/list", "bin/create"]), ("users", &["bin/show"])])), 1);
    assert_eq!(builds(&workspace(&[("a", &["bin/x"]), ("b", &["bin/x"]), ("c", &["bin/x"])])), 3);
}
