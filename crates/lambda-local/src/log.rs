//! The log of a function: what it and its extensions print goes to the caller, to subscribed extensions, and into a buffer
//! for the record of the invocation.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tokio::net::unix::pipe;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::printer::Printer;
use crate::telemetry::{Source, Telemetry};

/// Longer lines are split. This is the largest event that `CloudWatch` accepts.
const LINE_LIMIT: usize = 256 * 1024;

/// The record of an invocation keeps this many bytes, from the end of the log.
const KEPT_LIMIT: usize = 1024 * 1024;

/// How much of the log the Invoke API returns to its caller (API reference of `Invoke`).
pub(crate) const TAIL_LIMIT: usize = 4096;

/// At the end of an invocation at most this many printed bytes are awaited.
const CATCH_UP_LIMIT: usize = 4 * 1024 * 1024;

/// How long that may take, since the reader of the log may be slow.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(2);

/// The log of a function.
#[derive(Clone)]
pub(crate) struct Log {
    printer: Printer,
    telemetry: Rc<RefCell<Telemetry>>,
    kept: Rc<RefCell<Kept>>,
}

/// The end of the log.
#[derive(Default)]
struct Kept {
    bytes: VecDeque<u8>,
    /// How many bytes were written before them.
    before: u64,
}

impl Log {
    pub(crate) fn new(printer: Printer) -> Self {
        Self { printer, telemetry: Rc::default(), kept: Rc::default() }
    }

    /// Writes a line of Lambda's own.
    pub(crate) async fn platform(&self, line: &str) {
        self.write(format!("{line}\n").into_bytes()).await;
    }

    async fn program(&self, source: Source, line: Vec<u8>) {
        let text = String::from_utf8_lossy(&line);
        self.telemetry.borrow_mut().line(source, text.trim_end_matches(['\n', '\r']));
        self.write(line).await;
    }

    async fn write(&self, line: Vec<u8>) {
        {
            let mut kept = self.kept.borrow_mut();
            kept.bytes.extend(&line);
            let surplus = kept.bytes.len().saturating_sub(KEPT_LIMIT);
            kept.remove(surplus);
        }
        self.printer.log(line).await;
    }

    /// Returns what was kept, and starts again with nothing.
    pub(crate) fn take_kept(&self) -> Vec<u8> {
        let mut kept = self.kept.borrow_mut();
        let bytes = kept.bytes.iter().copied().collect();
        let all = kept.bytes.len();
        kept.remove(all);
        bytes
    }

    /// How many bytes were written so far.
    pub(crate) fn position(&self) -> u64 {
        let kept = self.kept.borrow();
        kept.before + kept.bytes.len() as u64
    }

    /// What was written since a position, as far as it is kept.
    pub(crate) fn since(&self, position: u64) -> Vec<u8> {
        let kept = self.kept.borrow();
        let skipped = usize::try_from(position.saturating_sub(kept.before)).unwrap_or(usize::MAX);
        kept.bytes.iter().skip(skipped).copied().collect()
    }

    pub(crate) fn telemetry(&self) -> &Rc<RefCell<Telemetry>> {
        &self.telemetry
    }
}

impl Kept {
    /// Removes bytes from the beginning.
    fn remove(&mut self, count: usize) {
        self.bytes.drain(..count);
        self.before += count as u64;
    }
}

/// The pipe that a process prints into.
pub(crate) struct LogPipe {
    path: PathBuf,
    catch_up: mpsc::Sender<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl LogPipe {
    /// Creates a named pipe in this directory and starts to read it.
    pub(crate) fn new(directory: &Path, name: &str, source: Source, log: Log) -> Result<Self> {
        let path = directory.join(name);
        let context = || format!("failed to create the pipe `{}`", path.display());
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).with_context(context)?;
        // The function may have another user id, and opens its own stdout again for `/dev/stdout`.
        std::fs::set_permissions(&path, Permissions::from_mode(0o622)).with_context(context)?;
        // Opened for writing too, so that it does not end when the last writing process does.
        let receiver = pipe::OpenOptions::new()
            .read_write(true)
            .open_receiver(&path)
            .with_context(|| format!("failed to open the pipe `{}`", path.display()))?;
        let (catch_up, requests) = mpsc::channel(1);
        let reader = Reader { receiver, source, log, partial: Vec::new() };
        let task = tokio::task::spawn_local(reader.run(requests));
        Ok(Self { path, catch_up, task })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until everything printed so far is in the log.
    pub(crate) async fn catch_up(&self) {
        let (done, caught_up) = oneshot::channel();
        let _ = timeout(CATCH_UP_TIMEOUT, async {
            if self.catch_up.send(done).await.is_ok() {
                let _ = caught_up.await;
            }
        })
        .await;
    }
}

impl Drop for LogPipe {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Reader {
    receiver: pipe::Receiver,
    source: Source,
    log: Log,
    /// The start of an unfinished line.
    partial: Vec<u8>,
}

impl Reader {
    async fn run(mut self, mut requests: mpsc::Receiver<oneshot::Sender<()>>) {
        loop {
            tokio::select! {
                ready = self.receiver.readable() => {
                    if ready.is_err() || self.read().await.is_err() {
                        return;
                    }
                }
                request = requests.recv() => {
                    let Some(done) = request else { return };
                    let mut read = 0;
                    while read < CATCH_UP_LIMIT && let Ok(count @ 1..) = self.read().await {
                        read += count;
                    }
                    if !self.partial.is_empty() {
                        self.partial.push(b'\n');
                        let line = std::mem::take(&mut self.partial);
                        self.log.program(self.source, line).await;
                    }
                    let _ = done.send(());
                }
            }
        }
    }

    /// Reads what is available. Returns the number of bytes.
    async fn read(&mut self) -> io::Result<usize> {
        let mut buffer = vec![0; 64 * 1024];
        let count = match self.receiver.try_read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            outcome => outcome?,
        };
        self.partial.extend_from_slice(&buffer[..count]);
        for line in take_lines(&mut self.partial) {
            self.log.program(self.source, line).await;
        }
        Ok(count)
    }
}

/// Removes complete lines, and pieces of lines that are too long, from the front.
fn take_lines(partial: &mut Vec<u8>) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    let mut start = 0;
    while start < partial.len() {
        let rest = &partial[start..];
        let end = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) if end < LINE_LIMIT => start + end + 1,
            None if rest.len() < LINE_LIMIT => break,
            _ => start + LINE_LIMIT,
        };
        let mut line = partial[start..end].to_vec();
        if line.last() != Some(&b'\n') {
            line.push(b'\n');
        }
        lines.push(line);
        start = end;
    }
    partial.drain(..start);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_complete_lines_are_taken() {
        let mut partial = b"one\ntwo\nthr".to_vec();
        assert_eq!(take_lines(&mut partial), [b"one\n", b"two\n"]);
        assert_eq!(partial, b"thr");
        partial.extend(b"ee\n");
        assert_eq!(take_lines(&mut partial), [b"three\n"]);
        assert!(partial.is_empty());
    }

    #[test]
    fn an_endless_line_is_split() {
        let mut partial = vec![b'x'; LINE_LIMIT * 2 + 5];
        let lines = take_lines(&mut partial);
        assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [LINE_LIMIT + 1; 2]);
        assert_eq!(partial.len(), 5);
    }
}
