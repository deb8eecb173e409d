//! `--wait-for-runtime`: a function that the user starts, for example in a debugger.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::Result;

use super::{check_before_boot, config, unpack};
use crate::cli::InvokeArguments;
use crate::shell::Shell;
use lambda_local::{FunctionFiles, Isolation, LocalLambda};
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// Nobody debugs for longer.
const NO_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// Lambda's variables that would break a program outside of Lambda, or mean nothing to it.
const NOT_FOR_USERS: [&str; 7] = [
    "AWS_XRAY_CONTEXT_MISSING",
    "AWS_XRAY_DAEMON_ADDRESS",
    "LAMBDA_RUNTIME_DIR",
    "LANG",
    "LD_LIBRARY_PATH",
    "PATH",
    "TZ",
];

/// A function that connects to this address. The zip, if there is one, is unpacked for `LAMBDA_TASK_ROOT`.
pub(super) fn load(arguments: &InvokeArguments, address: SocketAddr, shell: &Shell) -> Result<LocalLambda> {
    let zip = match &arguments.zips[..] {
        [] => None,
        [zip] => Some(zip.as_path()),
        zips => {
            let message = format!("`--wait-for-runtime` waits for one function, found {} zips", zips.len());
            return Err(Failure::new(ErrorKind::Usage, message).hint("pass the zip of that function, or none").into());
        }
    };
    let named = arguments.function_name.clone().or(zip.map(config::function_name));
    let mut config = config::function_config(&arguments.function, named.unwrap_or_else(|| "function".into()))?;
    if arguments.function.timeout.is_none() {
        config.timeout = NO_TIMEOUT;
    }
    let listener = TcpListener::bind(address);
    let listener =
        listener.or_fail(ErrorKind::Setup, || format!("failed to listen on `{address}` for the function"))?;
    let files = match zip {
        Some(zip) => {
            check_before_boot(zip, arguments, shell)?;
            unpack(zip, &[], shell)?
        }
        None => FunctionFiles::empty()?,
    };
    Ok(LocalLambda { config, files, isolation: Isolation::None, cold: false, runtime_listener: Some(listener) })
}

/// Prints the variables as a shell and a file of variables take them.
pub(super) fn print_variables(variables: &BTreeMap<String, String>, shell: &Shell) {
    let address = variables.get("AWS_LAMBDA_RUNTIME_API").map_or("", String::as_str);
    shell.status("Waiting", format_args!("for a function at {address}; start it with these variables:"));
    for (name, value) in variables {
        if !NOT_FOR_USERS.contains(&name.as_str()) {
            shell.plain(format_args!("{name}={}", quoted(value)));
        }
    }
}

/// A value in quotes if a shell needs them.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=+,./:@%".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', r"'\''"))
    }
}
