//! The calls that come back to this executable: cargo runs the wrappers that the `cargo-zigbuild` crate writes, and those
//! run this program as `<program> zig cc …`, or under the name of `ar`.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;
use cargo_zigbuild::Zig;
use clap::Parser;

use super::environment;

/// `<program> zig cc|c++|ar|ranlib … ARGS`, as the wrappers spell it. It is no part of the command line of users.
#[derive(Debug, Parser)]
#[command(name = "zig")]
struct Call {
    #[command(subcommand)]
    zig: Zig,
}

/// BuildInputs a call of a wrapper, and returns nothing for any other command line. The text is for stdout.
pub(crate) fn answer(args: &[OsString]) -> Option<Result<String>> {
    let (program, rest) = args.split_first()?;
    let text = |args: &[OsString]| args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect::<Vec<_>>();
    if Path::new(program).file_stem().is_some_and(|name| name.eq_ignore_ascii_case("ar")) {
        return Some(Zig::Ar { args: text(rest) }.execute().map(|()| String::new()));
    }
    let (first, rest) = rest.split_first()?;
    if first != "zig" {
        return None;
    }
    if rest.first().is_some_and(|word| word == environment::WORD) {
        let variables = environment::variables(text(&rest[1..]));
        return Some(variables.and_then(|variables| Ok(serde_json::to_string(&variables)?)));
    }
    let call = match Call::try_parse_from(&args[1..]) {
        Ok(call) => call,
        Err(error) => return Some(Err(error.into())),
    };
    Some(call.zig.execute().map(|()| String::new()))
}
