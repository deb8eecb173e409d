//! How the function is configured, and the environment that Lambda makes of it.

use std::collections::BTreeMap;
use std::env::VarError;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

use crate::cli::FunctionFlags;
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure};

/// The memory that Lambda gives to a function that is not configured otherwise, in MB.
const DEFAULT_MEMORY: u32 = 128;

/// The version of a function that was never published under a number.
pub(super) const VERSION: &str = "$LATEST";

/// The region where the user names none.
const DEFAULT_REGION: &str = "us-east-1";

/// An account that nobody has, as in AWS's emulator.
const ACCOUNT: &str = "012345678912";

/// Variables that describe the sandbox: with other values the function could not run, or would be told what is not so.
const FIXED: [(&str, &str); 10] = [
    ("AWS_LAMBDA_RUNTIME_API", "the address is made up for each start"),
    ("LAMBDA_TASK_ROOT", "it says where the zip is unpacked"),
    ("LAMBDA_RUNTIME_DIR", "it says where a runtime would be"),
    ("_X_AMZN_TRACE_ID", "the runtime sets it for each invocation"),
    ("AWS_LAMBDA_FUNCTION_NAME", "use `--function-name`"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "use `--memory`"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "a local function has no versions"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "a local function is started on demand"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "it follows from the function's name"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "it is made up for each start"),
];

/// How the function is configured.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) function_name: String,
    pub(super) timeout: Duration,
    /// In MB.
    pub(super) memory: u32,
    /// Whether the function is killed when it takes more.
    pub(super) memory_is_enforced: bool,
    /// The user's variables.
    pub(super) variables: BTreeMap<String, String>,
}

impl Settings {
    /// What the flags say of the function in this zip.
    pub(super) fn new(flags: &FunctionFlags, zip: &Path) -> Result<Self> {
        let mut variables = BTreeMap::new();
        for path in &flags.env_file {
            for line in lines_of(&fs::read_to_string(path)?) {
                add_variable(&mut variables, line)?;
            }
        }
        for typed in &flags.env {
            add_variable(&mut variables, typed)?;
        }
        Ok(Self {
            function_name: flags.function_name.clone().unwrap_or_else(|| function_name(zip)),
            timeout: Duration::from_secs(flags.timeout.into()),
            memory: flags.memory.unwrap_or(DEFAULT_MEMORY),
            memory_is_enforced: flags.memory.is_some(),
            variables,
        })
    }

    /// What the function does, by its name in the zip: the part of a handler's name that an executable has.
    pub(super) fn handler(&self) -> &str {
        self.variables.get("_HANDLER").map_or("bootstrap", String::as_str)
    }

    fn region(&self) -> &str {
        let named = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| self.variables.get(*name));
        named.map_or(DEFAULT_REGION, String::as_str)
    }

    /// The function's name in full.
    pub(super) fn arn(&self) -> String {
        format!("arn:aws:lambda:{}:{ACCOUNT}:function:{}", self.region(), self.function_name)
    }

    /// The environment of the function and of its extensions: Lambda's, then the user's. Nothing of this machine's.
    pub(super) fn environment(&self, address: &str, task: &str, layers: &str) -> BTreeMap<String, String> {
        let region = self.region();
        let date = OffsetDateTime::now_utc().format(format_description!("[year]/[month]/[day]")).unwrap_or_default();
        let log_stream = format!("{date}/[{VERSION}]{}", Uuid::new_v4().simple());
        let path = format!("/usr/local/bin:/usr/bin/:/bin:{layers}/bin");
        let libraries =
            format!("/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:{task}:{task}/lib:{layers}/lib");
        let lambdas = [
            ("AWS_DEFAULT_REGION", region),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &self.memory.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", &self.function_name),
            ("AWS_LAMBDA_FUNCTION_VERSION", VERSION),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &format!("/aws/lambda/{}", self.function_name)),
            ("AWS_LAMBDA_LOG_STREAM_NAME", &log_stream),
            ("AWS_LAMBDA_RUNTIME_API", address),
            ("AWS_REGION", region),
            ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("LAMBDA_TASK_ROOT", task),
            ("LANG", "en_US.UTF-8"),
            ("LD_LIBRARY_PATH", &libraries),
            ("PATH", &path),
            ("TZ", ":UTC"),
            ("_HANDLER", self.handler()),
        ];
        let mut environment: BTreeMap<_, _> =
            lambdas.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        environment.extend(self.variables.clone());
        environment
    }
}

/// The name of the function that a zip is likely for: `hello` for `…/hello/bootstrap.zip` and for `hello.zip`.
fn function_name(zip: &Path) -> String {
    let stem = zip.file_stem().unwrap_or_default().to_string_lossy();
    let folder = zip.parent().and_then(Path::file_name).map(|name| name.to_string_lossy());
    let name = match folder {
        Some(folder) if stem == "bootstrap" => folder,
        _ => stem,
    };
    // What Lambda allows in a name.
    let name = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).take(64);
    let name: String = name.collect();
    if name.is_empty() { "function".to_owned() } else { name }
}

fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// `NAME=VALUE`, or `NAME` for the value that this machine's environment has.
fn add_variable(variables: &mut BTreeMap<String, String>, typed: &str) -> Result<(), Failure> {
    let (name, value) = match typed.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (typed, None),
    };
    if name.is_empty() || name.contains(char::is_whitespace) || typed.contains('\0') {
        let failure = Failure::new(ErrorKind::Usage, format!("`{name}` is no name of an environment variable"));
        return Err(failure.hint("a variable is given as `NAME=VALUE`, or as `NAME` for this machine's value"));
    }
    if let Some((_, reason)) = FIXED.iter().find(|(fixed, _)| *fixed == name) {
        let message = format!("the function's `{name}` cannot be set");
        return Err(Failure::new(ErrorKind::Usage, message).hint(*reason));
    }
    let value = match value {
        Some(value) => value,
        None => std::env::var(name).map_err(|error| {
            let what = match error {
                VarError::NotPresent => "is not set on this machine",
                VarError::NotUnicode(_) => "is not UTF-8 on this machine",
            };
            Failure::new(ErrorKind::Usage, format!("the variable `{name}` {what}"))
                .hint(format!("give it as `{name}=VALUE`"))
        })?,
    };
    variables.insert(name.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(env: &[&str]) -> Result<Settings> {
        let env = env.iter().map(|text| (*text).to_owned()).collect();
        Settings::new(
            &FunctionFlags { env, ..FunctionFlags::default() },
            Path::new("target/lambda/hello/bootstrap.zip"),
        )
    }

    #[test]
    fn the_environment_is_lambdas_and_the_users_alone() {
        let environment =
            settings(&["TABLE=orders=1", "AWS_REGION=eu-west-1"]).unwrap().environment("127.0.0.1:1", "/t", "/l");
        assert_eq!(environment["TABLE"], "orders=1");
        assert_eq!(environment["AWS_REGION"], "eu-west-1");
        assert_eq!(environment["AWS_DEFAULT_REGION"], "eu-west-1");
        assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "hello");
        assert_eq!(environment["LAMBDA_TASK_ROOT"], "/t");
        assert_eq!(environment["PATH"], "/usr/local/bin:/usr/bin/:/bin:/l/bin");
        assert!(!environment.contains_key("HOME") && !environment.contains_key("AWS_ACCESS_KEY_ID"));
    }

    #[test]
    fn a_variable_without_a_value_is_this_machines() {
        assert_eq!(settings(&["CARGO_PKG_NAME"]).unwrap().variables["CARGO_PKG_NAME"], "cargo-lambda-zip");
        for wrong in ["SURELY_NOT_SET_ANYWHERE", "=x", "A B=c", "AWS_LAMBDA_RUNTIME_API=x", ""] {
            assert_eq!(lambda_zip_error::exit_code(&settings(&[wrong]).unwrap_err()), 2, "{wrong}");
        }
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
