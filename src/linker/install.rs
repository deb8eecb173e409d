//! The one thing that is installed unasked: a target's standard library, by rustup, and never without saying so.

use std::process::{Command, Stdio};

use anyhow::Result;

use super::survey::has_std;
use crate::cargo::config::CargoConfig;
use crate::shell::Shell;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// Adds the standard libraries of these targets to the toolchain in use.
pub(crate) fn add_targets(triples: &[String], allowed: bool, config: &CargoConfig, shell: &Shell) -> Result<()> {
    if triples.is_empty() {
        return Ok(());
    }
    let command = format!("rustup target add {}", triples.join(" "));
    let missing = || {
        let (s, are) = if triples.len() == 1 { ("", "is") } else { ("s", "are") };
        format!(
            "the standard librar{} of `{}` {are} not installed",
            if s.is_empty() { "y" } else { "ies" },
            triples.join("`, `")
        )
    };
    if !allowed {
        return Err(Failure::new(ErrorKind::Setup, format!("{}, and `--no-install` forbids adding it", missing()))
            .hint(format!("run `{command}`"))
            .into());
    }
    let Ok(rustup) = which::which("rustup") else {
        return Err(Failure::new(ErrorKind::Setup, format!("{}, and there is no rustup to add it with", missing()))
            .hint(rustup_hint())
            .into());
    };

    shell.status("Installing", format_args!("`{command}`"));
    let status = Command::new(rustup)
        .args(["target", "add"])
        .args(triples)
        .stdin(Stdio::null())
        // What rustup prints is for people; our stdout is for programs.
        .stdout(Stdio::null())
        .status()
        .or_fail(ErrorKind::Setup, || format!("failed to run `{command}`"))?;
    if !status.success() {
        return Err(Failure::new(ErrorKind::Setup, format!("`{command}` failed ({status})"))
            .hint("see `rustup toolchain list` and `rustup target list` for what this toolchain has")
            .into());
    }

    let sysroot = config.sysroot()?;
    if let Some(triple) = triples.iter().find(|triple| !has_std(&sysroot, triple)) {
        return Err(Failure::new(
            ErrorKind::Setup,
            format!("rustup added `{triple}`, but the `rustc` in use, of `{}`, is not rustup's", sysroot.display()),
        )
        .hint("put rustup's programs first on PATH: they are in `bin` of the folder that `CARGO_HOME` names, else `~/.cargo`")
        .into());
    }
    Ok(())
}

/// How rustup is installed on this system: the package of its own manager where there is one.
pub(super) fn rustup_hint() -> String {
    let command = match std::env::consts::OS {
        "macos" => Some("brew install rustup"),
        "windows" => Some("winget install Rustlang.Rustup"),
        "linux" => std::fs::read_to_string("/etc/os-release").ok().and_then(|text| linux_package(&text)),
        _ => None,
    };
    match command {
        Some(command) => format!("install rustup: `{command}`, or as https://rustup.rs says"),
        None => "install rustup as https://rustup.rs says".to_owned(),
    }
}

/// The command for a distribution, from what its os-release file says it is or descends from.
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
    fn the_package_is_that_of_the_distribution_or_of_its_parent() {
        assert_eq!(linux_package("NAME=x\nID=fedora\n"), Some("sudo dnf install rustup && rustup-init"));
        assert_eq!(linux_package("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"), Some("sudo apt-get install rustup"));
        assert_eq!(linux_package("ID=plan9\n"), None);
    }
}
