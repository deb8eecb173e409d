//! The root directory of a function: its own directories, and read-only the system directories that programs need.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::pivot_root;

use super::protocol::{Directories, Setup};
use lambda_platform::image::{LAYERS_ROOT, TASK_ROOT};

/// The system directories with libraries, interpreters, certificates and time zones. Nix and Guix keep them in the last two.
const SYSTEM_DIRECTORIES: [&str; 11] =
    ["bin", "etc", "lib", "lib32", "lib64", "libx32", "sbin", "sys", "usr", "nix/store", "gnu/store"];

/// The devices that every program may use.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// Parts of `/proc` that change the machine when they are written.
const PROC_READ_ONLY: [&str; 5] = ["bus", "fs", "irq", "sys", "sysrq-trigger"];

/// Parts of `/proc` and `/sys` that tell about the machine, which container runtimes hide as well.
const HIDDEN: [&str; 11] = [
    "proc/acpi",
    "proc/asound",
    "proc/kcore",
    "proc/keys",
    "proc/latency_stats",
    "proc/sched_debug",
    "proc/scsi",
    "proc/timer_list",
    "proc/timer_stats",
    "sys/devices/virtual/powercap",
    "sys/firmware",
];

/// The path of qemu inside of the sandbox.
pub(crate) const EMULATOR: &str = "/var/emulator";

/// Keeps the mounts that follow from propagating to the machine.
pub(super) fn separate_mounts() -> Result<()> {
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_SLAVE, None::<&str>)
        .context("failed to separate the mounts from the machine's")
}

/// Mounts this program on itself, read-only. A process of the sandbox can reach the file through `/proc`, and must not be
/// able to replace it, even if it has the id of the file's owner.
pub(super) fn read_only_program() -> Result<PathBuf> {
    let program = std::env::current_exe().context("failed to find this program")?;
    bind(&program, &program)?;
    make_read_only(&program).with_context(|| format!("failed to make `{}` read-only", program.display()))?;
    Ok(program)
}

/// Builds the new root directory and changes to it. The caller must be process 1 of new namespaces.
pub(crate) fn enter(setup: &Setup) -> Result<()> {
    let Directories { root, task, layers, temporary, hosts, passwd } = &setup.directories;
    mount(Some("tmpfs"), root, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some("mode=0755,size=1m"))
        .context("failed to mount a file system in memory")?;
    for name in SYSTEM_DIRECTORIES {
        system_directory(root, name)?;
    }
    devices(root)?;
    proc(&directory(root, "proc")?)?;
    hide(root, &HIDDEN)?;
    bind_read_only(task, &directory(root, TASK_ROOT)?)?;
    bind_read_only(layers, &directory(root, LAYERS_ROOT)?)?;
    bind(temporary, &directory(root, "tmp")?)?;
    for name in ["var/runtime", "var/tmp", "run"] {
        directory(root, name)?;
    }
    files_behind_links(root)?;
    for (file, name) in [(hosts, "etc/hosts"), (passwd, "etc/passwd")] {
        if root.join(name).is_file() {
            bind_read_only(file, &root.join(name))?;
        }
    }
    if let Some(emulator) = &setup.emulator {
        bind_file(root, emulator, EMULATOR)?;
    }
    switch_to(root)
}

fn directory(root: &Path, name: &str) -> Result<PathBuf> {
    let path = below(root, name);
    fs::create_dir_all(&path).with_context(|| format!("failed to create `{name}`"))?;
    Ok(path)
}

fn below(root: &Path, path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Mounts a directory of the machine, or copies the link in its place: `/bin` is a link on most systems.
fn system_directory(root: &Path, name: &str) -> Result<()> {
    let source = Path::new("/").join(name);
    let Ok(metadata) = source.symlink_metadata() else { return Ok(()) };
    if metadata.is_symlink() {
        let target = fs::read_link(&source).with_context(|| format!("failed to read `/{name}`"))?;
        return symlink(target, root.join(name)).with_context(|| format!("failed to link `/{name}`"));
    }
    bind_read_only(&source, &directory(root, name)?)
}

fn devices(root: &Path) -> Result<()> {
    directory(root, "dev")?;
    for name in DEVICES {
        bind_file(root, &Path::new("/dev").join(name), &format!("dev/{name}"))?;
    }
    // There is no `/dev/fd` on Lambda.
    for (name, target) in [("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")] {
        symlink(target, root.join("dev").join(name)).with_context(|| format!("failed to link `/dev/{name}`"))?;
    }
    Ok(())
}

/// Mounts the process list of the new namespace, without write access to the kernel's settings. In a container with a partly
/// hidden `/proc` the kernel refuses, and the container's `/proc` is used, read-only.
fn proc(target: &Path) -> Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    if mount(Some("proc"), target, Some("proc"), flags, None::<&str>).is_err() {
        return bind_read_only(Path::new("/proc"), target);
    }
    for path in PROC_READ_ONLY.map(|name| target.join(name)).iter().filter(|path| path.exists()) {
        bind_read_only(path, path)?;
    }
    Ok(())
}

/// Covers files with `/dev/null` and directories with an empty, read-only file system.
fn hide(root: &Path, names: &[&str]) -> Result<()> {
    for name in names {
        let path = root.join(name);
        let Ok(metadata) = path.metadata() else { continue };
        if metadata.is_dir() {
            let flags = MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
            mount(Some("tmpfs"), &path, Some("tmpfs"), flags, Some("mode=0555,size=4k"))
                .with_context(|| format!("failed to hide `/{name}`"))?;
        } else {
            bind(Path::new("/dev/null"), &path)?;
        }
    }
    Ok(())
}

/// Files of `/etc` that are links to other directories: systemd links `resolv.conf` into `/run`.
fn files_behind_links(root: &Path) -> Result<()> {
    for link in ["/etc/resolv.conf", "/etc/localtime"] {
        let Ok(target) = fs::canonicalize(link) else { continue };
        let is_shown = SYSTEM_DIRECTORIES.iter().any(|name| target.starts_with(Path::new("/").join(name)));
        if !is_shown && target.is_file() {
            bind_file(root, &target, target.to_string_lossy().trim_start_matches('/'))?;
        }
    }
    Ok(())
}

fn bind_file(root: &Path, source: &Path, name: &str) -> Result<()> {
    let target = below(root, name);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).with_context(|| format!("failed to create `{}`", parent.display()))?;
    }
    fs::write(&target, "").with_context(|| format!("failed to create `{name}`"))?;
    bind(source, &target)
}

fn bind(source: &Path, target: &Path) -> Result<()> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
        .with_context(|| format!("failed to mount `{}` on `{}`", source.display(), target.display()))
}

fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    bind(source, target)?;
    for path in mounts_below(target)? {
        make_read_only(&path).with_context(|| format!("failed to make `{}` read-only", path.display()))?;
    }
    Ok(())
}

/// The mount points at and below a path.
fn mounts_below(path: &Path) -> Result<Vec<PathBuf>> {
    let path = fs::canonicalize(path).with_context(|| format!("failed to resolve `{}`", path.display()))?;
    let list = fs::read_to_string("/proc/self/mountinfo").context("failed to read the list of mounts")?;
    let points = list.lines().filter_map(|line| line.split(' ').nth(4)).map(|text| PathBuf::from(unescape(text)));
    Ok(points.filter(|point| point.starts_with(&path)).collect())
}

/// Decodes the kernel's octal escapes: space, tab, newline and backslash.
fn unescape(text: &str) -> String {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    escapes.iter().fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

/// A namespace may add restrictions to a mount, and must repeat the existing ones. The kernel keeps the access time mode by
/// itself.
fn make_read_only(path: &Path) -> nix::Result<()> {
    let kept = statvfs(path)?.flags();
    let mut flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    for (kept_flag, flag) in [
        (FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
    ] {
        if kept.contains(kept_flag) {
            flags |= flag;
        }
    }
    mount(None::<&str>, path, None::<&str>, flags, None::<&str>)
}

/// Makes `root` the root directory of this process and its children, and unmounts the machine's.
fn switch_to(root: &Path) -> Result<()> {
    std::env::set_current_dir(root).context("failed to change to the new root")?;
    // This stacks the old root on top of the new one. It is then unmounted.
    pivot_root(".", ".").context("failed to change the root")?;
    umount2(".", MntFlags::MNT_DETACH).context("failed to unmount the old root")?;
    std::env::set_current_dir("/").context("failed to change to the new root")?;
    make_read_only(Path::new("/")).context("failed to make the root read-only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_mountinfo_are_decoded() {
        assert_eq!(unescape("/a\\040b\\134c"), "/a b\\c");
    }

    #[test]
    fn absolute_and_relative_paths_are_placed_below_the_root() {
        assert_eq!(below(Path::new("/new"), "/var/task"), Path::new("/new/var/task"));
        assert_eq!(below(Path::new("/new"), "tmp"), Path::new("/new/tmp"));
    }
}
