//! Scripts that Lambda starts: whether their interpreter exists.

use super::ArchiveKind;
use super::contents::{Contents, Shebang};
use super::context::CheckContext;
use super::entry::{ZipEntry, file_name};
use super::finding::Findings;
use super::images::started;
use super::libraries::brings;
use super::rule::{Rule, Severity};
use lambda_platform::image::{LAYERS_ROOT, SCRIPT_INTERPRETERS, TASK_ROOT, UNSUPPORTED_DIRECTORIES};

pub(super) fn check(context: &CheckContext, findings: &mut Findings) {
    for program in started(context) {
        if let Contents::Script(script) = program.contents {
            if script.ends_with_carriage_return {
                shebang_crlf(program.entry, script, findings);
            } else if script.interpreter.is_empty() {
                empty_shebang(program.entry, findings);
            } else {
                script_interpreter(context, program.entry, script, findings);
            }
        }
    }
}

fn shebang_crlf(entry: &ZipEntry, script: &Shebang, findings: &mut Findings) {
    let argument = script.argument.as_ref().map_or_else(String::new, |argument| format!(" {argument}"));
    let line = format!("#!{}{argument}", script.interpreter);
    let message = format!("the first line of `{}`, `{line}`, ends with a carriage return", entry.name);
    findings.add(Rule::ShebangCrlf, Some(&entry.name), message);
}

fn empty_shebang(entry: &ZipEntry, findings: &mut Findings) {
    let message = format!("`{}` is a script whose `#!` line names no interpreter", entry.name);
    findings.add_with_hint(Rule::ExecFormat, Some(&entry.name), message, "start the file with `#!/bin/sh`");
}

fn script_interpreter(context: &CheckContext, entry: &ZipEntry, script: &Shebang, findings: &mut Findings) {
    let Some((program, absence)) = missing_interpreter(context, script) else { return };
    let name = &entry.name;
    let runtime = context.runtime();
    let (worst, message) = match absence {
        Absence::Certain => {
            (Severity::Error, format!("`{name}` is a script for `{program}`, which `{runtime}` does not have"))
        }
        Absence::Likely => {
            (Severity::Warning, format!("`{name}` is a script for `{program}`, which `{runtime}` may not have"))
        }
    };
    let hint = if absence == Absence::Likely && program.starts_with(LAYERS_ROOT) {
        "check the zip together with the layer that provides it"
    } else {
        Rule::ScriptInterpreter.facts().hint
    };
    findings.add_at_most(worst, Rule::ScriptInterpreter, Some(name), message, hint);
}

/// How certain it is that an interpreter is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absence {
    /// No Linux image has it, or it would have to be in the zip.
    Certain,
    /// It is not known to exist.
    Likely,
}

/// The interpreter that the script names, or that `env` looks up for it, if it is not known to exist.
fn missing_interpreter<'a>(context: &CheckContext, script: &'a Shebang) -> Option<(&'a str, Absence)> {
    let path = script.interpreter.as_str();
    if let Some(absence) = absence(context, path) {
        return Some((path, absence));
    }
    if file_name(path) != "env" {
        return None;
    }
    // Scripts use no option of `env` but `-S`. Assignments may come before the program.
    let words = script.argument.as_deref().unwrap_or_default().split_ascii_whitespace();
    let program = words.into_iter().find(|word| !word.starts_with('-') && !word.contains('='))?;
    if program.contains('/') {
        return absence(context, program).map(|absence| (program, absence));
    }
    // The search path of `env` is a variable that the function's configuration can set.
    let is_known = SCRIPT_INTERPRETERS.contains(&program) || brings(context, &format!("{LAYERS_ROOT}/bin/{program}"));
    (!is_known).then_some((program, Absence::Likely))
}

/// How certain it is that nothing exists at this path; `None` if something does.
fn absence(context: &CheckContext, path: &str) -> Option<Absence> {
    // The working directory is that of the function's zip.
    let path = if path.starts_with('/') { path.to_owned() } else { format!("{TASK_ROOT}/{path}") };
    if brings(context, &path) {
        return None;
    }
    let below = |directory: &str| path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'));
    let in_image = ["/bin/", "/usr/bin/"].iter().find_map(|directory| path.strip_prefix(directory));
    if in_image.is_some_and(|name| SCRIPT_INTERPRETERS.contains(&name)) {
        return None;
    }
    let is_certain = UNSUPPORTED_DIRECTORIES.iter().any(|directory| below(directory))
        || below(TASK_ROOT) && context.expectation.kind == ArchiveKind::Function;
    Some(if is_certain { Absence::Certain } else { Absence::Likely })
}
