//! The files in the runtimes' images: loader, libraries and interpreters, and the directories that zips are unpacked to.

use crate::{Arch, Runtime};

/// Source of the library names.
pub const LIBRARIES_SOURCE: &str = "the image of `provided.al2023`, dumped in mid-2026";

/// Source of the loader's search path.
pub const SEARCH_PATH_SOURCE: &str = "the `LD_LIBRARY_PATH` of `provided.al2023`, recorded in 2026";

/// The directory that Lambda unpacks a function's zip to.
pub const TASK_ROOT: &str = "/var/task";

/// The directory that Lambda unpacks layers to, each over the ones before it.
pub const LAYERS_ROOT: &str = "/opt";

/// Lambda's `LD_LIBRARY_PATH`. The runtime's own directories come before those of the function and its layers, so a packed
/// library does not replace the runtime's library of the same name. Source: [`SEARCH_PATH_SOURCE`].
pub const LIBRARY_PATH: [&str; 8] = [
    "/var/lang/lib",
    "/lib64",
    "/usr/lib64",
    "/var/runtime",
    "/var/runtime/lib",
    "/var/task",
    "/var/task/lib",
    "/opt/lib",
];

/// The directories in which the images keep their libraries.
pub const SYSTEM_LIBRARY_DIRECTORIES: [&str; 4] = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"];

/// Whether a runtime has a shared library of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LibraryPresence {
    /// Every runtime has it.
    Always,
    /// The published image has it; the managed runtime has a little less than the image.
    InImage,
    /// The runtime does not have it.
    Absent,
    /// The libraries of this runtime are not known.
    Unknown,
}

/// Whether a runtime has the shared library `name`.
#[must_use]
pub fn library_presence(runtime: Runtime, arch: Arch, name: &str) -> LibraryPresence {
    let has_libstdcxx = || runtime.facts().symbol_versions.iter().any(|(prefix, _)| *prefix == "GLIBCXX");
    if SAFE_LIBRARIES.contains(&name) {
        LibraryPresence::Always
    } else if runtime == Runtime::AL2023 {
        let is_listed = al2023_libraries(arch).any(|listed| listed == name);
        if is_listed { LibraryPresence::InImage } else { LibraryPresence::Absent }
    } else if name == "libstdc++.so.6" && has_libstdcxx() {
        LibraryPresence::InImage
    } else {
        LibraryPresence::Unknown
    }
}

/// The names of the shared libraries in the image of `provided.al2023`, sorted. Source: [`LIBRARIES_SOURCE`].
pub fn al2023_libraries(arch: Arch) -> impl Iterator<Item = &'static str> {
    let list = match arch {
        Arch::X86_64 => include_str!("al2023-libraries-x86_64.txt"),
        Arch::Arm64 => include_str!("al2023-libraries-arm64.txt"),
    };
    list.lines()
}

/// The paths of the dynamic loader in every image. Linkers write the first one into an executable.
#[must_use]
pub fn loaders(arch: Arch) -> &'static [&'static str] {
    // `/lib` and `/lib64` are links into `/usr` on Amazon Linux.
    match arch {
        Arch::X86_64 => &["/lib64/ld-linux-x86-64.so.2", "/usr/lib64/ld-linux-x86-64.so.2"],
        Arch::Arm64 => &["/lib/ld-linux-aarch64.so.1", "/usr/lib/ld-linux-aarch64.so.1"],
    }
}

/// The libraries of glibc and libgcc that every image and every managed runtime has, for both architectures.
pub const SAFE_LIBRARIES: [&str; 11] = [
    "ld-linux-aarch64.so.1",
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libutil.so.1",
    "linux-vdso.so.1",
];

/// The programs in `/bin` and `/usr/bin` of the images that can run a script.
///
/// They come from packages of Amazon Linux's minimal container: bash (also as `sh`), coreutils (`env`), gawk and sed. AWS
/// does not document the rest of the images, so other programs may exist.
pub const SCRIPT_INTERPRETERS: [&str; 6] = ["awk", "bash", "env", "gawk", "sed", "sh"];

/// Directories that exist on developers' machines and other systems, but hold no program in any image. The Filesystem
/// Hierarchy Standard leaves `/usr/local` to the administrator; the others belong to macOS, Homebrew, Nix and Guix.
pub const UNSUPPORTED_DIRECTORIES: [&str; 9] =
    ["/Applications", "/Library", "/Users", "/gnu/store", "/home", "/nix", "/opt/homebrew", "/opt/local", "/usr/local"];
