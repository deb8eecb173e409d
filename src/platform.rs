//! What differs between the operating systems that the program runs on, all in one place, so that nothing else has to ask
//! where it is. `docs/platforms.md` tells users what follows from it.
//!
//! Elsewhere there is only what the standard library and the libraries used do for every system alike.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Command;

/// The name under which a system has Python 3 on PATH.
pub(crate) const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// Where Python is in a virtual environment.
pub(crate) const PYTHON_OF_ENVIRONMENT: &str = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python3" };

/// Whether a folder may list a name in other characters than those by which the file was made or is looked for: `é` as an `e`
/// with an accent behind it. HFS+ always does so; APFS lists what it was given, but finds both.
pub(crate) const COMPOSES_NAMES: bool = cfg!(target_vendor = "apple");

/// A path, or a glob over paths, with `/` between its components, as zips and globs have it. Where `\` is what people type
/// to separate, it does; elsewhere it is an ordinary character.
pub(crate) fn with_slashes(text: &str) -> String {
    if cfg!(windows) { text.replace('\\', "/") } else { text.to_owned() }
}

/// Makes temporary files as readable as any file that the user makes. They become the user's by being renamed, and what is
/// right for a temporary one, that nobody else may read it, is not for those. Windows has no such difference.
pub(crate) fn with_usual_permissions<'a, 'b, 'c>(
    builder: &'c mut tempfile::Builder<'a, 'b>,
) -> &'c mut tempfile::Builder<'a, 'b> {
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

/// Makes a program be there under another name, too. Windows makes links for few users: there it is a copy.
pub(crate) fn stand_for(program: &Path, path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(program, path);
    #[cfg(not(unix))]
    return std::fs::copy(program, path).map(drop);
}

/// Becomes another program, and returns only if that fails. Windows has no such thing: there it is run to its end, and the
/// exit code returned.
pub(crate) fn become_program(mut command: Command) -> io::Result<u8> {
    #[cfg(unix)]
    return Err(std::os::unix::process::CommandExt::exec(&mut command));
    #[cfg(not(unix))]
    return command.status().map(|status| status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1));
}

/// Reads from a place in a file. On Windows that moves the file's own position, which nobody may rely on.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, buffer, position);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, buffer, position);
}

/// Whether an error says that another program has the file open in a way that keeps everybody else off it, which only
/// Windows allows: sharing and lock violations, and, where a file is to be replaced, a denied access.
pub(crate) fn is_held_open(error: &io::Error) -> bool {
    const ERROR_ACCESS_DENIED: i32 = 5;
    const ERROR_SHARING_VIOLATION: i32 = 32;
    const ERROR_LOCK_VIOLATION: i32 = 33;
    let held = [ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION];
    cfg!(windows) && error.raw_os_error().is_some_and(|code| held.contains(&code))
}
