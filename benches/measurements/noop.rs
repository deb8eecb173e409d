//! A build without changes, compared with `cargo build` and cargo-lambda.

use std::fs;
use std::path::{Path, PathBuf};

use crate::inputs::host;
use crate::page::Page;
use crate::plot::Plot;
use crate::run::{Contender, interleaved};
use crate::{Options, peers, program};

pub(crate) fn measure(options: &Options) -> Page {
    let mut page = Page::new(
        "Nothing to do",
        "Each command ran before, and nothing has changed since. `cargo build` compiles nothing and `ours` \
         packs nothing; the other tools pack everything again. A cargo subcommand also starts cargo itself, \
         which takes as long as `cargo --version`.",
    );
    let cargo_lambda = peers::cargo_lambda(&mut page);
    let mut plot = Plot::new("Wall time with nothing to do: less is better", "s");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello");
    let mut packages = vec![
        ("large", "A binary of 35 MB.", large(options)),
        ("files", "A small binary and 2,000 other files. cargo-lambda packs only the binary.", files(options)),
    ];
    if !options.smoke {
        packages.insert(0, ("hello", "`examples/hello`, with lambda_runtime.", example));
    }
    for (name, what, package) in packages {
        let contenders = contenders(&options.scratch.join("no-op").join(name), &package, cargo_lambda.as_deref());
        for contender in &contenders {
            contender.run();
        }
        let measured = interleaved(&contenders, options.runs * 3);
        page.section(name, what);
        page.measured(&measured);
        plot.group(name, measured.iter().map(|one| (one.name.clone(), one.wall.as_secs_f64())));
    }
    page.plot(plot);
    page
}

/// The same build by each tool, each with its own target directory.
fn contenders(scratch: &Path, package: &Path, cargo_lambda: Option<&Path>) -> Vec<Contender> {
    let manifest = package.join("Cargo.toml");
    let target_dir = |name: &str| scratch.join(name).to_str().expect("UTF-8").to_owned();
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let of_package = || ["--manifest-path".into(), manifest.to_str().expect("UTF-8").to_owned()].into_iter();
    let common = |name: &str| of_package().chain(["--target-dir".into(), target_dir(name)]);
    let ours = || common("ours").chain(["--arch".into(), host().into()]);
    let cargo = ["build".into(), "--release".into(), "--target".into(), triple.clone()].into_iter();
    let subcommand = ["lambda-zip".to_owned()].into_iter().chain(ours());
    let mut contenders = vec![
        Contender::new("ours", program(), ours()),
        Contender::new("ours, as `cargo lambda-zip`", cargo_program(), subcommand).env("PATH", path_with(program())),
        Contender::new("cargo build", cargo_program(), cargo.chain(common("cargo"))),
        Contender::new("cargo --version", cargo_program(), ["--version"]),
    ];
    if let Some(cargo_lambda) = cargo_lambda {
        let words = ["lambda", "build", "--release", "--output-format", "zip", "--target", &triple].map(String::from);
        let contender = Contender::new("cargo-lambda", cargo_lambda, words.into_iter().chain(of_package()));
        // cargo-lambda passes `--target-dir` to `cargo metadata`, which does not have it.
        contenders
            .push(contender.env("PATH", path_with(cargo_lambda)).env("CARGO_TARGET_DIR", target_dir("cargo-lambda")));
    }
    contenders
}

/// The cargo that runs this benchmark, without the rustup proxy. `ours` starts the same one.
pub(crate) fn cargo_program() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

/// PATH with the program's directory first. There cargo finds the subcommand, and cargo-lambda the Python that has zig.
pub(crate) fn path_with(program: &Path) -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = program.parent().map(PathBuf::from).into_iter().chain(std::env::split_paths(&path));
    std::env::join_paths(directories).expect("PATH can be joined").into_string().expect("UTF-8")
}

/// A package with a large binary, because it embeds a large file.
fn large(options: &Options) -> PathBuf {
    let package = options.scratch.join("no-op").join("large-package");
    let size = if options.smoke { 100_000 } else { 34_000_000 };
    let data: Vec<u8> =
        (0..size).map(|index: u64| (index.wrapping_mul(index + 7) >> 11).to_le_bytes()[0] & 0x3f).collect();
    let manifest = "[package]\nname = \"large\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
    let code = "static DATA: &[u8] = include_bytes!(\"data\");\n\nfn main() {\n    println!(\"{}\", DATA[std::env::args().count()]);\n}\n";
    write_changed(&package.join("Cargo.toml"), manifest.as_bytes());
    write_changed(&package.join("src/main.rs"), code.as_bytes());
    write_changed(&package.join("src/data"), &data);
    package
}

/// A package whose zip includes many files.
fn files(options: &Options) -> PathBuf {
    let package = options.scratch.join("no-op").join("files-package");
    let count = if options.smoke { 20 } else { 2000 };
    let manifest = "[package]\nname = \"files\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                    [package.metadata.lambda-zip]\ninclude = [\"assets\"]\n\n[workspace]\n";
    write_changed(&package.join("Cargo.toml"), manifest.as_bytes());
    write_changed(&package.join("src/main.rs"), b"fn main() {}\n");
    for index in 0..count {
        let line = format!("{index} of {count}\n");
        write_changed(&package.join(format!("assets/{index:04}")), line.repeat(100).as_bytes());
    }
    package
}

/// Writes a file only if its contents change. Otherwise cargo would build again.
pub(crate) fn write_changed(path: &Path, contents: &[u8]) {
    if fs::read(path).is_ok_and(|known| known == contents) {
        return;
    }
    fs::create_dir_all(path.parent().expect("a file is in a directory")).expect("a directory can be made");
    fs::write(path, contents).expect("a file can be written");
}
