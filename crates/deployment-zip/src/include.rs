//! The files that a user wants in a zip in addition to the executable, and their names in the zip.

use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use super::mode::ModeRule;
use super::name::EntryName;
use super::pattern::{Pattern, has_wildcard};
use super::spelling::{OtherSpelling, other_spelling};
use super::symlink::Symlinks;
use crate::platform::with_slashes;
use lambda_zip_error::{ErrorKind, Failure};

/// Which files to pack in addition to the executable, and how.
#[derive(Debug, Clone, Default)]
pub struct FileRules {
    /// The files to pack.
    pub includes: Vec<Include>,
    /// The files among them to leave out.
    pub excludes: Vec<Exclude>,
    /// Permissions by name; the last matching rule counts. They override [`Include::mode`].
    pub modes_by_flag: Vec<ModeRule>,
    /// Permissions by name; the last matching rule counts. [`Include::mode`] overrides them.
    pub modes: Vec<ModeRule>,
    /// How to pack symbolic links.
    pub symlinks: Symlinks,
    /// Whether to pack version control data, build directories and temporary files of editors and desktops, which are
    /// left out of directories by default.
    pub no_default_excludes: bool,
}

/// A file, a directory or a glob to pack.
#[derive(Debug, Clone)]
pub struct Include {
    /// Where the user asked for it, as the start of a message: "`--include a`".
    pub origin: String,
    /// The absolute directory that the source is relative to.
    pub base: PathBuf,
    /// A file, a directory or a glob. If a file has the whole text as its name, the text is not a glob.
    pub source: PathBuf,
    /// Whether the source has the form `PATH[=DEST]`. The last `=` separates, unless a file has the whole text as its name.
    pub has_destination: bool,
    /// The name in the zip. For a directory, it replaces the path of the directory; for a glob, the directories before the
    /// first wildcard. For a file, a name that ends in `/` is its directory. None: the relative path is the name.
    pub destination: Option<String>,
    /// The permissions of its files.
    pub mode: Option<u32>,
}

impl Include {
    /// Parses `PATH[=DEST]`. A relative `PATH` starts at the directory `base`.
    #[must_use]
    pub fn typed(text: &str, base: &Path) -> Self {
        let origin = format!("`--include {}`", if text.is_empty() { "\"\"" } else { text });
        let base = base.to_owned();
        Self { origin, base, source: text.into(), has_destination: true, destination: None, mode: None }
    }

    /// The source and the destination.
    fn split(&self) -> (&Path, Option<&str>) {
        let text = self.source.to_str().filter(|_| self.has_destination && !self.exists(&self.source));
        match text.and_then(|text| text.rsplit_once('=')) {
            Some((source, destination)) => (Path::new(source), Some(destination)),
            None => (&self.source, self.destination.as_deref()),
        }
    }

    /// The file or directory on this machine where the files come from. For a glob, the directory before the first wildcard.
    pub fn root(&self) -> Result<PathBuf> {
        Ok(self.resolve()?.root)
    }

    fn exists(&self, source: &Path) -> bool {
        self.base.join(source).symlink_metadata().is_ok()
    }

    /// Looks up the files on this machine and their name in the zip.
    pub(super) fn resolve(&self) -> Result<ResolvedInclude> {
        let (source, destination) = self.split();
        if source.as_os_str().is_empty() {
            let message = format!("{}: the path is empty", self.origin);
            return Err(Failure::new(ErrorKind::Usage, message).hint("`.` packs the whole directory").into());
        }
        let glob = source.to_str().filter(|text| has_wildcard(text) && !self.exists(source));
        let (source, pattern) = match glob {
            None => (source.to_owned(), None),
            Some(text) => {
                let (prefix, rest) = split_glob(text);
                (prefix, Some(Pattern::new(&rest)?))
            }
        };
        let root: PathBuf = self.base.join(&source).components().collect();
        let is_directory = pattern.is_some() || root.is_dir();
        let name = match destination {
            Some(destination) => destination_name(destination, &root, is_directory),
            None => self.relative_name(&source)?,
        };
        if !name.is_empty() {
            self.entry_name(&name)?;
        }
        let other_spelling = other_spelling(&self.base, &source);
        Ok(ResolvedInclude { root, pattern, name, other_spelling })
    }

    /// Checks a name, and refers to this include in the error.
    pub(super) fn entry_name(&self, name: &str) -> Result<EntryName> {
        EntryName::new(name).map_err(|error| self.invalid_name(&error.to_string()).into())
    }

    /// The name for a path relative to the base. A path out of the base has none.
    fn relative_name(&self, path: &Path) -> Result<String> {
        let mut parts = Vec::new();
        for component in path.components() {
            let reason = match component {
                Component::CurDir => continue,
                Component::Normal(part) => match part.to_str() {
                    Some(part) => {
                        parts.push(part);
                        continue;
                    }
                    None => "it is not valid UTF-8",
                },
                Component::ParentDir => "it has a `..` component",
                Component::RootDir => "it is absolute",
                Component::Prefix(_) => "it starts with a drive letter or a network share",
            };
            let path = path.display();
            return Err(self.invalid_name(&format!("`{path}` cannot be a name in a zip: {reason}")).into());
        }
        Ok(parts.join("/"))
    }

    fn invalid_name(&self, message: &str) -> Failure {
        let Self { origin, .. } = self;
        let message = if message.starts_with(origin) { message.to_owned() } else { format!("{origin}: {message}") };
        Failure::new(ErrorKind::Usage, message).hint(
            "choose a name in the zip: `--include PATH=DEST`, or `{ source = \"PATH\", dest = \"DEST\" }` in Cargo.toml",
        )
    }
}

/// The files of an include on this machine.
#[derive(Debug)]
pub(super) struct ResolvedInclude {
    /// The absolute path of the file or directory.
    pub(super) root: PathBuf,
    /// The glob for the files in the directory. None: all of them.
    pub(super) pattern: Option<Pattern>,
    /// The name of the root in the zip. Empty: its contents go to the top level.
    pub(super) name: String,
    /// How a directory lists a component of the path, if it is not as typed. Some systems find the file anyway.
    pub(super) other_spelling: Option<OtherSpelling>,
}

/// Splits a glob before the first component with a wildcard.
fn split_glob(text: &str) -> (PathBuf, String) {
    // On Windows a typed backslash is a separator. In a glob it would escape the next character.
    let text = with_slashes(text);
    let wildcard = text.find(['*', '?', '[', '{']).unwrap_or(text.len());
    let cut = text[..wildcard].rfind('/').map_or(0, |slash| slash + 1);
    (PathBuf::from(&text[..cut]), text[cut..].to_owned())
}

fn destination_name(destination: &str, root: &Path, is_directory: bool) -> String {
    let is_in_directory = !is_directory && (destination.is_empty() || destination == "." || destination.ends_with('/'));
    let mut parts: Vec<_> = destination.split('/').filter(|part| *part != ".").collect();
    while parts.len() > 1 && parts.last() == Some(&"") {
        parts.pop();
    }
    let mut name = parts.join("/");
    if is_in_directory {
        let file = root.file_name().unwrap_or_default().to_string_lossy();
        name = if name.is_empty() { file.into_owned() } else { format!("{name}/{file}") };
    }
    name
}

/// Files and directories to leave out.
#[derive(Debug, Clone)]
pub struct Exclude {
    base: PathBuf,
    pattern: Pattern,
}

impl Exclude {
    /// Leaves out what matches the glob. A glob without `/` matches a name at any depth; one with `/` matches a path relative
    /// to the absolute directory `base`.
    pub fn new(glob: &str, base: &Path) -> Result<Self, Failure> {
        // A directory without its contents would be empty, so it is left out as well.
        let pattern = Pattern::new(glob.strip_suffix("/**").filter(|rest| !rest.is_empty()).unwrap_or(glob))?;
        Ok(Self { base: lexically_normal(base), pattern })
    }

    /// Whether it matches an absolute path.
    pub(super) fn applies_to(&self, path: &Path) -> bool {
        let path = relative(&self.base, path);
        // A glob is not compared with the base itself or its parents: nobody chose their names for this package.
        !path.is_empty() && !path.ends_with("..") && self.pattern.matches_at_any_depth(&path)
    }
}

/// The relative path from one absolute path to another, with `/` as separator. Links are not followed.
fn relative(base: &Path, path: &Path) -> String {
    let path = lexically_normal(path);
    let common = base.components().zip(path.components()).take_while(|(one, other)| one == other).count();
    let up = base.components().skip(common).map(|_| "..".into());
    let down = path.components().skip(common).map(|part| part.as_os_str().to_string_lossy());
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// The path without `.` and `..`. Links are not followed.
pub(super) fn lexically_normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_is_split_before_its_first_wildcard() {
        let split = |text: &str| {
            let (prefix, rest) = split_glob(text);
            (prefix.to_string_lossy().into_owned(), rest)
        };
        assert_eq!(split("assets/img/*.png"), ("assets/img/".into(), "*.png".into()));
        assert_eq!(split("**"), (String::new(), "**".into()));
        assert_eq!(split("../a/b?/c"), ("../a/".into(), "b?/c".into()));
    }

    #[test]
    fn a_destination_is_a_name_or_a_directory() {
        let root = Path::new("/w/cert.pem");
        for (destination, of_file, of_directory) in [
            ("etc/x", "etc/x", "etc/x"),
            ("etc/", "etc/cert.pem", "etc"),
            ("./etc/", "etc/cert.pem", "etc"),
            (".", "cert.pem", ""),
            ("", "cert.pem", ""),
            ("/etc", "/etc", "/etc"),
            ("../x", "../x", "../x"),
        ] {
            assert_eq!(destination_name(destination, root, false), of_file, "{destination}");
            assert_eq!(destination_name(destination, root, true), of_directory, "{destination}");
        }
    }

    #[test]
    fn the_last_equals_sign_separates_unless_a_file_has_that_name() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("a=b"), "").unwrap();
        let typed = |text: &str| {
            let include = Include::typed(text, directory.path());
            let (source, destination) = include.split();
            (source.to_string_lossy().into_owned(), destination.map(str::to_owned))
        };
        assert_eq!(typed("a=b"), ("a=b".into(), None));
        assert_eq!(typed("a=b=c"), ("a=b".into(), Some("c".into())));
        assert_eq!(typed("c"), ("c".into(), None));
    }

    #[test]
    fn an_include_without_a_path_is_a_usage_error() {
        for (text, origin) in [("", "`--include \"\"`"), ("=b", "`--include =b`")] {
            let error = Include::typed(text, Path::new("/w")).resolve().unwrap_err();
            assert_eq!(error.to_string(), format!("{origin}: the path is empty"));
            assert_eq!(lambda_zip_error::kind(&error), Some(ErrorKind::Usage));
        }
    }

    #[test]
    fn an_exclude_is_compared_with_the_path_relative_to_its_base() {
        let excludes =
            |glob: &str, path: &str| Exclude::new(glob, Path::new("/w/a")).unwrap().applies_to(Path::new(path));
        assert!(excludes("*.md", "/w/a/x/y.md") && excludes("*.md", "/elsewhere/y.md"));
        assert!(excludes("x/*.md", "/w/a/x/y.md") && !excludes("x/*.md", "/w/b/x/y.md"));
        assert!(excludes("../b/x", "/w/b/x") && excludes("x", "/w/a/b/../x"));
        assert!(excludes("x/**", "/w/a/x") && !excludes("x/**", "/w/a/y"));
        assert!(excludes(".*", "/w/a/.b") && !excludes(".*", "/w/a") && !excludes(".*", "/w"));
    }
}
