//! The paths of the zips.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{Packaging, PlannedFunction};
use crate::cli::OutputFormat;
use crate::context::{BuildContext, Function};
use lambda_platform::Target;
use lambda_zip_check::ArchiveKind;
use lambda_zip_error::{ErrorKind, Failure};

const PLACEHOLDERS: [&str; 5] = ["function", "package", "version", "arch", "runtime"];

/// What `--output` says.
#[derive(Debug)]
pub(super) enum Output {
    /// `<directory>/<function>/bootstrap.zip`, `<directory>/extensions/<name>.zip` or `<directory>/layers/<name>.zip`. With
    /// several architectures, each has a directory of its own in between.
    Directory { directory: PathBuf, by_arch: bool },
    /// One file.
    File(PathBuf),
    /// A path with placeholders.
    Template { directory: PathBuf, template: String },
}

impl Output {
    /// Reads `--output`. The default is `lambda` in the target directory, where existing deployment setups look.
    pub(super) fn new(context: &BuildContext<'_>) -> Result<Self> {
        let by_arch = context.targets.len() > 1;
        let Some(output) = &context.arguments.output else {
            return Ok(Self::Directory { directory: context.target_directory().join("lambda"), by_arch });
        };
        let text = output.to_string_lossy();
        if text.is_empty() {
            return Err(Failure::new(ErrorKind::Usage, "`--output` is empty")
                .hint("name a file or a directory")
                .into());
        }
        if ["-", "/dev/stdout"].contains(&&*text) {
            let failure = Failure::new(ErrorKind::Usage, format!("`--output {text}` is only for `pack`"));
            return Err(failure.hint("name a file or a directory").into());
        }
        if text.contains(['{', '}']) {
            let Some(template) = output.to_str() else {
                return Err(Failure::new(ErrorKind::Usage, "an `--output` with placeholders must be UTF-8").into());
            };
            fill(template, |name| PLACEHOLDERS.contains(&name).then(String::new))?;
            return Ok(Self::Template { directory: context.directory.clone(), template: template.to_owned() });
        }
        let path = context.directory.join(output);
        if context.output_is_directory || text.ends_with(std::path::is_separator) {
            Ok(Self::Directory { directory: path, by_arch })
        } else {
            Ok(Self::File(path))
        }
    }

    /// The directory that holds the zips of all runs, unless each run names a file of its own.
    pub(super) fn directory(&self) -> Option<PathBuf> {
        match self {
            Self::Directory { directory, .. } => Some(directory.clone()),
            Self::File(_) => None,
            Self::Template { directory, template } => {
                let fixed = template.split('{').next().unwrap_or_default();
                let end = fixed.rfind(std::path::is_separator)?;
                Some(directory.join(&fixed[..end]))
            }
        }
    }

    /// The path of one zip or, for [`OutputFormat::Binary`], of the executable.
    pub(super) fn path(&self, function: &Function, packaging: &Packaging, target: Target) -> Result<PathBuf> {
        let Packaging { kind, format, .. } = packaging;
        let executable = kind.executable_name(&function.name);
        let path = match self {
            Self::Directory { directory, by_arch } => {
                let directory = if *by_arch { directory.join(target.arch.aws_name()) } else { directory.clone() };
                if *format == OutputFormat::Binary {
                    let parent = match kind {
                        ArchiveKind::Function => directory,
                        ArchiveKind::Extension | ArchiveKind::InternalExtension => directory.join("extensions"),
                        ArchiveKind::Layer => directory.join("layers"),
                    };
                    return Ok(parent.join(&function.name).join(executable));
                }
                let file = format!("{}.zip", function.name);
                match kind {
                    ArchiveKind::Function => directory.join(&function.name).join("bootstrap.zip"),
                    ArchiveKind::Extension | ArchiveKind::InternalExtension => directory.join("extensions").join(file),
                    ArchiveKind::Layer => directory.join("layers").join(file),
                }
            }
            Self::File(path) => path.clone(),
            Self::Template { directory, template } => {
                let filled = fill(template, |name| match name {
                    "function" => Some(function.name.clone()),
                    "package" => Some(function.package.clone()),
                    "version" => Some(function.version.to_string()),
                    "arch" => Some(target.arch.to_string()),
                    "runtime" => Some(target.runtime.to_string()),
                    _ => None,
                });
                directory.join(filled.expect("the template was checked when it was read"))
            }
        };
        if *format == OutputFormat::Binary && !path.ends_with(&executable) {
            let message = format!(
                "the executable of `{}` must be called `{executable}`, not `{}`",
                function.name,
                path.display()
            );
            return Err(Failure::new(ErrorKind::Usage, message)
                .hint(format!(
                    "with the output format `binary`, end `--output` in `/{executable}`, or in `/` for a directory"
                ))
                .into());
        }
        Ok(path)
    }
}

/// The directory for the files of a zip: the path of the executable without its name in the zip.
pub(super) fn files_directory(executable: &Path, name: &str) -> PathBuf {
    executable.ancestors().nth(name.split('/').count()).unwrap_or(executable).to_owned()
}

/// The debug information of a zip: `<function>.debug` next to `bootstrap.zip`, else `<name>.debug` next to `<name>.zip`. If
/// the files of the zip are written to a directory, it is next to the directory, which is deployed as a whole.
pub(crate) fn debug_path(function: &str, zip: &Path, files_directory: Option<&Path>) -> PathBuf {
    if let Some(directory) = files_directory {
        return directory.with_file_name(format!("{function}.debug"));
    }
    let stem = zip.file_stem().unwrap_or_default();
    if stem == "bootstrap" { zip.with_file_name(format!("{function}.debug")) } else { zip.with_extension("debug") }
}

/// Replaces each `{name}` by its value.
fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, Failure> {
    let known = || {
        let names: Vec<_> = PLACEHOLDERS.iter().map(|name| format!("`{{{name}}}`")).collect();
        format!("the placeholders are {}", names.join(", "))
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

/// Refuses two zips with one path, and two functions whose files go into one directory. Paths that differ only in case count
/// as one, as some file systems have it.
pub(super) fn refuse_collisions(functions: &[PlannedFunction]) -> Result<()> {
    let describe =
        |planned: &PlannedFunction| format!("`{}` for {}", planned.function.name, planned.target.target.arch);
    let mut taken: BTreeMap<String, &PlannedFunction> = BTreeMap::new();
    for planned in functions {
        let path = planned.files_directory().unwrap_or_else(|| planned.path.clone());
        let Some(other) = taken.insert(comparable(&path), planned) else { continue };
        return Err(Failure::new(
            ErrorKind::Usage,
            format!("{} and {} would both be written to `{}`", describe(other), describe(planned), path.display()),
        )
        .hint("name a directory (`--output out/`) or a template (`--output 'out/{package}/{function}-{arch}.zip'`)")
        .into());
    }
    Ok(())
}

fn comparable(path: &Path) -> String {
    let clean: PathBuf = path.components().collect();
    clean.to_string_lossy().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_information_goes_next_to_the_zip() {
        let path = |zip: &str| debug_path("api", Path::new(zip), None);
        assert_eq!(path("out/api/bootstrap.zip"), Path::new("out/api/api.debug"));
        assert_eq!(path("out/api-arm64.zip"), Path::new("out/api-arm64.debug"));
        let directory = files_directory(Path::new("out/api/bin/tool"), "bin/tool");
        assert_eq!(directory, Path::new("out/api"));
        assert_eq!(debug_path("api", Path::new("out/api/bin/tool"), Some(&directory)), Path::new("out/api.debug"));
    }

    #[test]
    fn the_fixed_start_of_a_template_is_its_directory() {
        let directory =
            |template: &str| Output::Template { directory: "/w".into(), template: template.to_owned() }.directory();
        assert_eq!(directory("dist/{function}.zip"), Some("/w/dist".into()));
        assert_eq!(directory("dist/zips/api-{arch}.zip"), Some("/w/dist/zips".into()));
        assert_eq!(directory("{arch}/{function}.zip"), None);
    }
}
