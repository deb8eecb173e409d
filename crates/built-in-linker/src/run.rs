//! Runs `rust-lld`.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use tempfile::NamedTempFile;

use crate::driver::{Driver, Request};
use crate::error::Error;
use crate::response_file::{compose, display, expand_response_files};

/// Command lines above this many bytes go through a response file. Windows has 32,767 UTF-16 units for all of it; on Unix
/// the smallest limit in use, macOS's, is 1 MiB and holds the environment, too.
const LONGEST: usize = if cfg!(windows) { 24 << 10 } else { 256 << 10 };

/// What came of the arguments.
#[derive(Debug)]
pub struct Outcome {
    /// Whether all went well.
    pub success: bool,
    /// The exit code of `rust-lld`, 0 where it was not run, and 1 where a signal ended it.
    pub code: i32,
    /// For standard output.
    pub stdout: Vec<u8>,
    /// For standard error. [`problems`](crate::problems) finds in it what the caller may know a cure for.
    pub stderr: Vec<u8>,
}

impl Driver {
    /// Does what the arguments of a `cc` ask for: links with this `rust-lld`, or answers. Response files among the
    /// arguments are read.
    pub fn run(&self, rust_lld: &Path, arguments: impl IntoIterator<Item = OsString>) -> Result<Outcome, Error> {
        let arguments = expand_response_files(arguments, &mut |path| std::fs::read(path))?;
        match self.translate(&arguments)? {
            Request::Link { arguments, verbose } => {
                let shown = if verbose { display(rust_lld, &with_flavor(arguments.clone())) } else { String::new() };
                let mut outcome = link(rust_lld, &with_flavor(arguments))?;
                outcome.stderr.splice(..0, shown.into_bytes());
                Ok(outcome)
            }
            Request::Show { arguments } => {
                Ok(answer(Vec::new(), display(rust_lld, &with_flavor(arguments)).into_bytes()))
            }
            Request::Print(text) => Ok(answer(text.into_bytes(), Vec::new())),
            Request::PrintFileName { name, directories } => {
                let path = find(&name, &directories);
                Ok(answer(format!("{}\n", path.display()).into_bytes(), Vec::new()))
            }
        }
    }
}

fn answer(stdout: Vec<u8>, stderr: Vec<u8>) -> Outcome {
    Outcome { success: true, code: 0, stdout, stderr }
}

/// As GCC answers: the path of the file, or the name where there is no such file.
fn find(name: &OsString, directories: &[PathBuf]) -> PathBuf {
    let candidates = directories.iter().map(|directory| directory.join(name));
    candidates.into_iter().find(|path| path.exists()).unwrap_or_else(|| name.into())
}

/// `rust-lld` is five linkers in one; this is the one for ELF.
fn with_flavor(arguments: Vec<OsString>) -> Vec<OsString> {
    ["-flavor", "gnu"].into_iter().map(OsString::from).chain(arguments).collect()
}

fn link(rust_lld: &Path, arguments: &[OsString]) -> Result<Outcome, Error> {
    let length: usize = arguments.iter().map(|argument| argument.len() + 3).sum();
    if length <= LONGEST {
        return spawn(rust_lld, arguments);
    }
    // The flavour is read before response files are.
    let (flavor, rest) = arguments.split_at(2);
    let content = compose(rest).ok_or_else(|| {
        let argument = rest.iter().find(|argument| argument.to_str().is_none());
        Error::NotUnicode { argument: argument.cloned().unwrap_or_default() }
    })?;
    let file = write_scratch(&content).map_err(|source| Error::Scratch { source })?;
    // On Windows, LLD would read the file by the rules of Windows' command lines.
    let mut short = [flavor, &["--rsp-quoting=posix".into()]].concat();
    short.push(crate::text::join("@", file.path().as_os_str()));
    spawn(rust_lld, &short)
}

fn write_scratch(content: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.write_all(content)?;
    file.flush()?;
    Ok(file)
}

fn spawn(rust_lld: &Path, arguments: &[OsString]) -> Result<Outcome, Error> {
    let mut command = Command::new(rust_lld);
    // LLD writes its version and the place of its source to `.comment`. The place differs between the hosts of one Rust.
    let output = command.args(arguments).env("LLD_VERSION", "Linker: LLD").stdin(Stdio::null()).output();
    let output = output.map_err(|source| Error::Start { program: rust_lld.to_owned(), source })?;
    Ok(Outcome {
        success: output.status.success(),
        code: code(output.status),
        stdout: output.stdout,
        stderr: output.stderr,
    })
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(1)
}
