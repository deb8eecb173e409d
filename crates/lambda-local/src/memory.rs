//! How much memory the processes of a sandbox use, as the kernel counts it.

use std::fs;

/// Memory use of all processes together, in KiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Resident now.
    pub(crate) current: u64,
    /// The sum of each process's own peak.
    pub(crate) peak: u64,
}

/// The memory use of all descendants of a process. The process itself does not count. With `skip_children` its children do
/// not count either: in an isolated sandbox the child is a second process of this program.
pub(crate) fn usage_below(process: u32, skip_children: bool) -> Usage {
    let mut waiting = children(process);
    if skip_children {
        waiting = waiting.into_iter().flat_map(children).collect();
    }
    let mut usage = Usage::default();
    while let Some(process) = waiting.pop() {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        usage.current += figure(&status, "VmRSS:");
        usage.peak += figure(&status, "VmHWM:");
        waiting.extend(children(process));
    }
    usage
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
    use super::*;

    #[test]
    fn figures_are_parsed() {
        let status = "Name:\tx\nVmHWM:\t   14720 kB\nVmRSS:\t   8000 kB\n";
        assert_eq!((figure(status, "VmHWM:"), figure(status, "VmRSS:")), (14_720, 8000));
        assert_eq!(figure("", "VmHWM:"), 0);
    }

    #[test]
    fn a_child_counts() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let usage = usage_below(std::process::id(), false);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(usage.peak > 0 && usage.peak >= usage.current, "{usage:?}");
    }
}
