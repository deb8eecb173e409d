//! Snippets for other pipelines: their commands are read from the files and run.

use std::fs;

use serde_json::Value;
use test_support::{Fixture, Machine, Program, Run, Zip, repository, script};

use crate::workflow::yaml;

/// A repository with a function `hello`, and scripts in place of a runner's tools: `cargo install`, `aws` and Buildkite's
/// agent log their arguments.
struct Checkout {
    fixture: Fixture,
}

impl Checkout {
    fn new() -> Self {
        let fixture = Fixture::package("hello");
        Program::other("cargo", fixture.path(".")).args(["generate-lockfile", "--offline"]).run().success();
        let tools = fixture.path(".tools");
        let log = fixture.path(".tools/log");
        let cargo = Program::other("sh", fixture.path(".")).args(["-c", "command -v cargo"]).run().success();
        let cargo = cargo.stdout.trim();
        script(
            &tools.join("cargo"),
            &format!(
                "if [ \"$1\" = install ]; then echo \"cargo $*\" >> '{}'; else exec '{cargo}' \"$@\"; fi",
                log.display()
            ),
        );
        for other in ["buildkite-agent", "aws"] {
            script(&tools.join(other), &format!("echo \"{other} $*\" >> '{}'", log.display()));
        }
        Self { fixture }
    }

    /// Runs commands as the runners of GitLab and Buildkite do: as one script that ends with the first failure.
    fn run(&self, commands: &Value) -> Run {
        let commands: Vec<_> = commands.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        // Buildkite's spelling of a variable that the job expands, not the upload of the pipeline.
        let commands = commands.join("\n").replace("$$", "$");
        let program = self.program("bash").env("LAMBDA_ZIP", ADDRESS);
        program.args(["-e", "-o", "pipefail", "-c", &commands]).run()
    }

    fn program(&self, name: &str) -> Program {
        Program::other(name, self.fixture.root()).first_on_path(&[self.fixture.path(".tools")])
    }

    fn log(&self) -> String {
        fs::read_to_string(self.fixture.path(".tools/log")).unwrap_or_default()
    }

    /// Asserts that the zip is where the pipeline expects it.
    #[track_caller]
    fn has_its_zip(&self) {
        let zip = self.fixture.path("dist/hello/bootstrap.zip");
        assert_eq!(Zip::read(&zip).machine(), Machine::Arm64);
    }

    #[track_caller]
    fn has_its_report(&self) {
        let report: Value = serde_json::from_slice(&fs::read(self.fixture.path("report.json")).unwrap()).unwrap();
        let zip = self.fixture.path("dist/hello/bootstrap.zip");
        assert_eq!(report["archives"][0]["path"], zip.to_str().unwrap());
        assert_eq!(report["archives"][0]["code_sha256"], crate::action::code_sha256(&zip));
    }

    /// Adds a secret, which all of the pipelines deny.
    fn add_secret(&self) {
        self.fixture.write(".env", "PASSWORD=1");
        let manifest = fs::read_to_string(self.fixture.path("Cargo.toml")).unwrap();
        self.fixture.write("Cargo.toml", format!("{manifest}\n[package.metadata.lambda-zip]\ninclude = [\".env\"]\n"));
    }
}

const ADDRESS: &str = "https://github.com/OWNER/cargo-lambda-zip";

const INSTALLED: &str = "cargo install --locked --git https://github.com/OWNER/cargo-lambda-zip cargo-lambda-zip\n";

#[test]
#[ignore = "needs bash"]
fn the_pipeline_for_gitlab_makes_and_checks_the_zip() {
    let pipeline = yaml("examples/ci/gitlab-ci.yml");
    assert_eq!(pipeline["variables"]["LAMBDA_ZIP"], ADDRESS);
    let checkout = Checkout::new();
    checkout.run(&pipeline["zip"]["script"]).success();
    checkout.has_its_zip();
    checkout.has_its_report();
    let checked = checkout.run(&pipeline["check"]["script"]).success();
    assert_eq!(checked.stdout, "dist/hello/bootstrap.zip: ok\n");
    assert_eq!(checkout.log(), INSTALLED.repeat(2));
    checkout.add_secret();
    assert_eq!(checkout.run(&pipeline["zip"]["script"]).code, 100);
}

#[test]
#[ignore = "needs bash"]
fn the_pipeline_for_buildkite_makes_and_checks_the_zip() {
    let pipeline = yaml("examples/ci/buildkite.yml");
    assert_eq!(pipeline["env"]["LAMBDA_ZIP"], ADDRESS);
    let checkout = Checkout::new();
    checkout.run(&pipeline["steps"][0]["commands"]).success();
    checkout.has_its_zip();
    checkout.has_its_report();
    let checked = checkout.run(&pipeline["steps"][1]["commands"]).success();
    assert_eq!(checked.stdout, "dist/hello/bootstrap.zip: ok\n");
    let fetched = "buildkite-agent artifact download dist/*/bootstrap.zip .\n";
    assert_eq!(checkout.log(), [INSTALLED, INSTALLED, fetched].concat());
    checkout.add_secret();
    assert_eq!(checkout.run(&pipeline["steps"][0]["commands"]).code, 100);
}

#[test]
#[ignore = "needs make"]
fn the_makefile_makes_and_deploys_the_zip() {
    let checkout = Checkout::new();
    fs::copy(repository().join("examples/ci/Makefile"), checkout.fixture.path("Makefile")).unwrap();
    checkout.program("make").args(["deploy"]).run().success();
    checkout.has_its_zip();
    let deployed =
        "aws lambda update-function-code --function-name hello --zip-file fileb://dist/hello/bootstrap.zip\n";
    assert_eq!(checkout.log(), deployed);
    checkout.add_secret();
    assert_ne!(checkout.program("make").args(["deploy"]).run().code, 0);
    assert_eq!(checkout.log(), deployed, "nothing that was refused is deployed");
    checkout.program("make").args(["clean"]).run().success();
    assert!(!checkout.fixture.path("dist").exists());
}
