//! The directories that cargo and the program write to are never packed, and a path that cannot be written costs no build.

use std::fs;

use test_support::{Fixture, Program, Zip};

const TAG: &str = "target/CACHEDIR.TAG";

const CONTENTS: [&str; 4] = ["bootstrap", "Cargo.lock", "Cargo.toml", "src/main.rs"];

#[track_caller]
fn names(fixture: &Fixture, args: &[&str]) -> Vec<String> {
    let run = fixture.run(args).success();
    Zip::read(run.zip()).names().into_iter().map(str::to_owned).collect()
}

#[test]
fn a_new_target_directory_has_cargos_tag() {
    let fixture = Fixture::workspace(&["ours", "cargos"]);
    fixture.run(&["-p", "ours"]).success();
    let ours = fs::read(fixture.path(TAG)).unwrap();
    let directory = fixture.path("");
    Program::other("cargo", directory).args(["build", "--target-dir", "cargos-target"]).run().success();
    assert_eq!(ours, fs::read(fixture.path("cargos-target/CACHEDIR.TAG")).unwrap());
    assert!(fixture.names().iter().all(|name| !name.starts_with(".target-")), "{:?}", fixture.names());
}

#[test]
fn the_target_directory_is_left_out_even_without_its_tag() {
    let fixture = Fixture::package("api");
    assert_eq!(names(&fixture, &["--include", "."]), CONTENTS);
    fs::remove_file(fixture.path(TAG)).unwrap();
    let run = fixture.run(&["--include", "."]).success();
    let target = fixture.path("target");
    assert_eq!(Zip::read(run.zip()).names(), CONTENTS);
    run.says(&format!("Leaving out `{}`", target.display()));
    for include in ["**", "./", fixture.root().to_str().unwrap()] {
        let include = format!("{include}=.");
        assert_eq!(names(&fixture, &["--include", &include, "--no-default-excludes"]), CONTENTS, "{include}");
    }
    let another = ["--target-dir", "built", "--include", ".", "--exclude-path", "./target"];
    assert_eq!(names(&fixture, &another), CONTENTS);
    assert!(fixture.path("built/CACHEDIR.TAG").is_file());

    // A path inside is packed if it is named.
    fixture.write("target/generated/a.txt", "a");
    assert_eq!(names(&fixture, &["--include", "target/generated=data"]), ["bootstrap", "data/a.txt"]);
}

#[cfg(unix)]
#[test]
fn the_target_directory_is_found_through_links() {
    let fixture = Fixture::empty();
    fixture.add_package("real", "api", "");
    fixture.write("real/src/main.rs", "fn main() {}\n");
    fixture.symlink("real", "link");
    fixture.create_dir("disk");
    fixture.symlink("../disk", "real/target");
    let link = format!("{}=.", fixture.path("link").display());
    let run = fixture.program_in("real").args(["--include", &link, "--symlinks", "follow"]).run().success();
    assert_eq!(Zip::read(run.zip()).names(), CONTENTS);
}

#[test]
fn zips_of_earlier_runs_are_left_out_with_their_directory() {
    let fixture = Fixture::with_bins("shop", &["get", "put"]);
    let expected = ["bootstrap", "Cargo.lock", "Cargo.toml", "src/bin/get.rs", "src/bin/put.rs"];
    for output in ["dist/", "dist/{function}-{arch}.zip"] {
        fixture.run(&["--bin", "get", "--output", output, "--debug-symbols"]).success();
        assert_eq!(names(&fixture, &["--bin", "put", "--output", output, "--include", "."]), expected, "{output}");
        fs::remove_dir_all(fixture.path("dist")).unwrap();
    }
    // The working directory may hold zips and sources.
    let args = ["--bin", "put", "--output", "put.zip", "--debug-symbols", "--include", "."];
    assert_eq!(names(&fixture, &args), expected);
    assert_eq!(names(&fixture, &args), expected);
    assert!(fixture.path("put.debug").is_file());
}

#[test]
fn zips_of_earlier_packs_are_left_out_with_their_directory() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["dist/other.zip", "app/a"]);
    let zip = fixture.pack(&["main", ".", "--output", "dist/"]);
    assert_eq!(zip.names(), ["bootstrap", "app/a"]);
    let named = fixture.pack(&["main", "dist/other.zip", "--output", "dist"]);
    assert_eq!(named.names(), ["bootstrap", "dist/other.zip"]);
}

#[test]
fn directories_of_deployment_tools_are_left_out_by_default() {
    let fixture = Fixture::with_executable();
    fixture.write_all(&["app/.aws-sam/a", "app/cdk.out/a", "app/.terraform/a", "app/.serverless/a", "app/a"]);
    assert_eq!(fixture.pack(&["main", "app"]).names(), ["bootstrap", "app/a"]);
    assert_eq!(fixture.pack(&["main", "app", "--no-default-excludes"]).names().len(), 6);
}

#[test]
fn cargos_profile_lambda_works_beside_the_zips() {
    let fixture = Fixture::with_bins("shop", &["get", "put"]);
    let manifest = fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    fixture.write("Cargo.toml", format!("{manifest}[profile.lambda]\ninherits = \"release\"\n"));
    for expected in ["Packaged", "Fresh"] {
        let run = fixture.run(&["--profile", "lambda"]).success();
        assert_eq!(run.stderr.matches(&format!(" {expected} ")).count(), 2, "{run}");
        let zips = ["get", "put"].map(|name| fixture.path(format!("target/lambda/{name}/bootstrap.zip")));
        assert_eq!(run.zips(), zips);
    }
}

#[test]
fn a_file_in_place_of_a_directory_is_an_error_before_the_build() {
    let fixture = Fixture::package("api");
    let blocking = fixture.write("target/lambda/api", "what `cargo build --profile lambda` writes");
    let message = format!(
        "failed to write `{}`: `{}` is not a directory",
        fixture.path("target/lambda/api/bootstrap.zip").display(),
        blocking.display()
    );
    let profile = format!(
        "cargo writes to `{}` for a profile `lambda`: give the profile another name",
        fixture.path("target/lambda").display()
    );
    let remove = "remove it, or write to another directory with `--output`";
    fixture.run(&[]).ends_in_error(103, &message, &[remove, &profile]);
    let is_unbuilt = || assert_eq!(fixture.files("target"), ["lambda/api"], "something was built");
    is_unbuilt();
    fixture.run(&["--output", "Cargo.toml/"]).fails(103, "Cargo.toml` is not a directory").says(remove);
    fixture.create_dir("zips/api.zip");
    let run = fixture.run(&["--output", "zips/{function}.zip"]);
    run.ends_in_error(
        103,
        &format!("failed to write `{}`: it is a directory", fixture.path("zips/api.zip").display()),
        &["give a path that ends with a file name"],
    );
    is_unbuilt();
}
