//! A sandbox of its own: user, mount, process and IPC namespaces of the kernel, as far as it hands them out to an ordinary
//! user.
//!
//! Making them takes two processes, since a process does not enter a namespace of processes itself: its children do. The
//! first of these is process 1 there, and when it ends, for whatever reason, the kernel ends all others.

use std::fs;
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

/// The user and the group that run functions on Lambda, as `id` shows them there.
const LAMBDA_USER: u32 = 993;
const LAMBDA_GROUP: u32 = 990;

/// Makes the namespaces, and runs this program with these arguments as their process 1, to its end.
pub(super) fn run_inside(args: &[&str]) -> Result<ExitStatus> {
    // As root of the new namespace this process may mount, which it may not as anybody else.
    enter_user_namespace(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC, 0, 0)?;
    Command::new("/proc/self/exe").args(args).status().context("the first process does not start")
}

/// Becomes the user that runs functions on Lambda. What was mounted before cannot be changed from here on.
pub(super) fn become_lambda_user() -> Result<()> {
    enter_user_namespace(CloneFlags::empty(), LAMBDA_USER, LAMBDA_GROUP)
}

fn enter_user_namespace(others: CloneFlags, user_inside: u32, group_inside: u32) -> Result<()> {
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | others).context("the kernel makes no namespaces for this user")?;
    // Without this the kernel lets nobody but root map groups.
    fs::write("/proc/self/setgroups", "deny").context("groups cannot be fixed")?;
    fs::write("/proc/self/uid_map", format!("{user_inside} {user} 1")).context("the user cannot be mapped")?;
    fs::write("/proc/self/gid_map", format!("{group_inside} {group} 1")).context("the group cannot be mapped")
}
