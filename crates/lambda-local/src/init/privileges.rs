//! Gives up the privileges of this process, so that a function has none.

use std::fs;

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::{set_dumpable, set_no_new_privs};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Gid, Uid, close, getegid, geteuid, setgroups, setresgid, setresuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capability_is_in_bounding_set, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities,
};

use super::protocol::Setup;

/// The user and group without any rights.
const NOBODY: u32 = 65_534;

/// The user and group ids of functions on Lambda.
pub(crate) const LAMBDA_USER: u32 = 993;
pub(crate) const LAMBDA_GROUP: u32 = 990;

/// How many processes and threads a function may have (AWS Lambda developer guide, "Lambda quotas").
const THREADS_LIMIT: u64 = 1024;

/// The threads of the first process, which the kernel counts as well.
const OWN_THREADS: u64 = 2;

/// Closes every file that was inherited, except stdin, stdout and stderr. An open directory would be a way out of the sandbox.
pub(super) fn close_inherited_files() -> Result<()> {
    let entries = fs::read_dir("/proc/self/fd").context("failed to list the open files")?;
    let open: Vec<i32> = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // One of them belonged to the listing itself, and is closed already.
        let _ = close(descriptor);
    }
    Ok(())
}

/// True if this process is root of the machine or of a container, and so can become `nobody`.
pub(super) fn can_become_nobody() -> bool {
    let is_mapped = |path: &str| fs::read_to_string(path).is_ok_and(|map| maps(&map, NOBODY));
    geteuid().is_root() && is_mapped("/proc/self/uid_map") && is_mapped("/proc/self/gid_map")
}

/// True if an id map of the kernel, with lines of `inside outside count`, has this id.
fn maps(map: &str, id: u32) -> bool {
    map.lines().any(|line| {
        let numbers: Vec<u64> = line.split_whitespace().filter_map(|number| number.parse().ok()).collect();
        matches!(numbers[..], [first, _, count] if (first..first + count).contains(&u64::from(id)))
    })
}

/// Becomes the user that runs functions on Lambda, without any capability, for good.
///
/// Real root becomes `nobody` first: in a user namespace alone it could still read and write the files of root.
pub(super) fn drop_all() -> Result<()> {
    if can_become_nobody() {
        become_nobody()?;
        // If the kernel refuses, the function merely sees another user id.
        let _ = become_lambda_user();
    } else {
        become_lambda_user()?;
    }
    drop_capabilities()?;
    set_no_new_privs().context("failed to forbid new privileges")?;
    // The function has the same user id. This keeps it away from the memory, files and environment of this process.
    set_dumpable(false).context("failed to protect the first process")
}

fn become_nobody() -> Result<()> {
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    empty_bounding_set()?;
    setgroups(&[]).context("failed to leave the groups of root")?;
    setresgid(group, group, group).context("failed to leave the group of root")?;
    setresuid(user, user, user).context("failed to become `nobody`")?;
    // Otherwise `/proc/self` belongs to root, and this process cannot map its ids.
    set_dumpable(true).context("failed to keep access to `/proc/self`")
}

fn become_lambda_user() -> Result<()> {
    enter_user_namespace(CloneFlags::empty(), LAMBDA_USER, LAMBDA_GROUP)
}

/// Enters a new user namespace in which this process has these ids, and the other new namespaces.
pub(super) fn enter_user_namespace(others: CloneFlags, user_inside: u32, group_inside: u32) -> Result<()> {
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | others).context("the kernel does not allow this user to create namespaces")?;
    // Otherwise the kernel lets only root map groups.
    fs::write("/proc/self/setgroups", "deny").context("failed to fix the groups")?;
    fs::write("/proc/self/uid_map", format!("{user_inside} {user} 1")).context("failed to map the user")?;
    fs::write("/proc/self/gid_map", format!("{group_inside} {group} 1")).context("failed to map the group")
}

fn drop_capabilities() -> Result<()> {
    // Outside of a user namespace `nobody` has none already, and the set is empty.
    let _ = empty_bounding_set();
    clear_ambient_capability_set().context("failed to clear the ambient capabilities")?;
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    set_capabilities(None, sets).context("failed to drop the capabilities")
}

/// Empties the set of capabilities that a program can gain when it is executed.
fn empty_bounding_set() -> Result<()> {
    for capability in CapabilitySet::all().iter() {
        if capability_is_in_bounding_set(capability).unwrap_or(false) {
            remove_capability_from_bounding_set(capability).context("failed to drop a capability")?;
        }
    }
    Ok(())
}

/// Sets Lambda's limits. A lower limit of the machine stays.
pub(super) fn set_limits(setup: &Setup) -> Result<()> {
    limit(Resource::RLIMIT_NOFILE, setup.open_files).context("failed to limit open files")?;
    limit(Resource::RLIMIT_CORE, 0).context("failed to disable core dumps")?;
    // Without a user namespace the kernel would count every process of this user.
    if setup.is_isolated() {
        limit(Resource::RLIMIT_NPROC, THREADS_LIMIT + OWN_THREADS).context("failed to limit processes")?;
    }
    Ok(())
}

/// Lets this program itself open as many files as the machine allows: it has a connection to each worker of a function.
pub(crate) fn raise_open_files_limit() -> Result<()> {
    let context = "failed to raise the limit of open files";
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).context(context)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).context(context)
}

fn limit(resource: Resource, value: u64) -> nix::Result<()> {
    let (_, hard) = getrlimit(resource)?;
    let value = value.min(hard);
    setrlimit(resource, value, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_map_is_read() {
        let machine = "         0          0 4294967295\n";
        assert!(maps(machine, 0) && maps(machine, NOBODY));
        let container = "0 100000 65536\n";
        assert!(maps(container, NOBODY));
        let single = "0 1000 1\n";
        assert!(maps(single, 0) && !maps(single, NOBODY));
        assert!(!maps("", NOBODY));
    }
}
