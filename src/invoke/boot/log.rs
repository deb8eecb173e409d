//! What the function and its extensions print: to stderr as it comes, to extensions that subscribed, and the end of it to
//! whoever asks.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
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

use super::printer::Printer;
use super::telemetry::{Source, Telemetry};

/// The longest line that is kept in one piece: the largest event that the service for logs takes.
const LINE_LIMIT: usize = 256 * 1024;

/// How much of the log of one invocation is kept.
const KEPT_LIMIT: usize = 1024 * 1024;

/// How much of the log an invocation returns to its caller, by the API reference of Lambda's `Invoke`.
pub(super) const TAIL_LIMIT: usize = 4096;

/// How much of what a process has printed is waited for at the end of an invocation.
const CATCH_UP_LIMIT: usize = 4 * 1024 * 1024;

/// How long that may take: whoever reads our stderr may be slow.
const CATCH_UP_PATIENCE: Duration = Duration::from_secs(2);

/// The log of a function.
#[derive(Clone)]
pub(super) struct Log {
    printer: Printer,
    telemetry: Rc<RefCell<Telemetry>>,
    kept: Rc<RefCell<VecDeque<u8>>>,
}

impl Log {
    pub(super) fn new(printer: Printer) -> Self {
        Self { printer, telemetry: Rc::default(), kept: Rc::default() }
    }

    /// A line of Lambda's own.
    pub(super) async fn platform(&self, line: &str) {
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
            kept.extend(&line);
            let surplus = kept.len().saturating_sub(KEPT_LIMIT);
            kept.drain(..surplus);
        }
        self.printer.log(line).await;
    }

    /// Starts to keep anew, and returns what was kept.
    pub(super) fn take_kept(&self) -> Vec<u8> {
        std::mem::take(&mut *self.kept.borrow_mut()).into()
    }

    pub(super) fn telemetry(&self) -> &Rc<RefCell<Telemetry>> {
        &self.telemetry
    }
}

/// The pipe that one process prints into.
pub(super) struct LogPipe {
    path: PathBuf,
    catch_up: mpsc::Sender<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl LogPipe {
    /// Makes a pipe in this folder, and reads it from now on.
    pub(super) fn new(folder: &Path, name: &str, source: Source, log: Log) -> Result<Self> {
        let path = folder.join(name);
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR)
            .with_context(|| format!("failed to make the pipe `{}`", path.display()))?;
        // Open for writing, too, it does not end with the processes that write.
        let receiver = pipe::OpenOptions::new()
            .read_write(true)
            .open_receiver(&path)
            .with_context(|| format!("failed to open the pipe `{}`", path.display()))?;
        let (catch_up, requests) = mpsc::channel(1);
        let reader = Reader { receiver, source, log, partial: Vec::new() };
        let task = tokio::task::spawn_local(reader.run(requests));
        Ok(Self { path, catch_up, task })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until what was printed up to now is in the log.
    pub(super) async fn catch_up(&self) {
        let (done, caught_up) = oneshot::channel();
        let _ = timeout(CATCH_UP_PATIENCE, async {
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
    /// The start of a line whose end is yet to come.
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

    /// Reads what is there, and returns how much.
    async fn read(&mut self) -> io::Result<usize> {
        let mut buffer = vec![0; 64 * 1024];
        let count = match self.receiver.try_read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            outcome => outcome?,
        };
        self.partial.extend_from_slice(&buffer[..count]);
        for line in whole_lines(&mut self.partial) {
            self.log.program(self.source, line).await;
        }
        Ok(count)
    }
}

/// Takes the complete lines off the front, and what is too long to wait for its end.
fn whole_lines(partial: &mut Vec<u8>) -> Vec<Vec<u8>> {
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
    fn lines_are_taken_when_they_are_whole() {
        let mut partial = b"one\ntwo\nthr".to_vec();
        assert_eq!(whole_lines(&mut partial), [b"one\n", b"two\n"]);
        assert_eq!(partial, b"thr");
        partial.extend(b"ee\n");
        assert_eq!(whole_lines(&mut partial), [b"three\n"]);
        assert!(partial.is_empty());
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut partial = vec![b'x'; LINE_LIMIT * 2 + 5];
        let lines = whole_lines(&mut partial);
        assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [LINE_LIMIT + 1; 2]);
        assert_eq!(partial.len(), 5);
    }
}
