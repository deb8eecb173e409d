//! What a run remembers for the next one, so that a run with nothing to do costs little more than cargo's own.
//!
//! Three things are kept, each in a file of its own, in the folder `.lambda-zip` of cargo's target directory, where
//! `cargo clean` removes it:
//!
//! - what cargo and rustc answered when they were asked what a plan has to know ([`crate::context`]), with a digest of what
//!   the answers follow from ([`CacheInputs`]): while that holds, nobody is asked again;
//! - likewise, what cargo's environment has to hold so that zig compiles and links;
//! - for each zip, a digest of all that it was made from, and of the zip itself ([`ZipRecord`]). A zip is up to date when
//!   both still hold. Contents are compared; a file that by everything that Unix tells of it is the one that was read
//!   before is not read again.
//!
//! A file that is missing, damaged, or from another build of this program is no memory, and never an error; so is a folder
//! that cannot be written to. Files are replaced as a whole, so runs side by side see the one or the other. No value of an
//! environment variable is kept, but for digests.

mod cache_inputs;
mod digest;
mod zip_record;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;

use lambda_zip_error::fs;

pub(crate) use cache_inputs::{CacheInputs, add_environment};
pub(crate) use digest::{Digest, FileDigests, FileFingerprint, FingerprintedFile, Hasher};
pub(crate) use zip_record::{Inputs, ZipRecord};

/// The name of the folder in a target directory.
const FOLDER: &str = ".lambda-zip";

/// The memory of earlier runs in one target directory.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    program: Digest,
}

impl Cache {
    /// The memory in this target directory. Nothing has to be there yet.
    pub(crate) fn of(target_directory: &Path) -> Self {
        Self { folder: target_directory.join(FOLDER), program: program() }
    }

    /// What is remembered of a kind under a key.
    pub(crate) fn recall<T: DeserializeOwned>(&self, kind: &str, key: Digest) -> Option<T> {
        let text = std::fs::read_to_string(self.path(kind, key)).ok()?;
        let (head, contents) = text.split_once('\n')?;
        (head == self.head(contents)).then(|| serde_json::from_str(contents).ok())?
    }

    /// Remembers it, unless this very thing is remembered already. What cannot be remembered is found out again.
    pub(crate) fn remember<T: Serialize>(&self, kind: &str, key: Digest, value: &T) {
        let _ = self.write(&self.path(kind, key), value);
    }

    fn write<T: Serialize>(&self, path: &Path, value: &T) -> Result<()> {
        let contents = serde_json::to_string(value)?;
        let text = format!("{}\n{contents}", self.head(&contents));
        if std::fs::read(path).is_ok_and(|known| known == text.as_bytes()) {
            return Ok(());
        }
        fs::replace(path, |file| Ok(file.write_all(text.as_bytes())?))
    }

    fn path(&self, kind: &str, key: Digest) -> PathBuf {
        self.folder.join(format!("{kind}-{}.json", key.short()))
    }

    /// The first line of a file, which tells whether the rest is whole, and of this program.
    fn head(&self, contents: &str) -> String {
        let digest = Digest::of(contents.as_bytes());
        format!("cargo-lambda-zip {} {} {digest}", env!("CARGO_PKG_VERSION"), self.program)
    }
}

/// This build of this program. Two builds of one version, as its developers make them, can differ in what they write.
fn program() -> Digest {
    let mut hasher = Hasher::new("program");
    hasher.field(env!("CARGO_PKG_VERSION"));
    let executable = std::env::current_exe().ok();
    if let Some(stamp) = executable.and_then(|executable| FileFingerprint::of(&executable).ok()) {
        hasher.field(format!("{stamp:?}"));
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_whole_and_ours_is_recalled() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Cache::of(folder.path());
        let key = Digest::of(b"key");
        assert_eq!(memory.recall::<Vec<u32>>("numbers", key), None);
        memory.remember("numbers", key, &[1, 2, 3]);
        assert_eq!(memory.recall("numbers", key), Some(vec![1, 2, 3]));
        assert_eq!(memory.recall::<String>("numbers", key), None, "another type");
        assert_eq!(memory.recall::<Vec<u32>>("numbers", Digest::of(b"other")), None);

        let path = memory.path("numbers", key);
        let text = std::fs::read_to_string(&path).unwrap();
        for broken in [&text[..text.len() - 1], &text.replace("[1,", "[7,"), &text.replacen('0', "1", 1), "", "\n[1]"] {
            std::fs::write(&path, broken).unwrap();
            assert_eq!(memory.recall::<Vec<u32>>("numbers", key), None, "{broken}");
        }
    }

    #[test]
    fn what_is_known_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Cache::of(folder.path());
        let key = Digest::of(b"key");
        memory.remember("numbers", key, &[1]);
        let stamp = FileFingerprint::of(&memory.path("numbers", key)).unwrap();
        memory.remember("numbers", key, &[1]);
        assert_eq!(FileFingerprint::of(&memory.path("numbers", key)).unwrap(), stamp);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_no_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let memory = Cache::of(file.path());
        memory.remember("numbers", Digest::of(b"key"), &[1]);
        assert_eq!(memory.recall::<Vec<u32>>("numbers", Digest::of(b"key")), None);
    }
}
