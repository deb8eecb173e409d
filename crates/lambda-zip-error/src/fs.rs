//! The functions of [`std::fs`] with the path in every error: "No such file or directory" alone helps nobody.

use std::fmt::Display;
use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::scratch::ScratchFile;

/// Linux follows at most this many symbolic links in one path.
const LINKS_LIMIT: usize = 40;

/// Opens a regular file for reading.
///
/// Anything else is an error at once: reading a FIFO, a device or a socket may block or never end, and opening a device may
/// change its state. The path is checked before it is opened. The open file is checked again, because the path may have
/// been replaced in between.
pub fn open(path: impl AsRef<Path>) -> Result<File> {
    open_with_metadata(path).map(|(file, _)| file)
}

/// Opens a regular file like [`open`], and returns the metadata of the open file.
pub fn open_with_metadata(path: impl AsRef<Path>) -> Result<(File, Metadata)> {
    let path = path.as_ref();
    let failed = || format!("failed to open `{}`", path.display());
    require_regular(path, &fs::metadata(path).with_context(failed)?)?;
    let file = open_without_blocking(path).with_context(failed)?;
    let metadata = file.metadata().with_context(failed)?;
    require_regular(path, &metadata)?;
    Ok((file, metadata))
}

fn require_regular(path: &Path, metadata: &Metadata) -> Result<()> {
    let kind = metadata.file_type();
    ensure!(kind.is_file(), "`{}` is {}, not a regular file", path.display(), describe(kind));
    Ok(())
}

/// Opening a FIFO would otherwise block until another process opens it for writing. For regular files, the flag has no
/// effect.
fn open_without_blocking(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOCTTY);
    options.open(path)
}

/// The type of a file in words: "a directory".
#[must_use]
pub fn describe(kind: FileType) -> &'static str {
    if kind.is_file() {
        return "a regular file";
    }
    if kind.is_dir() {
        return "a directory";
    }
    if kind.is_symlink() {
        return "a symbolic link";
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a FIFO (named pipe)";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    "a special file"
}

/// The file that is written if a user names this output path: the path itself or, if it is a symbolic link, the file to
/// which the link points. That file may be missing. Anything other than a regular file is an error: replacing it by a
/// rename would destroy a device, a FIFO or a socket.
pub fn output_file(path: impl AsRef<Path>) -> Result<PathBuf> {
    let path = path.as_ref();
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            bail!("it is {}, not a regular file", describe(metadata.file_type()))
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let mut file = path.to_owned();
    for _ in 0..LINKS_LIMIT {
        match fs::read_link(&file) {
            Ok(target) => file = file.parent().unwrap_or(Path::new("")).join(target),
            // It is not a link, or it is missing.
            Err(_) => return Ok(file),
        }
    }
    bail!("it is a symbolic link in a loop")
}

/// Reads a whole regular file of at most `limit` bytes. Like [`open`], it refuses anything else.
pub fn read_bounded(path: impl AsRef<Path>, limit: u64) -> Result<Vec<u8>> {
    let path = path.as_ref();
    let (file, metadata) = open_with_metadata(path)?;
    let too_large =
        |size: &dyn Display| anyhow!("`{}` is too large: found {size} bytes, expected at most {limit}", path.display());
    ensure!(metadata.len() <= limit, too_large(&metadata.len()));
    let mut contents = Vec::new();
    // The file may grow meanwhile, and the files of `/proc` have no length.
    let read = file.take(limit + 1).read_to_end(&mut contents);
    let read = read.with_context(|| format!("failed to read `{}`", path.display()))?;
    ensure!(read as u64 <= limit, too_large(&format_args!("more than {limit}")));
    Ok(contents)
}

/// Reads a whole regular text file of at most `limit` bytes.
pub fn read_text_bounded(path: impl AsRef<Path>, limit: u64) -> Result<String> {
    let path = path.as_ref();
    String::from_utf8(read_bounded(path, limit)?).with_context(|| format!("`{}` is not UTF-8", path.display()))
}

/// Writes a whole file, replacing one that exists.
pub fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> Result<()> {
    let path = path.as_ref();
    fs::write(path, contents).with_context(|| format!("failed to write `{}`", path.display()))
}

/// Creates a directory and its missing parents.
pub fn create_dir_all(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    fs::create_dir_all(path).with_context(|| format!("failed to create the directory `{}`", path.display()))
}

/// Replaces a file atomically: `write` fills a temporary file in the same directory, which is then renamed. A missing
/// directory is created. A symbolic link stays, and the file to which it points is replaced; see [`output_file`]. The caller
/// adds the path to the error, because it knows what the file is.
pub fn replace(path: impl AsRef<Path>, write: impl FnOnce(&File) -> Result<()>) -> Result<()> {
    let path = output_file(path)?;
    let directory = path.parent().context("it has no parent directory")?;
    create_dir_all(directory)?;
    let staged = ScratchFile::create_in(directory, with_usual_permissions(&mut tempfile::Builder::new()))?;
    write(staged.as_file())?;
    staged.persist(&path)?;
    Ok(())
}

/// The metadata of a path, following symbolic links.
pub fn metadata(path: impl AsRef<Path>) -> Result<Metadata> {
    let path = path.as_ref();
    fs::metadata(path).with_context(|| format!("failed to look at `{}`", path.display()))
}

/// The metadata of a path, which may be a symbolic link itself.
pub fn symlink_metadata(path: impl AsRef<Path>) -> Result<Metadata> {
    let path = path.as_ref();
    fs::symlink_metadata(path).with_context(|| format!("failed to look at `{}`", path.display()))
}

/// The target of a symbolic link.
pub fn read_link(path: impl AsRef<Path>) -> Result<PathBuf> {
    let path = path.as_ref();
    fs::read_link(path).with_context(|| format!("failed to read the link `{}`", path.display()))
}

/// The hint for a directory for temporary files that is missing, full or read-only.
#[must_use]
pub fn temporary_directory_hint() -> String {
    format!("set `{}` to a writable directory", if cfg!(windows) { "TMP" } else { "TMPDIR" })
}

/// Gives temporary files the permissions of ordinary ones, as the umask has it. By default only their owner can read
/// them, and they keep that when they are renamed to their final path. On Windows nothing has to change.
pub fn with_usual_permissions<'a, 'b, 'c>(
    builder: &'c mut tempfile::Builder<'a, 'b>,
) -> &'c mut tempfile::Builder<'a, 'b> {
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    fn make_fifo(path: &Path) {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    /// A directory with a FIFO, a socket and a link to each of them, and their descriptions.
    fn special_files() -> (tempfile::TempDir, Vec<(PathBuf, &'static str)>) {
        let directory = tempfile::tempdir().unwrap();
        let path = |name| directory.path().join(name);
        make_fifo(&path("fifo"));
        // The socket stays when its listener is closed.
        UnixListener::bind(path("socket")).unwrap();
        symlink("fifo", path("to-fifo")).unwrap();
        symlink("socket", path("to-socket")).unwrap();
        let (fifo, socket) = ("a FIFO (named pipe)", "a socket");
        let files = [("fifo", fifo), ("to-fifo", fifo), ("socket", socket), ("to-socket", socket)];
        let files = files.map(|(name, description)| (path(name), description)).into();
        (directory, files)
    }

    fn write_new(mut file: &File) -> Result<()> {
        Ok(file.write_all(b"new")?)
    }

    #[test]
    fn only_regular_files_are_opened() {
        let (directory, special) = special_files();
        for (path, description) in special {
            let expected = format!("`{}` is {description}, not a regular file", path.display());
            assert_eq!(open(&path).unwrap_err().to_string(), expected);
            assert_eq!(read_bounded(&path, 8).unwrap_err().to_string(), expected);
        }
        let error = read_bounded(directory.path(), 8).unwrap_err().to_string();
        assert!(error.ends_with("is a directory, not a regular file"), "{error}");
        assert!(open(directory.path().join("none")).unwrap_err().to_string().starts_with("failed to open `"));
    }

    #[test]
    fn a_file_is_read_up_to_the_limit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "12345678").unwrap();
        assert_eq!(read_bounded(&path, 8).unwrap(), b"12345678");
        assert_eq!(read_text_bounded(&path, 8).unwrap(), "12345678");
        let message = format!("`{}` is too large: found 8 bytes, expected at most 7", path.display());
        assert_eq!(read_bounded(&path, 7).unwrap_err().to_string(), message);
        fs::write(&path, b"\xff").unwrap();
        assert_eq!(read_text_bounded(&path, 8).unwrap_err().to_string(), format!("`{}` is not UTF-8", path.display()));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_file_that_tells_no_length_is_bounded_too() {
        let message = "`/proc/self/status` is too large: found more than 7 bytes, expected at most 7";
        assert_eq!(read_bounded("/proc/self/status", 7).unwrap_err().to_string(), message);
        let message = "`/dev/zero` is a device, not a regular file";
        assert_eq!(read_bounded("/dev/zero", 7).unwrap_err().to_string(), message);
    }

    #[test]
    fn a_fifo_is_opened_without_waiting_for_a_writer() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("fifo");
        make_fifo(&path);
        let file = open_without_blocking(&path).unwrap();
        assert_eq!(describe(file.metadata().unwrap().file_type()), "a FIFO (named pipe)");
    }

    #[test]
    fn special_files_are_not_replaced() {
        let (directory, special) = special_files();
        for (path, description) in special {
            let before = fs::metadata(&path).unwrap().file_type();
            let error = replace(&path, |_| panic!("nothing is written")).unwrap_err();
            assert_eq!(error.to_string(), format!("it is {description}, not a regular file"));
            assert_eq!(fs::metadata(&path).unwrap().file_type(), before);
        }
        assert_eq!(directory.path().read_dir().unwrap().count(), 4);
    }

    #[test]
    fn a_link_stays_and_its_target_is_replaced_or_created() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir(path("links")).unwrap();
        fs::write(path("old"), "old").unwrap();
        symlink("../old", path("links/to-old")).unwrap();
        symlink("links/to-old", path("chain")).unwrap();
        symlink("missing/new", path("dangling")).unwrap();
        for (link, target) in [("chain", "old"), ("dangling", "missing/new")] {
            replace(path(link), write_new).unwrap();
            assert!(path(link).is_symlink(), "{link}");
            assert!(!path(target).is_symlink(), "{target}");
            assert_eq!(fs::read(path(target)).unwrap(), b"new", "{target}");
        }
        assert!(path("links/to-old").is_symlink());
    }

    #[test]
    fn a_loop_of_links_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("loop");
        symlink("loop", &path).unwrap();
        assert!(replace(&path, write_new).is_err());
        assert!(path.is_symlink());
    }
}
