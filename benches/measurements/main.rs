//! Writes the pages in `docs/measurements/`: this program compared with its peers on this machine.
//!
//! `cargo bench` runs all suites and rewrites their pages; `cargo bench -- packing start` runs two of them. `--runs N`
//! sets how often each command runs (pages show medians). `--smoke` runs everything once on small inputs and writes no
//! page. Pages name the peers that are missing. Nothing fails because of time.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs, reason = "a program that reports on a terminal")]

mod binary;
mod functions;
mod handler;
mod inputs;
mod linking;
mod machine;
mod noop;
mod packing;
mod page;
mod peers;
mod plot;
mod run;
mod start;

use std::path::{Path, PathBuf};

use page::Page;

/// Options for a suite.
pub(crate) struct Options {
    /// How often each command runs. Suites of short commands multiply it.
    pub(crate) runs: usize,
    /// True for `--smoke`.
    pub(crate) smoke: bool,
    /// The directory for inputs and outputs.
    pub(crate) scratch: PathBuf,
}

type Suite = fn(&Options) -> Page;

const SUITES: [(&str, Suite); 6] = [
    ("packing", packing::measure),
    ("no-op", noop::measure),
    ("functions", functions::measure),
    ("start", start::measure),
    ("linking", linking::measure),
    ("binary", binary::measure),
];

fn main() {
    let mut options = Options { runs: 5, smoke: false, scratch: Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench") };
    let mut names = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            // Cargo adds it.
            "--bench" => {}
            "--smoke" => (options.smoke, options.runs) = (true, 1),
            "--runs" => options.runs = args.next().and_then(|text| text.parse().ok()).expect("`--runs` takes a number"),
            name if SUITES.iter().any(|(suite, _)| *suite == name) => names.push(name.to_owned()),
            other => {
                let known: Vec<_> = SUITES.iter().map(|(name, _)| *name).collect();
                panic!("there is no `{other}`: `--smoke`, `--runs N`, and the suites {}", known.join(", "));
            }
        }
    }
    std::fs::create_dir_all(&options.scratch).expect("the scratch directory can be made");
    let directory = if options.smoke {
        options.scratch.join("pages")
    } else {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/measurements")
    };
    for (name, measure) in SUITES {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            eprintln!("measuring {name}");
            let load_before = machine::load();
            let page = measure(&options);
            page.write(&directory, name, options.runs, &load_before);
        }
    }
}

/// This program, built with the profile of this benchmark.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_cargo-lambda-zip"))
}
