//! Adding a target's standard library with rustup. It is the only thing that is installed without being asked for, and it
//! is always reported.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;

use super::survey::has_std;
use crate::cargo::config::CargoConfig;
use crate::interrupt;
use crate::shell::Shell;
use lambda_zip_error::{ErrorKind, Failure, ResultExt, fs};

/// Adds the standard libraries of these targets to the toolchain in use.
pub(crate) fn add_targets(triples: &[String], allowed: bool, config: &CargoConfig, shell: &Shell) -> Result<()> {
    if triples.is_empty() {
        return Ok(());
    }
    let sysroot = config.sysroot()?;
    let mut args = vec!["target".to_owned(), "add".to_owned()];
    if let Some(toolchain) = toolchain_name(&sysroot) {
        args.extend(["--toolchain".to_owned(), toolchain]);
    }
    let command = format!("rustup {} {}", args.join(" "), triples.join(" "));
    if !allowed {
        let message = format!("{}, and `--no-install` forbids adding it", not_installed(triples));
        return Err(Failure::new(ErrorKind::Setup, message).hint(format!("run `{command}`")).into());
    }
    let Ok(rustup) = which::which("rustup") else {
        let message = format!("{}, and there is no rustup to add it with", not_installed(triples));
        return Err(Failure::new(ErrorKind::Setup, message).hint(rustup_hint()).into());
    };

    shell.status("Installing", format_args!("`{command}`"));
    let mut rustup = Command::new(rustup);
    // Our stdout is for programs.
    rustup.args(&args).args(triples).stdin(Stdio::null()).stdout(Stdio::null());
    let status = interrupt::status(&mut rustup).or_fail(ErrorKind::Setup, || format!("failed to run `{command}`"))?;
    if !status.success() {
        return Err(Failure::new(ErrorKind::Setup, format!("`{command}` failed ({status})"))
            .hint("rustup needs the network; `rustup target list --installed` shows what this toolchain has")
            .into());
    }

    if let Some(triple) = triples.iter().find(|triple| !has_std(&sysroot, triple)) {
        return Err(Failure::new(
            ErrorKind::Setup,
            format!(
                "rustup added `{triple}`, but the `rustc` in use is not rustup's: its sysroot is `{}`",
                sysroot.display()
            ),
        )
        .hint("put rustup's programs first on PATH: they are in `$CARGO_HOME/bin`, by default `~/.cargo/bin`")
        .into());
    }
    Ok(())
}

/// The toolchain of rustup with this sysroot. It is named on the command line, so that the user sees which toolchain changes:
/// `RUSTUP_TOOLCHAIN`, `+toolchain` or a `rust-toolchain.toml` may have chosen it.
fn toolchain_name(sysroot: &Path) -> Option<String> {
    let is_rustups = sysroot.parent()?.file_name()? == "toolchains";
    is_rustups.then(|| sysroot.file_name()?.to_str().map(str::to_owned)).flatten()
}

fn not_installed(triples: &[String]) -> String {
    let (libraries, are) = if triples.len() == 1 { ("library", "is") } else { ("libraries", "are") };
    format!("the standard {libraries} of `{}` {are} not installed", triples.join("`, `"))
}

/// How to install rustup on this system, with the system's package manager if it has rustup.
pub(super) fn rustup_hint() -> String {
    let command = match std::env::consts::OS {
        "macos" => Some("brew install rustup"),
        "windows" => Some("winget install Rustlang.Rustup"),
        "linux" => fs::read_text_bounded("/etc/os-release", 1 << 16).ok().and_then(|text| linux_package(&text)),
        _ => None,
    };
    match command {
        Some(command) => format!("install rustup: `{command}`, or see https://rustup.rs"),
        None => "install rustup: see https://rustup.rs".to_owned(),
    }
}

/// The command for a distribution, from its `os-release` file.
fn linux_package(os_release: &str) -> Option<&'static str> {
    let field = |name: &str| {
        let line = os_release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches(['"', '\''])
    };
    let names = std::iter::once(field("ID")).chain(field("ID_LIKE").split(' '));
    names.into_iter().find_map(|name| match name {
        "debian" | "ubuntu" => Some("sudo apt-get install rustup"),
        "fedora" => Some("sudo dnf install rustup && rustup-init"),
        "arch" => Some("sudo pacman -S rustup"),
        "alpine" => Some("sudo apk add rustup && rustup-init"),
        "opensuse" | "suse" => Some("sudo zypper install rustup"),
        "nixos" => Some("nix-shell -p rustup"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toolchain_of_rustup_is_named_and_another_is_not() {
        let name = |sysroot: &str| toolchain_name(Path::new(sysroot));
        assert_eq!(
            name("/home/me/.rustup/toolchains/1.95.0-x86_64-unknown-linux-gnu").unwrap(),
            "1.95.0-x86_64-unknown-linux-gnu"
        );
        assert_eq!(name("/usr"), None);
    }

    #[test]
    fn the_package_is_the_one_of_the_distribution_or_of_its_parent() {
        assert_eq!(linux_package("NAME=x\nID=fedora\n"), Some("sudo dnf install rustup && rustup-init"));
        assert_eq!(linux_package("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), Some("sudo apt-get install rustup"));
        assert_eq!(linux_package("ID=plan9\n"), None);
    }
}
