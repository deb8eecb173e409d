//! Hands output to the caller on a thread of its own, so that a slow reader does not hold up the sandbox.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hyper::body::Bytes;
use tokio::sync::mpsc;

use crate::Output;

/// How many pieces may wait for the reader. When there are more, the function that prints them is held up.
const QUEUE_LIMIT: usize = 64;

/// How long a reader may take for what is left after a signal.
const FINISH_TIMEOUT: Duration = Duration::from_millis(500);

#[derive(Debug)]
enum Piece {
    Log(Bytes),
    Streamed(Bytes),
    Response(Bytes),
}

/// Sends pieces to the thread, which passes them on in the order in which they were sent.
#[derive(Debug, Clone)]
pub(crate) struct Printer {
    pieces: mpsc::Sender<Piece>,
}

/// The thread that calls the [`Output`]. Dropping it does not wait for the thread.
#[derive(Debug)]
pub(crate) struct PrinterThread(JoinHandle<()>);

impl Printer {
    pub(crate) fn start(mut output: impl Output) -> Result<(Self, PrinterThread)> {
        let (pieces, mut queue) = mpsc::channel(QUEUE_LIMIT);
        let write = move || {
            while let Some(piece) = queue.blocking_recv() {
                match piece {
                    Piece::Log(bytes) => output.log(&bytes),
                    Piece::Streamed(bytes) => output.streamed(&bytes),
                    Piece::Response(bytes) => output.response(&bytes),
                }
            }
        };
        let thread = thread::Builder::new().name("printer".into()).spawn(write).context("failed to start a thread")?;
        Ok((Self { pieces }, PrinterThread(thread)))
    }

    pub(crate) async fn log(&self, bytes: impl Into<Bytes>) {
        self.send(Piece::Log(bytes.into())).await;
    }

    pub(crate) async fn streamed(&self, bytes: Bytes) {
        self.send(Piece::Streamed(bytes)).await;
    }

    pub(crate) async fn response(&self, bytes: Bytes) {
        self.send(Piece::Response(bytes)).await;
    }

    async fn send(&self, piece: Piece) {
        // This fails only if the output panicked. The function goes on.
        let _ = self.pieces.send(piece).await;
    }
}

impl PrinterThread {
    /// The same, but gives up on a slow reader.
    pub(crate) fn finish_soon(self) {
        let deadline = Instant::now() + FINISH_TIMEOUT;
        while !self.0.is_finished() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until everything is passed on. Every [`Printer`] must be dropped before.
    pub(crate) fn finish(self) {
        let _ = self.0.join();
    }
}
