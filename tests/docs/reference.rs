//! The reference is complete: every field of the JSON documents, every exit code, every key, every flag.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::{fs, iter};

use lambda_zip_error::ErrorKind;
use serde_json::{Value, json};
use test_support::{Fixture, repository};

use crate::page::{Page, page};

/// The paths of a document's fields, with `[]` after a list.
fn fields(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields_of) => {
            for (name, value) in fields_of {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                found.insert(path.clone());
                fields(value, &path, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| fields(value, &format!("{path}[]"), found)),
        _ => {}
    }
}

/// The fields in the tables of a section. A field that follows another in the same cell has the same parent.
fn documented(page: &Page, section: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for row in page.rows.iter().filter(|row| row.section == section) {
        let mut parent = "";
        for code in &row.code {
            let path = if code.contains('.') || parent.is_empty() { code.clone() } else { format!("{parent}.{code}") };
            found.insert(path);
            parent = row.code[0].rsplit_once('.').map_or("", |(parent, _)| parent);
        }
    }
    found
}

/// Asserts that a section lists the fields of these documents, or the objects that contain them. A section that extends
/// another one does not repeat its fields.
#[track_caller]
fn holds(section: &str, leans_on: Option<&str>, documents: &[Value]) {
    let page = page("docs/reference.md");
    let own = documented(&page, section);
    assert!(!own.is_empty() || leans_on.is_some(), "no table under `{section}`");
    let documented: BTreeSet<_> =
        own.iter().cloned().chain(leans_on.iter().flat_map(|other| documented(&page, other))).collect();
    let mut found = BTreeSet::new();
    for document in documents {
        fields(document, "", &mut found);
    }
    let is_below = |field: &str, of: &str| field.strip_prefix(of).is_some_and(|rest| rest.starts_with(['.', '[']));
    // A row for an object is enough, unless other rows list its fields.
    let is_told = |field: &String| {
        documented.contains(field)
            || documented.iter().any(|known| is_below(known, field))
            || documented
                .iter()
                .any(|known| is_below(field, known) && !documented.iter().any(|other| is_below(other, known)))
    };
    let missing: Vec<_> = found.iter().filter(|field| !is_told(field)).collect();
    assert!(missing.is_empty(), "`{section}` does not tell of {missing:?}");
    let gone: Vec<_> = own.iter().filter(|known| !found.contains(*known)).collect();
    assert!(gone.is_empty(), "`{section}` tells of {gone:?}, which no document has");
}

#[test]
fn the_fields_of_the_reports_are_documented() {
    let fixture = Fixture::package("reported");
    let document = |args: &[&str]| fixture.run(&[args, &["--message-format", "json"]].concat()).success().json();
    let built = document(&["--debug-symbols"]);
    let fixture = Fixture::with_executable();
    fixture.write("conf/key.pem", "-----BEGIN PRIVATE KEY-----\n");
    let packed = fixture.run(&["pack", "main", "conf", "--message-format", "json"]).success();
    let packed: Value = serde_json::from_str(&packed.stdout).unwrap();
    assert!(packed["archives"][0]["findings"][0].is_object(), "a private key is a finding");
    let report = "The JSON report";
    holds(report, None, &[built, packed]);
    holds("The list as JSON", Some(report), &[document(&["--list"])]);
    let apart = Fixture::with_bins("apart", &["a", "b"]);
    let manifest = fs::read_to_string(apart.path("Cargo.toml")).unwrap();
    let table = "[features]\nx = []\n[package.metadata.lambda-zip.bin.a]\nfeatures = [\"x\"]\n";
    apart.write("Cargo.toml", format!("{manifest}{table}"));
    let several_builds = apart.run(&["--dry-run", "--message-format", "json"]).success().json();
    holds("The plan as JSON", Some(report), &[document(&["--dry-run"]), several_builds]);
    holds("What this machine can build", None, &[document(&["doctor"])]);
    let checked = fixture.run(&["check", "main.zip", "main", "--message-format", "json"]);
    // Only a broken disk has a zip that exists and cannot be read.
    let unreadable = json!({ "zips": [{ "path": "", "error": "" }] });
    holds("The JSON document of check", None, &[serde_json::from_str(&checked.stdout).unwrap(), unreadable]);
}

/// All kinds of errors. A new kind does not compile until it is added here.
fn error_kinds() -> impl Iterator<Item = ErrorKind> {
    iter::successors(Some(ErrorKind::Usage), |kind| match kind {
        ErrorKind::Usage => Some(ErrorKind::Setup),
        ErrorKind::Setup => Some(ErrorKind::Rule),
        ErrorKind::Rule => Some(ErrorKind::Build),
        ErrorKind::Build => Some(ErrorKind::Metadata),
        ErrorKind::Metadata => Some(ErrorKind::Archive),
        ErrorKind::Archive => Some(ErrorKind::FunctionError),
        ErrorKind::FunctionError => Some(ErrorKind::FunctionTimeout),
        ErrorKind::FunctionTimeout => Some(ErrorKind::FunctionCrash),
        ErrorKind::FunctionCrash => Some(ErrorKind::FunctionInit),
        ErrorKind::FunctionInit => Some(ErrorKind::Extension),
        ErrorKind::Extension => None,
    })
}

#[test]
fn the_exit_codes_are_documented() {
    let page = page("docs/reference.md");
    let text = fs::read_to_string(repository().join(&page.name)).unwrap();
    let rows =
        text.lines().skip_while(|line| *line != "## Exit codes").skip(1).take_while(|line| !line.starts_with('#'));
    let codes = rows.filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let documented: BTreeSet<String> = codes.filter(|code| code.parse::<u8>().is_ok()).map(str::to_owned).collect();
    // 0 is success, 1 an error of no kind.
    let expected = error_kinds().map(|kind| kind.exit_code().to_string()).chain(["0".to_owned(), "1".to_owned()]);
    let expected: BTreeSet<String> = expected.collect();
    assert_eq!(documented, expected);
}

/// The help of each command as a page.
#[test]
fn the_page_of_commands_is_up_to_date() {
    let fixture = Fixture::with_executable();
    let help = |command: &[&str]| fixture.program().args(command).arg("--help").run().success().stdout;
    let main = help(&[]);
    let commands = main.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<_> = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    assert!(commands.contains(&"pack"), "{main}");
    let mut text = "# The commands and their flags\n\nWhat `--help` prints. This page is generated.\n".to_owned();
    let mut section =
        |title: &str, help: &str| write!(text, "\n## {title}\n\n```text\n{}\n```\n", help.trim_end()).unwrap();
    section("cargo lambda-zip", &main);
    for command in commands {
        section(&format!("cargo lambda-zip {command}"), &help(&[command]));
    }
    test_support::generated::assert_file("docs/commands.md", &text);
}

/// The keys of the tables in Cargo.toml are those of the page.
#[test]
fn the_keys_of_cargo_toml_are_documented() {
    let fixture = Fixture::empty();
    fixture.add_package(".", "keys", "[package.metadata.lambda-zip]\nx = 1\n");
    fixture.write("src/main.rs", "fn main() {}\n");
    let run = fixture.run(&["--dry-run"]);
    assert_eq!(run.code, 96, "{run}");
    let hint = run.stderr.lines().find_map(|line| line.strip_prefix("hint: ")).expect("the keys that there are");
    let known: BTreeSet<_> = hint.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let rows = page("docs/packaging.md").rows.into_iter().filter(|row| row.section == "Cargo.toml");
    let documented: BTreeSet<_> = rows.flat_map(|row| row.code).filter(|key| !key.contains(['.', '['])).collect();
    let missing: Vec<_> = known.difference(&documented).filter(|key| *key != "bin").collect();
    assert!(missing.is_empty() && known.len() > 5, "{missing:?} of {known:?}");
    let gone: Vec<_> =
        documented.iter().filter(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '-')).collect();
    assert!(gone.iter().all(|key| known.contains(key.as_str())), "{gone:?} against {known:?}");
}
