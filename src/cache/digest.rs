//! Digests of texts, of several fields, and of files. A file is read once, and in later runs only if its fingerprint changed.
//!
//! Digests detect changes, not attacks, so they are 128-bit XXH3. SHA-256 of a 35 MB executable takes as long, on one core,
//! as a whole `cargo build` with nothing to do; XXH3 takes a tenth of that.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use twox_hash::XxHash3_128;
use twox_hash::xxhash3_128::Hasher as Xxh3;

use lambda_zip_error::fs;

/// A 128-bit XXH3 digest, shown in hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest(u128);

impl Digest {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(XxHash3_128::oneshot(bytes))
    }

    /// Digest of a file's contents.
    pub(crate) fn of_file(path: &Path) -> Result<Self> {
        Self::of_reader(fs::open(path)?).with_context(|| format!("failed to read `{}`", path.display()))
    }

    /// Digest of everything that the reader returns.
    pub(crate) fn of_reader(mut reader: impl Read) -> Result<Self> {
        let mut hasher = Xxh3::new();
        let mut buffer = vec![0; 1 << 17];
        loop {
            let count = reader.read(&mut buffer)?;
            if count == 0 {
                return Ok(Self(hasher.finish_128()));
            }
            hasher.write(&buffer[..count]);
        }
    }

    /// The first half, for the name of a file.
    pub(super) fn short(&self) -> String {
        self.to_string()[..16].to_owned()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Digest of several fields. The borders between fields count.
pub(crate) struct Hasher(Xxh3);

impl Hasher {
    /// `purpose` makes digests of the same fields for different uses differ.
    pub(crate) fn new(purpose: &str) -> Self {
        let mut hasher = Self(Xxh3::new());
        hasher.field(purpose);
        hasher
    }

    pub(crate) fn field(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.0.write(&(bytes.len() as u64).to_le_bytes());
        self.0.write(bytes);
    }

    pub(crate) fn path(&mut self, path: &Path) {
        self.field(path.as_os_str().as_encoded_bytes());
    }

    pub(crate) fn digest(&mut self, digest: Digest) {
        self.field(digest.0.to_le_bytes());
    }

    pub(crate) fn finish(self) -> Digest {
        Digest(self.0.finish_128())
    }
}

/// The metadata by which a changed file is recognised without reading it, as in git's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileFingerprint {
    length: u64,
    modified: SystemTime,
    /// Device, inode and change time. Unlike the modification time, no program can set the change time.
    #[cfg(unix)]
    inode: (u64, u64, i64, i64),
}

/// The coarsest time stamps of a file system, two seconds on FAT. A file can change within one step and keep its time.
const COARSEST_STEP: Duration = Duration::from_secs(2);

impl FileFingerprint {
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let metadata = fs::metadata(path)?;
        let modified = metadata.modified().with_context(|| format!("`{}` has no modification time", path.display()))?;
        Ok(Self {
            length: metadata.len(),
            modified,
            #[cfg(unix)]
            inode: inode(&metadata),
        })
    }

    /// True if every later change to the file changes its fingerprint.
    fn is_settled(&self) -> bool {
        let is_old = |date: SystemTime| date.elapsed().is_ok_and(|age| age > COARSEST_STEP);
        #[cfg(unix)]
        {
            let changed = u64::try_from(self.inode.2).ok().map(Duration::from_secs);
            if !changed.is_some_and(|changed| is_old(SystemTime::UNIX_EPOCH + changed + Duration::from_secs(1))) {
                return false;
            }
        }
        is_old(self.modified)
    }
}

#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> (u64, u64, i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

/// The digest of a file, with its fingerprint from the time it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FingerprintedFile {
    path: PathBuf,
    fingerprint: FileFingerprint,
    digest: Digest,
}

/// True if fingerprints are trusted from one run to the next. On Windows the change time is not available, so every file is
/// hashed again.
const OUTLIVES_RUNS: bool = cfg!(unix);

/// Digests of files, each read once unless it changes. The keys are paths as text: comparing paths by component is several
/// times slower.
#[derive(Debug, Default)]
pub(crate) struct FileDigests(Mutex<HashMap<OsString, (FileFingerprint, Digest)>>);

impl FileDigests {
    pub(crate) fn of(&self, path: &Path) -> Result<Digest> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fingerprint = FileFingerprint::of(path)?;
        if let Some((of, digest)) = known().get(path.as_os_str())
            && *of == fingerprint
        {
            return Ok(*digest);
        }
        let is_settled = fingerprint.is_settled();
        let digest = Digest::of_file(path)?;
        if is_settled {
            known().insert(path.into(), (fingerprint, digest));
        }
        Ok(digest)
    }

    /// Adds the digests that an earlier run stored.
    pub(crate) fn add_known(&self, files: &[FingerprintedFile]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for FingerprintedFile { path, fingerprint, digest } in files {
            known.insert(path.into(), (*fingerprint, *digest));
        }
    }

    /// The digests of these files, for a later run.
    pub(crate) fn known<'p>(&self, paths: impl Iterator<Item = &'p Path>) -> Vec<FingerprintedFile> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |path: &OsStr| {
            let (fingerprint, digest) = *known.get(path)?;
            Some(FingerprintedFile { path: path.into(), fingerprint, digest })
        };
        let paths: BTreeSet<_> = paths.map(Path::as_os_str).collect();
        paths.into_iter().filter(|_| OUTLIVES_RUNS).filter_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_survives_the_way_through_json() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), "06b05ab6733a618578af5f94892f3950", "as `xxhsum -H2` has it");
        let text = serde_json::to_string(&digest).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), digest);
        for broken in ["\"\"", &text.replace("06", "xy"), &text.replace("06", "ä"), &text.replace("06", "0606")] {
            assert!(serde_json::from_str::<Digest>(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn the_borders_of_fields_count() {
        let digest = |fields: &[&str]| {
            let mut hasher = Hasher::new("test");
            for field in fields {
                hasher.field(field);
            }
            hasher.finish()
        };
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["ab"]), digest(&["ab", ""]));
    }

    #[test]
    #[cfg(unix)]
    fn a_known_file_is_read_again_only_if_it_changed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path();
        std::fs::write(path, "old").unwrap();
        let of_earlier = |digest| {
            let files =
                [FingerprintedFile { path: path.to_owned(), fingerprint: FileFingerprint::of(path).unwrap(), digest }];
            let digests = FileDigests::default();
            digests.add_known(&serde_json::from_str::<Vec<_>>(&serde_json::to_string(&files).unwrap()).unwrap());
            digests
        };
        // The made-up digest proves that the file is not read.
        let digests = of_earlier(Digest::of(b"remembered"));
        assert_eq!(digests.of(path).unwrap(), Digest::of(b"remembered"));
        assert_eq!(digests.known([path].into_iter()).len(), 1);
        let date = path.metadata().unwrap().modified().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(path, "new").unwrap();
        file.as_file().set_modified(date).unwrap();
        assert_eq!(digests.of(path).unwrap(), Digest::of(b"new"));
    }

    #[test]
    fn a_file_that_changes_in_the_same_instant_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let digests = FileDigests::default();
        for contents in ["a", "b", "c"] {
            std::fs::write(&path, contents).unwrap();
            let date = SystemTime::now() - Duration::from_secs(60);
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(date).unwrap();
            assert_eq!(digests.of(&path).unwrap(), Digest::of(contents.as_bytes()));
        }
    }
}
