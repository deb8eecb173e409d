//! The directory with the C library to link against.

mod archive;
mod code;
mod stub;
mod symbols;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

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
            let path = directory.join(name);
            if fs::read(&path).ok().as_deref() != Some(content) {
                replace(&path, content).map_err(|source| SysrootError::Io { path, source })?;
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

/// Writes a directory beside its place and renames it. Where another process was faster, its directory stays.
fn create_at_once(directory: &Path, files: &[File]) -> Result<(), SysrootError> {
    let error = |path: &Path| {
        let path = path.to_owned();
        move |source| SysrootError::Io { path, source }
    };
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(error(parent))?;
    let scratch = tempfile::Builder::new().prefix(".sysroot-").tempdir_in(parent).map_err(error(parent))?;
    for (name, content) in files {
        let path = scratch.path().join(name);
        fs::write(&path, content).map_err(error(&path))?;
    }
    open_to_others(scratch.path()).map_err(error(scratch.path()))?;
    match fs::rename(scratch.path(), directory) {
        Err(source) if !directory.is_dir() => Err(error(directory)(source)),
        _ => Ok(()),
    }
}

/// A temporary directory is its owner's alone. A build directory may be shared.
#[cfg(unix)]
fn open_to_others(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(directory, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Replaces a file, so that whoever reads it sees the whole old or the whole new one.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(content)?;
    file.persist(path)?;
    Ok(())
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

/// musl's one library has everything. The names of the others are there for programs that link them by habit, and those of
/// GCC's stand for LLVM's unwinder, which Rust has for musl.
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
