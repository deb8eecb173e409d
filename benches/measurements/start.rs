//! Start-up time: commands that have almost nothing to do.

use std::path::Path;

use crate::page::Page;
use crate::plot::Plot;
use crate::run::{Contender, interleaved};
use crate::{Options, peers, program};

pub(crate) fn measure(options: &Options) -> Page {
    let mut page = Page::new(
        "Start",
        "Commands that do almost nothing. `true` shows how long it takes to start any process on this machine.",
    );
    let directory = options.scratch.join("start");
    let script = directory.join("bootstrap");
    crate::noop::write_changed(&script, b"#!/bin/sh\nexec sleep 1\n");
    let zip = directory.join("small.zip");
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    Contender::new("pack", program(), ["pack".into(), "-o".into(), text(&zip), text(&script)]).run();
    let mut contenders = vec![
        Contender::new("ours, check of a small zip", program(), ["check".into(), text(&zip)]),
        Contender::new("ours, --help", program(), ["--help"]),
        Contender::new(
            "ours, pack of a small file",
            program(),
            ["pack".into(), "-o".into(), text(&zip), text(&script)],
        ),
        Contender::new("true", "true", [""; 0]),
        Contender::new("zip -h", "zip", ["-h"]),
        Contender::new("python3 -c pass", "python3", ["-c", "pass"]),
    ];
    for tool in ["zip", "python3"] {
        if crate::machine::version(tool, &["--version"], "").is_none() {
            contenders.retain(|contender| !contender.name.starts_with(tool));
            page.missing(tool);
        }
    }
    if let Some(cargo_lambda) = peers::cargo_lambda(&mut page) {
        contenders.push(Contender::new("cargo-lambda, --help", cargo_lambda, ["lambda", "--help"]));
    }
    let measured = interleaved(&contenders, options.runs * 4);
    page.section("One process", "");
    page.measured(&measured);
    let mut plot = Plot::new("CPU time of one process: less is better", "ms");
    plot.group("", measured.iter().map(|one| (one.name.clone(), one.cpu.as_secs_f64() * 1000.0)));
    page.plot(plot);
    page
}
