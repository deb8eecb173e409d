//! The ways to install the program: each command of `docs/install.md` runs against a stand-in of a release, in which the
//! program of each target is a script that prints its target.

use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};

use test_support::{Fixture, Program, Run, repository, required, script};

use crate::release::{VERSION, checkout, release};

/// The commands of the page, one per block.
fn commands() -> Vec<String> {
    let page = fs::read_to_string(repository().join("docs/install.md")).unwrap();
    let blocks = page.split("```text\n").skip(1);
    blocks.map(|block| block.split("\n```").next().unwrap().to_owned()).collect()
}

/// A machine on which the address of the repository leads to a directory, and whose cargo and docker log their arguments.
struct Machine {
    checkout: Fixture,
    bin: PathBuf,
}

const ADDRESS: &str = "https://example.com/owner/repository";

impl Machine {
    fn new() -> Self {
        let checkout = checkout();
        let directory = release(&checkout);
        let installer = repository().join(".github/release/installer.sh");
        checkout
            .write(".github/release/install.sh", fs::read(repository().join(".github/release/install.sh")).unwrap());
        Program::other("bash", checkout.root())
            .arg(installer)
            .env("GITHUB_SERVER_URL", "https://example.com")
            .env("GITHUB_REPOSITORY", "owner/repository")
            .env("GITHUB_REF_NAME", format!("v{VERSION}"))
            .run()
            .success();
        fs::copy(checkout.path("dist/install.sh"), directory.join("install.sh")).unwrap();
        let releases = directory.parent().unwrap().parent().unwrap();
        fs::create_dir(releases.join("latest")).unwrap();
        std::os::unix::fs::symlink(&directory, releases.join("latest/download")).unwrap();

        let bin = checkout.path("bin");
        let server = format!("file://{}", releases.parent().unwrap().display());
        // GitHub sends these addresses on; a directory has the files at the same paths.
        let curl = format!(
            "PATH=/usr/bin:/bin\nfor argument do shift; case $argument in\n{ADDRESS}/*) argument='{server}'${{argument#{ADDRESS}}} ;;\n\
             esac; set -- \"$@\" \"$argument\"; done\nexec curl \"$@\""
        );
        script(&bin.join("curl"), &curl);
        for name in ["cargo", "docker"] {
            script(&bin.join(name), &format!("echo \"{name} $*\" >> '{}'", checkout.path("log").display()));
        }
        Self { checkout, bin }
    }

    fn run(&self, command: &str) -> Run {
        let path = format!("{}:/usr/bin:/bin", self.bin.display());
        Program::other("bash", self.checkout.root())
            .args(["-e", "-o", "pipefail", "-c", &command.replace("REPOSITORY", ADDRESS)])
            .env("PATH", path)
            .env("CARGO_HOME", self.checkout.path("cargo-home"))
            .run()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.checkout.path("log")).unwrap_or_default()
    }

    #[track_caller]
    fn has_the_program_in(&self, directory: &str) {
        let program = self.checkout.path(directory).join("cargo-lambda-zip");
        let target = if cfg!(target_os = "macos") { "apple-darwin" } else { "unknown-linux-musl" };
        let run = Program::other(program, self.checkout.root()).run().success();
        assert_eq!(run.stdout, format!("{ARCH}-{target}\n"));
    }
}

#[test]
#[ignore = "needs bash, curl, tar and 7z"]
fn the_install_script_puts_the_program_where_it_is_told() {
    let machine = Machine::new();
    let scripts: Vec<_> = commands().into_iter().filter(|command| command.starts_with("curl ")).collect();
    assert_eq!(scripts.len(), 2);
    let run = machine.run(&scripts[0]).success();
    assert!(run.stdout.contains("installed ") && run.stdout.contains("to PATH, so that cargo finds it"), "{run}");
    machine.has_the_program_in("cargo-home/bin");
    machine.run(&scripts[1]).success();
    machine.has_the_program_in("bin");
}

#[test]
#[ignore = "needs bash, curl, tar and 7z"]
fn the_install_script_refuses_what_is_not_the_release() {
    let machine = Machine::new();
    let command = commands().into_iter().find(|command| command.starts_with("curl ")).unwrap();
    let archives = machine.checkout.path(format!("server/owner/repository/releases/download/v{VERSION}"));
    for entry in fs::read_dir(&archives).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|extension| extension == "sha256") {
            fs::write(entry, "0000  other\n").unwrap();
        }
    }
    machine.run(&command).fails(1, "error: the checksum of cargo-lambda-zip-v");
    assert!(!machine.checkout.path("cargo-home").exists());
    for entry in fs::read_dir(&archives).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|extension| extension == "gz") {
            fs::remove_file(entry).unwrap();
        }
    }
    machine.run(&command).fails(1, &format!("error: failed to download {ADDRESS}/releases/download/v{VERSION}/"));
}

/// cargo and docker are not run, but what they are asked for exists.
#[test]
#[ignore = "needs bash, curl, tar and 7z"]
fn what_cargo_and_docker_are_asked_for_exists() {
    let machine = Machine::new();
    let theirs = |command: &String| command.starts_with("cargo ") || command.starts_with("docker ");
    for command in commands().iter().filter(|command| theirs(command)) {
        machine.run(command).success();
    }
    let root = machine.checkout.root().display().to_string();
    let expected = [
        &format!("cargo install --locked --git {ADDRESS} cargo-lambda-zip"),
        "cargo install --locked --path .",
        "cargo binstall cargo-lambda-zip",
        "cargo install --locked cargo-lambda-zip",
        "docker build --tag cargo-lambda-zip .",
        &format!("docker run --rm --volume {root}:/work cargo-lambda-zip --arch arm64"),
        "cargo lambda-zip doctor",
    ];
    assert_eq!(machine.log().lines().collect::<Vec<_>>(), expected);
    assert!(repository().join("Dockerfile").is_file());
}

/// pip, pipx and uv find the wheel in a directory in place of the index, and an empty package in place of zig.
#[test]
#[ignore = "needs Python, PyPI's uv and pipx"]
fn the_wheel_is_installed_by_pip_pipx_and_uv() {
    let fixture = Fixture::empty();
    let packages = fixture.path("packages");
    stand_in_wheel(
        &packages,
        "cargo_lambda_zip",
        VERSION,
        "Provides-Extra: zig\nRequires-Dist: ziglang>=0.13 ; extra == 'zig'\n",
    );
    stand_in_wheel(&packages, "ziglang", "0.17.1", "");
    let python = Program::other("python3", fixture.root()).args(["-m", "venv", "environment"]).run();
    python.success();
    let tools = required("LAMBDA_ZIP_TEST_MATURIN").parent().unwrap().to_owned();
    let path = format!("{}:{}:/usr/bin:/bin", fixture.path("environment/bin").display(), tools.display());
    let theirs = |command: &String| ["pip ", "pipx ", "uv "].iter().any(|tool| command.starts_with(tool));
    let commands: Vec<_> = commands().into_iter().filter(theirs).collect();
    assert_eq!(commands.len(), 4);
    for command in commands {
        let run = Program::other("bash", fixture.root())
            .args(["-e", "-c", &command])
            .env("PATH", &path)
            .env("PIP_NO_INDEX", "1")
            .env("PIP_FIND_LINKS", &packages)
            .env("UV_NO_INDEX", "1")
            .env("UV_FIND_LINKS", &packages)
            .env("UV_CACHE_DIR", fixture.path("uv-cache"))
            .env("UV_TOOL_DIR", fixture.path("uv"))
            .env("UV_TOOL_BIN_DIR", fixture.path("uv-bin"))
            .env("PIPX_HOME", fixture.path("pipx"))
            .env("PIPX_BIN_DIR", fixture.path("pipx-bin"))
            .run()
            .success();
        let directory = match command.split(' ').next().unwrap() {
            "pip" => "environment/bin",
            "pipx" => "pipx-bin",
            _ => "uv-bin",
        };
        let program = fixture.path(directory).join("cargo-lambda-zip");
        assert_eq!(Program::other(program, fixture.root()).run().success().stdout, "from the wheel\n", "{run}");
    }
}

/// Writes a wheel in the form of ours, with a script in place of the program.
fn stand_in_wheel(directory: &Path, name: &str, version: &str, metadata: &str) {
    let tree = Fixture::empty();
    let info = format!("{name}-{version}.dist-info");
    let program = tree.path(format!("{name}-{version}.data/scripts/{}", name.replace('_', "-")));
    script(&program, "echo from the wheel");
    tree.write(
        &format!("{info}/METADATA"),
        format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}"),
    );
    tree.write(
        &format!("{info}/WHEEL"),
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: py3-none-any\n",
    );
    tree.write(&format!("{info}/RECORD"), "");
    fs::create_dir_all(directory).unwrap();
    let wheel = directory.join(format!("{name}-{version}-py3-none-any.whl"));
    Program::other("zip", tree.root()).args(["-qr".as_ref(), wheel.as_os_str(), ".".as_ref()]).run().success();
}
