//! Runs the commands in the documentation, page by page, in a copy of the repository.
//!
//! Bash runs the blocks of `console`, and those of `powershell` with the program for Windows. Each page is one session.
//! Comments in the page, which readers do not see, adapt a block to the test:
//!
//! - `<!-- test: cp "$FIXTURES/arm64" main -->`: commands for what a reader has and a clone does not
//! - `<!-- test exit: 100 -->`: the expected exit code
//! - `<!-- test serves: 127.0.0.1:9000 -->`: the command is a server, which runs until the end of the page

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use test_support::elf::executable;
use test_support::{Account, Fixture, free_port, program_under_test, repository, required, scratch, script};

use crate::page::{Page, Step, is_made, pages};

/// Commands that `.ci/run` runs: a test cannot run all tests.
const RUN_BY_CI: [&str; 1] = ["cargo test\n"];

/// Pip installs version 1 of the aws CLI, which does by default what version 2 does with this flag.
const AWS_VERSION_1: &str = r#"
for argument do
    shift
    case $argument in
        --cli-binary-format | raw-in-base64-out) ;;
        *) set -- "$@" "$argument" ;;
    esac
done
exec 'AWS' "$@""#;

/// A quick profile for release builds. Other tests use the real one.
const PROFILE: [(&str, &str); 3] = [("OPT_LEVEL", "0"), ("LTO", "off"), ("CODEGEN_UNITS", "16")];

#[test]
#[ignore = "needs bash, Go, ziglang, moto's server, the aws CLI, wine and the build for Windows"]
fn the_commands_run() {
    let desk = Desk::new();
    let failures: Vec<_> = pages().iter().filter_map(|page| desk.run(page).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// The machine of a reader: a clone, the tools, and an AWS account.
struct Desk {
    directory: Fixture,
    account: Account,
    role: String,
}

impl Desk {
    fn new() -> Self {
        let directory = Fixture::empty();
        let bin = directory.path("bin");
        directory.create_dir("bin");
        for (name, machine) in [("x86_64", 62), ("arm64", 183)] {
            directory.write(&format!("fixtures/{name}"), executable(machine));
        }
        symlink(program_under_test(), bin.join("cargo-lambda-zip")).unwrap();
        let python = required("LAMBDA_ZIP_TEST_PYTHON");
        script(&bin.join("pip"), &format!("exec '{}' -m pip \"$@\"", python.display()));
        script(&bin.join("aws"), &AWS_VERSION_1.replace("AWS", &required("LAMBDA_ZIP_TEST_AWS").to_string_lossy()));
        directory.create_dir("projects");
        let account = Account::start(directory.root());
        let role = account.create_role(&directory, "docs");
        Self { directory, account, role }
    }

    /// Makes a new clone. It always has the same path, so that target directories are reused for the next page.
    fn clone_of_repository(&self) -> PathBuf {
        let clone = self.directory.path("clone");
        if clone.exists() {
            fs::remove_dir_all(&clone).unwrap();
        }
        fs::create_dir(&clone).unwrap();
        for entry in repository().read_dir().unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            if entry.file_type().unwrap().is_file() {
                // A copy, so that commands do not write to the original.
                fs::copy(entry.path(), clone.join(&name)).unwrap();
            } else if !["target", "examples", ".git"].contains(&&*name.to_string_lossy()) {
                symlink(repository().join(&name), clone.join(&name)).unwrap();
            }
        }
        let kept = scratch("docs-target");
        fs::create_dir_all(kept.join("itself")).unwrap();
        symlink(kept.join("itself"), clone.join("target")).unwrap();
        let examples = walkdir::WalkDir::new(repository().join("examples")).into_iter();
        for entry in examples.filter_entry(|entry| !is_made(entry.file_name())) {
            let entry = entry.unwrap();
            let path = clone.join(entry.path().strip_prefix(repository()).unwrap());
            if entry.file_type().is_dir() {
                fs::create_dir(&path).unwrap();
            } else {
                fs::copy(entry.path(), &path).unwrap();
            }
            if entry.file_name() == "Cargo.lock" {
                let example = path.parent().unwrap();
                let target = kept.join(example.file_name().unwrap());
                fs::create_dir_all(&target).unwrap();
                // Only zips of this page may be in it.
                fs::remove_dir_all(target.join("lambda")).ok();
                symlink(target, example.join("target")).unwrap();
            }
        }
        clone
    }

    fn run(&self, page: &Page) -> Result<(), String> {
        // Each page starts with an account in which nothing is deployed.
        let clear = "aws lambda delete-function --function-name hello || true".to_owned();
        let commands: Vec<_> = [clear].into_iter().chain(page.steps.iter().filter_map(session)).collect();
        if page.steps.iter().all(|step| !matches!(step, Step::Block(block) if block.is_command())) {
            return Ok(());
        }
        let mut commands = commands.join("\n");
        for address in page.steps.iter().filter_map(Step::serves) {
            commands = commands.replace(address, &format!("127.0.0.1:{}", free_port()));
        }
        self.bash(&self.clone_of_repository(), &commands).map_err(|error| format!("{}: {error}", page.name))
    }

    fn bash(&self, directory: &Path, text: &str) -> Result<(), String> {
        let mut bash = Command::new("bash");
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("CARGO_") && name != "CARGO_HOME" || ["RUSTFLAGS", "CI"].contains(&&*name) {
                bash.env_remove(name);
            }
        }
        for (name, value) in PROFILE {
            bash.env(format!("CARGO_PROFILE_RELEASE_{name}"), value);
        }
        let path = std::env::var("PATH").unwrap();
        let output = bash
            .args(["-euxo", "pipefail", "-c", text])
            .current_dir(directory)
            .env("PATH", format!("{}:{path}", self.directory.path("bin").display()))
            .env("FIXTURES", self.directory.path("fixtures"))
            .env("PROJECTS", self.directory.path("projects"))
            .env("CARGO_INSTALL_ROOT", self.directory.path("installed"))
            .env("CARGO_ZIGBUILD_PYTHON_PATH", required("LAMBDA_ZIP_TEST_PYTHON"))
            .envs(self.account.variables())
            .env("ROLE", &self.role)
            .stdin(Stdio::null())
            .output()
            .expect("bash starts");
        if output.status.success() {
            return Ok(());
        }
        let stderr = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<_> = stderr.lines().collect();
        Err(format!("{}\n{}", output.status, lines[lines.len().saturating_sub(40)..].join("\n")))
    }
}

/// Waits until the last command in the background accepts connections, and kills it at the end of the page.
const SERVER: &str = r#"
trap 'kill $(jobs -p) || true' EXIT
address=ADDRESS
until (: > "/dev/tcp/${address/://}"); do
    kill -0 $!
    sleep 0.1
done"#;

/// The bash commands for a step of a page.
fn session(step: &Step) -> Option<String> {
    let block = match step {
        Step::Prepare(commands) => return Some(commands.clone()),
        Step::Block(block) => block,
    };
    if !block.is_command() || RUN_BY_CI.contains(&block.text.as_str()) {
        return None;
    }
    let commands = if block.language() == "powershell" { powershell(&block.text) } else { block.commands() };
    if let Some(address) = &block.serves {
        return Some(format!("{} &\n{}", commands.trim_end(), SERVER.replace("ADDRESS", address)));
    }
    Some(match block.exit {
        0 => commands,
        code => format!("code=0; ( {commands} ) || code=$?; [ \"$code\" -eq {code} ]"),
    })
}

/// Translates PowerShell to bash, with the program for Windows instead of the one for Linux.
fn powershell(text: &str) -> String {
    let program = required("LAMBDA_ZIP_TEST_WINDOWS_EXE");
    let line = |line: &str| match line.strip_prefix("$Env:").and_then(|setting| setting.split_once(" = ")) {
        Some((name, value)) => format!("export {name}={value}"),
        None => line.replace('\\', r"\\").replace("cargo lambda-zip", &format!("wine '{}'", program.display())),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
