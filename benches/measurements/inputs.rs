//! The inputs to pack: executables that every Rust installation has, and generated files.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::Contender;
use crate::{Options, program};

/// An executable to pack, with directories next to it.
pub(crate) struct Input {
    pub(crate) name: &'static str,
    /// Description for the page.
    pub(crate) what: String,
    /// The directory of its files.
    pub(crate) directory: PathBuf,
    /// The files and directories to pack, relative to that directory, the executable first.
    pub(crate) members: Vec<String>,
}

impl Input {
    fn new(options: &Options, name: &'static str, what: &str) -> Self {
        let directory = options.scratch.join("inputs").join(name);
        fs::create_dir_all(&directory).expect("the directory of an input can be made");
        Self { name, what: what.to_owned(), directory, members: vec!["bootstrap".into()] }
    }

    fn copied(options: &Options, name: &'static str, what: &str, from: &Path) -> Self {
        let input = Self::new(options, name, what);
        fs::copy(from, input.directory.join("bootstrap")).expect("an input can be copied");
        let size = crate::page::thousands(from.metadata().expect("an input has a size").len());
        Self { what: format!("{what}, {size} bytes"), ..input }
    }
}

/// All inputs available on this machine, smallest first. A smoke test gets only small ones.
pub(crate) fn all(options: &Options) -> Vec<Input> {
    let mut inputs = vec![assets(options)];
    if options.smoke {
        return inputs;
    }
    inputs.insert(0, Input::copied(options, "hello", "`examples/hello`", &hello(options)));
    let sysroot = output_of("rustc", &["--print", "sysroot"]).expect("rustc tells its sysroot");
    let sysroot = Path::new(sysroot.trim());
    inputs.push(Input::copied(options, "typ", "`clippy-driver` of the toolchain", &sysroot.join("bin/clippy-driver")));
    if let Some(go) = output_of("go", &["env", "GOTOOLDIR"]) {
        let compiler = Path::new(go.trim()).join("compile");
        inputs.push(Input::copied(options, "go", "Go's own compiler, written in Go", &compiler));
    }
    let libraries = fs::read_dir(sysroot.join("lib")).expect("the toolchain has libraries").flatten();
    let mut libraries = libraries.map(|entry| entry.path());
    if let Some(driver) = libraries.find(|path| path.to_string_lossy().contains("librustc_driver")) {
        inputs.push(Input::copied(options, "big", "`librustc_driver` of the toolchain", &driver));
    }
    inputs
}

/// The example, built by this program.
pub(crate) fn hello(options: &Options) -> PathBuf {
    let target = options.scratch.join("hello");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello/Cargo.toml");
    let (manifest, target_dir) = (manifest.to_str().expect("UTF-8"), target.to_str().expect("UTF-8"));
    Contender::new("hello", program(), ["--manifest-path", manifest, "--target-dir", target_dir, "--arch", host()])
        .run();
    target.join(format!("{}-unknown-linux-gnu/release/hello", std::env::consts::ARCH))
}

/// Lambda's name of this machine's architecture.
pub(crate) fn host() -> &'static str {
    if std::env::consts::ARCH == "aarch64" { "arm64" } else { std::env::consts::ARCH }
}

pub(crate) fn output_of(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

/// A function with 2,000 small text files and 60 incompressible files, 20 MB in total.
fn assets(options: &Options) -> Input {
    let mut input = Input::new(options, "assets", "a script, 2,000 texts of 1 to 7 kB and 60 noisy files of 200 kB");
    let (texts, noises) = if options.smoke { (40, 3) } else { (2000, 60) };
    fs::write(input.directory.join("bootstrap"), "#!/bin/sh\nexec sleep 1\n").expect("an input can be written");
    let mut random = Random(1);
    let words: Vec<String> = (0..3000).map(|_| random.word()).collect();
    for (directory, count) in [("texts", texts), ("images", noises)] {
        fs::create_dir_all(input.directory.join(directory)).expect("the directory of an input can be made");
        input.members.push(directory.into());
        for index in 0..count {
            let contents = if directory == "texts" { random.text(&words) } else { random.noise(200_000) };
            let path = input.directory.join(directory).join(format!("{index:04}"));
            fs::write(path, contents).expect("an input can be written");
        }
    }
    input
}

/// Knuth's linear congruential generator, so that every machine generates the same files.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// A permutation of the numbers below `count`.
    pub(crate) fn order(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<_> = (0..count).collect();
        for place in (1..count).rev() {
            order.swap(place, usize::try_from(self.below(place as u64 + 1)).unwrap_or(0));
        }
        order
    }

    fn word(&mut self) -> String {
        let length = 2 + self.below(9);
        (0..length).map(|_| char::from(b'a' + u8::try_from(self.below(26)).unwrap_or(0))).collect()
    }

    /// Lines like those of a settings file. Some words are common, most are rare.
    fn text(&mut self, words: &[String]) -> Vec<u8> {
        let mut text = String::new();
        let length = 1000 + usize::try_from(self.below(6000)).unwrap_or(0);
        while text.len() < length {
            let range = 1 + self.below(words.len() as u64);
            let [key, value] = [(); 2].map(|()| &words[usize::try_from(self.below(range)).unwrap_or(0)]);
            writeln!(text, "  \"{key}\": \"{value} {}\",", self.below(1000)).unwrap();
        }
        text.into_bytes()
    }

    /// Bytes like those of an image: almost no repetition, and nearly uniform frequencies.
    fn noise(&mut self, length: usize) -> Vec<u8> {
        let mut byte = || u8::try_from(self.below(256)).unwrap_or(0);
        (0..length).map(|index| if index % 12 == 0 { byte() & 0x7f } else { byte() }).collect()
    }
}
