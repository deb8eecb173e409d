//! Where the zips go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use cargo_metadata::Metadata;

use super::{Function, PlannedFunction, Surroundings};
use crate::cli::BuildArguments;
use lambda_platform::Target;
use lambda_zip_check::ArchiveKind;
use lambda_zip_error::{ErrorKind, Failure};

const PLACEHOLDERS: [&str; 5] = ["function", "package", "version", "arch", "runtime"];

/// The rule that gives each zip its path.
#[derive(Debug)]
pub(super) enum Output {
    /// `<folder>/<function>/bootstrap.zip`, `<folder>/extensions/<name>.zip` or `<folder>/layers/<name>.zip`, with the
    /// architecture after the folder when there are several.
    Folder { folder: PathBuf, by_arch: bool },
    /// One file.
    File(PathBuf),
    /// A path with placeholders.
    Template { folder: PathBuf, template: String },
}

impl Output {
    /// Reads `--output`, else takes `lambda` in the target directory, the path at which existing deployment set-ups look.
    pub(super) fn new(
        arguments: &BuildArguments,
        metadata: &Metadata,
        by_arch: bool,
        surroundings: Surroundings<'_>,
    ) -> Result<Self> {
        let Surroundings { folder, output_is_folder } = surroundings;
        let Some(output) = &arguments.output else {
            let target_dir = match &arguments.cargo.target_dir {
                Some(target_dir) => folder.join(target_dir),
                None => metadata.target_directory.clone().into_std_path_buf(),
            };
            return Ok(Self::Folder { folder: target_dir.join("lambda"), by_arch });
        };
        let text = output.to_string_lossy();
        if text.is_empty() {
            return Err(Failure::new(ErrorKind::Usage, "`--output` is empty").hint("name a file or a folder").into());
        }
        if text.contains(['{', '}']) {
            let Some(template) = output.to_str() else {
                return Err(Failure::new(ErrorKind::Usage, "an `--output` with placeholders must be UTF-8").into());
            };
            fill(template, |name| PLACEHOLDERS.contains(&name).then(String::new))?;
            return Ok(Self::Template { folder: folder.to_path_buf(), template: template.to_owned() });
        }
        let path = folder.join(output);
        if output_is_folder || text.ends_with(std::path::is_separator) {
            Ok(Self::Folder { folder: path, by_arch })
        } else {
            Ok(Self::File(path))
        }
    }

    /// The path of one zip.
    pub(super) fn path(&self, function: &Function, kind: ArchiveKind, target: Target) -> PathBuf {
        match self {
            Self::Folder { folder, by_arch } => {
                let folder = if *by_arch { folder.join(target.arch.aws_name()) } else { folder.clone() };
                let file = format!("{}.zip", function.name);
                match kind {
                    ArchiveKind::Function => folder.join(&function.name).join("bootstrap.zip"),
                    ArchiveKind::Extension | ArchiveKind::InternalExtension => folder.join("extensions").join(file),
                    ArchiveKind::Layer => folder.join("layers").join(file),
                }
            }
            Self::File(path) => path.clone(),
            Self::Template { folder, template } => {
                let filled = fill(template, |name| match name {
                    "function" => Some(function.name.clone()),
                    "package" => Some(function.package.clone()),
                    "version" => Some(function.version.to_string()),
                    "arch" => Some(target.arch.to_string()),
                    "runtime" => Some(target.runtime.to_string()),
                    _ => None,
                });
                folder.join(filled.expect("the template was checked when it was read"))
            }
        }
    }
}

/// Puts values in the place of `{name}`s.
fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let known = || {
        let names: Vec<_> = PLACEHOLDERS.iter().map(|name| format!("`{{{name}}}`")).collect();
        format!("there is {}", names.join(", "))
    };
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once(['{', '}']) {
        filled.push_str(before);
        let name = after.split_once('}').map(|(name, _)| name).filter(|_| rest[before.len()..].starts_with('{'));
        let Some(name) = name else {
            return Err(Failure::new(ErrorKind::Usage, format!("`--output {template}` has a lone brace")).hint(known()));
        };
        filled.push_str(&value(name).ok_or_else(|| {
            Failure::new(ErrorKind::Usage, format!("`--output {template}` has an unknown placeholder `{{{name}}}`"))
                .hint(known())
        })?);
        rest = &after[name.len() + 1..];
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Two zips on one path would leave one of them. Case does not tell paths apart everywhere.
pub(super) fn refuse_collisions(functions: &[PlannedFunction]) -> Result<()> {
    let describe =
        |planned: &PlannedFunction| format!("`{}` for {}", planned.function.name, planned.target.target.arch);
    let mut taken: BTreeMap<String, &PlannedFunction> = BTreeMap::new();
    for planned in functions {
        let Some(other) = taken.insert(comparable(&planned.path), planned) else { continue };
        return Err(Failure::new(
            ErrorKind::Usage,
            format!(
                "{} and {} would both be written to `{}`",
                describe(other),
                describe(planned),
                planned.path.display()
            ),
        )
        .hint("name a folder (`--output out/`) or a template (`--output 'out/{package}/{function}-{arch}.zip'`)")
        .into());
    }
    Ok(())
}

fn comparable(path: &Path) -> String {
    let clean: PathBuf = path.components().collect();
    clean.to_string_lossy().to_lowercase()
}
