//! What nobody means to deploy when they name a folder: histories, build directories, and what editors and desktops
//! leave behind.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The first bytes of `CACHEDIR.TAG`, by which a folder says that its contents can be made again. Cargo marks its target
/// directories with it: <https://bford.info/cachedir/>.
const CACHE_SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// Whether a file or folder is left out of included folders by default.
pub(super) fn is_litter(path: &Path, is_folder: bool) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if is_folder {
        let known = [".git", ".hg", ".svn", ".jj", ".idea", ".vscode", "__MACOSX"];
        return known.contains(&name.as_ref()) || is_cache(path);
    }
    // A worktree's or submodule's `.git` is a file.
    matches!(name.as_ref(), ".git" | ".DS_Store" | "Thumbs.db" | "desktop.ini")
        || name.starts_with("._")
        || name.starts_with(".#")
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#') && name.len() > 1)
        || (name.starts_with('.') && [".swp", ".swo", ".swx"].iter().any(|ending| name.ends_with(ending)))
}

fn is_cache(folder: &Path) -> bool {
    let mut head = Vec::new();
    File::open(folder.join("CACHEDIR.TAG"))
        .and_then(|file| file.take(CACHE_SIGNATURE.len() as u64).read_to_end(&mut head))
        .is_ok_and(|_| head == CACHE_SIGNATURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn litter_is_known_by_its_name() {
        for name in [".DS_Store", "Thumbs.db", "notes.txt~", ".notes.swp", "#notes#", ".#notes", "._notes", ".git"] {
            assert!(is_litter(Path::new(name), false), "{name}");
        }
        for name in [".env", ".gitignore", "a.swp", "#", "notes", "target"] {
            assert!(!is_litter(Path::new(name), false), "{name}");
        }
        assert!(is_litter(Path::new("a/.git"), true));
        assert!(!is_litter(Path::new("nowhere/target"), true));
    }

    #[test]
    fn a_target_directory_is_known_by_its_tag() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("anything");
        std::fs::create_dir(&target).unwrap();
        assert!(!is_litter(&target, true));
        std::fs::write(target.join("CACHEDIR.TAG"), [CACHE_SIGNATURE, b"\n# made by cargo"].concat()).unwrap();
        assert!(is_litter(&target, true));
    }
}
