//! The files in the runtimes' images: the loader, libraries, interpreters, and where Lambda unpacks zips.

use crate::Arch;

/// Source of the library names.
pub const LIBRARIES_SOURCE: &str = "the image of `provided.al2023`, dumped in mid-2026";

/// Where Lambda unpacks the zip of a function.
pub const TASK_ROOT: &str = "/var/task";

/// Where Lambda unpacks layers, one over the other.
pub const LAYERS_ROOT: &str = "/opt";

/// The directories of a function's zip, relative to [`TASK_ROOT`], in which the loader looks for libraries.
pub const TASK_LIBRARY_DIRECTORIES: [&str; 2] = ["", "lib"];

/// The directory of a layer, relative to [`LAYERS_ROOT`], in which the loader looks for libraries.
pub const LAYER_LIBRARY_DIRECTORY: &str = "lib";

/// The names of the shared libraries in the image of `provided.al2023`, sorted. Source: [`LIBRARIES_SOURCE`].
pub fn al2023_libraries(arch: Arch) -> impl Iterator<Item = &'static str> {
    let list = match arch {
        Arch::X86_64 => include_str!("al2023-libraries-x86_64.txt"),
        Arch::Arm64 => include_str!("al2023-libraries-arm64.txt"),
    };
    list.lines()
}

/// The paths of the dynamic loader in every image. The first one is what linkers write into an executable.
#[must_use]
pub fn loaders(arch: Arch) -> &'static [&'static str] {
    // `/lib` and `/lib64` are links into `/usr` in Amazon Linux.
    match arch {
        Arch::X86_64 => &["/lib64/ld-linux-x86-64.so.2", "/usr/lib64/ld-linux-x86-64.so.2"],
        Arch::Arm64 => &["/lib/ld-linux-aarch64.so.1", "/usr/lib/ld-linux-aarch64.so.1"],
    }
}

/// The libraries of glibc and libgcc that every image and every managed runtime has, for both architectures together.
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

/// The programs in `/bin` and `/usr/bin` of the images that a script can name after `#!`.
///
/// They belong to the packages of Amazon Linux's minimal container that can run a script: bash (also as `sh`), coreutils
/// (`env`), gawk and sed. AWS does not document what else the images hold, so another program may exist there.
pub const SCRIPT_INTERPRETERS: [&str; 6] = ["awk", "bash", "env", "gawk", "sed", "sh"];

/// Directories of other systems and of developers' machines. No image has a program in them: the Filesystem Hierarchy
/// Standard leaves `/usr/local` to the administrator, and the rest belongs to the package managers of macOS, Nix and Guix.
pub const UNSUPPORTED_DIRECTORIES: [&str; 9] =
    ["/Applications", "/Library", "/Users", "/gnu/store", "/home", "/nix", "/opt/homebrew", "/opt/local", "/usr/local"];
