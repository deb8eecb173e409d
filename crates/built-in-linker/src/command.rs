//! The arguments of a `cc`, understood.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::error::{Error, names_target};
use crate::options::{self, Flag, Value};
use crate::target::{Arch, Libc, Target};
use crate::text;

/// What is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Output {
    /// A position-independent executable: what the compilers of Linux distributions make when nothing is said.
    #[default]
    Pie,
    NoPie,
    Static,
    StaticPie,
    Shared,
    Relocatable,
}

impl Output {
    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Pie => &["-pie"],
            Self::NoPie => &[],
            Self::Static => &["-static"],
            Self::StaticPie => &["-static", "-pie", "--no-dynamic-linker", "-z", "text"],
            Self::Shared => &["-shared"],
            Self::Relocatable => &["-r"],
        }
    }

    /// What two options together ask for, such as `-static` and `-no-pie`.
    fn and(self, flag: Flag) -> Self {
        match (self, flag) {
            (Self::Relocatable, _) | (_, Flag::Relocatable) => Self::Relocatable,
            (Self::Shared, _) | (_, Flag::Shared) => Self::Shared,
            (Self::StaticPie, Flag::Static | Flag::Pie) | (_, Flag::StaticPie) => Self::StaticPie,
            // To GCC and Clang, `-static -pie` is a static executable.
            (Self::Static | Self::StaticPie, _) | (_, Flag::Static) => Self::Static,
            (_, Flag::NoPie) => Self::NoPie,
            (_, _) => Self::Pie,
        }
    }
}

/// A question that the arguments ask instead of linking.
#[derive(Debug)]
pub(crate) enum Question {
    Version,
    Machine,
    Sysroot,
    FileName(OsString),
}

/// The arguments, understood.
#[derive(Debug)]
pub(crate) struct Command {
    target: Target,
    pub(crate) output: Output,
    flags: Vec<Flag>,
    pub(crate) has_input: bool,
    pub(crate) question: Option<Question>,
    /// Directories to look for libraries in when those of `-L` do not have them.
    pub(crate) directories: Vec<PathBuf>,
    /// What goes to the linker, in the order given.
    pub(crate) given: Vec<OsString>,
}

impl Command {
    pub(crate) fn parse(target: Target, arguments: &[OsString]) -> Result<Self, Error> {
        let mut command = Self {
            target,
            output: Output::default(),
            flags: Vec::new(),
            has_input: false,
            question: None,
            directories: Vec::new(),
            given: Vec::new(),
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            command.add(argument, &mut rest)?;
        }
        Ok(command)
    }

    pub(crate) fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// Takes one argument, and its value where that is the next one.
    fn add<'a>(&mut self, argument: &OsStr, rest: &mut impl Iterator<Item = &'a OsString>) -> Result<(), Error> {
        if argument.as_encoded_bytes().first() != Some(&b'-') {
            return self.add_input(argument);
        }
        if let Some(list) = text::strip_prefix(argument, "-Wl,") {
            let parts = text::split_commas(&list);
            self.given.extend(parts.ok_or_else(|| Error::NotUnicode { argument: argument.to_owned() })?);
            return Ok(());
        }
        let name = argument.to_string_lossy();
        if let Some(flag) = options::flag(&name) {
            self.add_flag(flag);
            return Ok(());
        }
        if options::is_for_other_target(&name) || (name == "-m64" && self.target.arch != Arch::X86_64) {
            return Err(self.other_target(argument));
        }
        // Before the options with a value: `-undefined` is not `-u` with the value `ndefined`.
        if let Some(reason) = options::refusal(&name) {
            return Err(Error::UnsupportedArgument { argument: argument.to_owned(), reason });
        }
        if let Some((option, value)) = options::value(&name) {
            let text = match text::strip_prefix(argument, option).filter(|text| !text.is_empty()) {
                Some(joined) => joined,
                None if option.ends_with('=') => OsString::new(),
                None => rest.next().ok_or_else(|| Error::MissingValue { argument: argument.to_owned() })?.clone(),
            };
            return self.add_value(argument, value, text);
        }
        if options::is_compile_option(&name) {
            return Ok(());
        }
        Err(Error::UnknownArgument { argument: argument.to_owned() })
    }

    fn add_input(&mut self, argument: &OsStr) -> Result<(), Error> {
        if argument.is_empty() {
            return Err(Error::UnknownArgument { argument: argument.to_owned() });
        }
        if options::is_source(Path::new(argument)) {
            return Err(Error::SourceFile { path: argument.into() });
        }
        self.has_input = true;
        self.given.push(argument.to_owned());
        Ok(())
    }

    fn add_flag(&mut self, flag: Flag) {
        match flag {
            Flag::Static | Flag::StaticPie | Flag::Shared | Flag::Pie | Flag::NoPie | Flag::Relocatable => {
                self.output = self.output.and(flag);
            }
            Flag::NoStdlib => self.flags.extend([Flag::NoStartFiles, Flag::NoDefaultLibs]),
            Flag::NoStartFiles | Flag::NoDefaultLibs | Flag::NoLibc | Flag::Pthread | Flag::Verbose | Flag::DryRun => {
                self.flags.push(flag);
            }
            Flag::Version => self.question = Some(Question::Version),
            Flag::PrintMachine => self.question = Some(Question::Machine),
            Flag::PrintSysroot => self.question = Some(Question::Sysroot),
            Flag::Linker(option) => self.given.push(option.into()),
        }
    }

    fn add_value(&mut self, argument: &OsStr, value: Value, text: OsString) -> Result<(), Error> {
        match value {
            Value::Ignored => {}
            Value::Argument => self.given.push(text),
            Value::Linker(option) => self.given.extend([option.into(), text]),
            Value::Joined(option) => {
                self.has_input |= option == "-l";
                self.given.push(text::join(option, &text));
            }
            Value::Script if argument == "-T" => self.given.extend(["-T".into(), text]),
            // `-Ttext=ADDRESS` is an option of its own, which only the linker can tell from `-T` and a file.
            Value::Script => self.given.push(argument.to_owned()),
            Value::Prefix => self.directories.push(text.into()),
            Value::Sysroot => self.add_sysroot(&text),
            Value::Target => {
                if !text.to_str().is_some_and(|name| names_target(name, self.target)) {
                    return Err(self.other_target(argument));
                }
            }
            Value::PrintFileName => self.question = Some(Question::FileName(text)),
        }
        Ok(())
    }

    /// The caller's sysroot has libraries that ours has not. The C library stays ours, since its directory comes first.
    fn add_sysroot(&mut self, path: &OsStr) {
        let libc = if self.target.libc == Libc::Musl { "musl" } else { "gnu" };
        let multiarch = format!("{}-linux-{libc}", self.target.arch);
        self.given.push(text::join("--sysroot=", path));
        for directory in ["lib", "usr/lib"] {
            let directory = Path::new(path).join(directory);
            self.directories.extend([directory.join(&multiarch), directory]);
        }
    }

    fn other_target(&self, argument: &OsStr) -> Error {
        Error::OtherTarget { argument: argument.to_owned(), target: self.target }
    }
}
