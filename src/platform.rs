//! Differences between the operating systems that the program runs on. `docs/platforms.md` describes what users see of
//! them.
//!
//! A difference that concerns one module only stays in that module: how `cache` reads change times, and `invoke`, which
//! needs Linux.

use std::io;
use std::path::Path;
use std::process::Command;

/// The usual name of Python 3 on PATH.
pub(crate) const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };

/// Where Python lies in a virtual environment.
pub(crate) const PYTHON_OF_ENVIRONMENT: &str = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python3" };

/// Makes a program available at another path: as a symbolic link, or on Windows, where few users may create links, as a
/// copy.
pub(crate) fn stand_for(program: &Path, path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(program, path);
    #[cfg(not(unix))]
    return std::fs::copy(program, path).map(drop);
}

/// Gives a program a process group of its own, for [`end_group`].
pub(crate) fn start_in_own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Ends every process of the group. Only Unix has such groups.
pub(crate) fn end_group(group: u32) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw) {
        // This fails only if the group has ended.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
    }
    #[cfg(not(unix))]
    let _ = group;
}

/// Replaces this process by another program, and returns only if that fails. Windows cannot do that: there the program
/// runs to its end, and its exit code is returned.
pub(crate) fn become_program(mut command: Command) -> io::Result<u8> {
    #[cfg(unix)]
    return Err(std::os::unix::process::CommandExt::exec(&mut command));
    #[cfg(not(unix))]
    return command.status().map(|status| status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1));
}
