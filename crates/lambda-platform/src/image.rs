//! The files in the runtimes' images: loader, libraries and interpreters, and the directories that zips are unpacked to.

use crate::Arch;

/// Source of the library names.
pub const LIBRARIES_SOURCE: &str = "the image of `provided.al2023`, dumped in mid-2026";

/// The directory that Lambda unpacks a function's zip to.
pub const TASK_ROOT: &str = "/var/task";

/// The directory that Lambda unpacks layers to, each over the ones before it.
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
