//! Which files a user wants in a zip beside the executable, and the names they get there.

use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use super::mode::ModeRule;
use super::name::EntryName;
use super::pattern::{Pattern, has_wildcard};
use super::spelling::{OtherSpelling, other_spelling};
use super::symlink::Symlinks;
use crate::platform::with_slashes;
use lambda_zip_error::{ErrorKind, Failure};

/// Everything that decides which files are packed beside the executable, and how.
#[derive(Debug, Clone, Default)]
pub struct FileRules {
    /// What to pack.
    pub includes: Vec<Include>,
    /// What to leave out of that.
    pub excludes: Vec<Exclude>,
    /// Permissions by name, the last that applies counting. They count over [`Include::mode`].
    pub modes_by_flag: Vec<ModeRule>,
    /// Permissions by name, the last that applies counting. [`Include::mode`] counts over them.
    pub modes: Vec<ModeRule>,
    /// What becomes of symbolic links.
    pub symlinks: Symlinks,
    /// Whether folders come with histories, build directories and what editors and desktops leave behind.
    pub keep_litter: bool,
}

/// A file, a folder or a glob to pack.
#[derive(Debug, Clone)]
pub struct Include {
    /// Where it was asked for, to begin a message with: "`--include a`".
    pub origin: String,
    /// The absolute folder against which the source is read.
    pub base: PathBuf,
    /// The file, the folder, or a glob. What exists under the whole text is never taken for a glob.
    pub source: PathBuf,
    /// Whether the source is `PATH[=DEST]`. The last `=` separates, unless there is a file with the name of the whole text.
    pub has_destination: bool,
    /// The name in the zip. That of a folder, or of the folders before the first wildcard of a glob, is put before the
    /// names of what is inside. One that ends in `/` is the folder for a file. Without it, the relative path is kept.
    pub destination: Option<String>,
    /// The mode of its files.
    pub mode: Option<u32>,
}

impl Include {
    /// `PATH[=DEST]`, as it was typed in the folder `base`.
    #[must_use]
    pub fn typed(text: &str, base: &Path) -> Self {
        let origin = format!("`--include {text}`");
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

    fn exists(&self, source: &Path) -> bool {
        self.base.join(source).symlink_metadata().is_ok()
    }

    /// What this asks for on this machine: where it is, how much of it, under which name.
    pub(super) fn located(&self) -> Result<Located> {
        let (source, destination) = self.split();
        let glob = source.to_str().filter(|text| has_wildcard(text) && !self.exists(source));
        let (source, pattern) = match glob {
            None => (source.to_owned(), None),
            Some(text) => {
                let (prefix, rest) = split_glob(text);
                (prefix, Some(Pattern::new(&rest)?))
            }
        };
        let root: PathBuf = self.base.join(&source).components().collect();
        let is_folder = pattern.is_some() || root.is_dir();
        let name = match destination {
            Some(destination) => destination_name(destination, &root, is_folder),
            None => self.relative_name(&source)?,
        };
        if !name.is_empty() {
            self.checked(&name)?;
        }
        let other_spelling = other_spelling(&self.base, &source);
        Ok(Located { root, pattern, name, other_spelling })
    }

    /// A name, if it can be one in a zip.
    pub(super) fn checked(&self, name: &str) -> Result<EntryName> {
        EntryName::new(name).map_err(|error| self.no_name(&error.to_string()).into())
    }

    /// The path as a name. It must not lead out of the base: what it leads to would have no name in the zip.
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
            return Err(self.no_name(&format!("`{path}` cannot be a name in a zip: {reason}")).into());
        }
        Ok(parts.join("/"))
    }

    fn no_name(&self, message: &str) -> Failure {
        let Self { origin, .. } = self;
        let message = if message.starts_with(origin) { message.to_owned() } else { format!("{origin}: {message}") };
        Failure::new(ErrorKind::Usage, message).hint(
            "say what it is called in the zip: `--include PATH=DEST`, or `{ source = \"PATH\", dest = \"DEST\" }` in \
             Cargo.toml",
        )
    }
}

/// An include that was looked up.
#[derive(Debug)]
pub(super) struct Located {
    /// The file or folder, absolute.
    pub(super) root: PathBuf,
    /// What of the folder is meant; without it, all.
    pub(super) pattern: Option<Pattern>,
    /// The name of the root in the zip; empty if its contents go to the top.
    pub(super) name: String,
    /// How a folder on the way to the root lists it, if it is not as typed. Some systems find it all the same.
    pub(super) other_spelling: Option<OtherSpelling>,
}

/// Cuts a glob before the first component with a wildcard.
fn split_glob(text: &str) -> (PathBuf, String) {
    // In a glob a backslash takes the meaning from what follows it; typed on Windows, it separates.
    let text = with_slashes(text);
    let wildcard = text.find(['*', '?', '[', '{']).unwrap_or(text.len());
    let cut = text[..wildcard].rfind('/').map_or(0, |slash| slash + 1);
    (PathBuf::from(&text[..cut]), text[cut..].to_owned())
}

fn destination_name(destination: &str, root: &Path, is_folder: bool) -> String {
    let is_in_folder = !is_folder && (destination.is_empty() || destination == "." || destination.ends_with('/'));
    let mut parts: Vec<_> = destination.split('/').filter(|part| *part != ".").collect();
    while parts.len() > 1 && parts.last() == Some(&"") {
        parts.pop();
    }
    let mut name = parts.join("/");
    if is_in_folder {
        let file = root.file_name().unwrap_or_default().to_string_lossy();
        name = if name.is_empty() { file.into_owned() } else { format!("{name}/{file}") };
    }
    name
}

/// Files and folders to leave out.
#[derive(Debug, Clone)]
pub struct Exclude {
    base: PathBuf,
    pattern: Pattern,
}

impl Exclude {
    /// What matches the glob: a name at any depth, or, with a `/`, a path that starts in the absolute folder `base`.
    pub fn new(glob: &str, base: &Path) -> Result<Self, Failure> {
        // Nothing inside of a folder is no folder.
        let pattern = Pattern::new(glob.strip_suffix("/**").filter(|rest| !rest.is_empty()).unwrap_or(glob))?;
        Ok(Self { base: lexically_normal(base), pattern })
    }

    /// Whether it is about an absolute path.
    pub(super) fn applies_to(&self, path: &Path) -> bool {
        let path = relative(&self.base, path);
        // The way up out of the base is made of no names that anybody chose.
        !path.is_empty() && !path.ends_with("..") && self.pattern.matches_at_any_depth(&path)
    }
}

/// The way from one absolute path to another, with `/`s, links not followed.
fn relative(base: &Path, path: &Path) -> String {
    let path = lexically_normal(path);
    let common = base.components().zip(path.components()).take_while(|(one, other)| one == other).count();
    let up = base.components().skip(common).map(|_| "..".into());
    let down = path.components().skip(common).map(|part| part.as_os_str().to_string_lossy());
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// The path without `.` and `..`, links not followed.
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
    fn a_glob_is_cut_before_its_first_wildcard() {
        let cut = |text: &str| {
            let (prefix, rest) = split_glob(text);
            (prefix.to_string_lossy().into_owned(), rest)
        };
        assert_eq!(cut("assets/img/*.png"), ("assets/img/".into(), "*.png".into()));
        assert_eq!(cut("**"), (String::new(), "**".into()));
        assert_eq!(cut("../a/b?/c"), ("../a/".into(), "b?/c".into()));
    }

    #[test]
    fn a_destination_is_a_name_or_a_folder() {
        let root = Path::new("/w/cert.pem");
        for (destination, of_file, of_folder) in [
            ("etc/x", "etc/x", "etc/x"),
            ("etc/", "etc/cert.pem", "etc"),
            ("./etc/", "etc/cert.pem", "etc"),
            (".", "cert.pem", ""),
            ("", "cert.pem", ""),
            ("/etc", "/etc", "/etc"),
            ("../x", "../x", "../x"),
        ] {
            assert_eq!(destination_name(destination, root, false), of_file, "{destination}");
            assert_eq!(destination_name(destination, root, true), of_folder, "{destination}");
        }
    }

    #[test]
    fn the_last_equals_sign_separates_unless_the_whole_is_a_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a=b"), "").unwrap();
        let typed = |text: &str| {
            let include = Include::typed(text, folder.path());
            let (source, destination) = include.split();
            (source.to_string_lossy().into_owned(), destination.map(str::to_owned))
        };
        assert_eq!(typed("a=b"), ("a=b".into(), None));
        assert_eq!(typed("a=b=c"), ("a=b".into(), Some("c".into())));
        assert_eq!(typed("c"), ("c".into(), None));
    }

    #[test]
    fn an_exclude_is_held_against_the_path_from_its_base() {
        let excludes =
            |glob: &str, path: &str| Exclude::new(glob, Path::new("/w/a")).unwrap().applies_to(Path::new(path));
        assert!(excludes("*.md", "/w/a/x/y.md") && excludes("*.md", "/elsewhere/y.md"));
        assert!(excludes("x/*.md", "/w/a/x/y.md") && !excludes("x/*.md", "/w/b/x/y.md"));
        assert!(excludes("../b/x", "/w/b/x") && excludes("x", "/w/a/b/../x"));
        assert!(excludes("x/**", "/w/a/x") && !excludes("x/**", "/w/a/y"));
        assert!(excludes(".*", "/w/a/.b") && !excludes(".*", "/w/a") && !excludes(".*", "/w"));
    }
}
