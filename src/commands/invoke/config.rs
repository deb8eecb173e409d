//! The configuration of the function, from the command line.

use std::collections::BTreeMap;
use std::env::VarError;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::cli::{FUNCTION_NAME_LIMIT, FunctionFlags};
use lambda_local::{FunctionConfig, RESERVED_VARIABLES};
use lambda_platform::limits::{DEFAULT_EPHEMERAL_STORAGE, MANAGED_TIMEOUT_LIMIT, TIMEOUT_LIMIT};
use lambda_zip_error::{ErrorKind, Failure, ResultExt, fs};

/// The most that a function's variables may take, as JSON. Lambda's message is `exceeded the 4KB limit`.
const VARIABLES_LIMIT: usize = 4096;

/// The largest file of variables. Comments count too, so it may be larger than its variables.
const ENV_FILE_LIMIT: u64 = 1 << 20;

/// A name that the user may set although it starts with `_`: the handler of the function's configuration.
const HANDLER: &str = "_HANDLER";

/// The configuration of the function with this name.
pub(super) fn function_config(flags: &FunctionFlags, name: String) -> Result<FunctionConfig> {
    let mut config = FunctionConfig::new(name);
    config.timeout = Duration::from_secs(flags.timeout().into());
    config.concurrency = flags.concurrency;
    config.ephemeral_storage = flags.ephemeral_storage.unwrap_or(DEFAULT_EPHEMERAL_STORAGE);
    config.throttle_streams = flags.throttle_streams;
    check_timeout(flags)?;
    if let Some(memory) = flags.memory {
        config.memory = memory;
        config.enforce_memory = true;
    }
    for path in &flags.env_file {
        add_file(&mut config.variables, path)?;
    }
    for typed in &flags.env {
        add_variable(&mut config.variables, typed)?;
    }
    check_size(&config.variables)?;
    Ok(config)
}

/// A name for the function: `hello` for `…/hello/bootstrap.zip` and for `hello.zip`.
pub(super) fn function_name(zip: &Path) -> String {
    let stem = zip.file_stem().unwrap_or_default().to_string_lossy();
    let directory = zip.parent().and_then(Path::file_name).map(|name| name.to_string_lossy());
    let name = match directory {
        Some(directory) if stem == "bootstrap" => directory,
        _ => stem,
    };
    valid_name(&name)
}

/// A name that Lambda accepts.
pub(super) fn valid_name(name: &str) -> String {
    // Lambda allows letters, digits, `-` and `_`.
    let name =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).take(FUNCTION_NAME_LIMIT);
    let name: String = name.collect();
    if name.is_empty() { "function".to_owned() } else { name }
}

/// Only a function on managed instances may take longer.
fn check_timeout(flags: &FunctionFlags) -> Result<(), Failure> {
    let timeout = flags.timeout();
    if timeout <= TIMEOUT_LIMIT || flags.concurrency.is_some() {
        return Ok(());
    }
    let message = format!("the timeout is too long: found {timeout} seconds, Lambda accepts {TIMEOUT_LIMIT}");
    Err(Failure::new(ErrorKind::Usage, message)
        .hint(format!("on Lambda Managed Instances {MANAGED_TIMEOUT_LIMIT} are accepted: add `--concurrency N`")))
}

/// Lambda refuses more variables than this.
fn check_size(variables: &BTreeMap<String, String>) -> Result<()> {
    let mut without_handler = variables.clone();
    without_handler.remove(HANDLER);
    let size = serde_json::to_string(&without_handler)?.len();
    if size <= VARIABLES_LIMIT {
        return Ok(());
    }
    let message =
        format!("the environment variables are too large: found {size} bytes, Lambda accepts {VARIABLES_LIMIT}");
    Err(Failure::new(ErrorKind::Usage, message)
        .hint("keep large settings in a file of the zip, or in a parameter store")
        .into())
}

/// Adds the variables of a dotenv file. A line with a name alone takes the value on this machine.
fn add_file(variables: &mut BTreeMap<String, String>, path: &Path) -> Result<()> {
    let in_file = || format!("failed to read the variables in `{}`", path.display());
    let text = fs::read_text_bounded(path, ENV_FILE_LIMIT).or_fail(ErrorKind::Usage, in_file)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    for variable in dotenvy::from_read_iter(text.as_bytes()) {
        let typed = match variable {
            Ok((name, value)) => format!("{name}={value}"),
            Err(dotenvy::Error::LineParse(line, _)) if !line.contains(['=', '\'', '"']) => line.trim().to_owned(),
            Err(error) => return Err(error).or_fail(ErrorKind::Usage, in_file),
        };
        add_variable(variables, &typed).or_fail(ErrorKind::Usage, in_file)?;
    }
    Ok(())
}

/// Adds a variable: `NAME=VALUE`, or `NAME` for its value on this machine.
fn add_variable(variables: &mut BTreeMap<String, String>, typed: &str) -> Result<(), Failure> {
    let (name, value) = match typed.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (typed, None),
    };
    check_name(name)?;
    if typed.contains('\0') {
        return Err(Failure::new(ErrorKind::Usage, format!("the value of `{name}` contains a zero byte")));
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

/// Lambda allows letters, digits and `_`, beginning with a letter.
fn check_name(name: &str) -> Result<(), Failure> {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let has_start = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if (has_start && name.chars().all(is_valid)) || name == HANDLER || RESERVED_VARIABLES.contains(&name) {
        return Ok(());
    }
    let failure = Failure::new(ErrorKind::Usage, format!("`{name}` is not a valid name of an environment variable"));
    Err(failure
        .hint("use letters, digits and `_`, beginning with a letter")
        .hint("write `NAME=VALUE`, or `NAME` for the value on this machine"))
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
        "AWS_LAMBDA_MAX_CONCURRENCY" => "use `--concurrency`",
        _ => "Lambda sets it for each start of a function",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(env: &[&str]) -> Result<FunctionConfig> {
        let env = env.iter().map(|text| (*text).to_owned()).collect();
        let flags = FunctionFlags { env, ..FunctionFlags::default() };
        function_config(&flags, "hello".into())
    }

    #[test]
    fn a_variable_without_a_value_has_the_value_of_this_machine() {
        assert_eq!(config(&["CARGO_PKG_NAME"]).unwrap().variables["CARGO_PKG_NAME"], "cargo-lambda-zip");
        for wrong in ["SURELY_NOT_SET_ANYWHERE", "=x", "A B=c", "1A=x", "A-B=x", "_A=x", "AWS_LAMBDA_RUNTIME_API=x", ""]
        {
            assert_eq!(lambda_zip_error::exit_code(&config(&[wrong]).unwrap_err()), 2, "{wrong}");
        }
    }

    #[test]
    fn memory_is_enforced_only_if_it_was_asked_for() {
        assert!(!config(&[]).unwrap().enforce_memory);
        let flags = FunctionFlags { memory: Some(128), ..FunctionFlags::default() };
        assert!(function_config(&flags, "hello".into()).unwrap().enforce_memory);
    }

    #[test]
    fn only_managed_instances_may_take_longer_than_half_an_hour() {
        let of = |timeout, concurrency| {
            let flags = FunctionFlags { timeout: Some(timeout), concurrency, ..FunctionFlags::default() };
            function_config(&flags, "hello".into())
        };
        assert!(of(1800, None).is_ok() && of(5400, Some(1)).is_ok());
        assert_eq!(lambda_zip_error::exit_code(&of(1801, None).unwrap_err()), 2);
    }

    fn of_file(text: &str) -> Result<BTreeMap<String, String>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let mut variables = BTreeMap::new();
        add_file(&mut variables, file.path()).map(|()| variables)
    }

    #[test]
    fn a_file_of_variables_is_read_as_dotenv_files_are() {
        let text = "\u{feff}# a comment\r\n\r\n A=1 \r\nexport B=two # and a comment\nC='three # 3'\nD=\"four\\nlines\"\n\
                    CARGO_PKG_NAME\nEMPTY=\n";
        let variables = of_file(text).unwrap();
        let expected = [
            ("A", "1"),
            ("B", "two"),
            ("C", "three # 3"),
            ("CARGO_PKG_NAME", "cargo-lambda-zip"),
            ("D", "four\nlines"),
            ("EMPTY", ""),
        ];
        assert_eq!(variables, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn a_wrong_line_of_a_file_is_named() {
        for text in ["A=1\nB='never ends\n", "A=1\n=2\n", "A B\n"] {
            let error = of_file(text).unwrap_err();
            assert_eq!(lambda_zip_error::exit_code(&error), 2, "{text}: {error:#}");
        }
    }

    #[test]
    fn variables_may_take_four_kilobytes() {
        let value = |size: usize| format!("A={}", "x".repeat(size));
        // `{"A":""}` takes 8 bytes.
        assert!(config(&[&value(4088)]).is_ok());
        let error = config(&[&value(4089)]).unwrap_err();
        assert!(error.to_string().contains("found 4097 bytes"), "{error}");
    }

    #[test]
    fn a_function_is_named_after_its_zip() {
        assert_eq!(function_name(Path::new("target/lambda/hello/bootstrap.zip")), "hello");
        assert_eq!(function_name(Path::new("out/my api.zip")), "my-api");
        assert_eq!(function_name(Path::new("bootstrap.zip")), "bootstrap");
    }
}
