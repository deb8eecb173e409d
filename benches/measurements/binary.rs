//! The built function: size and cold start by profile and C library, and the price of an event.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use lambda_zip_check::elf;

use crate::handler;
use crate::inputs::host;
use crate::page::{Page, thousands};
use crate::plot::Plot;
use crate::run::{Contender, Measured, Sample, wait};
use crate::{Options, program};

/// One way to build. `profile` becomes `CARGO_PROFILE_RELEASE_…` variables.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) flags: &'static [&'static str],
    pub(crate) profile: &'static [(&'static str, &'static str)],
}

const OWN_PROFILE: &str = "--no-profile-defaults";

const VARIANTS: [Variant; 5] = [
    Variant { name: "ours (fat LTO, 1 unit, strip)", flags: &[], profile: &[] },
    Variant { name: "plain release", flags: &[OWN_PROFILE], profile: &[] },
    Variant {
        name: "cargo-lambda's (thin LTO, 1 unit, abort, strip)",
        flags: &[OWN_PROFILE],
        profile: &[("LTO", "thin"), ("CODEGEN_UNITS", "1"), ("PANIC", "abort"), ("STRIP", "symbols")],
    },
    Variant { name: "ours, opt-level z", flags: &[], profile: &[("OPT_LEVEL", "z")] },
    Variant { name: "ours, --libc musl", flags: &["--libc", "musl"], profile: &[] },
];

pub(crate) fn measure(options: &Options) -> Page {
    let mut page = Page::new(
        "The built binary",
        "Size and cold start of `examples/hello` by profile and C library, and what an event costs a function.",
    );
    page.version(crate::machine::version("rustc", &["--version"], ""));
    profiles(options, &mut page);
    handler::measure(options, &mut page);
    page
}

fn profiles(options: &Options, page: &mut Page) {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello/Cargo.toml");
    let mut built = Vec::new();
    for variant in &VARIANTS[..if options.smoke { 1 } else { VARIANTS.len() }] {
        match build(options, &manifest, variant, "") {
            Some(binary) => built.push((variant.name.to_owned(), binary)),
            None => page.missing(&format!("what `{}` needs", variant.flags.join(" "))),
        }
    }
    if let Some((_, plain)) = built.iter().find(|(name, _)| name == "plain release") {
        let stripped = plain.with_extension("stripped");
        let file = |opened: std::io::Result<File>| opened.expect("a binary can be opened");
        elf::strip(file(File::open(plain)), file(File::create(&stripped))).expect("a binary can be stripped");
        executable(&stripped);
        built.push(("plain release, stripped".into(), stripped));
    }
    let mut samples = vec![Vec::new(); built.len()];
    for _ in 0..options.runs * 4 {
        for ((_, binary), samples) in built.iter().zip(&mut samples) {
            samples.push(cold_start(binary));
        }
    }
    let rows: Vec<_> = built
        .iter()
        .zip(&samples)
        .map(|((name, binary), samples)| {
            let zip = options.scratch.join("binary.zip");
            let args = ["pack", "-o", zip.to_str().expect("UTF-8"), binary.to_str().expect("UTF-8")];
            Contender::new("pack", program(), args).run();
            let measured = Measured::of(name, samples);
            let size = |path: &Path| path.metadata().expect("it was written").len();
            vec![
                name.clone(),
                thousands(size(binary)),
                thousands(size(&zip)),
                format!("{:.1}", measured.wall.as_secs_f64() * 1000.0),
                format!("{:.1}", measured.cpu.as_secs_f64() * 1000.0),
                format!("{:.1}", f64::from(u32::try_from(measured.peak >> 10).unwrap_or(u32::MAX)) / 1024.0),
            ]
        })
        .collect();
    page.section(
        "Size and cold start",
        "Time from the start of the process to its first request for an event, with a local Runtime API. On \
         Lambda, fetching and unpacking the zip come on top, and depend on its size.",
    );
    page.table(&["", "binary", "zip", "first `next` ms", "CPU ms", "peak MiB"], &rows);
    let mut plot = Plot::new("Bytes of the zip of examples/hello", "kB");
    let kilobytes = |row: &Vec<String>| row[2].replace(',', "").parse::<f64>().unwrap_or_default() / 1000.0;
    plot.group("", rows.iter().map(|row| (row[0].clone(), kilobytes(row))));
    page.plot(plot);
}

/// Builds the executable. Returns `None` if this machine cannot build it.
pub(crate) fn build(options: &Options, manifest: &Path, variant: &Variant, features: &str) -> Option<PathBuf> {
    let name = variant.name.chars().filter(char::is_ascii_alphanumeric).collect::<String>() + features;
    let target = options.scratch.join("binary").join(name);
    let mut command = Command::new(program());
    command.arg("--manifest-path").arg(manifest).arg("--target-dir").arg(&target).args(["--arch", host()]);
    command.args(variant.flags).args(["--features", features, "--message-format", "json"]);
    command.envs(variant.profile.iter().map(|(key, value)| (format!("CARGO_PROFILE_RELEASE_{key}"), value)));
    eprintln!("  building {} {features}", variant.name);
    let output = command.stderr(Stdio::null()).output().expect("the program starts");
    if !output.status.success() {
        return None;
    }
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    let triple = report["archives"][0]["target"].as_str().expect("the report tells the target").to_owned();
    let directory = target.join(triple.split('.').next().unwrap_or_default()).join("release");
    Some(directory.join(manifest.parent()?.file_name()?))
}

#[cfg(unix)]
fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a mode can be set");
}

#[cfg(not(unix))]
fn executable(_: &Path) {}

/// Starts a function and ends it at its first request for an event.
fn cold_start(binary: &Path) -> Sample {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address").to_string();
    let mut command = Command::new(binary);
    command.env("AWS_LAMBDA_RUNTIME_API", address).env("AWS_LAMBDA_FUNCTION_NAME", "hello");
    command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128").env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
    command.env("AWS_LAMBDA_LOG_GROUP_NAME", "group").env("AWS_LAMBDA_LOG_STREAM_NAME", "stream");
    let started = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let (stream, _) = listener.accept().expect("it connects");
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).expect("it sends a request");
    let elapsed = started.elapsed();
    assert!(line.contains("/runtime/invocation/next"), "its first request is {line}");
    child.kill().expect("it can be ended");
    let used = wait(child);
    Sample { wall: elapsed, cpu: used.rusage.utime + used.rusage.stime, peak: used.rusage.maxrss, bytes: None }
}
