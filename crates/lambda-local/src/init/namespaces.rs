//! The kernel's mount, process and IPC namespaces.
//!
//! Root may create them. An ordinary user creates a user namespace first, in which it may, if the kernel allows that.
//!
//! It takes three processes. The first keeps `/tmp` in a mount namespace. The second enters that one, so that its copy has
//! `/tmp` too, and creates the others. The third is process 1 there, because a process namespace applies to the children of the
//! process that creates it. When it ends, for whatever reason, the kernel kills all others.

use std::fs::File;
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result};
use nix::sched::{CloneFlags, setns, unshare};

use super::privileges;
use super::root;

/// Enters a new mount namespace, for the process that keeps `/tmp`.
pub(super) fn enter_for_storage() -> Result<()> {
    if privileges::can_become_nobody() {
        unshare(CloneFlags::CLONE_NEWNS).context("the kernel does not allow root to create namespaces")?;
    } else {
        // Only root of the new user namespace may mount.
        privileges::enter_user_namespace(CloneFlags::CLONE_NEWNS, 0, 0)?;
    }
    root::separate_mounts()
}

/// Creates the namespaces of a sandbox, and runs this program with these arguments as their process 1, until it exits.
pub(super) fn run_inside(storage: u32, args: &[&str]) -> Result<ExitStatus> {
    join(storage)?;
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC)
        .context("the kernel does not allow this user to create namespaces")?;
    root::separate_mounts()?;
    let program = root::read_only_program()?;
    Command::new(program).args(args).env_clear().status().context("failed to start the first process")
}

/// Enters the namespaces of the process that keeps `/tmp`.
fn join(storage: u32) -> Result<()> {
    let namespace = |name: &str| {
        File::open(format!("/proc/{storage}/ns/{name}")).context("failed to find the process that keeps `/tmp`")
    };
    let (user, mounts) = (namespace("user")?, namespace("mnt")?);
    let context = "failed to enter the namespaces of `/tmp`";
    if !privileges::can_become_nobody() {
        setns(user, CloneFlags::CLONE_NEWUSER).context(context)?;
    }
    setns(mounts, CloneFlags::CLONE_NEWNS).context(context)
}
