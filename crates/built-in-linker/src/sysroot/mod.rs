//! The directory with the C library to link against.

mod archive;
mod code;
mod stub;
mod symbols;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::SysrootError;
use crate::target::{Arch, GlibcVersion, Libc, Target};

/// A directory with the files of a C library that the linker needs.
///
/// For glibc these are shared libraries that define its symbols and hold no code, and the few functions that glibc links
/// into programs. For musl, whose files come with Rust, they are the empty libraries that `-lm`, `-ldl` and so on mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sysroot {
    path: PathBuf,
}

impl Sysroot {
    /// Makes the directory, if it is not there yet. What is in it depends on the target and on the version of this crate
    /// only.
    ///
    /// Several processes may do this at the same time. A new directory gets its name when it is complete. One that is there
    /// is compared with what should be in it, and files that differ are replaced.
    pub fn create(directory: &Path, target: Target) -> Result<Self, SysrootError> {
        let files = files(target)?;
        if !directory.is_dir() {
            create_at_once(directory, &files)?;
        }
        for (name, content) in &files {
            if fs::read(directory.join(name)).ok().as_deref() != Some(content) {
                replace(directory, name, content)?;
            }
        }
        Ok(Self { path: directory.to_owned() })
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The oldest and the newest glibc that can be linked against.
    #[must_use]
    pub fn glibc_versions() -> (GlibcVersion, GlibcVersion) {
        symbols::known_versions()
    }
}

/// The name and content of a file.
type File = (String, Vec<u8>);

/// Writes a directory next to its place and renames it. Where another process was faster, its directory stays.
fn create_at_once(directory: &Path, files: &[File]) -> Result<(), SysrootError> {
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(io_error(parent))?;
    let scratch = scratch_in(parent)?;
    // The scratch directory is its owner's alone; one inside it is as open as any that a build makes.
    let unfinished = scratch.path().join("sysroot");
    fs::create_dir(&unfinished).map_err(io_error(&unfinished))?;
    for (name, content) in files {
        let path = unfinished.join(name);
        fs::write(&path, content).map_err(io_error(&path))?;
    }
    match fs::rename(&unfinished, directory) {
        Err(source) if !directory.is_dir() => Err(io_error(directory)(source)),
        _ => Ok(()),
    }
}

/// Replaces a file, so that a process that reads it sees all of the old one or all of the new one.
fn replace(directory: &Path, name: &str, content: &[u8]) -> Result<(), SysrootError> {
    let scratch = scratch_in(directory)?;
    let unfinished = scratch.path().join(name);
    fs::write(&unfinished, content).map_err(io_error(&unfinished))?;
    let path = directory.join(name);
    fs::rename(&unfinished, &path).map_err(io_error(&path))
}

fn scratch_in(directory: &Path) -> Result<TempDir, SysrootError> {
    tempfile::Builder::new().prefix(".sysroot-").tempdir_in(directory).map_err(io_error(directory))
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> SysrootError {
    let path = path.to_owned();
    move |source| SysrootError::Io { path, source }
}

fn files(target: Target) -> Result<Vec<File>, SysrootError> {
    match target.libc {
        Libc::Musl => Ok(musl_files()),
        Libc::Glibc(version) => {
            let (oldest, newest) = symbols::known_versions();
            if !(oldest..=newest).contains(&version) {
                return Err(SysrootError::UnknownGlibc { version, oldest, newest });
            }
            Ok(glibc_files(target.arch, version))
        }
    }
}

fn glibc_files(arch: Arch, glibc: GlibcVersion) -> Vec<File> {
    let libraries = symbols::libraries(arch, glibc);
    let mut files: Vec<File> =
        libraries.iter().map(|library| (library.soname.to_owned(), stub::write(arch, library))).collect();
    files.push(("Scrt1.o".to_owned(), code::start_file(arch, glibc)));
    files.push(("crtbeginS.o".to_owned(), code::shared_library_file(arch)));
    files.push(("libc_nonshared.a".to_owned(), archive::write(&code::nonshared_members(arch, glibc))));
    let loader = arch.loader_soname();
    files.push(script("libc.so", &format!("libc.so.6 libc_nonshared.a AS_NEEDED ( {loader} )")));
    files.push(script("libgcc_s.so", symbols::LIBGCC));
    // What is in GCC's static libraries is in Rust's `compiler_builtins`. Its static unwinder has the functions of the
    // shared one.
    files.push(("libgcc.a".to_owned(), archive::write(&[])));
    // Not a part of every glibc: a program that only names it links, and one that uses it misses its functions.
    files.push(("libcrypt.a".to_owned(), archive::write(&[])));
    files.push(script("libgcc_eh.a", &format!("AS_NEEDED ( {} )", symbols::LIBGCC)));
    for soname in ["libm.so.6", "libresolv.so.2"] {
        files.push(script(link_name(soname), soname));
    }
    for soname in symbols::MERGED {
        if glibc < symbols::MERGED_IN {
            files.push(script(link_name(soname), soname));
        } else {
            files.push((link_name(soname).replace(".so", ".a"), archive::write(&[])));
        }
    }
    files
}

/// musl's one library has everything. Programs that name the other libraries find empty ones, and GCC's unwinder is LLVM's,
/// which Rust has for musl.
fn musl_files() -> Vec<File> {
    let empty = ["libm.a", "libdl.a", "libpthread.a", "librt.a", "libutil.a", "libcrypt.a", "libresolv.a", "libgcc.a"];
    let empty = empty.iter().map(|name| ((*name).to_owned(), archive::write(&[])));
    empty.chain(["libgcc_s.a", "libgcc_eh.a"].map(|name| script(name, "-lunwind"))).collect()
}

/// `libm.so` for `libm.so.6`.
fn link_name(soname: &str) -> &str {
    soname.find(".so").map_or(soname, |end| &soname[..end + 3])
}

/// A library that is a list of others. Symbolic links would do for some, but not everywhere.
fn script(name: &str, libraries: &str) -> File {
    (name.to_owned(), format!("GROUP ( {libraries} )\n").into_bytes())
}
