//! What a function sees as `/`: its own folders, and of this machine only what programs need to run, read-only.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::pivot_root;

use super::protocol::{Folders, Setup};
use lambda_platform::image::{LAYERS_ROOT, TASK_ROOT};

/// The folders of this machine that programs need: their libraries, interpreters, certificates and time zones. The last
/// two are where the package managers Nix and Guix keep all of that.
const SYSTEM_FOLDERS: [&str; 11] =
    ["bin", "etc", "lib", "lib32", "lib64", "libx32", "sbin", "sys", "usr", "nix/store", "gnu/store"];

/// The devices that every program may rely on.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];

/// Where the emulator of another architecture is seen.
pub(in crate::invoke::boot) const EMULATOR: &str = "/var/emulator";

/// Builds the new root and makes it this process's. It must be process 1 of new namespaces.
pub(super) fn enter(setup: &Setup) -> Result<()> {
    let Folders { root, task, layers, temporary, hosts } = &setup.folders;
    // What is mounted from here on stays in here.
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_SLAVE, None::<&str>)
        .context("the mounts cannot be parted from the machine's")?;
    mount(Some("tmpfs"), root, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some("mode=0755,size=1m"))
        .context("a file system in memory cannot be mounted")?;
    for name in SYSTEM_FOLDERS {
        system_folder(root, name)?;
    }
    devices(root)?;
    folder(root, "proc")?;
    mount_proc(&root.join("proc"))?;
    bind_read_only(task, &folder(root, TASK_ROOT)?)?;
    bind_read_only(layers, &folder(root, LAYERS_ROOT)?)?;
    bind(temporary, &folder(root, "tmp")?)?;
    for name in ["var/runtime", "var/tmp", "run"] {
        folder(root, name)?;
    }
    files_behind_links(root)?;
    if root.join("etc/hosts").is_file() {
        bind_read_only(hosts, &root.join("etc/hosts"))?;
    }
    if let Some(emulator) = &setup.emulator {
        bind_file(root, emulator, EMULATOR)?;
    }
    switch_to(root)
}

fn folder(root: &Path, name: &str) -> Result<PathBuf> {
    let path = below(root, name);
    fs::create_dir_all(&path).with_context(|| format!("`{name}` cannot be made"))?;
    Ok(path)
}

fn below(root: &Path, path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Shows a folder of the machine, or repeats the link that stands in its place: `/bin` is one on most systems.
fn system_folder(root: &Path, name: &str) -> Result<()> {
    let source = Path::new("/").join(name);
    let Ok(metadata) = source.symlink_metadata() else { return Ok(()) };
    if metadata.is_symlink() {
        let target = fs::read_link(&source).with_context(|| format!("`/{name}` cannot be read"))?;
        return symlink(target, root.join(name)).with_context(|| format!("`/{name}` cannot be linked"));
    }
    bind_read_only(&source, &folder(root, name)?)
}

fn devices(root: &Path) -> Result<()> {
    folder(root, "dev")?;
    for name in DEVICES {
        bind_file(root, &Path::new("/dev").join(name), &format!("dev/{name}"))?;
    }
    for (name, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        symlink(target, root.join("dev").join(name)).with_context(|| format!("`/dev/{name}` cannot be linked"))?;
    }
    Ok(())
}

/// The processes of the new namespace. Where the machine's own `/proc` is partly hidden, as in containers, the kernel
/// mounts no other, and the machine's has to do.
fn mount_proc(target: &Path) -> Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), target, Some("proc"), flags, None::<&str>).or_else(|_| bind(Path::new("/proc"), target))
}

/// Configuration in `/etc` that is a link to somewhere else, as systemd has it for the names of machines.
fn files_behind_links(root: &Path) -> Result<()> {
    for link in ["/etc/resolv.conf", "/etc/localtime"] {
        let Ok(target) = fs::canonicalize(link) else { continue };
        let is_shown = SYSTEM_FOLDERS.iter().any(|name| target.starts_with(Path::new("/").join(name)));
        if !is_shown && target.is_file() {
            bind_file(root, &target, target.to_string_lossy().trim_start_matches('/'))?;
        }
    }
    Ok(())
}

fn bind_file(root: &Path, source: &Path, name: &str) -> Result<()> {
    let target = below(root, name);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).with_context(|| format!("`{}` cannot be made", parent.display()))?;
    }
    fs::write(&target, "").with_context(|| format!("`{name}` cannot be made"))?;
    bind(source, &target)
}

fn bind(source: &Path, target: &Path) -> Result<()> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
        .with_context(|| format!("`{}` cannot be shown as `{}`", source.display(), target.display()))
}

fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    bind(source, target)?;
    for path in mounts_below(target)? {
        make_read_only(&path).with_context(|| format!("`{}` cannot be made read-only", path.display()))?;
    }
    Ok(())
}

/// The mounts at and below a path, by the kernel's own list.
fn mounts_below(path: &Path) -> Result<Vec<PathBuf>> {
    let path = fs::canonicalize(path).with_context(|| format!("`{}` is gone", path.display()))?;
    let list = fs::read_to_string("/proc/self/mountinfo").context("the list of mounts cannot be read")?;
    let points = list.lines().filter_map(|line| line.split(' ').nth(4)).map(|text| PathBuf::from(unescape(text)));
    Ok(points.filter(|point| point.starts_with(&path)).collect())
}

/// Undoes the octal escapes of the kernel's list: blanks, tabs, line ends and backslashes.
fn unescape(text: &str) -> String {
    let escapes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    escapes.iter().fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

/// A namespace may add restrictions to a mount of the machine, and must keep those it has. How it dates accesses is kept by
/// the kernel where nothing is said of it.
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

/// Makes `root` the root of this process and of its children, and lets go of the machine's.
fn switch_to(root: &Path) -> Result<()> {
    std::env::set_current_dir(root).context("the new root is gone")?;
    // The old root comes to lie on the new one, and is taken away from there.
    pivot_root(".", ".").context("the root cannot be changed")?;
    umount2(".", MntFlags::MNT_DETACH).context("the machine's files cannot be let go of")?;
    std::env::set_current_dir("/").context("the new root is gone")?;
    make_read_only(Path::new("/")).context("the root cannot be made read-only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_escapes_are_undone() {
        assert_eq!(unescape("/a\\040b\\134c"), "/a b\\c");
    }

    #[test]
    fn a_path_is_found_below_the_new_root() {
        assert_eq!(below(Path::new("/new"), "/var/task"), Path::new("/new/var/task"));
        assert_eq!(below(Path::new("/new"), "tmp"), Path::new("/new/tmp"));
    }
}
