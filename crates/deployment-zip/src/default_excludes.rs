//! Files that are left out of included directories by default: version control data, build directories, what deployment
//! tools write, and what editors and desktops leave behind.

use std::io::Read;
use std::path::Path;

use lambda_zip_error::fs;

/// The first bytes of a `CACHEDIR.TAG`, which marks a directory whose contents can be generated again. Cargo puts one into
/// its target directories: <https://bford.info/cachedir/>.
const CACHE_SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// Version control, editors, archivers, and the tools that deploy functions: SAM, CDK, Serverless and Terraform keep copies of
/// zips, and Terraform its providers of some hundred MB.
const DIRECTORIES: [&str; 11] =
    [".aws-sam", ".git", ".hg", ".idea", ".jj", ".serverless", ".svn", ".terraform", ".vscode", "__MACOSX", "cdk.out"];

/// Whether a file or directory is left out by default.
pub(super) fn is_excluded_by_default(path: &Path, is_directory: bool) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if is_directory {
        return DIRECTORIES.contains(&name.as_ref()) || is_cache(path);
    }
    // In a worktree or a submodule, `.git` is a file.
    matches!(name.as_ref(), ".git" | ".DS_Store" | "Thumbs.db" | "desktop.ini")
        || name.starts_with("._")
        || name.starts_with(".#")
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#') && name.len() > 1)
        || (name.starts_with('.') && [".swp", ".swo", ".swx"].iter().any(|ending| name.ends_with(ending)))
}

fn is_cache(directory: &Path) -> bool {
    let Ok(file) = fs::open(directory.join("CACHEDIR.TAG")) else { return false };
    let mut head = Vec::new();
    file.take(CACHE_SIGNATURE.len() as u64).read_to_end(&mut head).is_ok_and(|_| head == CACHE_SIGNATURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_excluded_by_name() {
        for name in [".DS_Store", "Thumbs.db", "notes.txt~", ".notes.swp", "#notes#", ".#notes", "._notes", ".git"] {
            assert!(is_excluded_by_default(Path::new(name), false), "{name}");
        }
        for name in [".env", ".gitignore", "a.swp", "#", "notes", "target"] {
            assert!(!is_excluded_by_default(Path::new(name), false), "{name}");
        }
        assert!(is_excluded_by_default(Path::new("a/.git"), true));
        assert!(!is_excluded_by_default(Path::new("nowhere/target"), true));
    }

    #[test]
    fn a_target_directory_is_excluded_by_its_tag() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("anything");
        std::fs::create_dir(&target).unwrap();
        assert!(!is_excluded_by_default(&target, true));
        std::fs::write(target.join("CACHEDIR.TAG"), [CACHE_SIGNATURE, b"\n# made by cargo"].concat()).unwrap();
        assert!(is_excluded_by_default(&target, true));
    }
}
