//! The configuration of the function, from the command line.

use std::collections::BTreeMap;
use std::env::VarError;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::cli::FunctionFlags;
use lambda_local::{FunctionConfig, RESERVED_VARIABLES};
use lambda_zip_error::{ErrorKind, Failure, fs};

/// The longest name of a function.
const NAME_LIMIT: usize = 64;

/// The configuration of the function in this zip.
pub(super) fn function_config(flags: &FunctionFlags, zip: &Path) -> Result<FunctionConfig> {
    let mut config = FunctionConfig::new(flags.function_name.clone().unwrap_or_else(|| function_name(zip)));
    config.timeout = Duration::from_secs(flags.timeout.into());
    if let Some(memory) = flags.memory {
        config.memory = memory;
        config.enforce_memory = true;
    }
    for path in &flags.env_file {
        for line in lines_of(&fs::read_to_string(path)?) {
            add_variable(&mut config.variables, line)?;
        }
    }
    for typed in &flags.env {
        add_variable(&mut config.variables, typed)?;
    }
    Ok(config)
}

/// A name for the function: `hello` for `…/hello/bootstrap.zip` and for `hello.zip`.
fn function_name(zip: &Path) -> String {
    let stem = zip.file_stem().unwrap_or_default().to_string_lossy();
    let directory = zip.parent().and_then(Path::file_name).map(|name| name.to_string_lossy());
    let name = match directory {
        Some(directory) if stem == "bootstrap" => directory,
        _ => stem,
    };
    // Lambda allows letters, digits, `-` and `_`.
    let name = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).take(NAME_LIMIT);
    let name: String = name.collect();
    if name.is_empty() { "function".to_owned() } else { name }
}

/// The lines of a file with variables, without comments and empty lines.
fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Adds a variable: `NAME=VALUE`, or `NAME` for its value on this machine.
fn add_variable(variables: &mut BTreeMap<String, String>, typed: &str) -> Result<(), Failure> {
    let (name, value) = match typed.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (typed, None),
    };
    if name.is_empty() || name.contains(char::is_whitespace) || typed.contains('\0') {
        let failure =
            Failure::new(ErrorKind::Usage, format!("`{name}` is not a valid name of an environment variable"));
        return Err(failure.hint("use `NAME=VALUE`, or `NAME` for the value on this machine"));
    }
    if RESERVED_VARIABLES.contains(&name) {
        let message = format!("the variable `{name}` is reserved");
        return Err(Failure::new(ErrorKind::Usage, message).hint(reserved_hint(name)));
    }
    let value = match value {
        Some(value) => value,
        None => value_on_this_machine(name)?,
    };
    variables.insert(name.to_owned(), value);
    Ok(())
}

fn value_on_this_machine(name: &str) -> Result<String, Failure> {
    std::env::var(name).map_err(|error| {
        let problem = match error {
            VarError::NotPresent => "is not set on this machine",
            VarError::NotUnicode(_) => "is not UTF-8 on this machine",
        };
        Failure::new(ErrorKind::Usage, format!("the variable `{name}` {problem}")).hint(format!("use `{name}=VALUE`"))
    })
}

/// What to do instead of setting a reserved variable.
fn reserved_hint(name: &str) -> &'static str {
    match name {
        "AWS_LAMBDA_FUNCTION_NAME" | "AWS_LAMBDA_LOG_GROUP_NAME" => "use `--function-name`",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE" => "use `--memory`",
        _ => "Lambda sets it for each start of a function",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(env: &[&str]) -> Result<FunctionConfig> {
        let env = env.iter().map(|text| (*text).to_owned()).collect();
        let flags = FunctionFlags { env, ..FunctionFlags::default() };
        function_config(&flags, Path::new("target/lambda/hello/bootstrap.zip"))
    }

    #[test]
    fn a_variable_without_a_value_has_the_value_of_this_machine() {
        assert_eq!(config(&["CARGO_PKG_NAME"]).unwrap().variables["CARGO_PKG_NAME"], "cargo-lambda-zip");
        for wrong in ["SURELY_NOT_SET_ANYWHERE", "=x", "A B=c", "AWS_LAMBDA_RUNTIME_API=x", ""] {
            assert_eq!(lambda_zip_error::exit_code(&config(&[wrong]).unwrap_err()), 2, "{wrong}");
        }
    }

    #[test]
    fn memory_is_enforced_only_if_it_was_asked_for() {
        assert!(!config(&[]).unwrap().enforce_memory);
        let flags = FunctionFlags { memory: Some(128), ..FunctionFlags::default() };
        assert!(function_config(&flags, Path::new("hello.zip")).unwrap().enforce_memory);
    }

    #[test]
    fn a_file_of_variables_may_have_comments() {
        assert_eq!(lines_of("# a\n\n A=1 \r\nB\n").collect::<Vec<_>>(), ["A=1", "B"]);
    }

    #[test]
    fn a_function_is_named_after_its_zip() {
        assert_eq!(function_name(Path::new("target/lambda/hello/bootstrap.zip")), "hello");
        assert_eq!(function_name(Path::new("out/my api.zip")), "my-api");
        assert_eq!(function_name(Path::new("bootstrap.zip")), "bootstrap");
    }
}
