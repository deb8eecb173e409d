//! The parent's side of the connection to the first process of a sandbox.

use std::future::pending;
use std::io;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result};
use nix::errno::Errno;
use serde::Serialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::init::{Notice, Request};
use lambda_zip_error::{ErrorKind, Failure};

/// How long the first process may take to end. Killing everything in the sandbox takes milliseconds.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// A running first process. Dropping it ends everything in the sandbox.
pub(crate) struct Launcher {
    /// `None` if the user starts the runtime.
    process: Option<Child>,
    requests: Option<ChildStdin>,
    notices: Option<Lines<BufReader<ChildStdout>>>,
}

impl Launcher {
    /// A launcher that starts nothing, since the user starts the runtime.
    pub(crate) fn none() -> Self {
        Self { process: None, requests: None, notices: None }
    }

    /// Starts a process of a sandbox and waits until it is ready. The inner error is why it cannot be.
    pub(crate) async fn start(command: &str, setup: &impl Serialize) -> Result<std::result::Result<Self, String>> {
        let text = serde_json::to_string(setup).context("a path is not UTF-8")?;
        // With a process group of its own it does not receive Ctrl-C from the terminal: this program shuts it down.
        let mut process = Command::new("/proc/self/exe")
            .args([command, &text])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(not_started)?;
        let requests = process.stdin.take();
        let stdout = process.stdout.take().context("the first process of the sandbox has no stdout")?;
        let notices = Some(BufReader::new(stdout).lines());
        let mut launcher = Self { process: Some(process), requests, notices };
        Ok(match launcher.notice().await {
            Some(Notice::Ready) => Ok(launcher),
            Some(Notice::Refused(reason)) => Err(reason),
            _ => Err("its first process exited".to_owned()),
        })
    }

    /// The next notice of the first process, or `None` when it is gone. Safe to cancel.
    pub(crate) async fn notice(&mut self) -> Option<Notice> {
        let Some(notices) = &mut self.notices else { return pending().await };
        let line = notices.next_line().await.ok()??;
        serde_json::from_str(&line).ok()
    }

    /// Sends a request. If the first process is gone, [`notice`](Self::notice) reports it.
    pub(crate) async fn request(&mut self, request: &Request) {
        if let (Some(requests), Ok(line)) = (&mut self.requests, serde_json::to_string(request)) {
            let _ = requests.write_all(format!("{line}\n").as_bytes()).await;
        }
    }

    /// The process id of the first process.
    pub(crate) fn process(&self) -> Option<u32> {
        self.process.as_ref()?.id()
    }

    /// Ends everything in the sandbox.
    pub(crate) async fn close(mut self) {
        self.requests = None;
        // If it takes too long, dropping it kills the process.
        if let Some(process) = &mut self.process {
            let _ = timeout(END_TIMEOUT, process.wait()).await;
        }
    }
}

/// The first process is this program, which Linux has in `/proc`.
fn not_started(error: io::Error) -> Error {
    let failure = Failure::new(ErrorKind::Setup, "failed to start the first process of the sandbox");
    let failure = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT) => failure.hint("mount `/proc`, which `invoke` needs: `mount -t proc proc /proc`"),
        Some(Errno::EMFILE | Errno::ENFILE) => {
            failure.hint("allow more open files: `ulimit -n 1024`, or raise the hard limit")
        }
        _ => failure,
    };
    Error::from(error).context(failure)
}

impl Drop for Launcher {
    fn drop(&mut self) {
        self.requests = None;
        let Some(process) = &mut self.process else { return };
        let deadline = Instant::now() + END_TIMEOUT;
        while let Ok(None) = process.try_wait() {
            if Instant::now() > deadline {
                let _ = process.start_kill();
            }
            sleep(Duration::from_millis(2));
        }
    }
}
