//! The flags that decide what is in a zip beside the executable, and how it is written: the same wherever the executable
//! comes from.

use clap::Args;

use super::LevelFlags;
use deployment_zip::{Compression, ModeRule, Symlinks};
use lambda_zip_check::ArchiveKind;

const PACKAGING_OPTIONS: &str = "Packaging Options";

#[derive(Debug, Clone, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct PackagingFlags {
    /// File, folder or glob to put into the zip
    ///
    /// It gets its relative name, or DEST. A folder comes with all that is in it. A glob keeps the path from the working directory on; with DEST, the folders
    /// before its first wildcard become DEST. A DEST that ends in `/` is a folder. If a file has the name of the whole
    /// argument, `=` is a part of it.
    #[arg(long, value_name = "PATH[=DEST]", help_heading = PACKAGING_OPTIONS)]
    pub(crate) include: Vec<String>,
    /// Leave out the files and folders of this name or path
    ///
    /// A glob without `/` is held against names, at any depth; one with `/` against paths from the working directory on.
    #[arg(long, value_name = "GLOB", help_heading = PACKAGING_OPTIONS)]
    pub(crate) exclude_path: Vec<String>,
    /// Permissions of the files with a name in the zip that matches, such as `--mode '*.sh=0755'`
    #[arg(long, value_name = "GLOB=OCTAL", help_heading = PACKAGING_OPTIONS)]
    pub(crate) mode: Vec<ModeRule>,
    /// What becomes of symbolic links: `preserve` (the default), `follow` or `reject`
    #[arg(long, value_name = "WHAT", help_heading = PACKAGING_OPTIONS)]
    pub(crate) symlinks: Option<Symlinks>,
    /// Also take what is left out of folders by default: `.git`, target directories, what editors and desktops leave
    #[arg(long, help_heading = PACKAGING_OPTIONS)]
    pub(crate) no_default_excludes: bool,
    /// Time against size: `fast`, `default`, `best` or `store`
    #[arg(long, value_name = "LEVEL", help_heading = PACKAGING_OPTIONS)]
    pub(crate) compression: Option<Compression>,

    /// The zip is a layer with an extension that runs in its own process, as `extensions/<name>`
    #[arg(long, conflicts_with_all = ["internal_extension", "layer"], help_heading = PACKAGING_OPTIONS)]
    pub(crate) extension: bool,
    /// The zip is a layer with an extension that runs in the function's process, as `<name>`
    #[arg(long, conflicts_with = "layer", help_heading = PACKAGING_OPTIONS)]
    pub(crate) internal_extension: bool,
    /// The zip is a layer with a program, as `bin/<name>`
    #[arg(long, help_heading = PACKAGING_OPTIONS)]
    pub(crate) layer: bool,

    #[command(flatten)]
    pub(crate) levels: LevelFlags,

    /// Print what would be in the zip, and make none
    #[arg(long, help_heading = PACKAGING_OPTIONS)]
    pub(crate) list: bool,
}

impl PackagingFlags {
    /// What the zip is said to be, if a flag says it.
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
