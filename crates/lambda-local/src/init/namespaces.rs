//! The kernel's user, mount, process and IPC namespaces, which an ordinary user may create on most machines.
//!
//! Creating them takes two processes, because a process namespace applies to the children of the process that creates it. The
//! first child is process 1 there. When it ends, for whatever reason, the kernel kills all others.

use std::fs;
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

/// The user and group ids of functions on Lambda.
const LAMBDA_USER: u32 = 993;
const LAMBDA_GROUP: u32 = 990;

/// Creates the namespaces, and runs this program with these arguments as their process 1, until it exits.
pub(crate) fn run_inside(args: &[&str]) -> Result<ExitStatus> {
    // Only root of the new user namespace may mount.
    enter_user_namespace(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC, 0, 0)?;
    Command::new("/proc/self/exe").args(args).status().context("failed to start the first process")
}

/// Becomes the user that runs functions on Lambda. From here on, existing mounts cannot be changed.
pub(crate) fn become_lambda_user() -> Result<()> {
    enter_user_namespace(CloneFlags::empty(), LAMBDA_USER, LAMBDA_GROUP)
}

fn enter_user_namespace(others: CloneFlags, user_inside: u32, group_inside: u32) -> Result<()> {
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | others).context("the kernel does not allow this user to create namespaces")?;
    // Otherwise the kernel lets only root map groups.
    fs::write("/proc/self/setgroups", "deny").context("failed to fix the groups")?;
    fs::write("/proc/self/uid_map", format!("{user_inside} {user} 1")).context("failed to map the user")?;
    fs::write("/proc/self/gid_map", format!("{group_inside} {group} 1")).context("failed to map the group")
}
