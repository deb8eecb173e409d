//! The built-in linker compared with `rust-lld` alone, and the time to make a sysroot.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use built_in_linker::{Defaults, Driver, Icf, Request, Target};

use crate::inputs::{host, output_of};
use crate::page::Page;
use crate::run::{Contender, interleaved};
use crate::{Options, program};

pub(crate) fn measure(options: &Options) -> Page {
    let mut page = Page::new(
        "The built-in linker",
        "What it costs that this program plays the C compiler which rustc calls, and that it makes the libraries to link with.",
    );
    page.version(crate::machine::version("rustc", &["--version"], ""));
    let link = Link::of_hello(options);
    let measured = interleaved(&[link.built_in(), link.rust_lld_alone()], options.runs * 4);
    page.section(
        "A link",
        "`examples/hello` for glibc 2.26, with fat LTO, from rustc's own arguments. `rust-lld` gets what the built-in linker \
         passes to it.",
    );
    page.measured(&measured);
    let measured = interleaved(&[link.sysroot()], options.runs * 4);
    page.section(
        "A sysroot",
        "Stub libraries and start files for glibc 2.26, where there are none yet. The first build for a target writes them.",
    );
    page.measured(&measured);
    page
}

/// The last step of a build.
struct Link {
    /// This program under the name by which it links.
    linker: PathBuf,
    /// What it reads from `LAMBDA_ZIP_CC`.
    configuration: String,
    sysroots: PathBuf,
    /// rustc's arguments, without `-o` and the path behind it.
    arguments: Vec<String>,
    driver: Driver,
    rust_lld: PathBuf,
    scratch: PathBuf,
}

impl Link {
    /// Builds the example, keeps the object files, and takes the arguments that rustc gave to the linker.
    fn of_hello(options: &Options) -> Self {
        let scratch = options.scratch.join("linking");
        fs::create_dir_all(&scratch).expect("the scratch directory can be made");
        let (target_dir, list) = (scratch.join("target"), scratch.join("link-args"));
        let target: Target =
            format!("{}-unknown-linux-gnu.2.26", std::env::consts::ARCH).parse().expect("it is a target");
        let mut command = Command::new(program());
        command.args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/examples/hello/Cargo.toml")]);
        command.args(["--arch", host(), "--target-dir"]).arg(&target_dir);
        command.env("RUSTFLAGS", format!("-Csave-temps --print=link-args={}", list.display()));
        // rustc's temporary directory has a part of the input. A build that has nothing to do would not write the list.
        let temporary = scratch.join("temporary");
        for directory in [&temporary, &target_dir] {
            fs::remove_dir_all(directory).ok();
        }
        fs::create_dir_all(&temporary).expect("a directory can be made");
        let status = command.env("TMPDIR", &temporary).stdout(Stdio::null()).status().expect("the program starts");
        assert!(status.success(), "examples/hello can be built");

        let sysroot =
            PathBuf::from(output_of("rustc", &["--print", "sysroot"]).expect("rustc tells its sysroot").trim());
        let rustlib = sysroot.join("lib/rustlib");
        let host_triple = output_of("rustc", &["--print", "host-tuple"]).expect("rustc tells its host");
        let rust_lld = rustlib.join(host_triple.trim()).join("bin/rust-lld");
        let sysroots = target_dir.join(".lambda-zip-linker/sysroots");
        let configuration = serde_json::json!({
            "targets": [target.to_string()], "rust_lld": rust_lld, "rustlib": rustlib, "sysroots": sysroots,
        });
        let driver = Driver {
            target,
            sysroot: sysroots.join(target.to_string()),
            self_contained: PathBuf::new(),
            defaults: Defaults { icf: Icf::All },
        };
        let arguments = words(&fs::read_to_string(&list).expect("rustc wrote the arguments"));
        Self {
            linker: target_dir.join(".lambda-zip-linker/bin/cargo-lambda-zip-cc"),
            configuration: configuration.to_string(),
            sysroots,
            arguments: without_output(&arguments),
            driver,
            rust_lld,
            scratch,
        }
    }

    fn arguments_for(&self, output: &Path) -> Vec<String> {
        let output = ["-o".to_owned(), output.to_str().expect("UTF-8").to_owned()];
        self.arguments.iter().cloned().chain(output).collect()
    }

    fn contender(&self, name: &str, arguments: Vec<String>) -> Contender {
        Contender::new(name, &self.linker, arguments).env("LAMBDA_ZIP_CC", self.configuration.clone())
    }

    fn built_in(&self) -> Contender {
        let output = self.scratch.join("built-in");
        self.contender("built-in linker", self.arguments_for(&output)).writes(output)
    }

    fn rust_lld_alone(&self) -> Contender {
        let output = self.scratch.join("alone");
        let arguments: Vec<_> = self.arguments_for(&output).into_iter().map(Into::into).collect();
        let Ok(Request::Link { arguments, .. }) = self.driver.translate(&arguments) else {
            panic!("rustc's arguments are for linking");
        };
        let arguments = ["-flavor".into(), "gnu".into()].into_iter().chain(arguments);
        Contender::new("`rust-lld` alone", &self.rust_lld, arguments).writes(output)
    }

    /// A question that the linker answers after it made the sysroot.
    fn sysroot(&self) -> Contender {
        self.contender("a new sysroot", vec!["-print-file-name=libc.so.6".into()]).writes(&self.sysroots)
    }
}

/// The arguments in rustc's list: quoted words behind the variables and the program.
fn words(list: &str) -> Vec<String> {
    let start = list.find("\"cargo-lambda-zip-cc\"").expect("rustc calls the built-in linker");
    let stream = serde_json::Deserializer::from_str(&list[start..]).into_iter::<String>();
    stream.map_while(Result::ok).skip(1).collect()
}

fn without_output(arguments: &[String]) -> Vec<String> {
    let position = arguments.iter().position(|argument| argument == "-o").expect("rustc names the output");
    [&arguments[..position], &arguments[position + 2..]].concat()
}
