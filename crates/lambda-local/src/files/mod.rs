//! The unpacked files of a function and its layers.

mod emulation;
mod remove;
mod unpack;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Error, Result};
use nix::sys::statvfs::{FsFlags, statvfs};
use tempfile::TempDir;

use emulation::Emulation;
use unpack::Budget;

use crate::init::{Directories, EMULATOR, LAMBDA_GROUP, LAMBDA_USER};
use lambda_platform::image::{LAYERS_ROOT, TASK_ROOT};
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure};

/// The executable that Lambda starts: the function's own, otherwise a layer's.
const BOOTSTRAP: &str = "bootstrap";

/// An unpacked zip with its layers, in a temporary directory that is removed on drop.
#[derive(Debug)]
pub struct FunctionFiles {
    directory: TempDir,
    /// The file names of the layers' extensions.
    pub(crate) extensions: Vec<String>,
    /// True if `bootstrap` comes from a layer.
    bootstrap_is_in_layer: bool,
    pub(crate) emulation: Emulation,
    /// False for a runtime that the user starts without a zip.
    pub(crate) has_zip: bool,
}

impl FunctionFiles {
    /// Unpacks a function and its layers, in the order of the layers.
    pub fn unpack(zip: &Path, layers: &[PathBuf]) -> Result<Self> {
        Self::unpack_some(Some(zip), layers)
    }

    /// No files, for a runtime that the user starts.
    pub fn empty() -> Result<Self> {
        Self::unpack_some(None, &[])
    }

    fn unpack_some(zip: Option<&Path>, layers: &[PathBuf]) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("lambda-zip-invoke-").tempdir();
        let directory = directory.map_err(|error| {
            let failure = Failure::new(ErrorKind::Setup, "failed to create a directory for the function");
            Error::from(error).context(failure.hint(fs::temporary_directory_hint()))
        })?;
        check_usable(directory.path())?;
        for name in ["root", "task", "layers", "tmp", "logs"] {
            fs::create_dir_all(directory.path().join(name))?;
        }
        let path = |name: &str| directory.path().join(name);
        // On Lambda every user may write to `/tmp`.
        std::fs::set_permissions(path("tmp"), Permissions::from_mode(0o1777))
            .context("failed to make `/tmp` writable")?;
        let mut budget = Budget::new();
        if let Some(zip) = zip {
            unpack::unpack(zip, &path("task"), &mut budget)?;
        }
        for layer in layers {
            unpack::unpack(layer, &path("layers"), &mut budget)?;
        }
        std::fs::write(path("hosts"), hosts()).context("failed to write `/etc/hosts` of the sandbox")?;
        std::fs::write(path("passwd"), users()).context("failed to write `/etc/passwd` of the sandbox")?;
        let extensions = extensions(&path("layers/extensions"))?;
        let bootstrap_is_in_layer = !exists(&path("task").join(BOOTSTRAP)) && exists(&path("layers").join(BOOTSTRAP));
        let root = if bootstrap_is_in_layer { "layers" } else { "task" };
        let emulation = Emulation::of(&path(root).join(BOOTSTRAP))?;
        Ok(Self { directory, extensions, bootstrap_is_in_layer, emulation, has_zip: zip.is_some() })
    }

    /// The paths on this machine.
    pub(crate) fn directories(&self) -> Directories {
        let path = |name: &str| self.directory.path().join(name);
        Directories {
            root: path("root"),
            task: path("task"),
            layers: path("layers"),
            temporary: path("tmp"),
            hosts: path("hosts"),
            passwd: path("passwd"),
        }
    }

    /// True if the function's own zip has an `extensions` directory. Lambda starts the extensions of layers only.
    #[must_use]
    pub fn has_ignored_extensions(&self) -> bool {
        self.directory.path().join("task/extensions").is_dir()
    }

    /// Creates a directory for the log pipes of one sandbox.
    pub(crate) fn log_directory(&self) -> Result<TempDir> {
        tempfile::tempdir_in(self.directory.path().join("logs")).context("failed to create a directory for the logs")
    }

    /// The path of the function's files inside of the sandbox.
    pub(crate) fn task_root(&self, isolated: bool) -> String {
        self.path_inside(isolated, TASK_ROOT, "task")
    }

    /// The path of the layers' files inside of the sandbox.
    pub(crate) fn layers_root(&self, isolated: bool) -> String {
        self.path_inside(isolated, LAYERS_ROOT, "layers")
    }

    fn path_inside(&self, isolated: bool, inside: &str, name: &str) -> String {
        if isolated { inside.to_owned() } else { self.directory.path().join(name).to_string_lossy().into_owned() }
    }

    /// The path of `bootstrap` inside of the sandbox, if there is one.
    pub(crate) fn bootstrap(&self, isolated: bool) -> Option<String> {
        if self.bootstrap_is_in_layer {
            return Some(format!("{}/{BOOTSTRAP}", self.layers_root(isolated)));
        }
        exists(&self.directory.path().join("task").join(BOOTSTRAP))
            .then(|| format!("{}/{BOOTSTRAP}", self.task_root(isolated)))
    }

    /// The command line that runs a program of the function.
    pub(crate) fn command(&self, program: String, isolated: bool) -> Vec<String> {
        match &self.emulation.emulator {
            None => vec![program],
            Some(_) if isolated => vec![EMULATOR.to_owned(), program],
            Some(emulator) => vec![emulator.to_string_lossy().into_owned(), program],
        }
    }
}

/// The paths must be UTF-8, since the sandbox receives them in JSON, and programs must be allowed to run there.
fn check_usable(directory: &Path) -> Result<(), Failure> {
    let shown = directory.display();
    let problem = if directory.to_str().is_none() {
        "has a name that is not UTF-8"
    } else if statvfs(directory).is_ok_and(|facts| facts.flags().contains(FsFlags::ST_NOEXEC)) {
        "is on a file system that does not run programs (`noexec`)"
    } else {
        return Ok(());
    };
    let failure = Failure::new(ErrorKind::Setup, format!("the temporary directory `{shown}` {problem}"));
    Err(failure.hint("set `TMPDIR` to another directory"))
}

/// What the function left in `/tmp` may be too deep for the standard library, or have no permissions.
impl Drop for FunctionFiles {
    fn drop(&mut self) {
        // An error surfaces as a directory that is left behind.
        let _ = remove::remove_contents(&self.directory.path().join("tmp"));
    }
}

/// True if the path exists, even as a dangling link: its target may exist inside of the sandbox.
fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// The names of the files in a directory, sorted.
fn extensions(directory: &Path) -> Result<Vec<String>> {
    let Ok(entries) = directory.read_dir() else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.context("failed to read the directory of extensions")?;
        if !entry.path().is_dir() {
            names.push(entry.file_name().into_string().ok().context("the name of an extension is not UTF-8")?);
        }
    }
    names.sort();
    Ok(names)
}

/// This machine's `/etc/passwd`, with Lambda's user.
fn users() -> String {
    let own = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let suffix = format!(":x:{LAMBDA_USER}:");
    let others = own.lines().filter(|line| !line.contains(&suffix));
    let others: String = others.flat_map(|line| [line, "\n"]).collect();
    format!("{others}sbx_user1051:x:{LAMBDA_USER}:{LAMBDA_GROUP}::/home/sbx_user1051:/sbin/nologin\n")
}

/// This machine's `/etc/hosts`, with Lambda's names for the sandbox.
fn hosts() -> String {
    let own = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    format!("{own}\n127.0.0.1 sandbox.localdomain sandbox\n")
}
