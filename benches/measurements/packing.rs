//! Time, memory and bytes of packing a zip, compared with other archivers.

use std::path::Path;

use crate::inputs::{self, Input};
use crate::page::Page;
use crate::plot::Plot;
use crate::run::{Contender, Measured, interleaved};
use crate::{Options, peers, program};

pub(crate) fn measure(options: &Options) -> Page {
    let mut page = Page::new(
        "Packing",
        "Packs an executable, or an executable and other files, into one zip. `ours` also checks the zip \
         against the rules of the runtime, reads it back and computes its SHA-256; the other programs do not. \
         `×` compares with the first row of a table.",
    );
    let archivers = peers::archivers(options, &mut page);
    let mut times = Plot::new("CPU time of packing: less is better", "s");
    let mut sizes = Plot::new("Size against zip -9: less is better", "%");
    for input in inputs::all(options) {
        let zip = options.scratch.join("out.zip");
        let mut contenders = ours(&input, &zip);
        contenders.extend(archivers.iter().map(|archiver| archiver.on(&input, &zip.with_file_name("peer.zip"))));
        contenders.push(copy(&input, &options.scratch.join("copy")));
        let measured = interleaved(&contenders, if input.name == "big" { options.runs.min(3) } else { options.runs });
        page.section(input.name, &format!("{}.", input.what));
        page.measured(&measured);
        let fit = |one: &&Measured| one.bytes.is_some() && !one.name.contains("store");
        times.group(input.name, measured.iter().filter(fit).map(|one| (one.name.clone(), one.cpu.as_secs_f64())));
        if let Some(reference) = measured.iter().find(|one| one.name == "zip -9").and_then(|one| one.bytes) {
            let percent = |one: &Measured| ratio(one.bytes.unwrap_or_default(), reference) * 100.0;
            sizes.group(input.name, measured.iter().filter(fit).map(|one| (one.name.clone(), percent(one))));
        }
    }
    page.plot(times);
    page.plot(sizes);
    page
}

#[allow(clippy::cast_precision_loss, reason = "sizes of files, for three digits")]
fn ratio(one: u64, other: u64) -> f64 {
    one as f64 / other.max(1) as f64
}

fn ours(input: &Input, zip: &Path) -> Vec<Contender> {
    // Some inputs are libraries, or need libraries that no runtime has.
    const RULES: &str = "library-missing,not-a-program";
    let args = |compression: &str| {
        let zip = zip.to_str().expect("UTF-8").to_owned();
        let mut args = vec!["pack".into(), "--compression".into(), compression.into(), "-o".into(), zip];
        args.extend(["--allow".into(), RULES.into()]);
        args.extend(input.members.iter().cloned());
        args
    };
    let ours = |name: &str, compression: &str| Contender::new(name, program(), args(compression));
    let mut contenders = vec![ours("ours", "default"), ours("ours, fast", "fast"), ours("ours, best", "best")];
    contenders.push(ours("ours, store", "store"));
    if cfg!(target_os = "linux") {
        let program = program().to_str().expect("UTF-8").to_owned();
        let pinned = ["-c".into(), "0".into(), program].into_iter().chain(args("default"));
        contenders.push(Contender::new("ours, one core", "taskset", pinned));
    }
    contenders.into_iter().map(|contender| contender.writes(zip).within(&input.directory)).collect()
}

fn copy(input: &Input, to: &Path) -> Contender {
    let args =
        ["-r".into(), input.directory.to_str().expect("UTF-8").to_owned(), to.to_str().expect("UTF-8").to_owned()];
    Contender::new("cp", "cp", args).writes(to)
}
