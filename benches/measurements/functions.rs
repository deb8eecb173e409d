//! The cost of each function in a package with many of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::inputs::host;
use crate::noop::{cargo_program, write_changed};
use crate::page::Page;
use crate::plot::Plot;
use crate::run::{Contender, interleaved};
use crate::{Options, program};

pub(crate) fn measure(options: &Options) -> Page {
    let mut page = Page::new(
        "Many functions",
        "A package with this many binaries, each a copy of `examples/hello`. If nothing changed, cargo checks \
         all of them, and so does this program. Before `all zips` the zips were deleted and the binaries kept.",
    );
    let counts = if options.smoke { &[1, 3][..] } else { &[1, 10, 100] };
    let mut rows = Vec::new();
    let mut plot = Plot::new("Wall time, nothing to do: less is better", "s");
    for &count in counts {
        let contenders = contenders(&options.scratch.join("functions"), count);
        for contender in &contenders {
            contender.run();
        }
        let (idle, anew) = contenders.split_at(2);
        // Files that changed less than three seconds ago are always read again. Wait until that no longer applies.
        thread::sleep(Duration::from_secs(4));
        let mut measured = interleaved(idle, options.runs * 3);
        measured.extend(interleaved(anew, options.runs));
        let seconds = |index: usize| measured[index].wall.as_secs_f64();
        let milliseconds_each = (seconds(2) - seconds(0)) * 1000.0 / f64::from(count);
        rows.push(vec![
            count.to_string(),
            format!("{:.3}", seconds(1)),
            format!("{:.3}", seconds(0)),
            format!("{:.2}", seconds(0) / seconds(1)),
            format!("{:.3}", seconds(2)),
            format!("{milliseconds_each:.1}"),
        ]);
        plot.group(
            &format!("{count} functions"),
            measured.iter().map(|one| (one.name.clone(), one.wall.as_secs_f64())),
        );
    }
    page.section(
        "Wall time by the number of functions",
        "In seconds; the last column is the time to pack one function, in milliseconds.",
    );
    page.table(&["functions", "cargo build", "ours", "ours × cargo", "all zips", "ms each"], &rows);
    page.plot(plot);
    page
}

/// `ours` and cargo without changes, and `ours` with all zips removed.
fn contenders(scratch: &Path, count: u32) -> Vec<Contender> {
    let manifest = package(&scratch.join(format!("package-{count}")), count);
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let args = |target: &str| {
        let target = scratch.join(format!("{target}-{count}")).to_str().expect("UTF-8").to_owned();
        ["--manifest-path".into(), manifest.to_str().expect("UTF-8").to_owned(), "--target-dir".into(), target]
    };
    let ours =
        |name: &str| Contender::new(name, program(), args("ours").into_iter().chain(["--arch".into(), host().into()]));
    let cargo = ["build".into(), "--release".into(), "--target".into(), triple].into_iter().chain(args("cargo"));
    vec![
        ours("ours"),
        Contender::new("cargo build", cargo_program(), cargo),
        ours("ours, all zips").writes(scratch.join(format!("ours-{count}")).join("lambda")),
    ]
}

/// A package with `count` copies of the example. Compiled without optimization, because building is not measured.
fn package(directory: &Path, count: u32) -> PathBuf {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello");
    let read = |name: &str| fs::read_to_string(example.join(name)).expect("the example can be read");
    let manifest = directory.join("Cargo.toml");
    let text = read("Cargo.toml") + "\n[profile.release]\nopt-level = 0\nlto = \"off\"\ncodegen-units = 1\n";
    write_changed(&manifest, text.as_bytes());
    write_changed(&directory.join("Cargo.lock"), read("Cargo.lock").as_bytes());
    let function = read("src/main.rs");
    for index in 0..count {
        let code = function.replace("Hello, ", &format!("Function {index} says hello, "));
        write_changed(&directory.join(format!("src/bin/function-{index:03}.rs")), code.as_bytes());
    }
    manifest
}
