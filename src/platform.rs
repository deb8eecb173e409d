//! What differs between the operating systems that the program runs on. `docs/platforms.md` tells users what follows from it.
//!
//! Nothing else in the program asks which system it runs on; `deployment_zip` has the differences between file systems.

use std::io;
use std::path::Path;
use std::process::Command;

/// The name under which a system has Python 3 on PATH.
pub(crate) const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// Where Python is in a virtual environment.
pub(crate) const PYTHON_OF_ENVIRONMENT: &str = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python3" };

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
