//! The built-in linker: rustc is told to link by a program called `cargo-lambda-zip-cc`, which is this executable under
//! another name. It understands what rustc says to a C compiler, and runs the `rust-lld` of the toolchain.
//!
//! The name is a bare one, found through `PATH`: rustflags then hold no path of this machine, and the executable is the same
//! wherever it is built. It is selected by rustflags and not by cargo's `linker` key, which cargo also applies to build
//! scripts and procedural macros if the target is this machine's own triple.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use built_in_linker::{Defaults, Driver, Icf, Libc as LinkerLibc, Problem, Sysroot, problems};
use serde::{Deserialize, Serialize};

use crate::cargo::config::Rustc;
use crate::cargo::stand_in;
use lambda_platform::{GlibcVersion, Libc, Target};
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// How the names start under which rustc starts this program.
const PROGRAM: &str = "cargo-lambda-zip-cc";

/// The variable with the [`Configuration`], as JSON.
const CONFIGURATION: &str = "LAMBDA_ZIP_CC";

/// What the linker has to know, beside the arguments that rustc gives it.
#[derive(Debug, Serialize, Deserialize)]
struct Configuration {
    /// The targets of the build, with their glibc.
    targets: Vec<String>,
    rust_lld: PathBuf,
    /// rustc's `lib/rustlib`.
    rustlib: PathBuf,
    /// The directory with a sysroot for each target.
    sysroots: PathBuf,
}

/// The name of the linker for these targets. A glibc other than the default is a part of it: cargo links again if the
/// rustflags change, and it knows nothing else about the glibc.
pub(crate) fn program(targets: impl IntoIterator<Item = Target>) -> String {
    let versions: BTreeSet<_> = targets.into_iter().filter_map(Target::linked_glibc).collect();
    let chosen = versions.iter().filter(|version| **version != GlibcVersion::DEFAULT);
    chosen.fold(PROGRAM.to_owned(), |name, GlibcVersion { major, minor }| format!("{name}-{major}_{minor}"))
}

/// Makes this program available as a linker in the target directory, with a sysroot for each target, and returns the
/// variables that rustc and the linker need. The sysroots are looked at here, once for a build, and not by each link.
pub(super) fn prepare(
    targets: &[Target],
    rustc: &Rustc,
    target_directory: &Path,
) -> Result<BTreeMap<String, OsString>> {
    let directory = target_directory.join(".lambda-zip-linker");
    let programs = directory.join("bin");
    let program = program(targets.iter().copied());
    stand_in::create(&programs.join(format!("{program}{}", env::consts::EXE_SUFFIX)))?;
    let sysroots = directory.join("sysroots");
    let targets: Vec<_> = targets.iter().map(|target| linker_target(*target)).collect();
    for &target in &targets {
        Sysroot::create(&sysroots.join(target.to_string()), target)
            .or_fail(ErrorKind::Setup, || format!("failed to write the libraries to link with for `{target}`"))?;
    }
    let configuration = Configuration {
        targets: targets.iter().map(ToString::to_string).collect(),
        rust_lld: rust_lld(rustc),
        rustlib: rustlib(&rustc.sysroot),
        sysroots,
    };
    let text = serde_json::to_string(&configuration).context("failed to describe the targets to the linker")?;
    Ok(BTreeMap::from([(CONFIGURATION.to_owned(), text.into()), ("PATH".to_owned(), first_on_path(&programs)?)]))
}

/// `PATH` with this directory in front.
fn first_on_path(directory: &Path) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let directories = std::iter::once(directory.to_owned()).chain(env::split_paths(&path));
    env::join_paths(directories).or_fail(ErrorKind::Setup, || {
        format!("failed to put `{}` on PATH: its path contains the separator", directory.display())
    })
}

/// The linker of the toolchain, which rustc's own distributions have.
pub(super) fn rust_lld(rustc: &Rustc) -> PathBuf {
    let name = format!("rust-lld{}", env::consts::EXE_SUFFIX);
    rustlib(&rustc.sysroot).join(&rustc.host).join("bin").join(name)
}

fn rustlib(sysroot: &Path) -> PathBuf {
    sysroot.join("lib").join("rustlib")
}

/// Refuses a glibc that the linker has no symbols of.
pub(super) fn check_glibc(target: Target) -> Result<(), Failure> {
    let Some(GlibcVersion { major, minor }) = target.linked_glibc() else { return Ok(()) };
    let (oldest, newest) = Sysroot::glibc_versions();
    let version = built_in_linker::GlibcVersion::new(major, minor);
    if (oldest..=newest).contains(&version) {
        return Ok(());
    }
    let message = format!("the built-in linker cannot link for glibc {version}: it knows {oldest} to {newest}");
    Err(Failure::new(ErrorKind::Usage, message).hint("choose a glibc in that range, or use `--linker zig`"))
}

/// The same target in the linker's terms.
fn linker_target(target: Target) -> built_in_linker::Target {
    let arch = match target.arch {
        lambda_platform::Arch::X86_64 => built_in_linker::Arch::X86_64,
        lambda_platform::Arch::Arm64 => built_in_linker::Arch::Aarch64,
    };
    let libc = match (target.libc, target.linked_glibc()) {
        (Libc::Gnu, Some(GlibcVersion { major, minor })) => {
            LinkerLibc::Glibc(built_in_linker::GlibcVersion::new(major, minor))
        }
        (Libc::Musl | Libc::Gnu, _) => LinkerLibc::Musl,
    };
    built_in_linker::Target::new(arch, libc)
}

/// Links, if this program was started under such a name. `None` for every other call. Returns the exit code.
pub(crate) fn try_as_cc(args: &[OsString]) -> Option<Result<u8>> {
    let (program, rest) = args.split_first()?;
    let is_linker = Path::new(program).file_name()?.to_string_lossy().starts_with(PROGRAM);
    is_linker.then(|| link(rest))
}

fn link(arguments: &[OsString]) -> Result<u8> {
    let text = env::var(CONFIGURATION).with_context(|| {
        format!("`{PROGRAM}` only works in a build by `cargo lambda-zip`: `{CONFIGURATION}` is not set")
    })?;
    let configuration: Configuration =
        serde_json::from_str(&text).with_context(|| format!("`{CONFIGURATION}` is not valid"))?;
    let target = target_of(&configuration, arguments)?;
    let sysroot = configuration.sysroots.join(target.to_string());
    if !sysroot.is_dir() {
        // Somebody has removed it since the build began.
        Sysroot::create(&sysroot, target)?;
    }
    let driver = Driver {
        target,
        sysroot,
        self_contained: configuration.rustlib.join(target.triple()).join("lib").join("self-contained"),
        defaults: Defaults { icf: Icf::All },
    };
    let outcome = driver.run(&configuration.rust_lld, arguments.iter().cloned())?;
    io::stdout().write_all(&outcome.stdout).context("failed to write to stdout")?;
    let mut stderr = io::stderr().lock();
    stderr.write_all(&outcome.stderr).context("failed to write to stderr")?;
    if !outcome.success {
        let expanded = expanded(arguments)?;
        for problem in problems(&String::from_utf8_lossy(&outcome.stderr)) {
            let hint = advice(&problem, target, output(&expanded));
            writeln!(stderr, "{hint}").context("failed to write to stderr")?;
        }
    }
    Ok(if outcome.success { 0 } else { u8::try_from(outcome.code).ok().filter(|code| *code != 0).unwrap_or(1) })
}

/// The target that rustc links for. With `--target`, cargo writes to a directory of that name. The last directory counts:
/// the target directory itself may be in one named after another target.
fn target_of(configuration: &Configuration, arguments: &[OsString]) -> Result<built_in_linker::Target> {
    let targets: Vec<built_in_linker::Target> =
        configuration.targets.iter().filter_map(|text| text.parse().ok()).collect();
    if let [only] = targets[..] {
        return Ok(only);
    }
    let arguments = expanded(arguments)?;
    let mut directories = output(&arguments).map(|path| path.iter().rev()).into_iter().flatten();
    let found = directories.find_map(|name| targets.iter().find(|target| name == target.triple().as_str()));
    found.copied().ok_or_else(|| {
        let message = "failed to find the target to link for in the path of the output";
        Failure::new(ErrorKind::Build, message).hint("build the targets one by one").into()
    })
}

/// The arguments with the contents of response files in their place.
fn expanded(arguments: &[OsString]) -> Result<Vec<OsString>, built_in_linker::Error> {
    built_in_linker::expand_response_files(arguments.iter().cloned(), &mut |path| std::fs::read(path))
}

/// The file that the arguments ask for.
fn output(arguments: &[OsString]) -> Option<&Path> {
    arguments.iter().skip_while(|argument| *argument != "-o").nth(1).map(Path::new)
}

/// The packages whose build scripts ask for a library, as far as cargo keeps what they printed where it does today:
/// `build/<package>-<hash>/output`, next to the `deps/` of what is linked.
fn packages_that_link(library: &str, output: Option<&Path>) -> Vec<String> {
    let profile = output.and_then(|path| path.ancestors().find(|path| path.ends_with("deps"))?.parent());
    let Some(scripts) = profile.and_then(|profile| profile.join("build").read_dir().ok()) else { return Vec::new() };
    let asks = |text: String| {
        let values =
            text.lines().filter_map(|line| line.split_once("rustc-link-lib=").map(|(_, value)| value.to_owned()));
        values.into_iter().any(|value| value.rsplit('=').next() == Some(library))
    };
    let packages = scripts.flatten().filter_map(|script| {
        let is_asking = std::fs::read_to_string(script.path().join("output")).is_ok_and(&asks);
        let name = script.file_name().to_string_lossy().rsplit_once('-')?.0.to_owned();
        is_asking.then_some(name)
    });
    packages.collect::<BTreeSet<_>>().into_iter().collect()
}

/// What helps with an error of the linker.
fn advice(problem: &Problem, target: built_in_linker::Target, output: Option<&Path>) -> String {
    match problem {
        Problem::MissingLibrary { name } if ["stdc++", "c++"].contains(&name.as_str()) => format!(
            "hint: `{name}` is the standard library of C++, which `{target}` needs from a C++ compiler: install zig and link \
             with `--linker zig`, or with `--linker system`"
        ),
        Problem::MissingLibrary { name } => {
            let packages = packages_that_link(name, output);
            let (asking, package) = match &packages[..] {
                [] => (String::new(), "the crate that needs it".to_owned()),
                [one, ..] => (format!(", which `{}` needs", packages.join("`, `")), format!("`{one}`")),
            };
            format!(
                "hint: no library `{name}` for `{target}` was found{asking}: enable a `vendored` or `bundled` feature of \
                 {package}, add the library's directory with `cargo:rustc-link-search`, or link with `--linker system`"
            )
        }
        Problem::UndefinedSymbol { symbol, wanted_by } => format!(
            "hint: nothing defines `{symbol}`, which {} needs: glibc before the required version does not have it, or a \
             library is missing",
            wanted_by.first().map_or("an object file", String::as_str)
        ),
        Problem::OtherArchitecture { file } => {
            format!("hint: `{file}` is for another architecture: compile it for `{}`", target.triple())
        }
        Problem::MissingFile { path } => {
            format!("hint: `{path}` does not exist: a build script or `-C link-arg` names it")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_platform::Runtime;

    fn configuration(targets: &[&str]) -> Configuration {
        Configuration {
            targets: targets.iter().map(|&target| target.to_owned()).collect(),
            rust_lld: "rust-lld".into(),
            rustlib: "rustlib".into(),
            sysroots: "sysroots".into(),
        }
    }

    fn triple_of(targets: &[&str], arguments: &[&str]) -> Option<String> {
        let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
        target_of(&configuration(targets), &arguments).ok().map(|target| target.to_string())
    }

    #[test]
    fn a_glibc_that_was_chosen_changes_the_name_of_the_linker() {
        let target = |triple| Target::from_triple(triple, Runtime::AL2023).unwrap();
        let musl = target("aarch64-unknown-linux-musl");
        assert_eq!(program([musl, target("x86_64-unknown-linux-gnu")]), PROGRAM);
        assert_eq!(program([target("x86_64-unknown-linux-gnu.2.26")]), PROGRAM);
        assert_eq!(program([musl, target("x86_64-unknown-linux-gnu.2.34")]), "cargo-lambda-zip-cc-2_34");
    }

    #[test]
    fn the_only_target_is_linked_for() {
        assert_eq!(triple_of(&["aarch64-unknown-linux-musl"], &[]).as_deref(), Some("aarch64-unknown-linux-musl"));
    }

    #[test]
    fn of_several_targets_the_one_in_the_paths_is_linked_for() {
        let targets = ["x86_64-unknown-linux-gnu.2.26", "aarch64-unknown-linux-gnu.2.26"];
        // rustc also passes directories of the host's own target.
        let host = "-B/rust/lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld";
        let arguments = [host, "-o", "/x86_64-unknown-linux-gnu/target/aarch64-unknown-linux-gnu/release/deps/api-1"];
        assert_eq!(triple_of(&targets, &arguments).as_deref(), Some(targets[1]));
        assert_eq!(triple_of(&targets, &["-o", "api"]), None);
    }
}
