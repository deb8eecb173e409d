//! The GitHub Action: `action.yml` and its scripts, run as a runner runs them.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use test_support::{Fixture, Machine, Run, Zip, repository};

use crate::workflow::{Runner, steps, yaml};

/// The step of the action that makes the zips, run with these inputs in a checkout. The program under test is on `PATH`, as
/// it is after the first step.
struct Made<'a> {
    action: Value,
    runner: Runner<'a>,
    run: Run,
}

impl<'a> Made<'a> {
    #[track_caller]
    fn new(checkout: &'a Fixture, inputs: &[(&str, &str)]) -> Self {
        let action = yaml("action.yml");
        let mut runner =
            Runner::new(checkout).context("github.action_path", repository().to_str().unwrap()).inputs(&action, inputs);
        let step = steps(&action, "/runs/steps").iter().find(|step| step["id"] == "make").unwrap();
        let run = runner.step(step);
        Self { action, runner, run }
    }

    #[track_caller]
    fn output(&self, name: &str) -> String {
        self.runner.output(&self.action, name)
    }

    /// The annotations without their text.
    fn annotations(&self) -> Vec<&str> {
        let lines = self.run.stdout.lines().filter(|line| line.starts_with("::"));
        lines.map(|line| line[2..].split("::").next().unwrap()).collect()
    }
}

pub(crate) fn code_sha256(path: impl AsRef<Path>) -> String {
    STANDARD.encode(Sha256::digest(fs::read(path).unwrap()))
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
#[ignore = "needs bash and jq"]
fn a_workflow_gets_the_zip_its_hash_and_its_size() {
    let checkout = Fixture::package("greeter");
    let made = Made::new(&checkout, &[("arch", "arm64"), ("runtime", "provided.al2023")]);
    assert_eq!(made.run.code, 0, "{}", made.run);
    let path = checkout.path("target/lambda/greeter/bootstrap.zip");
    assert_eq!(Zip::read(&path).machine(), Machine::Arm64);
    let size = path.metadata().unwrap().len();
    assert_eq!(made.output("zip"), path.to_str().unwrap());
    assert_eq!(made.output("zips"), path.to_str().unwrap());
    assert_eq!(made.output("code-sha256"), code_sha256(&path));
    assert_eq!(made.output("size"), size.to_string());
    let report: Value = serde_json::from_slice(&fs::read(made.output("report")).unwrap()).unwrap();
    assert_eq!(report["archives"][0]["code_sha256"], made.output("code-sha256").as_str());
    assert_eq!(made.annotations(), [""; 0]);

    let kibibytes = (f64::from(u32::try_from(size).unwrap()) / 1024.0 * 10.0).round() / 10.0;
    let row = format!("| greeter | arm64, gnu, provided.al2023 | {kibibytes} KiB |");
    assert!(made.runner.summary.contains(&row), "{row}\n{}", made.runner.summary);
    let end = format!("| `{}` | `{}` |\n", made.output("code-sha256"), path.display());
    assert!(made.runner.summary.contains(&end), "{end}\n{}", made.runner.summary);
}

#[test]
#[ignore = "needs bash and jq"]
fn several_zips_are_all_reported() {
    let checkout = Fixture::workspace(&["orders", "mail", "stock"]);
    let made = Made::new(&checkout, &[("arch", "x86_64,arm64"), ("package", " orders\nmail ")]);
    assert_eq!(made.run.code, 0, "{}", made.run);
    let directory = checkout.path("target/lambda");
    let expected: Vec<_> = ["x86_64/mail", "arm64/mail", "x86_64/orders", "arm64/orders"]
        .map(|path| directory.join(path).join("bootstrap.zip").to_str().unwrap().to_owned())
        .into();
    assert_eq!(made.output("zips").lines().collect::<Vec<_>>(), expected);
    assert_eq!(made.output("zip"), expected[0]);
    assert_eq!(made.output("code-sha256"), code_sha256(&expected[0]));
    assert_eq!(made.runner.summary.matches("\n| mail |").count(), 2, "{}", made.runner.summary);
}

#[test]
#[ignore = "needs bash and jq"]
fn arguments_are_read_as_a_shell_reads_them_and_nothing_is_expanded() {
    let checkout = Fixture::package("greeter");
    checkout.write("two words/$HOME.txt", "x");
    let args = "--include 'two words/$HOME.txt'\n--output \"out dir/`x`.zip\" --include two\\ words/$HOME.txt=b";
    let made = Made::new(&checkout, &[("args", args)]);
    assert_eq!(made.run.code, 0, "{}", made.run);
    assert_eq!(made.output("zip"), checkout.path("out dir/`x`.zip").to_str().unwrap());
    assert_eq!(Zip::read(made.output("zip")).names(), ["bootstrap", "b", "two words/$HOME.txt"]);

    let open = Made::new(&checkout, &[("args", "--include 'two words")]);
    assert_ne!(open.run.code, 0, "{}", open.run);
    assert_eq!(open.output("zip"), "");
}

#[test]
#[ignore = "needs bash and jq"]
fn findings_are_annotations_and_rows_of_the_summary() {
    let checkout = Fixture::package("greeter");
    checkout.write(".env", "PASSWORD=1");
    let made = Made::new(&checkout, &[("args", "--include .env")]);
    assert_eq!(made.run.code, 0, "{}", made.run);
    assert_eq!(made.annotations(), ["warning title=secret"]);
    assert!(made.run.stdout.contains("%0Ahint: "), "{}", made.run);
    assert!(made.runner.summary.contains("\n| warning | `secret` | greeter | "), "{}", made.runner.summary);
    let published = fs::read(made.output("zip")).unwrap();

    let refused = Made::new(&checkout, &[("args", "--include .env"), ("deny", "secret,litter")]);
    assert_eq!(refused.run.code, 100, "{}", refused.run);
    assert_eq!(refused.annotations(), ["error title=secret"]);
    assert!(refused.runner.summary.contains("**not published**: it breaks a rule"), "{}", refused.runner.summary);
    assert_eq!((refused.output("zip"), refused.output("code-sha256")), (String::new(), String::new()));
    assert_eq!(fs::read(made.output("zip")).unwrap(), published, "the previous zip stays");

    let silent = Made::new(&checkout, &[("args", "--include .env"), ("allow", "secret")]);
    assert_eq!((silent.run.code, silent.annotations()), (0, vec![]), "{}", silent.run);
}

#[test]
#[ignore = "needs bash and jq"]
fn an_executable_of_another_compiler_is_packed() {
    let checkout = Fixture::empty();
    let static_program = repository().join("fuzz/seeds/executable/static");
    checkout.write("build/readme.md", "");
    fs::copy(static_program, checkout.path("build/main")).unwrap();
    let inputs = [("executable", "main"), ("working-directory", "build"), ("args", "-o out.zip --include readme.md")];
    let made = Made::new(&checkout, &inputs);
    assert_eq!(made.run.code, 0, "{}", made.run);
    assert_eq!(made.output("zip"), checkout.path("build/out.zip").to_str().unwrap());
    assert_eq!(Zip::read(made.output("zip")).names(), ["bootstrap", "readme.md"]);
    assert!(made.runner.summary.contains("\n| main | x86_64 | "), "{}", made.runner.summary);
}

#[test]
#[ignore = "needs bash and jq"]
fn a_build_that_fails_ends_the_step_with_cargos_code() {
    let checkout = Fixture::package("greeter");
    checkout.write("src/main.rs", "fn main() { nonsense }\n");
    let made = Made::new(&checkout, &[]);
    assert_eq!(made.run.code, 101, "{}", made.run);
    assert_eq!(made.annotations(), ["error title=cargo lambda-zip"]);
    assert!(made.runner.summary.contains("No zip was made (exit code 101)"), "{}", made.runner.summary);
    assert_eq!(made.output("zip"), "");
}

#[test]
fn every_input_of_the_action_is_used_and_documented() {
    let action = yaml("action.yml");
    for (name, input) in action["inputs"].as_object().unwrap() {
        assert!(input["description"].is_string() && input["default"].is_string(), "{name}");
        let expression = format!("${{{{ inputs.{name} }}}}");
        assert!(action["runs"].to_string().contains(&expression), "nothing reads the input `{name}`");
    }
    let page = fs::read_to_string(repository().join("docs/pipelines.md")).unwrap();
    for name in ["inputs", "outputs"].iter().flat_map(|table| action[table].as_object().unwrap().keys()) {
        assert!(page.contains(&format!("| `{name}` |")), "docs/pipelines.md does not tell of `{name}`");
    }
}

/// The script fails at the first variable that is not set. A variable that it never reads would make no difference. The
/// step itself needs the path of the action to find the script.
#[test]
#[ignore = "needs bash and jq"]
fn the_script_of_the_action_reads_every_variable_that_it_is_given() {
    let action = yaml("action.yml");
    let make = steps(&action, "/runs/steps").iter().find(|step| step["id"] == "make").unwrap();
    let variables = make["env"].as_object().unwrap().keys();
    for variable in variables.filter(|variable| *variable != "ACTION_PATH") {
        let checkout = Fixture::with_executable();
        let mut incomplete = make.clone();
        incomplete["env"].as_object_mut().unwrap().remove(variable);
        let runner = Runner::new(&checkout).context("github.action_path", repository().to_str().unwrap());
        let run = runner.inputs(&action, &[("executable", "main")]).step(&incomplete);
        assert_eq!(run.code, 1, "nothing reads `{variable}`\n{run}");
        assert!(run.stderr.contains("unbound variable"), "{variable}\n{run}");
    }
}
