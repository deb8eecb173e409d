//! The kernel's mount, process and IPC namespaces.
//!
//! Root may create them. An ordinary user creates a user namespace first, in which it may, if the kernel allows that.
//!
//! It takes two processes, because a process namespace applies to the children of the process that creates it. The first
//! child is process 1 there. When it ends, for whatever reason, the kernel kills all others.

use std::process::{Command, ExitStatus};

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, unshare};

use super::privileges;
use super::root;

/// Creates the namespaces, and runs this program with these arguments as their process 1, until it exits.
pub(super) fn run_inside(args: &[&str]) -> Result<ExitStatus> {
    let namespaces = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC;
    if privileges::can_become_nobody() {
        unshare(namespaces).context("the kernel does not allow root to create namespaces")?;
    } else {
        // Only root of the new user namespace may mount.
        privileges::enter_user_namespace(namespaces, 0, 0)?;
    }
    root::separate_mounts()?;
    let program = root::read_only_program()?;
    Command::new(program).args(args).env_clear().status().context("failed to start the first process")
}
