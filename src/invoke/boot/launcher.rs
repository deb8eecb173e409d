//! The program's end of the line to the first process of a sandbox.

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::init::{self, Notice, Request, Setup};

/// How long the first process may take to end. Killing whatever runs in the sandbox takes it milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running first process. When it is dropped, everything in the sandbox ends.
pub(super) struct Launcher {
    process: Child,
    requests: Option<ChildStdin>,
    notices: Lines<BufReader<ChildStdout>>,
}

impl Launcher {
    /// Starts the first process and waits until the sandbox is set up. The reason is returned if it cannot be.
    pub(super) async fn start(setup: &Setup) -> Result<std::result::Result<Self, String>> {
        let text = serde_json::to_string(setup).context("a path is not UTF-8")?;
        // A group of its own: Ctrl-C at a terminal is for the program, which ends the sandbox in good order.
        let mut process = Command::new("/proc/self/exe")
            .args([init::WORD, &text])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("the first process of the sandbox does not start")?;
        let requests = process.stdin.take();
        let stdout = process.stdout.take().context("the first process has no stdout")?;
        let mut launcher = Self { process, requests, notices: BufReader::new(stdout).lines() };
        Ok(match launcher.notice().await {
            Some(Notice::Ready) => Ok(launcher),
            Some(Notice::Refused(reason)) => Err(reason),
            _ => Err("its first process ended".to_owned()),
        })
    }

    /// What the first process tells next; nothing when it is gone. May be cancelled.
    pub(super) async fn notice(&mut self) -> Option<Notice> {
        let line = self.notices.next_line().await.ok()??;
        serde_json::from_str(&line).ok()
    }

    /// Asks for something. That the first process is gone shows in its notices.
    pub(super) async fn request(&mut self, request: &Request) {
        if let (Some(requests), Ok(line)) = (&mut self.requests, serde_json::to_string(request)) {
            let _ = requests.write_all(format!("{line}\n").as_bytes()).await;
        }
    }

    /// The number of the first process.
    pub(super) fn process(&self) -> Option<u32> {
        self.process.id()
    }

    /// Ends everything in the sandbox.
    pub(super) async fn close(mut self) {
        self.requests = None;
        // Dropping it does the rest.
        let _ = timeout(PATIENCE, self.process.wait()).await;
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        self.requests = None;
        let deadline = Instant::now() + PATIENCE;
        while let Ok(None) = self.process.try_wait() {
            if Instant::now() > deadline {
                let _ = self.process.start_kill();
            }
            sleep(Duration::from_millis(2));
        }
    }
}
