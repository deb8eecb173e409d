//! What to say when something to link or to compile with is missing: what needs it, what was looked for, and the one
//! command that helps on this operating system.

use std::env::consts::OS;
use std::path::Path;

use super::choose::LinkWarning;
use super::graph::CCrate;
use super::survey::{Survey, compilers};
use super::zig::ZigSurvey;
use crate::cargo::config::target_variable;
use crate::cli::LinkerChoice;
use lambda_platform::GlibcVersion;
use lambda_platform::{Arch, Libc, Target};
use lambda_zip_error::{ErrorKind, Failure};

/// More crates than this are counted, not named.
const NAMED_CRATES: usize = 4;

/// The one command that serves every target and every crate with C.
pub(super) fn install_zig() -> String {
    let command = match OS {
        "macos" => "brew install zig",
        "windows" => "winget install zig.zig",
        _ => "pip install ziglang",
    };
    format!("install zig: `{command}`, or let `--install-zig` fetch it")
}

/// `--linker` against a linker in cargo's configuration: one of them has to go.
pub(super) fn contradiction(target: Target, choice: LinkerChoice, configured: &Path) -> Failure {
    let name = match choice {
        LinkerChoice::Auto => "auto",
        LinkerChoice::RustLld => "rust-lld",
        LinkerChoice::Zig => "zig",
        LinkerChoice::System => "system",
    };
    let (triple, configured) = (target.triple(), configured.display());
    Failure::new(
        ErrorKind::Usage,
        format!("`--linker {name}` contradicts cargo's configuration, which links `{triple}` by `{configured}`"),
    )
    .hint(format!(
        "leave out `--linker`, or take the linker out of the config file, `{}_LINKER`, `--config` or the rustflags",
        target_variable(&triple)
    ))
}

pub(super) fn unusable_zig(reason: &str) -> Failure {
    Failure::new(ErrorKind::Setup, format!("this zig cannot be used: {reason}")).hint(install_zig())
}

pub(super) fn missing_zig() -> Failure {
    Failure::new(ErrorKind::Setup, "there is no `zig` on PATH and no `ziglang` in Python").hint(install_zig())
}

pub(super) fn glibc_needs_zig(target: Target, glibc: GlibcVersion, zig: &ZigSurvey) -> Failure {
    let triple = target.triple();
    let why = match zig {
        ZigSurvey::Unusable(reason) => reason.clone(),
        _ => "there is no `zig` on PATH and no `ziglang` in Python".to_owned(),
    };
    Failure::new(
        ErrorKind::Setup,
        format!("`--target {triple}.{glibc}` needs zig, which alone brings every glibc along: {why}"),
    )
    .hint(install_zig())
}

pub(super) fn missing_compiler(target: Target, survey: &Survey) -> Failure {
    let names: Vec<_> = compilers(target, &survey.host).iter().map(|name| format!("`{name}`")).collect();
    Failure::new(
        ErrorKind::Setup,
        format!("no compiler for `{}` is on PATH: looked for {}", target.triple(), names.join(", ")),
    )
    .hint(install_compiler(target))
}

/// Nothing that could link was found.
pub(super) fn nothing_links(target: Target, survey: &Survey, c_crates: &[CCrate]) -> Failure {
    let mut missing = looked_for(target, survey);
    if target.libc == Libc::Musl && !survey.has_rust_lld {
        missing.insert(0, "no `rust-lld` in this toolchain".to_owned());
    }
    let mut message = format!("no linker for `{}`: there is {}", target.triple(), missing.join(", "));
    if !c_crates.is_empty() {
        message = format!("{message}; C is compiled by {}", named(c_crates));
    }
    let failure = Failure::new(ErrorKind::Setup, message);
    let failure = match target.libc {
        Libc::Gnu => failure.hint("leave out `--libc gnu`: a static musl build needs no further linker"),
        Libc::Musl => failure.hint("use a toolchain of rustup, which brings `rust-lld`: https://rustup.rs"),
    };
    failure.hint(format!("or {}", install_zig())).hint(format!("or {}", install_compiler(target)))
}

/// There is C to compile, and nothing to compile it with.
pub(super) fn c_without_compiler(target: Target, survey: &Survey, c_crates: &[CCrate]) -> LinkWarning {
    let missing = looked_for(target, survey).join(", ");
    let message = format!(
        "C has to be compiled for `{}`, and there is {missing}: the build may fail in {}",
        target.triple(),
        named(c_crates)
    );
    let mut hints = Vec::new();
    hints.extend(openssl(c_crates));
    hints.push(install_zig());
    LinkWarning { message, hints }
}

/// What helps a crate that looks for an OpenSSL of the target.
pub(super) fn openssl(c_crates: &[CCrate]) -> Option<String> {
    c_crates.iter().any(|found| found.wants_system_openssl).then(|| {
        "`openssl-sys` wants an OpenSSL of the system: turn its users to rustls, or its `vendored` feature on"
            .to_owned()
    })
}

/// Nothing may be written, and there is no lockfile to tell what the build is made of.
pub(crate) fn missing_lockfile() -> LinkWarning {
    let message = "`Cargo.lock` is missing or out of date: which crates compile C, and so who links, is not known yet";
    LinkWarning {
        message: message.to_owned(),
        hints: vec!["`cargo update --workspace` writes it, as a build does".to_owned()],
    }
}

/// A program that build scripts run is not there.
pub(super) fn install_tool(tool: &str, wanted_by: &CCrate) -> String {
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
    format!("`{wanted_by}` is built with `{tool}`, which is not on PATH: `{command}`{on}")
}

fn looked_for(target: Target, survey: &Survey) -> Vec<String> {
    let mut missing = match &survey.zig {
        ZigSurvey::Unusable(reason) => vec![format!("no zig that works ({reason})")],
        _ => vec!["no `zig`".to_owned(), "no `ziglang` in Python".to_owned()],
    };
    missing.extend(compilers(target, &survey.host).iter().map(|name| format!("no `{name}`")));
    missing
}

fn named(c_crates: &[CCrate]) -> String {
    let names: Vec<_> = c_crates.iter().take(NAMED_CRATES).map(|found| format!("`{found}`")).collect();
    let more = c_crates.len().saturating_sub(NAMED_CRATES);
    if more == 0 { names.join(", ") } else { format!("{} and {more} more", names.join(", ")) }
}

/// How a compiler for the target is installed on this operating system.
pub(super) fn install_compiler(target: Target) -> String {
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
        ("linux", Libc::Musl) if arch.rust_name() == std::env::consts::ARCH => {
            "install musl's compiler: `sudo apt-get install musl-tools` (Debian, Ubuntu)".into()
        }
        ("macos", _) => format!(
            "install a cross compiler: `brew install messense/macos-cross-toolchains/{}-unknown-linux-{libc}`",
            arch.rust_name()
        ),
        _ => format!("configure a linker: set `{}_LINKER`", target_variable(&target.triple())),
    }
}
