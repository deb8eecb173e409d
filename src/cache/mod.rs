//! What a run stores for the next one, so that a run with nothing to do costs little more than cargo's own.
//!
//! Files go into the directory `.lambda-zip` of cargo's target directory, where `cargo clean` removes them:
//!
//! - the answers of cargo and rustc that a plan depends on, with a digest of everything that they follow from
//!   ([`CacheInputs`]); while the digest is unchanged, neither is asked again;
//! - the variables that zig needs in cargo's environment, stored the same way;
//! - for each zip, a digest of its inputs and of its bytes ([`ZipRecord`]); the zip is up to date while both hold. Files are
//!   compared by contents, but a file whose fingerprint is unchanged is not read again.
//!
//! A file that is missing, damaged, too large, not a regular file or written by another build of this program is a cache
//! miss, never an error. So is a directory that cannot be written to. Files are replaced as a whole, so simultaneous runs see the old or the new one.
//! Values of environment variables are stored only as digests.

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
pub(crate) use zip_record::{ZipInputs, ZipRecord, files_digest};

/// The name of the directory in a target directory.
const DIRECTORY: &str = ".lambda-zip";

/// A larger file is a cache miss. The largest that we write describe dependency graphs.
const SIZE_LIMIT: u64 = 64 << 20;

/// The cache in one target directory.
#[derive(Debug)]
pub(crate) struct Cache {
    directory: PathBuf,
    /// Digest of this build of the program.
    program: Digest,
}

impl Cache {
    /// The cache in this target directory, which need not exist yet.
    pub(crate) fn of(target_directory: &Path) -> Self {
        Self { directory: target_directory.join(DIRECTORY), program: program() }
    }

    /// The value of a kind under a key. `None` is a cache miss.
    pub(crate) fn load<T: DeserializeOwned>(&self, kind: &str, key: Digest) -> Option<T> {
        let text = fs::read_text_bounded(self.path(kind, key), SIZE_LIMIT).ok()?;
        let (head, contents) = text.split_once('\n')?;
        (head == self.head(contents)).then(|| serde_json::from_str(contents).ok())?
    }

    /// Stores a value, unless the same value is stored already. Errors are ignored: the next run has a cache miss.
    pub(crate) fn store<T: Serialize>(&self, kind: &str, key: Digest, value: &T) {
        let _ = self.write(&self.path(kind, key), value);
    }

    fn write<T: Serialize>(&self, path: &Path, value: &T) -> Result<()> {
        let contents = serde_json::to_string(value)?;
        let text = format!("{}\n{contents}", self.head(&contents));
        if fs::read_bounded(path, SIZE_LIMIT).is_ok_and(|known| known == text.as_bytes()) {
            return Ok(());
        }
        fs::replace(path, |mut file| Ok(file.write_all(text.as_bytes())?))
    }

    fn path(&self, kind: &str, key: Digest) -> PathBuf {
        self.directory.join(format!("{kind}-{}.json", key.short()))
    }

    /// The first line of a file. It proves that the rest is complete and written by this build of the program.
    fn head(&self, contents: &str) -> String {
        let digest = Digest::of(contents.as_bytes());
        format!("cargo-lambda-zip {} {} {digest}", env!("CARGO_PKG_VERSION"), self.program)
    }
}

/// Digest of this build of the program. Two development builds of one version may write different formats.
fn program() -> Digest {
    let mut hasher = Hasher::new("program");
    hasher.field(env!("CARGO_PKG_VERSION"));
    let executable = std::env::current_exe().ok();
    if let Some(fingerprint) = executable.and_then(|executable| FileFingerprint::of(&executable).ok()) {
        hasher.field(format!("{fingerprint:?}"));
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_and_unknown_files_are_cache_misses() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::of(directory.path());
        let key = Digest::of(b"key");
        assert_eq!(cache.load::<Vec<u32>>("numbers", key), None);
        cache.store("numbers", key, &[1, 2, 3]);
        assert_eq!(cache.load("numbers", key), Some(vec![1, 2, 3]));
        assert_eq!(cache.load::<String>("numbers", key), None, "another type");
        assert_eq!(cache.load::<Vec<u32>>("numbers", Digest::of(b"other")), None);

        let path = cache.path("numbers", key);
        let text = std::fs::read_to_string(&path).unwrap();
        for broken in [&text[..text.len() - 1], &text.replace("[1,", "[7,"), &text.replacen('0', "1", 1), "", "\n[1]"] {
            std::fs::write(&path, broken).unwrap();
            assert_eq!(cache.load::<Vec<u32>>("numbers", key), None, "{broken}");
        }
    }

    #[test]
    fn an_unchanged_value_is_not_written_again() {
        let directory = tempfile::tempdir().unwrap();
        let cache = Cache::of(directory.path());
        let key = Digest::of(b"key");
        cache.store("numbers", key, &[1]);
        let fingerprint = FileFingerprint::of(&cache.path("numbers", key)).unwrap();
        cache.store("numbers", key, &[1]);
        assert_eq!(FileFingerprint::of(&cache.path("numbers", key)).unwrap(), fingerprint);
    }

    #[test]
    fn an_unwritable_directory_is_no_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let cache = Cache::of(file.path());
        cache.store("numbers", Digest::of(b"key"), &[1]);
        assert_eq!(cache.load::<Vec<u32>>("numbers", Digest::of(b"key")), None);
    }
}
