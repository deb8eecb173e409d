//! The flags that select the other files of a zip and how it is written. Builds and `pack` share them.

use clap::Args;

use super::LevelFlags;
use deployment_zip::{Compression, ModeRule, Symlinks};
use lambda_zip_check::ArchiveKind;

const PACKAGING_OPTIONS: &str = "Packaging Options";

#[derive(Debug, Clone, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate flag")]
pub(crate) struct PackagingFlags {
    /// File, directory or glob to put into the zip
    ///
    /// Files keep their relative paths, or get DEST. A directory is added with everything in it. Files that match a glob
    /// keep their paths relative to the working directory; with DEST, the part of the path before the first wildcard
    /// becomes DEST. A DEST that ends in `/` is a directory. If a file has the whole argument as its name, `=` is part of
    /// the name.
    #[arg(long, value_name = "PATH[=DEST]", help_heading = PACKAGING_OPTIONS)]
    pub(crate) include: Vec<String>,
    /// Leave out files and directories with this name or path
    ///
    /// A glob without `/` matches names at any depth. A glob with `/` matches paths relative to the working directory.
    #[arg(long, value_name = "GLOB", help_heading = PACKAGING_OPTIONS)]
    pub(crate) exclude_path: Vec<String>,
    /// Permissions of files whose names in the zip match, such as `--mode '*.sh=0755'`
    #[arg(long, value_name = "GLOB=OCTAL", help_heading = PACKAGING_OPTIONS)]
    pub(crate) mode: Vec<ModeRule>,
    /// How to handle symbolic links: `preserve` (the default), `follow` or `reject`
    #[arg(long, value_name = "WHAT", help_heading = PACKAGING_OPTIONS)]
    pub(crate) symlinks: Option<Symlinks>,
    /// Include what is left out of directories by default: `.git`, caches, files of editors and deployment tools
    #[arg(long, help_heading = PACKAGING_OPTIONS)]
    pub(crate) no_default_excludes: bool,
    /// Compression level: `fast`, `default`, `best` or `store`
    #[arg(long, value_name = "LEVEL", help_heading = PACKAGING_OPTIONS)]
    pub(crate) compression: Option<Compression>,

    /// Make a layer with an external extension, as `extensions/<name>`, which runs in its own process
    #[arg(long, conflicts_with_all = ["internal_extension", "layer"], help_heading = PACKAGING_OPTIONS)]
    pub(crate) extension: bool,
    /// Make a layer with an internal extension, as `<name>`, which runs in the function's process
    #[arg(long, conflicts_with = "layer", help_heading = PACKAGING_OPTIONS)]
    pub(crate) internal_extension: bool,
    /// Make a layer with a program, as `bin/<name>`
    #[arg(long, help_heading = PACKAGING_OPTIONS)]
    pub(crate) layer: bool,

    #[command(flatten)]
    pub(crate) levels: LevelFlags,

    /// Print what would be in the zip, without making it
    #[arg(long, help_heading = PACKAGING_OPTIONS)]
    pub(crate) list: bool,
}

impl PackagingFlags {
    /// The kind of the zip, if a flag sets it.
    pub(crate) fn kind(&self) -> Option<ArchiveKind> {
        [
            (self.extension, ArchiveKind::Extension),
            (self.internal_extension, ArchiveKind::InternalExtension),
            (self.layer, ArchiveKind::Layer),
        ]
        .into_iter()
        .find_map(|(set, kind)| set.then_some(kind))
    }
}
