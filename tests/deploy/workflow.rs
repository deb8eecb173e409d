//! Does what a GitHub runner does with an action: it expands expressions, runs each step with bash, and reads the files
//! that the step has written.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use test_support::{Fixture, Program, Run, repository};

/// Reads a YAML file of this repository.
#[track_caller]
pub(crate) fn yaml(path: &str) -> Value {
    let path = repository().join(path);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The steps under a pointer such as `/jobs/zip/steps`.
#[track_caller]
pub(crate) fn steps<'a>(document: &'a Value, pointer: &str) -> &'a [Value] {
    document.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("no steps at `{pointer}`"))
}

/// A runner with a checkout.
pub(crate) struct Runner<'a> {
    /// The checkout.
    workspace: &'a Fixture,
    /// The values of expressions.
    contexts: BTreeMap<String, String>,
    /// The variables of each step.
    environment: BTreeMap<String, String>,
    /// Directories that steps have added to `PATH`.
    search_path: Vec<PathBuf>,
    pub(crate) summary: String,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(workspace: &'a Fixture) -> Self {
        let temporary = workspace.path(".runner");
        fs::create_dir_all(&temporary).unwrap();
        let temporary = temporary.to_str().unwrap().to_owned();
        let environment = [
            ("CI", "true"),
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_WORKSPACE", workspace.path(".").to_str().unwrap()),
            ("RUNNER_ARCH", "X64"),
            ("RUNNER_OS", "Linux"),
            ("RUNNER_TEMP", &temporary),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            workspace,
            contexts: BTreeMap::new(),
            environment: environment.into(),
            search_path: Vec::new(),
            summary: String::new(),
        }
    }

    pub(crate) fn context(mut self, name: &str, value: &str) -> Self {
        self.contexts.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn first_on_path(mut self, directory: PathBuf) -> Self {
        self.search_path.push(directory);
        self
    }

    /// Gives a composite action these inputs, and the defaults of the others.
    #[track_caller]
    pub(crate) fn inputs(mut self, action: &Value, given: &[(&str, &str)]) -> Self {
        let declared = action["inputs"].as_object().unwrap();
        for (name, input) in declared {
            let default = input["default"].as_str().unwrap_or_default();
            let value = given.iter().find(|(given, _)| given == name).map_or(default, |(_, value)| value);
            self.contexts.insert(format!("inputs.{name}"), value.to_owned());
        }
        let unknown = given.iter().find(|(name, _)| !declared.contains_key(*name));
        assert!(unknown.is_none(), "the action has no such input: {unknown:?}");
        self
    }

    /// Expands the expressions in a text. They may be names, without operators or functions.
    #[track_caller]
    pub(crate) fn filled_in(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (name, after) = after.split_once("}}").expect("an expression ends");
            let value = self.contexts.get(name.trim()).unwrap_or_else(|| panic!("`{}` has no value", name.trim()));
            filled.push_str(before);
            filled.push_str(value);
            rest = after;
        }
        filled + rest
    }

    /// Runs one step, and reads its outputs, summary and path.
    #[track_caller]
    pub(crate) fn step(&mut self, step: &Value) -> Run {
        assert_eq!(step["shell"].as_str().unwrap_or("bash"), "bash");
        let [output, summary, path, script] = ["output", "summary", "path", "script.sh"].map(|name| {
            let file = self.workspace.path(".runner").join(name);
            fs::write(&file, "").unwrap();
            file
        });
        fs::write(&script, self.filled_in(step["run"].as_str().expect("the step is a script"))).unwrap();
        let directory = self.filled_in(step["working-directory"].as_str().unwrap_or("."));
        let mut program = Program::other("bash", self.workspace.path(directory))
            .first_on_path(&self.search_path)
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail"])
            .args([&script])
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .env("GITHUB_PATH", &path);
        for (name, value) in &self.environment {
            program = program.env(name, value);
        }
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            program = program.env(name, self.filled_in(value.as_str().unwrap()));
        }
        let run = program.run();
        let id = step["id"].as_str().unwrap_or_default();
        for (name, value) in outputs(&fs::read_to_string(&output).unwrap()) {
            self.contexts.insert(format!("steps.{id}.outputs.{name}"), value);
        }
        self.summary.push_str(&fs::read_to_string(&summary).unwrap());
        self.search_path.extend(fs::read_to_string(&path).unwrap().lines().map(PathBuf::from));
        run
    }

    /// An output of the action. It is empty if it was not written, as it is for a workflow.
    #[track_caller]
    pub(crate) fn output(&self, action: &Value, name: &str) -> String {
        let value = action["outputs"][name]["value"].as_str().unwrap_or_else(|| panic!("no output `{name}`"));
        let name = value.trim_start_matches("${{").trim_end_matches("}}").trim();
        self.contexts.get(name).cloned().unwrap_or_default()
    }

    pub(crate) fn search_path(&self) -> &[PathBuf] {
        &self.search_path
    }
}

/// Parses `name=value`, and `name<<END`, the lines of the value, `END`.
fn outputs(text: &str) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some((name, value)) = line.split_once('=') {
            outputs.insert(name.to_owned(), value.to_owned());
        } else {
            let (name, end) = line.split_once("<<").unwrap_or_else(|| panic!("not an output: {line:?}"));
            let value: Vec<_> = lines.by_ref().take_while(|line| *line != end).collect();
            outputs.insert(name.to_owned(), value.join("\n"));
        }
    }
    outputs
}
