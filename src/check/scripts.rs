//! Scripts that Lambda starts: whether the program after `#!` is there.

use super::Subject;
use super::contents::{Contents, Shebang};
use super::entry::{Entry, file_name};
use super::finding::Findings;
use super::images::{interpreter, started};
use super::libraries::{Place, find_file};
use super::rule::{Rule, Severity};
use crate::lambda::{LAYERS_ROOT, SCRIPT_INTERPRETERS};
use crate::target::Runtime;

pub(super) fn check(subject: &Subject, findings: &mut Findings) {
    for program in started(subject) {
        if let Contents::Script(script) = program.contents {
            if script.ends_with_carriage_return {
                shebang_crlf(program.entry, script, findings);
            } else {
                script_interpreter(subject, program.entry, script, findings);
            }
        }
    }
}

fn shebang_crlf(entry: &Entry, script: &Shebang, findings: &mut Findings) {
    let interpreter = &script.interpreter;
    let message = format!("the line `#!{interpreter}` of `{}` ends with a carriage return", entry.name);
    findings.add(Rule::ShebangCrlf, Some(&entry.name), message);
}

fn script_interpreter(subject: &Subject, entry: &Entry, script: &Shebang, findings: &mut Findings) {
    let Some(missing) = missing_interpreter(subject, script) else { return };
    let runtime = subject.runtime();
    let message = format!("`{}` is a script for `{missing}`, which `{runtime}` does not have", entry.name);
    // What the older images hold beside a shell is not known.
    let worst = if runtime == Runtime::AL2023 { Severity::Error } else { Severity::Warning };
    let hint = if missing.starts_with(LAYERS_ROOT) {
        "if a layer brings it, name the layer with `--layer`"
    } else {
        Rule::ScriptInterpreter.facts().remedy
    };
    findings.add_at_most(worst, Rule::ScriptInterpreter, Some(&entry.name), message, hint);
}

/// The interpreter that the script names, or that it lets `env` look for, if it is not there.
fn missing_interpreter<'a>(subject: &Subject, script: &'a Shebang) -> Option<&'a str> {
    let path = script.interpreter.as_str();
    let in_image = ["/bin/", "/usr/bin/"].iter().find_map(|folder| path.strip_prefix(folder));
    let is_found = match in_image {
        Some(name) => SCRIPT_INTERPRETERS.contains(&name),
        None => matches!(interpreter(subject, script), Some(Place::InZip(..) | Place::Elsewhere)),
    };
    if !is_found {
        return Some(path);
    }
    if in_image != Some("env") {
        return None;
    }
    // `env -S program …` is the one option that scripts use; assignments may come before the program.
    let words = script.argument.as_deref().unwrap_or_default().split_ascii_whitespace();
    let program = words.into_iter().find(|word| !word.starts_with('-') && !word.contains('='))?;
    let is_known = SCRIPT_INTERPRETERS.contains(&file_name(program))
        || !matches!(find_file(subject, &format!("{LAYERS_ROOT}/bin/{program}")), Place::Nowhere)
        || program.starts_with('/') && !matches!(find_file(subject, program), Place::Nowhere);
    (!is_known).then_some(program)
}
