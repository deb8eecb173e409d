//! Calls of this executable by the wrappers of the `cargo-zigbuild` crate. Cargo and build scripts run the wrappers as C
//! compiler, linker and archiver; a wrapper runs this program as `<program> zig cc …`, or under the name `ar`.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use cargo_zigbuild::Zig;
use clap::Parser;

use super::environment;
use crate::linker::hints;

/// `<program> zig cc|c++|ar|ranlib … ARGS`, as the wrappers spell it. It is not part of the public command line.
#[derive(Debug, Parser)]
#[command(name = "zig")]
struct WrapperCall {
    #[command(subcommand)]
    zig: Zig,
}

/// Set in a run that another run of this program started.
const NESTED: &str = "LAMBDA_ZIP_ZIG_NESTED";

/// Runs zig if a wrapper made this call, and returns the exit code and the text for stdout. `None` for every other command
/// line.
pub(crate) fn run_for_wrapper(args: &[OsString]) -> Option<Result<(u8, String)>> {
    let (program, rest) = args.split_first()?;
    let text = |args: &[OsString]| args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect::<Vec<_>>();
    if Path::new(program).file_stem().is_some_and(|name| name.eq_ignore_ascii_case("ar")) {
        return Some(Zig::Ar { args: text(rest) }.execute().map(|()| (0, String::new())));
    }
    let (first, rest) = rest.split_first()?;
    if first != "zig" {
        return None;
    }
    if rest.first().is_some_and(|word| word == environment::SUBCOMMAND) {
        let variables = environment::variables(text(&rest[1..]));
        return Some(variables.and_then(|variables| Ok((0, serde_json::to_string(&variables)?))));
    }
    let call = match WrapperCall::try_parse_from(&args[1..]) {
        Ok(call) => call,
        Err(error) => return Some(Err(error.into())),
    };
    if links(&call.zig) && std::env::var_os(NESTED).is_none() {
        return Some(link(&args[1..]).map(|code| (code, String::new())));
    }
    Some(call.zig.execute().map(|()| (0, String::new())))
}

/// True for a call that links: no other call has files to link and no flag that stops before the link.
fn links(zig: &Zig) -> bool {
    let (Zig::Cc { args } | Zig::Cxx { args }) = zig else { return false };
    !args.iter().any(|arg| ["-c", "-E", "-S"].contains(&arg.as_str()))
}

/// Links with zig in a child process, and adds hints to its errors. The crate would end this process.
fn link(args: &[OsString]) -> Result<u8> {
    let program = std::env::current_exe().context("failed to find the path of this program")?;
    let output =
        Command::new(program).args(args).env(NESTED, "1").stderr(Stdio::piped()).stdout(Stdio::inherit()).output();
    let output = output.context("failed to run zig")?;
    let mut stderr = io::stderr().lock();
    stderr.write_all(&output.stderr).context("failed to write to stderr")?;
    if output.status.success() {
        return Ok(0);
    }
    for name in missing_libraries(&String::from_utf8_lossy(&output.stderr)) {
        writeln!(stderr, "hint: {}", hints::library_without_zig(&name)).context("failed to write to stderr")?;
    }
    Ok(output.status.code().and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0).unwrap_or(1))
}

/// The libraries that zig did not find, by its errors. Its own linker and LLD word them differently.
fn missing_libraries(stderr: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        let quoted = |start: &str| Some(line.split_once(start)?.1.split(['"', '\'']).next()?.to_owned());
        let starts = ["system library \"", "system library '", "library not found: \""];
        starts.into_iter().find_map(quoted).or_else(|| {
            let (_, name) = line.split_once("unable to find library -l")?;
            Some(name.trim().to_owned())
        })
    };
    stderr.lines().filter(|line| line.contains("error: ")).filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_libraries_are_found_in_what_zig_prints() {
        let text = "error: unable to find dynamic system library \"ssl\" using strategy no_fallback. searched paths:\n  \
                    /usr/lib/libssl.so\nerror: unable to find Static system library 'z' using strategy 'no_fallback'.\n\
                    ld.lld: error: unable to find library -lfoo\nld.lld: error: undefined symbol: bar\n";
        let found: Vec<_> = missing_libraries(text).into_iter().collect();
        assert_eq!(found, ["foo", "ssl", "z"]);
    }
}
