//! A folder for one test, the program run in it, and the zips that it makes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder that goes away with the test, with an executable `main` in it.
pub(crate) struct Sandbox {
    _guard: TempDir,
    root: PathBuf,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let guard = tempfile::Builder::new().prefix("entries-").tempdir().unwrap();
        let root = guard.path().canonicalize().unwrap();
        let sandbox = Self { _guard: guard, root };
        sandbox.write("main", executable(62));
        sandbox
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn write(&self, path: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// Writes files that hold their own names.
    pub(crate) fn write_all(&self, paths: &[&str]) {
        for path in paths {
            self.write(path, path);
        }
    }

    pub(crate) fn folder(&self, path: &str) {
        fs::create_dir_all(self.path(path)).unwrap();
    }

    #[cfg(unix)]
    pub(crate) fn link(&self, target: &str, path: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    }

    /// The program, to be run in the folder.
    pub(crate) fn program(&self) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_cargo-lambda-zip"));
        program.current_dir(&self.root);
        let is_of_cargo =
            |name: &str| name.starts_with("CARGO_") && !matches!(name, "CARGO_HOME" | "CARGO_NET_OFFLINE");
        for (variable, _) in std::env::vars_os() {
            let name = variable.to_string_lossy();
            if is_of_cargo(&name) || matches!(&*name, "SOURCE_DATE_EPOCH" | "RUSTFLAGS") {
                program.env_remove(&variable);
            }
        }
        program
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        Run::of(self.program().args(args))
    }

    /// Runs `pack` and returns the zip of the last line of its output.
    #[track_caller]
    pub(crate) fn pack(&self, args: &[&str]) -> Zip {
        let run = self.run(&[&["pack"], args].concat()).success();
        Zip::read(Path::new(run.stdout.trim_end()))
    }

    /// Runs `pack`, which has to fail and to leave everything as it is.
    #[track_caller]
    pub(crate) fn refused(&self, args: &[&str]) -> Run {
        let before = self.files();
        let run = self.run(&[&["pack"], args].concat()).prints("");
        assert_ne!(run.code, 0, "{}", run.stderr);
        assert_eq!(self.files(), before);
        run
    }

    /// The names in the folder itself.
    pub(crate) fn files(&self) -> Vec<String> {
        let names =
            self.root.read_dir().unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        Self {
            code: status.code().unwrap_or(-1),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn success(self) -> Self {
        self.exits(0)
    }

    #[track_caller]
    pub(crate) fn failure(self, code: i32, message: &str) -> Self {
        self.exits(code).says(message)
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Holds that stderr has this in it.
    #[track_caller]
    pub(crate) fn says(self, message: &str) -> Self {
        assert!(self.stderr.contains(message), "no {message:?} in {self:#?}");
        self
    }

    /// Holds that stdout is this.
    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        assert_eq!(self.stdout, text, "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// The least that passes for a program of a Lambda runtime: an ELF header and one segment.
pub(crate) fn executable(machine: u16) -> Vec<u8> {
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    elf.extend(2_u16.to_le_bytes());
    elf.extend(machine.to_le_bytes());
    elf.extend(1_u32.to_le_bytes());
    for address in [0x40_0078_u64, 64, 0] {
        elf.extend(address.to_le_bytes());
    }
    elf.extend(0_u32.to_le_bytes());
    for half in [64_u16, 56, 1, 64, 0, 0] {
        elf.extend(half.to_le_bytes());
    }
    elf.extend([1_u32, 5].into_iter().flat_map(u32::to_le_bytes));
    for value in [0_u64, 0x40_0000, 0x40_0000, 120, 120, 4096] {
        elf.extend(value.to_le_bytes());
    }
    elf
}

/// A zip, taken apart by hand.
pub(crate) struct Zip {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    pub(crate) entries: Vec<ZipEntry>,
}

pub(crate) struct ZipEntry {
    pub(crate) name: String,
    /// With the bits for the type of file.
    pub(crate) mode: u32,
    pub(crate) host: u8,
    pub(crate) flags: u16,
    pub(crate) date_and_time: u32,
    pub(crate) extra_length: u16,
    pub(crate) contents: Vec<u8>,
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + N].iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

fn offset(bytes: &[u8], at: usize) -> usize {
    usize::try_from(number::<4>(bytes, at)).unwrap()
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::try_from(number::<2>(bytes, at)).unwrap()
}

impl Zip {
    #[track_caller]
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let end = bytes.len() - 22;
        assert_eq!(&bytes[end..end + 4], b"PK\x05\x06");
        let mut at = offset(&bytes, end + 16);
        let mut entries = Vec::new();
        for _ in 0..short(&bytes, end + 10) {
            assert_eq!(&bytes[at..at + 4], b"PK\x01\x02");
            let [name, extra, comment] = [28, 30, 32].map(|field| usize::from(short(&bytes, at + field)));
            let local = offset(&bytes, at + 42);
            let start = local + 30 + usize::from(short(&bytes, local + 26)) + usize::from(short(&bytes, local + 28));
            let packed = &bytes[start..start + offset(&bytes, at + 20)];
            let size = offset(&bytes, at + 24);
            let contents = match short(&bytes, at + 10) {
                0 => packed.to_vec(),
                method => {
                    assert_eq!(method, 8);
                    let mut contents = vec![0; size];
                    assert_eq!(libdeflater::Decompressor::new().deflate_decompress(packed, &mut contents), Ok(size));
                    contents
                }
            };
            assert_eq!(crc32fast::hash(&contents), number::<4>(&bytes, at + 16));
            entries.push(ZipEntry {
                name: String::from_utf8(bytes[at + 46..at + 46 + name].to_vec()).unwrap(),
                mode: number::<4>(&bytes, at + 38) >> 16,
                host: bytes[at + 5],
                flags: short(&bytes, at + 8),
                date_and_time: number::<4>(&bytes, at + 12),
                extra_length: short(&bytes, at + 30) + short(&bytes, local + 28),
                contents,
            });
            at += 46 + name + extra + comment;
        }
        assert_eq!(at, end);
        Self { path: path.to_owned(), bytes, entries }
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    #[track_caller]
    pub(crate) fn entry(&self, name: &str) -> &ZipEntry {
        let found = self.entries.iter().find(|entry| entry.name == name);
        found.unwrap_or_else(|| panic!("no `{name}` among {:?}", self.names()))
    }

    #[track_caller]
    pub(crate) fn mode(&self, name: &str) -> u32 {
        self.entry(name).mode
    }
}
