//! Calls of this executable by the wrappers of the `cargo-zigbuild` crate. Cargo and build scripts run the wrappers as C
//! compiler, linker and archiver; a wrapper runs this program as `<program> zig cc …`, or under the name `ar`.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;
use cargo_zigbuild::Zig;
use clap::Parser;

use super::environment;

/// `<program> zig cc|c++|ar|ranlib … ARGS`, as the wrappers spell it. It is not part of the public command line.
#[derive(Debug, Parser)]
#[command(name = "zig")]
struct WrapperCall {
    #[command(subcommand)]
    zig: Zig,
}

/// Runs zig if a wrapper made this call, and returns the text for stdout. `None` for every other command line.
pub(crate) fn run_for_wrapper(args: &[OsString]) -> Option<Result<String>> {
    let (program, rest) = args.split_first()?;
    let text = |args: &[OsString]| args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect::<Vec<_>>();
    if Path::new(program).file_stem().is_some_and(|name| name.eq_ignore_ascii_case("ar")) {
        return Some(Zig::Ar { args: text(rest) }.execute().map(|()| String::new()));
    }
    let (first, rest) = rest.split_first()?;
    if first != "zig" {
        return None;
    }
    if rest.first().is_some_and(|word| word == environment::SUBCOMMAND) {
        let variables = environment::variables(text(&rest[1..]));
        return Some(variables.and_then(|variables| Ok(serde_json::to_string(&variables)?)));
    }
    let call = match WrapperCall::try_parse_from(&args[1..]) {
        Ok(call) => call,
        Err(error) => return Some(Err(error.into())),
    };
    Some(call.zig.execute().map(|()| String::new()))
}
