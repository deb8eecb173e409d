//! The folders that a sandbox is made of, and what is to be started in them.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use nix::sys::statvfs::{FsFlags, statvfs};
use tempfile::TempDir;

use super::emulation::Emulation;
use super::init::{EMULATOR, Folders};
use super::unpack;
use lambda_platform::image::{LAYERS_ROOT, TASK_ROOT};
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// Where Lambda looks for `bootstrap`, in this order: the function's own, then a layer's.
const BOOTSTRAP: &str = "bootstrap";

/// A folder of this program's own, which goes away with it.
pub(super) struct Workspace {
    folder: TempDir,
    /// The extensions of the layers, by the names of their files.
    pub(super) extensions: Vec<String>,
    /// Whether a layer brings the `bootstrap`.
    bootstrap_is_in_layer: bool,
    pub(super) emulation: Emulation,
}

impl Workspace {
    /// Unpacks the zips, which the rules were held against.
    pub(super) fn unpack(zip: &Path, layers: &[PathBuf]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("lambda-zip-invoke-").tempdir();
        let folder = folder.or_fail(ErrorKind::Setup, || "failed to make a folder for the function".into())?;
        must_be_usable(folder.path())?;
        for name in ["root", "task", "layers", "tmp", "logs"] {
            fs::create_dir_all(folder.path().join(name))?;
        }
        let path = |name: &str| folder.path().join(name);
        // Lambda's `/tmp` is everybody's there.
        std::fs::set_permissions(path("tmp"), Permissions::from_mode(0o1777)).context("failed to open up `/tmp`")?;
        let mut budget = unpack::budget();
        unpack::unpack(zip, &path("task"), &mut budget)?;
        for layer in layers {
            unpack::unpack(layer, &path("layers"), &mut budget)?;
        }
        std::fs::write(path("hosts"), hosts()).context("failed to write the names of machines")?;
        let extensions = extensions(&path("layers/extensions"))?;
        let bootstrap_is_in_layer = !exists(&path("task").join(BOOTSTRAP)) && exists(&path("layers").join(BOOTSTRAP));
        let root = if bootstrap_is_in_layer { "layers" } else { "task" };
        let emulation = Emulation::of(&path(root).join(BOOTSTRAP))?;
        Ok(Self { folder, extensions, bootstrap_is_in_layer, emulation })
    }

    /// Where the folders are on this machine.
    pub(super) fn folders(&self) -> Folders {
        let path = |name: &str| self.folder.path().join(name);
        Folders {
            root: path("root"),
            task: path("task"),
            layers: path("layers"),
            temporary: path("tmp"),
            hosts: path("hosts"),
        }
    }

    /// Whether the function's own zip has extensions, which Lambda does not start.
    pub(super) fn has_idle_extensions(&self) -> bool {
        self.folder.path().join("task/extensions").is_dir()
    }

    /// A new folder for the pipes of one sandbox.
    pub(super) fn log_folder(&self) -> Result<TempDir> {
        tempfile::tempdir_in(self.folder.path().join("logs")).context("failed to make a folder for logs")
    }

    /// Where the function's files are seen from inside of the sandbox.
    pub(super) fn task_root(&self, isolated: bool) -> String {
        self.seen(isolated, TASK_ROOT, "task")
    }

    /// Where the layers' files are seen from inside of the sandbox.
    pub(super) fn layers_root(&self, isolated: bool) -> String {
        self.seen(isolated, LAYERS_ROOT, "layers")
    }

    fn seen(&self, isolated: bool, inside: &str, name: &str) -> String {
        if isolated { inside.to_owned() } else { self.folder.path().join(name).to_string_lossy().into_owned() }
    }

    /// The path of `bootstrap` from inside of the sandbox; nothing if there is none.
    pub(super) fn bootstrap(&self, isolated: bool) -> Option<String> {
        if self.bootstrap_is_in_layer {
            return Some(format!("{}/{BOOTSTRAP}", self.layers_root(isolated)));
        }
        exists(&self.folder.path().join("task").join(BOOTSTRAP))
            .then(|| format!("{}/{BOOTSTRAP}", self.task_root(isolated)))
    }

    /// The command that runs a program of the function.
    pub(super) fn command(&self, program: String, isolated: bool) -> Vec<String> {
        match &self.emulation.emulator {
            None => vec![program],
            Some(_) if isolated => vec![EMULATOR.to_owned(), program],
            Some(emulator) => vec![emulator.to_string_lossy().into_owned(), program],
        }
    }
}

/// The sandbox gets to know of its folders in JSON, and runs programs from them.
fn must_be_usable(folder: &Path) -> Result<(), Failure> {
    let shown = folder.display();
    let what = if folder.to_str().is_none() {
        "has no name in UTF-8"
    } else if statvfs(folder).is_ok_and(|facts| facts.flags().contains(FsFlags::ST_NOEXEC)) {
        "is on a file system from which no program may be run (`noexec`)"
    } else {
        return Ok(());
    };
    let failure = Failure::new(ErrorKind::Setup, format!("the folder for the function, `{shown}`, {what}"));
    Err(failure.hint("let `TMPDIR` name a folder elsewhere"))
}

/// A function may have shut folders in its `/tmp` to everybody: an ordinary user has to open them before they can go.
impl Drop for Workspace {
    fn drop(&mut self) {
        open_up(&self.folder.path().join("tmp"));
    }
}

/// Lets this user into a folder and into those below it. Links are not followed. What fails shows when the folder is
/// taken away.
fn open_up(folder: &Path) {
    let _ = std::fs::set_permissions(folder, Permissions::from_mode(0o700));
    let Ok(entries) = folder.read_dir() else { return };
    for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        open_up(&entry.path());
    }
}

/// Whether there is something of that name; a link that leads nowhere from here may lead somewhere in the sandbox.
fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// The files directly in the folder, in the order of their names.
fn extensions(folder: &Path) -> Result<Vec<String>> {
    let Ok(entries) = folder.read_dir() else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.context("failed to read the folder of extensions")?;
        if !entry.path().is_dir() {
            names.push(entry.file_name().into_string().ok().context("an extension has no name in UTF-8")?);
        }
    }
    names.sort();
    Ok(names)
}

/// This machine's names, and Lambda's for the sandbox itself.
fn hosts() -> String {
    let own = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    format!("{own}\n127.0.0.1 sandbox.localdomain sandbox\n")
}
