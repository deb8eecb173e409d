//! Tools that deploy take the zip of `examples/hello` with the configurations in `examples/deploy`. The tests look at what
//! they would upload.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use test_support::{
    Account, Fixture, Machine, Program, Zip, example, repository, required, scratch, shared_target_dir,
};

use crate::action::{code_sha256, hexadecimal};

/// A copy of the examples that the tools may write to, with the target directory that all tests share.
fn examples() -> &'static Path {
    static EXAMPLES: OnceLock<PathBuf> = OnceLock::new();
    EXAMPLES.get_or_init(|| {
        let directory = scratch("deploy-examples");
        let _ = fs::remove_dir_all(&directory);
        for name in ["hello/src", "hello/Cargo.toml", "hello/Cargo.lock", "deploy"] {
            copy(name, &directory);
        }
        fs::create_dir_all(shared_target_dir()).unwrap();
        symlink(shared_target_dir(), directory.join("hello/target")).unwrap();
        directory
    })
}

/// Copies an example, or a part of it, without the files that the tools write.
fn copy(name: &str, to: &Path) {
    let left_behind = fs::read_to_string(example("deploy/.gitignore")).unwrap();
    let entries = walkdir::WalkDir::new(example(name)).into_iter().filter_entry(|entry| {
        let name = entry.file_name().to_str().unwrap();
        !left_behind.lines().any(|line| line == name)
    });
    for entry in entries.map(Result::unwrap).filter(|entry| entry.file_type().is_file()) {
        let to = to.join(entry.path().strip_prefix(example("")).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(entry.path(), to).unwrap();
    }
}

/// Makes the zip as the examples do, and returns its part of the report.
fn hello() -> &'static Value {
    static HELLO: OnceLock<Value> = OnceLock::new();
    HELLO.get_or_init(|| {
        let directory = examples().join("deploy/terraform");
        let args = ["--manifest-path", "../../hello/Cargo.toml", "--arch", "arm64", "--message-format", "json"];
        let run = Program::through_cargo(&directory).args(args).run().success();
        fs::write(directory.join("report.json"), &run.stdout).unwrap();
        let report = run.json();
        assert_eq!(Zip::read(zip_of(&report["archives"][0])).machine(), Machine::Arm64);
        report["archives"][0].clone()
    })
}

fn zip_of(hello: &Value) -> &Path {
    Path::new(hello["path"].as_str().unwrap())
}

/// A program in the directory of an example, without the accounts and settings of the user who runs the tests.
fn tool(program: impl AsRef<OsStr>, name: &str, home: &Fixture) -> Program {
    let mut tool = Program::other(program, examples().join("deploy").join(name)).env("HOME", home.path("."));
    let user = env::home_dir().unwrap();
    for (variable, directory) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        tool = tool.env(variable, env::var_os(variable).map_or_else(|| user.join(directory), PathBuf::from));
    }
    // Without this, the tools would ask the network for an account.
    tool.env("AWS_EC2_METADATA_DISABLED", "true")
}

fn json_file(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap()
}

/// Links npm's packages into the directory of an example, where node looks for them.
fn with_node_modules(name: &str) {
    let link = examples().join("deploy").join(name).join("node_modules");
    symlink(required("LAMBDA_ZIP_TEST_NODE_MODULES"), link).unwrap();
}

#[test]
#[ignore = "needs PyPI's aws-sam-cli and make"]
fn sam_builds_what_is_in_the_zip() {
    let sam = required("LAMBDA_ZIP_TEST_SAM");
    let home = Fixture::empty();
    let hello = hello();
    tool(sam, "sam", &home).args(["build"]).env("SAM_CLI_TELEMETRY", "0").run().success();

    let built = examples().join("deploy/sam/.aws-sam/build");
    let directory = built.join("HelloFunction");
    let names: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["bootstrap"], "SAM zips the whole directory");
    let bootstrap = directory.join("bootstrap");
    assert!(fs::read(&bootstrap).unwrap() == Zip::read(zip_of(hello)).bootstrap(), "not the same executable");
    let mode = bootstrap.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);

    let template: Value = serde_saphyr::from_str(&fs::read_to_string(built.join("template.yaml")).unwrap()).unwrap();
    let properties = &template["Resources"]["HelloFunction"]["Properties"];
    assert_eq!(properties["CodeUri"], "HelloFunction");
    assert_eq!(properties["Runtime"], hello["runtime"]);
    assert_eq!(properties["Architectures"], json!([hello["arch"]]));
}

#[test]
#[ignore = "needs node, npm's aws-cdk and aws-cdk-lib"]
fn cdk_uploads_the_zip_unchanged_under_the_hash_of_the_report() {
    let home = Fixture::empty();
    let hello = hello();
    with_node_modules("cdk");
    let args = ["node_modules/aws-cdk/bin/cdk", "synth", "--quiet", "--no-notices", "--no-version-reporting"];
    let synth = || tool("node", "cdk", &home).args(args).env("CDK_DISABLE_CLI_TELEMETRY", "true").run().success();
    synth();

    let out = examples().join("deploy/cdk/cdk.out");
    let template = json_file(&out.join("Hello.template.json"));
    let resources = template["Resources"].as_object().unwrap();
    let function = resources.values().find(|resource| resource["Type"] == "AWS::Lambda::Function").unwrap();
    // CDK hashes a custom hash once more, so that the result is a valid file name.
    let sha256 = STANDARD.decode(hello["code_sha256"].as_str().unwrap()).unwrap();
    let key = format!("{}.zip", hexadecimal(&Sha256::digest(hexadecimal(&sha256))));
    assert_eq!(function["Properties"]["Code"]["S3Key"], key.as_str());
    assert_eq!(function["Properties"]["Runtime"], hello["runtime"]);
    assert_eq!(function["Properties"]["Architectures"], json!([hello["arch"]]));
    assert_eq!(code_sha256(out.join(format!("asset.{key}"))), hello["code_sha256"].as_str().unwrap());

    let assets = json_file(&out.join("Hello.assets.json"));
    let files = assets["files"].as_object().unwrap();
    let uploaded =
        files.values().any(|file| file["source"] == json!({ "path": format!("asset.{key}"), "packaging": "file" }));
    assert!(uploaded, "{assets:#}");

    synth();
    assert_eq!(json_file(&out.join("Hello.template.json")), template, "the same package gives the same template");
}

/// The value of an HCL expression that is a field of the report, directly or through a local.
#[track_caller]
fn followed(configuration: &Value, report: &Value, expression: &str) -> Value {
    let expression = expression.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).expect("an expression");
    if expression == "jsondecode(file(\"${path.module}/report.json\"))" {
        return report.clone();
    }
    let (name, fields) = expression.strip_prefix("local.").and_then(|path| path.split_once('.')).expect("a local");
    let local = configuration["locals"][0][name].as_str().unwrap_or_else(|| panic!("no local `{name}`"));
    let value = followed(configuration, report, local);
    let pointer = format!("/{}", fields.replace(['.', '['], "/").replace(']', ""));
    value.pointer(&pointer).unwrap_or_else(|| panic!("the report has no `{fields}`")).clone()
}

/// Terraform's own parser reads the configuration; the test resolves the expressions.
#[test]
#[ignore = "needs node and npm's hcl2json"]
fn terraform_reads_the_zip_and_its_hash_from_the_report() {
    let home = Fixture::empty();
    let hello = hello();
    let directory = examples().join("deploy/terraform");
    let parse = "const { readFileSync } = require('node:fs');
        require('@cdktf/hcl2json').parse('main.tf', readFileSync('main.tf', 'utf8'))
            .then((parsed) => process.stdout.write(JSON.stringify(parsed)));";
    let modules = required("LAMBDA_ZIP_TEST_NODE_MODULES");
    let run = tool("node", "terraform", &home).args(["-e", parse]).env("NODE_PATH", modules).run();
    let configuration = run.success().json();
    let report = json_file(&directory.join("report.json"));

    let function = &configuration["resource"]["aws_lambda_function"]["hello"][0];
    let value = |key: &str| followed(&configuration, &report, function[key].as_str().unwrap());
    assert_eq!(value("filename"), hello["path"]);
    assert_eq!(value("source_code_hash"), code_sha256(zip_of(hello)).as_str());
    assert_eq!(value("runtime"), "provided.al2023");
    assert_eq!(value("function_name"), "hello");
    assert_eq!(followed(&configuration, &report, function["architectures"][0].as_str().unwrap()), "arm64");
    assert_eq!(function["handler"], "bootstrap");
    assert_eq!(function["role"], "${aws_iam_role.hello.arn}");
    assert!(configuration["resource"]["aws_iam_role"]["hello"].is_array());
}

#[test]
#[ignore = "needs node and npm's serverless"]
fn serverless_deploys_the_artifact() {
    let home = Fixture::empty();
    let hello = hello();
    let serverless = required("LAMBDA_ZIP_TEST_NODE_MODULES").join("serverless/bin/serverless.js");
    tool("node", "serverless", &home)
        .args([serverless])
        .args(["package"])
        .env("SLS_TELEMETRY_DISABLED", "1")
        .env("SLS_NOTIFICATIONS_MODE", "off")
        .run()
        .success();

    let template =
        json_file(&examples().join("deploy/serverless/.serverless/cloudformation-template-update-stack.json"));
    let resources = template["Resources"].as_object().unwrap();
    let of_type = |kind: &str| &resources.values().find(|resource| resource["Type"] == kind).unwrap()["Properties"];
    let function = of_type("AWS::Lambda::Function");
    assert_eq!(function["Runtime"], hello["runtime"]);
    assert_eq!(function["Architectures"], json!([hello["arch"]]));
    assert_eq!(function["Handler"], "bootstrap");
    assert!(function["Code"]["S3Key"].as_str().unwrap().ends_with("/bootstrap.zip"));
    assert_eq!(of_type("AWS::Lambda::Version")["CodeSha256"], hello["code_sha256"]);
}

#[test]
#[ignore = "needs moto's server, the aws CLI, bash and jq"]
fn the_aws_cli_creates_then_skips_then_updates() {
    let cli = required("LAMBDA_ZIP_TEST_AWS");
    let home = Fixture::empty();
    let built = hello()["code_sha256"].as_str().unwrap();
    let account = Account::start(home.root());
    let role = account.create_role(&home, "hello");
    let aws = |args: &[&str]| account.aws(&home, args);
    // The script takes `aws` from the PATH.
    let deploy = || {
        let bash = tool("bash", "aws-cli", &home).first_on_path(&[cli.parent().unwrap().to_owned()]);
        bash.arg("deploy.sh").envs(account.variables()).env("ROLE", &role).run()
    };
    let uploads = || {
        let log = account.log();
        let count = |request: &str| log.lines().filter(|line| line.contains(request)).count();
        (count("\"POST /2015-03-31/functions "), count("/functions/hello/code "))
    };
    let deployed = || aws(&["lambda", "get-function-configuration", "--function-name", "hello"]);

    assert_eq!(deploy().success().stdout, format!("hello is created: {built}\n"));
    assert_eq!(deployed()["CodeSha256"], built);
    assert_eq!(deployed()["Architectures"], json!(["arm64"]));
    assert_eq!(uploads(), (1, 0), "{}", account.log());

    assert_eq!(deploy().success().stdout, format!("hello is up to date: {built}\n"));
    assert_eq!(uploads(), (1, 0), "what is deployed already is not uploaded");

    let other = home.path("other.zip");
    let executable = repository().join("fuzz/seeds/executable/static");
    home.program().args(["pack", "-o"]).args([&other, &executable]).run().success();
    let update = ["lambda", "update-function-code", "--function-name", "hello", "--zip-file"];
    aws(&[&update[..], &[&format!("fileb://{}", other.display())]].concat());
    assert_ne!(deployed()["CodeSha256"], built);
    assert_eq!(deploy().success().stdout, format!("hello is updated: {built}\n"));
    assert_eq!(deployed()["CodeSha256"], built);
    assert_eq!(uploads(), (1, 2), "{}", account.log());
}
