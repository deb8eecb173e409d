//! How much memory the processes of a sandbox use, as the kernel counts it.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::os::unix::fs::MetadataExt;

/// How the paths of files in memory begin.
const MEMORY_FILES: [&str; 2] = ["/memfd:", "/dev/shm/"];

/// Memory use of all processes together, in KiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Resident now.
    pub(crate) current: u64,
    /// The sum of each process's own peak, or [`current`](Self::current) if that is more.
    pub(crate) peak: u64,
}

/// The memory use of all descendants of a process. The process itself does not count. With `skip_children` its children do
/// not count either: in an isolated sandbox the child is a second process of this program.
pub(crate) fn usage_below(process: u32, skip_children: bool) -> Usage {
    let mut waiting = children(process);
    if skip_children {
        waiting = waiting.into_iter().flat_map(children).collect();
    }
    let (mut private, mut mapped, mut peak) = (0, 0, 0);
    let mut memory_files = BTreeMap::new();
    while let Some(process) = waiting.pop() {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let shared = figure(&status, "RssShmem:");
        private += figure(&status, "VmRSS:").saturating_sub(shared);
        mapped += shared;
        peak += figure(&status, "VmHWM:");
        memory_files.extend(memory_files_of(process));
        waiting.extend(children(process));
    }
    // A file in memory counts whether or not it is mapped, and once.
    let current = private + mapped.max(memory_files.values().sum());
    Usage { current, peak: peak.max(current) }
}

/// The open files of a process that are in memory only (`memfd_create`, `shm_open`), by inode, with their sizes in KiB. Files
/// in `/tmp` are storage, not memory.
fn memory_files_of(process: u32) -> BTreeMap<u64, u64> {
    let Ok(open) = fs::read_dir(format!("/proc/{process}/fd")) else { return BTreeMap::new() };
    let is_in_memory = |entry: &DirEntry| {
        fs::read_link(entry.path()).is_ok_and(|target| {
            let target = target.to_string_lossy();
            MEMORY_FILES.iter().any(|start| target.starts_with(start))
        })
    };
    let files = open.flatten().filter(is_in_memory).filter_map(|entry| fs::metadata(entry.path()).ok());
    files.map(|file| (file.ino(), file.blocks() / 2)).collect()
}

/// The children of all threads of a process. The list needs `CONFIG_PROC_CHILDREN`, which distributions enable.
fn children(process: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    let lists = threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists.flat_map(|list| list.split(' ').filter_map(|number| number.parse().ok()).collect::<Vec<_>>()).collect()
}

fn figure(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn figures_are_parsed() {
        let status = "Name:\tx\nVmHWM:\t   14720 kB\nVmRSS:\t   8000 kB\n";
        assert_eq!((figure(status, "VmHWM:"), figure(status, "VmRSS:")), (14_720, 8000));
        assert_eq!(figure("", "VmHWM:"), 0);
    }

    #[test]
    fn a_file_in_memory_counts() {
        counts_64_megabytes("file = os.memfd_create('x')");
        counts_64_megabytes("kept = tempfile.TemporaryFile(dir='/dev/shm'); file = kept.fileno()");
    }

    fn counts_64_megabytes(open: &str) {
        let write = "os.write(file, b'x' * (64 << 20)); print(flush=True); time.sleep(60)";
        let script = format!("import os, tempfile, time; {open}; {write}");
        let mut child = Command::new("python3").args(["-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let files = memory_files_of(child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(files.values().sum::<u64>(), 64 << 10);
    }

    #[test]
    fn a_child_counts() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let usage = usage_below(std::process::id(), false);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(usage.peak > 0 && usage.peak >= usage.current, "{usage:?}");
    }
}
