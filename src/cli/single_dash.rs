//! Long flags with a single dash, such as `-output`.
//!
//! clap reads `-output main.zip` as `-o utput` and a path. Programs in Go, such as build-lambda-zip, accept one dash as
//! well as two, so people type it. `pack` accepts the flags of build-lambda-zip in all of their spellings. Any other long
//! flag with one dash is an error that names it.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, Command, Error};

/// The flags of build-lambda-zip, without dashes, and how `pack` spells them.
const BUILD_LAMBDA_ZIP_FLAGS: [(&str, &str); 4] =
    [("output", "--output"), ("o", "--output"), ("help", "--help"), ("h", "--help")];

/// The flags that clap adds itself.
const BUILT_IN_LONGS: [&str; 2] = ["help", "version"];
const BUILT_IN_SHORTS: [char; 2] = ['h', 'V'];

/// What clap would make of an argument that starts with a dash.
#[derive(Debug)]
enum Flag<'c> {
    /// A flag whose value, if it takes one, is part of the argument.
    Complete,
    /// A flag whose value is the next argument.
    NeedsValue(&'c Arg),
    /// A flag that `pack` spells differently.
    Respelled(String),
    /// A long flag with a single dash, or flags that do not exist.
    Unknown { similar: Option<&'c str> },
}

/// Respells the flags of build-lambda-zip for `pack`, and refuses all other long flags with a single dash.
///
/// `program` is the definition of the command line. `args` are the arguments after the name of the program.
pub(super) fn resolve(program: &Command, args: Vec<OsString>) -> Result<Vec<OsString>, Error> {
    let mut command = program;
    let mut resolved = Vec::with_capacity(args.len());
    let mut args = args.into_iter().peekable();
    while let Some(arg) = args.next() {
        let text = arg.to_str().unwrap_or_default();
        if text == "--" {
            resolved.push(arg);
            resolved.extend(args);
            break;
        }
        if !text.starts_with('-') || text == "-" {
            command = command.find_subcommand(text).unwrap_or(command);
            resolved.push(arg);
            continue;
        }
        let flag = flag(command, text);
        if let Flag::Unknown { similar } = flag {
            return Err(unknown(program, text, similar));
        }
        // A value that looks like a flag is left alone.
        let value = args.next_if(|next| {
            let is_value = |arg: &Arg| arg.is_allow_hyphen_values_set() || !next.as_encoded_bytes().starts_with(b"-");
            matches!(&flag, Flag::NeedsValue(arg) if is_value(arg))
        });
        resolved.push(if let Flag::Respelled(text) = flag { text.into() } else { arg });
        resolved.extend(value);
    }
    Ok(resolved)
}

fn flag<'c>(command: &'c Command, text: &str) -> Flag<'c> {
    let name_and_value = text.trim_start_matches('-');
    let name = name_and_value.split('=').next().unwrap_or_default();
    let is_short = !text.starts_with("--") && name.chars().nth(1).is_none();
    if command.get_name() == "pack"
        && !is_short
        && let Some((name, spelling)) = BUILD_LAMBDA_ZIP_FLAGS.iter().find(|(known, _)| *known == name)
    {
        // The next argument, which may be its value, has no dash and needs no change.
        return Flag::Respelled(format!("{spelling}{}", &name_and_value[name.len()..]));
    }
    if text.starts_with("--") {
        let takes_next = |arg: &&Arg| arg.get_long() == Some(name) && arg.get_action().takes_values();
        let found = command.get_arguments().find(takes_next).filter(|_| name == name_and_value);
        return found.map_or(Flag::Complete, Flag::NeedsValue);
    }
    if !is_short && let Some(similar) = similar_long(command, name) {
        return Flag::Unknown { similar: Some(similar) };
    }
    short_flags(command, name_and_value)
}

/// One or more short flags behind one dash, the last of which may have its value behind it.
fn short_flags<'c>(command: &'c Command, letters: &str) -> Flag<'c> {
    for (index, letter) in letters.char_indices() {
        if BUILT_IN_SHORTS.contains(&letter) {
            continue;
        }
        let Some(arg) = command.get_arguments().find(|arg| arg.get_short() == Some(letter)) else {
            return Flag::Unknown { similar: None };
        };
        if arg.get_action().takes_values() {
            let has_value = index + letter.len_utf8() < letters.len();
            return if has_value { Flag::Complete } else { Flag::NeedsValue(arg) };
        }
    }
    Flag::Complete
}

/// The long flag with this name, or one that it is a typo of.
///
/// A typo differs in at most a third of its letters, which is cargo's own limit, and starts with the same two letters:
/// `-ouput` is a typo of `--output`, but `-pprofiles` is a package.
fn similar_long<'c>(command: &'c Command, name: &str) -> Option<&'c str> {
    let longs = command.get_arguments().filter_map(Arg::get_long).chain(BUILT_IN_LONGS);
    let distance = |long: &&str| strsim::damerau_levenshtein(name, long);
    let is_similar = |long: &&str| {
        *long == name || distance(long) <= name.chars().count() / 3 && long.chars().take(2).eq(name.chars().take(2))
    };
    longs.filter(is_similar).min_by_key(distance)
}

fn unknown(program: &Command, text: &str, similar: Option<&str>) -> Error {
    let flag = text.split('=').next().unwrap_or_default();
    let tip = match similar {
        Some(long) => format!("  tip: long flags have two dashes: '--{long}'\n\n"),
        None => String::new(),
    };
    let message = format!("unexpected argument '{flag}' found\n\n{tip}For more information, try '--help'.\n");
    Error::raw(ErrorKind::UnknownArgument, message).with_cmd(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve_words(words: &[&str]) -> Result<Vec<String>, String> {
        let program = crate::cli::program();
        let args = resolve(&program, words.iter().map(OsString::from).collect()).map_err(|error| error.to_string())?;
        Ok(args.into_iter().map(|arg| arg.into_string().unwrap()).collect())
    }

    #[test]
    fn pack_accepts_every_spelling_of_build_lambda_zip() {
        for (typed, resolved) in [
            (&["pack", "main", "-output", "main.zip"][..], &["pack", "main", "--output", "main.zip"][..]),
            (&["pack", "-output=main.zip", "main"], &["pack", "--output=main.zip", "main"]),
            (&["pack", "--o", "main.zip", "main"], &["pack", "--output", "main.zip", "main"]),
            (&["pack", "--o=a=b", "main"], &["pack", "--output=a=b", "main"]),
            (&["pack", "-help"], &["pack", "--help"]),
            (&["pack", "--h"], &["pack", "--help"]),
            (&["pack", "-o=main.zip", "-q"], &["pack", "-o=main.zip", "-q"]),
            (&["pack", "main", "--", "-output"], &["pack", "main", "--", "-output"]),
        ] {
            assert_eq!(resolve_words(typed).unwrap(), resolved);
        }
    }

    #[test]
    fn every_other_long_flag_with_one_dash_is_refused() {
        let program = crate::cli::program();
        for command in std::iter::once(&program).chain(program.get_subcommands()) {
            for long in command.get_arguments().filter_map(Arg::get_long).chain(BUILT_IN_LONGS) {
                if command.get_name() == "pack" && ["output", "help"].contains(&long) {
                    continue;
                }
                let mut words = vec![command.get_name()];
                words.retain(|name| *name != program.get_name());
                let flag = format!("-{long}");
                words.push(&flag);
                let error = resolve_words(&words).unwrap_err();
                let tip = format!("'{flag}' found\n\n  tip: long flags have two dashes: '--{long}'\n");
                assert!(error.contains(&tip), "{words:?}: {error}");
            }
        }
    }

    #[test]
    fn short_flags_and_values_are_left_alone() {
        for words in [
            &["-vv", "-papi", "-j4", "-Zbuild-std", "-Fa,b", "-oout.zip", "-pprofiles", "-h", "-V"][..],
            &["--jobs", "-1", "--invoke-event", "-output", "-j", "-2"],
            &["--bin", "pack", "-oout.zip"],
            &["invoke", "a.zip", "--event", "-", "-e", "-output"],
            &["--output=-output", "-o", "-", "--", "-arch"],
        ] {
            assert_eq!(resolve_words(words).unwrap(), words);
        }
    }

    #[test]
    fn typos_are_refused_by_name() {
        for (flag, similar) in [("-ouput", "'--output'"), ("-archs=arm64", "'--arch'")] {
            let error = resolve_words(&[flag]).unwrap_err();
            assert!(error.contains(similar), "{error}");
        }
        assert!(resolve_words(&["-xyz"]).unwrap_err().contains("'-xyz'"));
    }
}
