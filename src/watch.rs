//! `--watch`: waits until files change.
//!
//! Directories are watched one by one, so that target directories and the like cost nothing. A file counts as changed if its
//! contents differ from those at its last change: a build script that writes the same file again starts no other build.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use anyhow::Result;
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use same_file::Handle;
use walkdir::WalkDir;

use crate::cache::Digest;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// A change is complete when nothing has changed for this long: editors and version control write several files.
const QUIET: Duration = Duration::from_millis(50);

/// The longest wait for such a pause.
const LONGEST_CHANGE: Duration = Duration::from_secs(2);

/// Directories that hold no sources, wherever they are. Target directories are recognized by the tag that cargo writes.
const SKIPPED: [&str; 5] = [".git", ".hg", ".jj", ".svn", "node_modules"];
const CACHE_TAG: &str = "CACHEDIR.TAG";

enum Message {
    /// Something happened at these paths.
    Touched(Vec<PathBuf>),
    /// The system lost track of what happened.
    Unknown,
    Stop,
}

/// Decides about paths that the program itself writes.
type Ignore = Box<dyn Fn(&Path) -> bool + Send>;

/// Watches files and directories.
pub(crate) struct Watcher {
    system: RecommendedWatcher,
    messages: Receiver<Message>,
    sender: Sender<Message>,
    /// The directories whose every file counts.
    trees: HashSet<PathBuf>,
    /// Other directories, in which only some files count.
    parents: HashSet<PathBuf>,
    /// The files that exist, with the digest of those that changed.
    files: HashMap<PathBuf, Option<Digest>>,
    ignore: Ignore,
    is_stopped: bool,
}

/// Ends a [`Watcher::wait`] from another thread.
#[derive(Debug, Clone)]
pub(crate) struct Stopper(Sender<Message>);

impl Stopper {
    pub(crate) fn stop(&self) {
        // This fails only if nobody waits any more.
        let _ = self.0.send(Message::Stop);
    }
}

impl Watcher {
    /// A watcher of nothing.
    pub(crate) fn new() -> Result<Self> {
        let (sender, messages) = mpsc::channel();
        let events = sender.clone();
        let system = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let message = match event {
                Ok(event) if event.need_rescan() => Message::Unknown,
                Ok(event) if event.kind.is_access() => return,
                Ok(event) => Message::Touched(event.paths),
                Err(_) => Message::Unknown,
            };
            let _ = events.send(message);
        });
        let system = system.or_fail(ErrorKind::Setup, || "failed to watch files".into())?;
        Ok(Self {
            system,
            messages,
            sender,
            trees: HashSet::new(),
            parents: HashSet::new(),
            files: HashMap::new(),
            ignore: Box::new(|_| false),
            is_stopped: false,
        })
    }

    pub(crate) fn stopper(&self) -> Stopper {
        Stopper(self.sender.clone())
    }

    /// True if it watches nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.trees.is_empty() && self.parents.is_empty()
    }

    /// Leaves out paths that the program itself writes.
    pub(crate) fn ignore(&mut self, ignore: impl Fn(&Path) -> bool + Send + 'static) {
        self.ignore = Box::new(ignore);
    }

    /// Watches these files, and everything in these directories, in addition to what is watched already. All paths are
    /// absolute. One that does not exist yet is noticed when it appears.
    pub(crate) fn watch(&mut self, paths: impl IntoIterator<Item = PathBuf>) -> Result<()> {
        for path in paths {
            if path.is_dir() {
                self.watch_tree(&path)?;
            } else if let Some(parent) = path.parent().filter(|parent| parent.is_dir()) {
                if !self.trees.contains(parent) && self.parents.insert(parent.to_owned()) {
                    self.watch_directory(parent)?;
                }
                self.files.entry(path).or_insert(None);
            }
        }
        Ok(())
    }

    /// Watches a directory and those below it. Returns the files in directories that were not watched before.
    fn watch_tree(&mut self, root: &Path) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        let mut directories = Vec::new();
        let entries = WalkDir::new(root).into_iter().filter_entry(|entry| {
            entry.depth() == 0
                || !entry.file_type().is_dir()
                || !is_skipped(entry.path()) && !(self.ignore)(entry.path())
        });
        // What cannot be read, or is gone already, cannot be built from either.
        for entry in entries.filter_map(Result::ok) {
            if entry.file_type().is_dir() {
                directories.push(entry.into_path());
            } else {
                found.push(entry.into_path());
            }
        }
        let mut new = HashSet::new();
        for directory in directories {
            if self.trees.insert(directory.clone()) {
                self.watch_directory(&directory)?;
                new.insert(directory);
            }
        }
        found.retain(|path| path.parent().is_some_and(|parent| new.contains(parent)));
        for file in &found {
            self.files.entry(file.clone()).or_insert(None);
        }
        Ok(found)
    }

    fn watch_directory(&mut self, directory: &Path) -> Result<()> {
        let watched = self.system.watch(directory, RecursiveMode::NonRecursive);
        watched.map_err(|error| {
            let message = format!("failed to watch `{}`: {error}", directory.display());
            Failure::new(ErrorKind::Setup, message)
                .hint("on Linux, `sysctl fs.inotify.max_user_watches=1048576` allows more directories")
                .into()
        })
    }

    /// Waits until something changes, and then for a pause. Returns false if a [`Stopper`] ends the wait.
    pub(crate) fn wait(&mut self) -> bool {
        while !self.is_stopped {
            let Ok(first) = self.messages.recv() else { return false };
            let mut touched = HashSet::new();
            let mut has_changed = self.collect(first, &mut touched);
            let deadline = Instant::now() + LONGEST_CHANGE;
            while !self.is_stopped && Instant::now() < deadline {
                match self.messages.recv_timeout(QUIET) {
                    Ok(message) => has_changed |= self.collect(message, &mut touched),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
            for path in touched {
                // Every path is looked at, so that the next wait knows what this one has seen.
                has_changed |= self.has_changed(&path);
            }
            if has_changed && !self.is_stopped {
                return true;
            }
        }
        false
    }

    /// Adds the paths of a message. Returns true if it is unknown what changed.
    fn collect(&mut self, message: Message, touched: &mut HashSet<PathBuf>) -> bool {
        match message {
            Message::Touched(paths) => {
                touched.extend(paths);
                false
            }
            Message::Unknown => true,
            Message::Stop => {
                self.is_stopped = true;
                false
            }
        }
    }

    /// True if the path counts, and has other contents than at its last change.
    fn has_changed(&mut self, path: &Path) -> bool {
        let is_in_tree = path.parent().is_some_and(|parent| self.trees.contains(parent));
        if !is_in_tree && !self.files.contains_key(path) && !self.trees.contains(path) || (self.ignore)(path) {
            return false;
        }
        if path.is_dir() {
            if !is_in_tree || is_skipped(path) {
                return false;
            }
            // A new directory, or another one in its place: nothing was reported about the files in it. If it cannot be watched,
            // the next build reports it.
            self.trees.retain(|tree| !tree.starts_with(path));
            return self.watch_tree(path).is_ok_and(|files| !files.is_empty());
        }
        self.trees.remove(path);
        if is_own_output(path) {
            return false;
        }
        match Digest::of_file(path) {
            Ok(digest) => self.files.insert(path.to_owned(), Some(digest)) != Some(Some(digest)),
            // A file that came and went between two looks is nothing.
            Err(_) if is_in_tree => self.files.remove(path).is_some(),
            Err(_) => self.files.insert(path.to_owned(), None) != Some(None),
        }
    }
}

/// True for a file that stdout or stderr of this process is redirected to: what a build prints must not start another one.
fn is_own_output(path: &Path) -> bool {
    path.is_file()
        && Handle::from_path(path)
            .is_ok_and(|file| [Handle::stdout(), Handle::stderr()].into_iter().flatten().any(|output| output == file))
}

fn is_skipped(directory: &Path) -> bool {
    let name = directory.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| SKIPPED.contains(&name)) || directory.join(CACHE_TAG).exists()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::thread;

    use super::*;

    /// Waits until a change is reported, or gives up after a while without one.
    fn change(watcher: &mut Watcher) -> bool {
        let stopper = watcher.stopper();
        let (done, is_done) = mpsc::channel::<()>();
        let timer = thread::spawn(move || {
            if is_done.recv_timeout(Duration::from_millis(800)) == Err(RecvTimeoutError::Timeout) {
                stopper.stop();
            }
        });
        let changed = watcher.wait();
        drop(done);
        timer.join().unwrap();
        watcher.is_stopped = false;
        changed
    }

    fn watcher_of(paths: &[&Path]) -> Watcher {
        let mut watcher = Watcher::new().unwrap();
        watcher.watch(paths.iter().map(|path| path.to_path_buf())).unwrap();
        watcher
    }

    #[test]
    fn a_change_in_a_tree_is_noticed_once() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("src")).unwrap();
        fs::write(root.join("src/main.rs"), "1").unwrap();
        let mut watcher = watcher_of(&[root]);
        assert!(!change(&mut watcher));
        fs::write(root.join("src/main.rs"), "2").unwrap();
        assert!(change(&mut watcher));
        fs::write(root.join("src/main.rs"), "2").unwrap();
        assert!(!change(&mut watcher), "the contents are the same");
        fs::create_dir_all(root.join("src/new/deep")).unwrap();
        fs::write(root.join("src/new/deep/mod.rs"), "").unwrap();
        assert!(change(&mut watcher));
        fs::write(root.join("src/new/deep/mod.rs"), "3").unwrap();
        assert!(change(&mut watcher), "new directories are watched");
        fs::remove_file(root.join("src/main.rs")).unwrap();
        assert!(change(&mut watcher));
        fs::write(root.join("src/.scratch"), "").unwrap();
        fs::remove_file(root.join("src/.scratch")).unwrap();
        assert!(!change(&mut watcher), "it came and went");
    }

    #[test]
    fn reading_is_no_change_and_target_directories_are_skipped() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for skipped in ["target", ".git", "own"] {
            fs::create_dir_all(root.join(skipped)).unwrap();
        }
        fs::write(root.join("target/CACHEDIR.TAG"), "").unwrap();
        fs::write(root.join("Cargo.toml"), "").unwrap();
        let mut watcher = Watcher::new().unwrap();
        watcher.ignore(|path| path.ends_with("own"));
        watcher.watch([root.to_owned()]).unwrap();
        for path in ["target/x", ".git/index", "own/x.zip"] {
            fs::write(root.join(path), "1").unwrap();
        }
        fs::read(root.join("Cargo.toml")).unwrap();
        assert!(!change(&mut watcher));
    }

    #[test]
    fn of_a_directory_that_is_not_watched_only_the_named_file_counts() {
        let directory = tempfile::tempdir().unwrap();
        let zip = directory.path().join("function.zip");
        fs::write(&zip, "1").unwrap();
        let mut watcher = watcher_of(&[&zip]);
        fs::write(directory.path().join("other"), "1").unwrap();
        assert!(!change(&mut watcher));
        fs::write(directory.path().join("scratch"), "2").unwrap();
        fs::rename(directory.path().join("scratch"), &zip).unwrap();
        assert!(change(&mut watcher));
        fs::remove_file(&zip).unwrap();
        assert!(change(&mut watcher));
        fs::write(&zip, "3").unwrap();
        assert!(change(&mut watcher), "it appears again");
    }
}
