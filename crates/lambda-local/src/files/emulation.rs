//! What the function's executable needs to run on this machine: its processor or qemu, and the loader that it names.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Result;

use lambda_platform::Arch;
use lambda_zip_check::elf::Elf;
use lambda_zip_error::{ErrorKind, Failure};

/// Where the kernel lists its interpreters for programs of other architectures.
const BINFMT: &str = "/proc/sys/fs/binfmt_misc";

/// Where Debian's cross-compiler packages put the libraries of another architecture.
fn debian_library_root(arch: Arch) -> PathBuf {
    Path::new("/usr").join(format!("{}-linux-gnu", arch.rust_name()))
}

/// How the executables of a zip run on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Emulation {
    /// The qemu to start each program with, if the kernel does not start it by itself.
    pub(crate) emulator: Option<PathBuf>,
    /// True if the processor is emulated, by the kernel's choice or ours.
    pub(crate) is_foreign: bool,
    /// Root directory of the loader and libraries of the other architecture, for qemu.
    pub(crate) library_root: Option<PathBuf>,
}

impl Emulation {
    /// Inspects an executable. A script, or anything else that is not ELF, needs nothing.
    pub(crate) fn of(executable: &Path) -> Result<Self> {
        let Some(elf) = File::open(executable).ok().and_then(|file| Elf::read(BufReader::new(file)).ok()) else {
            return Ok(Self::default());
        };
        let Some(arch) = elf.arch() else { return Ok(Self::default()) };
        let is_foreign = arch.rust_name() != std::env::consts::ARCH;
        let emulator = if is_foreign && !kernel_runs(arch) { Some(find_qemu(arch)?) } else { None };
        let library_root = match &elf.interpreter {
            Some(loader) => library_root(loader, arch, is_foreign)?,
            None => None,
        };
        Ok(Self { emulator, is_foreign, library_root })
    }
}

/// True if `binfmt_misc` has an enabled entry for programs of this architecture.
fn kernel_runs(arch: Arch) -> bool {
    let Ok(entries) = std::fs::read_dir(BINFMT) else { return false };
    entries.flatten().any(|entry| {
        let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
        is_entry_for(&text, arch)
    })
}

/// An entry says `enabled` and has the magic bytes of a 64-bit, little-endian ELF file for that machine.
fn is_entry_for(text: &str, arch: Arch) -> bool {
    let machine = match arch {
        Arch::X86_64 => "3e00",
        Arch::Arm64 => "b700",
    };
    let magic = text.lines().find_map(|line| line.strip_prefix("magic ")).unwrap_or_default();
    // The machine is at byte 18 of the file, so at digit 36.
    text.starts_with("enabled") && magic.starts_with("7f454c460201") && magic.get(36..40) == Some(machine)
}

fn find_qemu(arch: Arch) -> Result<PathBuf> {
    let name = format!("qemu-{}", arch.rust_name());
    let found = [format!("{name}-static"), name.clone()].into_iter().find_map(|name| which::which(name).ok());
    let missing = || {
        let message = format!("the function is for {arch}, and this machine cannot run programs for it");
        Failure::new(ErrorKind::Setup, message)
            .hint(format!("install qemu's user mode: `apt install qemu-user-static` on Debian and Ubuntu, `dnf install qemu-user-static` on Fedora; `{name}` on PATH is enough"))
            .hint("or build the function for this machine's architecture")
    };
    Ok(found.ok_or_else(missing)?)
}

/// The root directory of the loader, if it is not installed at its usual path.
fn library_root(loader: &str, arch: Arch, is_foreign: bool) -> Result<Option<PathBuf>> {
    if Path::new(loader).exists() {
        return Ok(None);
    }
    let below = |root: &Path| root.join(loader.trim_start_matches('/')).exists();
    let candidates = [std::env::var_os("QEMU_LD_PREFIX").map(PathBuf::from), Some(debian_library_root(arch))];
    let found = candidates.into_iter().flatten().find(|root| is_foreign && below(root));
    if found.is_some() {
        return Ok(found);
    }
    let message = format!("the function is linked with glibc, and this machine has no loader `{loader}`");
    let failure = Failure::new(ErrorKind::Setup, message);
    Err(if is_foreign {
        let package = match arch {
            Arch::Arm64 => "libc6-arm64-cross",
            Arch::X86_64 => "libc6-amd64-cross",
        };
        failure
            .hint(format!(
                "`apt install {package}` on Debian and Ubuntu, or set QEMU_LD_PREFIX to a root directory that has it"
            ))
            .hint("a static executable needs no loader: build it with `--libc musl`")
    } else {
        failure.hint("a static executable needs no loader: build it with `--libc musl`")
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_binfmt_misc_are_parsed() {
        let entry = "enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: F\noffset 0\n\
                     magic 7f454c460201010000000000000000000200b700\nmask ffffffffffffff00fffffffffffffffffeffffff\n";
        assert!(is_entry_for(entry, Arch::Arm64));
        assert!(!is_entry_for(entry, Arch::X86_64));
        assert!(!is_entry_for(&entry.replace("enabled", "disabled"), Arch::Arm64));
        assert!(!is_entry_for("enabled\n", Arch::Arm64));
    }

    #[test]
    fn a_program_for_this_machine_needs_no_emulator() {
        assert_eq!(Emulation::of(Path::new("/does/not/exist")).unwrap(), Emulation::default());
        let own = std::env::current_exe().unwrap();
        assert_eq!(Emulation::of(&own).unwrap().emulator, None);
    }
}
