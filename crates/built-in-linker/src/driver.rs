//! From the arguments of a `cc` to the arguments of `ld.lld`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::command::{Command, Output, Question};
use crate::error::Error;
use crate::options::Flag;
use crate::target::{GlibcVersion, Libc, Target};
use crate::text;

/// A `cc` for one target, which links and does nothing else.
#[derive(Debug, Clone)]
pub struct Driver {
    /// What to link for.
    pub target: Target,
    /// The directory that [`Sysroot::create`](crate::Sysroot::create) made for the target.
    pub sysroot: PathBuf,
    /// rustc's `lib/rustlib/<triple>/lib/self-contained`, where musl and its start files are. Unused for glibc.
    pub self_contained: PathBuf,
    /// What the linker does where the arguments do not say otherwise.
    pub defaults: Defaults,
}

/// What makes an executable smaller and costs it nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defaults {
    /// Whether functions with the same machine code become one.
    pub icf: Icf,
}

/// Identical code folding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Icf {
    /// Every function stays.
    None,
    /// Functions whose address the object file says is not compared. rustc does not say so of any function, so this
    /// folds nothing of Rust's.
    Safe,
    /// All functions. Two function pointers may then be equal, which Rust allows: rustc and LLVM merge functions, too. A
    /// stack trace may show the name of the other function.
    #[default]
    All,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { icf: Icf::None }
    }
}

/// What the arguments ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// To link: the arguments of `ld.lld`.
    Link {
        /// Everything behind the program's name, without `-flavor`.
        arguments: Vec<OsString>,
        /// Whether to show the command first, as `-v` asks.
        verbose: bool,
    },
    /// To show the command and run nothing, as `-###` asks.
    Show {
        /// The arguments of `ld.lld`.
        arguments: Vec<OsString>,
    },
    /// To print a text.
    Print(String),
    /// To print the path of a file of the C library, or its name where there is none.
    PrintFileName {
        /// The name.
        name: OsString,
        /// The directories to look in, the first one first.
        directories: Vec<PathBuf>,
    },
}

impl Driver {
    /// What the arguments of a `cc` ask for. Nothing is read and nothing is run; response files have to be
    /// [expanded](crate::expand_response_files) beforehand.
    pub fn translate(&self, arguments: &[OsString]) -> Result<Request, Error> {
        let command = Command::parse(self.target, arguments)?;
        if let Some(question) = command.question {
            return Ok(self.answer(question));
        }
        if !command.has_input {
            // `cc -v` alone shows the version.
            return if command.has(Flag::Verbose) { Ok(self.answer(Question::Version)) } else { Err(Error::NoInput) };
        }
        self.check_libc(&command)?;
        let (verbose, is_dry_run) = (command.has(Flag::Verbose), command.has(Flag::DryRun));
        let arguments = self.arguments(command);
        self.check_glibc(&arguments)?;
        Ok(if is_dry_run { Request::Show { arguments } } else { Request::Link { arguments, verbose } })
    }

    fn answer(&self, question: Question) -> Request {
        match question {
            Question::Version => {
                Request::Print(format!("built-in-linker {} ({})\n", env!("CARGO_PKG_VERSION"), self.target))
            }
            Question::Machine => Request::Print(format!("{}\n", self.target.triple())),
            Question::Sysroot => Request::Print(format!("{}\n", self.sysroot.display())),
            Question::FileName(name) => Request::PrintFileName { name, directories: self.directories() },
        }
    }

    /// Where the C library is.
    fn directories(&self) -> Vec<PathBuf> {
        match self.target.libc {
            Libc::Musl => vec![self.self_contained.clone(), self.sysroot.clone()],
            Libc::Glibc(_) => vec![self.sysroot.clone()],
        }
    }

    fn check_libc(&self, command: &Command) -> Result<(), Error> {
        match (self.target.libc, command.output) {
            (Libc::Glibc(_), Output::Static) => Err(Error::StaticGlibc { argument: "-static" }),
            (Libc::Glibc(_), Output::StaticPie) => Err(Error::StaticGlibc { argument: "-static-pie" }),
            (Libc::Musl, Output::Pie | Output::NoPie | Output::Shared) => Err(Error::DynamicMusl),
            _ => Ok(()),
        }
    }

    /// Relative relocations in their packed form came with glibc 2.36. An older one starts the program without them.
    fn check_glibc(&self, arguments: &[OsString]) -> Result<(), Error> {
        const NEEDED: GlibcVersion = GlibcVersion::new(2, 36);
        let Libc::Glibc(linked) = self.target.libc else { return Ok(()) };
        if linked >= NEEDED {
            return Ok(());
        }
        let packed = arguments.iter().filter_map(|argument| argument.to_str()).find(|argument| {
            argument.ends_with("pack-relative-relocs") && !argument.contains("nopack")
                || argument.contains("pack-dyn-relocs=") && argument.ends_with("relr")
        });
        match packed {
            None => Ok(()),
            Some(argument) => Err(Error::NewerGlibc { argument: argument.into(), needed: NEEDED, linked }),
        }
    }

    /// The command line, in the order in which GCC and Clang have it: what the caller says comes behind the defaults, so
    /// that it wins, and before the C library.
    fn arguments(&self, command: Command) -> Vec<OsString> {
        let output = command.output;
        let is_program = output != Output::Relocatable;
        let (first, last) = if is_program && !command.has(Flag::NoStartFiles) {
            self.start_files(output)
        } else {
            (Vec::new(), Vec::new())
        };
        let libraries = if is_program { self.libraries(&command) } else { Vec::new() };
        let mut line: Vec<OsString> = vec!["-m".into(), self.target.arch.emulation().into()];
        if is_program {
            line.extend(["--eh-frame-hdr", "--hash-style=gnu"].map(OsString::from));
            line.extend(self.defaults.arguments().map(OsString::from));
        }
        line.extend(output.arguments().iter().map(OsString::from));
        if matches!(output, Output::Pie | Output::NoPie) {
            line.extend(["-dynamic-linker", self.target.arch.loader()].map(OsString::from));
        }
        line.extend(first);
        line.extend(command.given);
        // The C library must be ours, so its directory comes before those of `-B` and `--sysroot`.
        let directories = self.directories().into_iter().chain(command.directories);
        line.extend(directories.map(|directory| text::join("-L", directory.as_os_str())));
        line.extend(libraries);
        line.extend(last);
        line
    }

    /// The libraries that a `cc` adds by itself. rustc adds them itself, with `-nodefaultlibs`.
    fn libraries(&self, command: &Command) -> Vec<OsString> {
        if command.has(Flag::NoDefaultLibs) {
            return Vec::new();
        }
        let has_libc = !command.has(Flag::NoLibc);
        let threads = (has_libc && command.has(Flag::Pthread)).then_some("-lpthread");
        let compiler: &[&str] = match self.target.libc {
            Libc::Musl => &["-lunwind"],
            Libc::Glibc(_) => &["-lgcc", "--push-state", "--as-needed", "-lgcc_s", "--pop-state"],
        };
        let libc = has_libc.then_some("-lc");
        threads.iter().chain(compiler).chain(&libc).map(OsString::from).collect()
    }

    /// The files around the objects. rustc adds those of musl itself, with `-nostartfiles`, unless it is told not to.
    fn start_files(&self, output: Output) -> (Vec<OsString>, Vec<OsString>) {
        let paths = |directory: &Path, names: &[&str]| -> Vec<OsString> {
            names.iter().map(|name| directory.join(name).into_os_string()).collect()
        };
        match (self.target.libc, output) {
            (Libc::Glibc(_), Output::Shared) => (paths(&self.sysroot, &["crtbeginS.o"]), Vec::new()),
            (Libc::Glibc(_), _) => (paths(&self.sysroot, &["Scrt1.o"]), Vec::new()),
            (Libc::Musl, Output::StaticPie) => (
                paths(&self.self_contained, &["rcrt1.o", "crti.o", "crtbeginS.o"]),
                paths(&self.self_contained, &["crtendS.o", "crtn.o"]),
            ),
            (Libc::Musl, _) => (
                paths(&self.self_contained, &["crt1.o", "crti.o", "crtbegin.o"]),
                paths(&self.self_contained, &["crtend.o", "crtn.o"]),
            ),
        }
    }
}

impl Defaults {
    fn arguments(self) -> impl Iterator<Item = &'static str> {
        let icf = match self.icf {
            Icf::None => None,
            Icf::Safe => Some("--icf=safe"),
            Icf::All => Some("--icf=all"),
        };
        icf.into_iter()
    }
}

#[cfg(test)]
mod tests;
