//! The archives and checksums of a release, and the names by which the action and `cargo binstall` find them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};
use test_support::{Fixture, Program, Run, repository, script};

use crate::action::hexadecimal;
use crate::workflow::{Runner, steps, yaml};

pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The targets that the workflow builds.
fn targets() -> Vec<String> {
    let release = yaml(".github/workflows/release.yml");
    let matrix = release.pointer("/jobs/binary/strategy/matrix/include").unwrap().as_array().unwrap();
    matrix.iter().map(|row| row["target"].as_str().unwrap().to_owned()).collect()
}

/// A copy of the files that the scripts read, with an executable for each target that prints the target.
pub(crate) fn checkout() -> Fixture {
    let checkout = Fixture::empty();
    for file in ["Cargo.toml", "README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(repository().join(file), checkout.path(file)).unwrap();
    }
    for target in targets() {
        let suffix = if target.contains("windows") { ".exe" } else { "" };
        script(&checkout.path(format!("target/{target}/release/cargo-lambda-zip{suffix}")), &format!("echo {target}"));
    }
    checkout
}

/// Makes the archives of a release as the workflow does, in a directory laid out as GitHub's addresses are.
#[track_caller]
pub(crate) fn release(checkout: &Fixture) -> PathBuf {
    for target in targets() {
        let archive = repository().join(".github/release/archive.sh");
        Program::other("bash", checkout.path(".")).args([archive, target.into()]).run().success();
    }
    let directory = checkout.path(format!("server/owner/repository/releases/download/v{VERSION}"));
    fs::create_dir_all(directory.parent().unwrap()).unwrap();
    fs::rename(checkout.path("dist"), &directory).unwrap();
    directory
}

/// Runs the first step of the action on a machine of this kind. Its cargo logs its arguments.
#[track_caller]
fn install<'a>(checkout: &'a Fixture, system: &str, arch: &str, version: &str) -> (Runner<'a>, Run) {
    let action = yaml("action.yml");
    let log = checkout.path("cargo.log");
    fs::write(&log, "").unwrap();
    let tools = checkout.path("tools");
    script(&tools.join("cargo"), &format!("echo \"$@\" >> '{}'", log.display()));
    // Without this script, the program under test would be found as installed.
    script(&tools.join("cargo-lambda-zip"), "echo cargo-lambda-zip 0.0.1");
    let server = server(checkout);
    let mut runner = Runner::new(checkout)
        .context("github.action_path", repository().to_str().unwrap())
        .context("github.action_repository", "owner/repository")
        .context("github.server_url", &server)
        .context("runner.temp", checkout.path(".runner").to_str().unwrap())
        .env("RUNNER_OS", system)
        .env("RUNNER_ARCH", arch)
        .first_on_path(tools)
        .inputs(&action, &[("version", version)]);
    let run = runner.step(step(&action, "Install cargo-lambda-zip"));
    (runner, run)
}

/// The address of a server that has the release of [`release`].
fn server(checkout: &Fixture) -> String {
    format!("file://{}", checkout.path("server").display())
}

/// The step of the action with this name.
#[track_caller]
fn step<'a>(action: &'a Value, name: &str) -> &'a Value {
    let steps = steps(action, "/runs/steps");
    steps.iter().find(|step| step["name"] == name).unwrap_or_else(|| panic!("no step `{name}`"))
}

#[test]
#[ignore = "needs bash, curl, tar, unzip and 7z"]
fn a_runner_of_each_kind_gets_its_binary() {
    let checkout = checkout();
    let directory = release(&checkout);
    for (system, arch, target) in [
        ("Linux", "X64", "x86_64-unknown-linux-musl"),
        ("Linux", "ARM64", "aarch64-unknown-linux-musl"),
        ("macOS", "X64", "x86_64-apple-darwin"),
        ("macOS", "ARM64", "aarch64-apple-darwin"),
        ("Windows", "X64", "x86_64-pc-windows-msvc"),
    ] {
        assert!(targets().iter().any(|built| built == target), "{target} is not released");
        let (runner, run) = install(&checkout, system, arch, "");
        assert_eq!(run.code, 0, "{run}");
        let name = if system == "Windows" { "cargo-lambda-zip.exe" } else { "cargo-lambda-zip" };
        let installed = runner.search_path().last().unwrap().join(name);
        let output = Program::other(installed, checkout.path(".")).run().success();
        assert_eq!(output.stdout.trim(), target);
        assert_eq!(fs::read_to_string(checkout.path("cargo.log")).unwrap(), "", "nothing is compiled");
    }
    assert_eq!(fs::read_dir(directory).unwrap().count(), 2 * targets().len(), "an archive and a checksum each");
}

#[test]
#[ignore = "needs bash, curl, tar and 7z"]
fn an_archive_with_another_checksum_is_refused() {
    let checkout = checkout();
    let directory = release(&checkout);
    let archive = directory.join(format!("cargo-lambda-zip-v{VERSION}-x86_64-unknown-linux-musl.tar.gz"));
    let mut bytes = fs::read(&archive).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&archive, bytes).unwrap();
    let (runner, run) = install(&checkout, "Linux", "X64", VERSION);
    assert_eq!(run.code, 1, "{run}");
    assert!(run.stdout.contains("::error title=cargo lambda-zip::the checksum of"), "{run}");
    assert_eq!(runner.search_path().len(), 1, "only the tools of the test");
    assert_eq!(fs::read_to_string(checkout.path("cargo.log")).unwrap(), "", "nothing takes its place unasked");
}

#[test]
#[ignore = "needs bash and curl"]
fn a_version_that_is_not_prebuilt_is_compiled() {
    let checkout = checkout();
    let of_tag = format!("--git {}/owner/repository --tag v9.8.7 cargo-lambda-zip", server(&checkout));
    let of_action = format!("--path {}", repository().display());
    for (system, arch, version, source) in [
        ("Linux", "X64", "v9.8.7", &of_tag),
        ("Windows", "ARM64", "9.8.7", &of_tag),
        ("Linux", "X64", "", &of_action),
        ("macOS", "ARM64", VERSION, &of_action),
    ] {
        let (runner, run) = install(&checkout, system, arch, version);
        assert_eq!(run.code, 0, "{run}");
        let asked = fs::read_to_string(checkout.path("cargo.log")).unwrap();
        assert_eq!(asked, format!("install --locked --root . {source}\n"));
        assert!(runner.search_path().last().unwrap().ends_with("cargo-lambda-zip/bin"));
    }
}

#[test]
#[ignore = "needs bash and curl"]
fn the_program_in_the_cache_is_used() {
    let checkout = checkout();
    let cached = checkout.path(".runner/cargo-lambda-zip/bin/cargo-lambda-zip");
    for (version, is_used) in [("9.8.7", true), ("9.8.6", false)] {
        script(&cached, "echo cargo-lambda-zip 9.8.7");
        let (runner, run) = install(&checkout, "Linux", "X64", version);
        assert_eq!(run.code, 0, "{run}");
        assert_eq!(runner.search_path().last().unwrap(), cached.parent().unwrap());
        assert_eq!(fs::read_to_string(checkout.path("cargo.log")).unwrap().is_empty(), is_used);
    }
}

/// A branch changes without a new version, and must not get the program of an older commit.
#[test]
#[ignore = "needs bash"]
fn the_key_of_the_cache_changes_with_the_sources_the_version_and_the_runner() {
    let action = yaml("action.yml");
    let checkout = checkout();
    checkout.write_all(&["Cargo.lock", "src/lib.rs", "crates/one/src/lib.rs"]);
    let key = |version: &str, arch: &str| {
        let mut runner = Runner::new(&checkout)
            .context("github.action_path", checkout.root().to_str().unwrap())
            .env("RUNNER_ARCH", arch)
            .inputs(&action, &[("version", version)]);
        let mut step = step(&action, "Choose the key for the cache").clone();
        let script = repository().join("action/key.sh");
        step["run"] = format!("bash '{}'", script.display()).into();
        assert_eq!(runner.step(&step).code, 0);
        runner.filled_in("${{ steps.tool.outputs.key }}")
    };
    let first = key("", "X64");
    assert_eq!(key("", "X64"), first);
    let mut keys = vec![first, key("1.2.3", "X64"), key("", "ARM64")];
    for file in ["Cargo.lock", "src/lib.rs", "crates/one/src/lib.rs"] {
        checkout.write(file, "changed");
        keys.push(key("", "X64"));
    }
    let different: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(different.len(), keys.len(), "{keys:?}");
}

#[test]
#[ignore = "needs bash"]
fn an_installed_version_is_used() {
    let checkout = checkout();
    let (runner, run) = install(&checkout, "Linux", "X64", "0.0.1");
    assert_eq!(run.code, 0, "{run}");
    assert_eq!(runner.search_path().len(), 1, "only the tools of the test");
    assert_eq!(fs::read_to_string(checkout.path("cargo.log")).unwrap(), "");
}

/// The address and the binary that `cargo binstall` derives from the templates in Cargo.toml.
fn binstall(target: &str) -> (String, String) {
    let manifest: toml::Table = fs::read_to_string(repository().join("Cargo.toml")).unwrap().parse().unwrap();
    let table = &manifest["package"]["metadata"]["binstall"];
    let of_target = table.get("overrides").and_then(|overrides| overrides.get(target));
    let value = |key: &str| {
        let value = of_target.and_then(|of_target| of_target.get(key)).or(table.get(key)).and_then(toml::Value::as_str);
        value.unwrap_or_else(|| panic!("binstall's `{key}` for {target}"))
    };
    let filled = |template: &str| {
        let suffix = if target.contains("windows") { ".exe" } else { "" };
        let fields = [
            ("repo", "SERVER"),
            ("name", "cargo-lambda-zip"),
            ("bin", "cargo-lambda-zip"),
            ("version", VERSION),
            ("target", target),
            ("binary-ext", suffix),
        ];
        fields.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{ {name} }}"), value))
    };
    let format = if value("pkg-url").rsplit('.').next() == Some("zip") { "zip" } else { "tgz" };
    assert_eq!(value("pkg-fmt"), format, "{target}");
    (filled(value("pkg-url")), filled(value("bin-dir")))
}

fn listed(archive: &Path) -> Vec<String> {
    let (program, flag) =
        if archive.extension().is_some_and(|end| end == "zip") { ("zipinfo", "-1") } else { ("tar", "-tf") };
    let run = Program::other(program, archive.parent().unwrap()).args([flag.as_ref(), archive.as_os_str()]).run();
    run.success().stdout.lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs bash, tar, unzip and 7z"]
fn binstall_finds_each_archive_and_the_binary_in_it() {
    let checkout = checkout();
    let directory = release(&checkout);
    for target in targets() {
        let (address, binary) = binstall(&target);
        let archive = address.strip_prefix(&format!("SERVER/releases/download/v{VERSION}/")).unwrap();
        let archive = directory.join(archive);
        let names = listed(&archive);
        assert!(names.contains(&binary), "no `{binary}` among {names:?}");
        for file in ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            assert!(names.iter().any(|name| name.ends_with(&format!("/{file}"))), "no {file} among {names:?}");
        }
        let checksum = fs::read_to_string(format!("{}.sha256", archive.display())).unwrap();
        let digest = hexadecimal(&Sha256::digest(fs::read(&archive).unwrap()));
        assert_eq!(checksum, format!("{digest}  {}\n", archive.file_name().unwrap().to_str().unwrap()));
    }
}

/// Runs the step that compares Cargo.toml with the tag, in a checkout with this version and repository.
#[track_caller]
fn agrees(tag: &str, repository_key: &str) -> Run {
    let checkout = Fixture::package("cargo-lambda-zip");
    let manifest = format!(
        "[package]\nname = \"cargo-lambda-zip\"\nversion = \"1.2.3\"\nedition = \"2024\"\n{repository_key}\n[workspace]\n"
    );
    checkout.write("Cargo.toml", &manifest);
    checkout.write("CHANGELOG.md", "## [Unreleased]\n\n## [1.2.3] - 2026-11-25\n\n- One.\n\n## [1.2.2]\n\n- Two.\n");
    let script = repository().join(".github/release/agrees.sh");
    Program::other("bash", checkout.path("."))
        .args([script])
        .env("GITHUB_REF_NAME", tag)
        .env("GITHUB_SERVER_URL", "https://example.com")
        .env("GITHUB_REPOSITORY", "owner/repository")
        .run()
}

#[test]
#[ignore = "needs bash and jq"]
fn a_tag_that_does_not_agree_with_the_manifest_is_not_released() {
    let repository = "repository = \"https://example.com/owner/repository\"";
    assert_eq!(agrees("v1.2.3", repository).code, 0);
    for (tag, key, message) in [
        ("v1.2.4", repository, "the version of Cargo.toml is `1.2.3`"),
        ("v1.2.3", "", "the `repository` of Cargo.toml is `null`"),
        ("v1.2.3", "repository = \"https://example.com/other\"", "`https://example.com/owner/repository`"),
    ] {
        let run = agrees(tag, key);
        assert_eq!(run.code, 1, "{run}");
        assert!(run.stdout.contains(message), "{run}");
    }
}

#[test]
#[ignore = "needs bash and awk"]
fn the_notes_of_a_release_are_its_part_of_the_changelog() {
    let checkout = Fixture::empty();
    checkout.write(
        "CHANGELOG.md",
        "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-25\n\n- One.\n\n## [1.2.2]\n\n- Two.\n",
    );
    let script = repository().join(".github/release/notes.sh");
    let run = Program::other("bash", checkout.path(".")).args([script]).env("GITHUB_REF_NAME", "v1.2.3").run();
    assert_eq!(run.success().stdout, "\n- One.\n\n");
}

/// The workflow of the tests packs a file and compares the hash of the zip.
#[test]
fn the_zip_has_the_hash_that_the_workflow_expects() {
    let workflow = yaml(".github/workflows/test.yml");
    let steps = steps(&workflow, "/jobs/elsewhere/steps");
    let known = steps.iter().find_map(|step| step["env"]["KNOWN"].as_str()).unwrap();
    let fixture = Fixture::empty();
    let executable = repository().join("fuzz/seeds/executable/static");
    let run = fixture.run(&["pack", "--message-format", "json", "-o", "known.zip", executable.to_str().unwrap()]);
    let report: Value = run.success().json();
    assert_eq!(report["archives"][0]["code_sha256"], known);
}
