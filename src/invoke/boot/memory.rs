//! How much memory the processes of a sandbox take, by the kernel's own figures.

use std::fs;

/// In KiB, for all processes together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// What is in memory now.
    pub(super) current: u64,
    /// The highest that each of them has had.
    pub(super) peak: u64,
}

/// The usage of everything that descends from a process, which itself does not count, nor do its children where
/// `skip_children` says that they are this program, too.
pub(super) fn usage_below(process: u32, skip_children: bool) -> Usage {
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

/// The processes that the threads of a process have started. It takes a kernel that lists them, as distributions' do.
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
    fn the_kernels_figures_are_read() {
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
