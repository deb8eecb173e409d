//! What to do if cargo or rustc is missing, does not start, or is too old for the package.

use std::io;
use std::path::Path;

/// The hint if cargo or rustc is missing or broken.
pub(super) const RUST_IS_MISSING: &str = "install Rust with rustup: https://rustup.rs";

const UPDATE: &str = "update Rust: `rustup update`";

/// The hint for a program that did not start.
pub(super) fn not_started(error: &io::Error) -> String {
    if has_too_many_files(error) {
        return "allow more open files: `ulimit -n 1024`, or raise the hard limit".to_owned();
    }
    RUST_IS_MISSING.to_owned()
}

/// The hint for a program that failed after it printed this. `None` if that says what to do.
pub(super) fn failed(stderr: &str) -> Option<String> {
    if let Some(hint) = surroundings().or_else(|| too_old(stderr)) {
        return Some(hint);
    }
    // rustup's messages have a line of their own that says what to do.
    (!stderr.contains("help: run ")).then(|| RUST_IS_MISSING.to_owned())
}

/// The hint for a cargo that cannot read a package that a newer one can.
pub(super) fn too_old(stderr: &str) -> Option<String> {
    let signs = [
        // An edition, at first and later.
        "this version of Cargo is older than the `",
        "is required\n\n  The package requires the Cargo feature called `edition20",
        "this version of Cargo does not understand this lock file",
    ];
    signs.iter().any(|sign| stderr.contains(sign)).then(|| UPDATE.to_owned())
}

/// The hint for a machine on which rustup's programs cannot run.
pub(super) fn surroundings() -> Option<String> {
    if cfg!(target_os = "linux") && !Path::new("/proc/self").exists() {
        return Some("mount `/proc`, which Rust needs: `mount -t proc proc /proc`".to_owned());
    }
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty())?;
    let is_needed = std::env::var_os("RUSTUP_HOME").is_none() || std::env::var_os("CARGO_HOME").is_none();
    (is_needed && !Path::new(&home).is_dir()).then(|| {
        format!(
            "`HOME` is `{}`, which is not a directory: set it, or set `RUSTUP_HOME` and `CARGO_HOME`",
            home.display()
        )
    })
}

fn has_too_many_files(error: &io::Error) -> bool {
    #[cfg(unix)]
    return [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()));
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}
