//! The peers that are installed on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Options;
use crate::inputs::Input;
use crate::machine::version;
use crate::page::Page;
use crate::run::Contender;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers");

/// An installed archiver. `args` go before the members. A slow one runs only once.
pub(crate) struct Archiver {
    name: &'static str,
    program: PathBuf,
    args: Vec<String>,
    is_slow: bool,
}

impl Archiver {
    /// The command that packs this input into `zip`.
    pub(crate) fn on(&self, input: &Input, zip: &Path) -> Contender {
        let zip = zip.to_str().expect("UTF-8").to_owned();
        let args = self.args.iter().cloned().chain([zip.clone()]).chain(input.members.iter().cloned());
        let contender = Contender::new(self.name, &self.program, args).writes(zip).within(&input.directory);
        if self.is_slow { contender.at_most(1) } else { contender }
    }
}

/// All installed archivers. Missing ones are added to the page.
pub(crate) fn archivers(options: &Options, page: &mut Page) -> Vec<Archiver> {
    let mut found = Vec::new();
    let mut add = |name, program: &Path, args: &[&str], is_slow| {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        found.push(Archiver { name, program: program.to_owned(), args, is_slow });
    };
    match version("zip", &["-v"], "This is Zip") {
        Some(line) => {
            add("zip -6", Path::new("zip"), &["-q", "-r", "-6"], false);
            add("zip -9", Path::new("zip"), &["-q", "-r", "-9"], false);
            page.version(Some(line));
        }
        None => page.missing("Info-ZIP's `zip`"),
    }
    match version("7z", &["i"], "7-Zip") {
        Some(line) => {
            add("7z -mx=5", Path::new("7z"), &["a", "-tzip", "-mx=5"], false);
            add("7z -mx=9", Path::new("7z"), &["a", "-tzip", "-mx=9"], true);
            page.version(Some(line));
        }
        None => page.missing("`7z`"),
    }
    match version("python3", &["--version"], "Python") {
        Some(line) => {
            add("Python zipfile", Path::new("python3"), &[&format!("{FOLDER}/zipfile_peer.py")], false);
            page.version(Some(line));
        }
        None => page.missing("Python"),
    }
    match go_program(options) {
        Some(program) => {
            add("Go archive/zip", &program, &[], false);
            page.version(version("go", &["version"], "go version"));
        }
        None => page.missing("Go"),
    }
    found
}

fn go_program(options: &Options) -> Option<PathBuf> {
    let program = options.scratch.join("go_peer");
    let mut command = Command::new("go");
    command.arg("build").arg("-o").arg(&program).arg(format!("{FOLDER}/go_peer.go"));
    let cache = options.scratch.join("go-cache");
    let status = command.env("GOCACHE", cache).env("GO111MODULE", "off").status().ok()?;
    assert!(status.success(), "Go is there, but does not compile go_peer.go");
    Some(program)
}

/// `cargo-lambda` from `LAMBDA_ZIP_BENCH_CARGO_LAMBDA` or PATH.
pub(crate) fn cargo_lambda(page: &mut Page) -> Option<PathBuf> {
    let named = std::env::var_os("LAMBDA_ZIP_BENCH_CARGO_LAMBDA").map(PathBuf::from);
    let program = named.unwrap_or_else(|| "cargo-lambda".into());
    let line = version(&program, &["lambda", "--version"], "cargo-lambda");
    if line.is_none() {
        page.missing("cargo-lambda (`pip install cargo-lambda`, and its path in `LAMBDA_ZIP_BENCH_CARGO_LAMBDA`)");
    }
    page.version(line.clone());
    line.map(|_| program)
}
