//! Output that may have to wait for its reader, without anything else waiting for it: a thread of its own writes.

use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use hyper::body::Bytes;
use tokio::sync::mpsc;

use crate::{report, shell};

/// How many pieces may wait to be written. With more, whoever prints is held up, and with it the function that floods us.
const WAITING_LIMIT: usize = 64;

#[derive(Debug)]
enum Piece {
    Log(Bytes),
    Response(Bytes),
}

/// A handle of the thread that writes. Pieces appear in the order in which they are given.
#[derive(Debug, Clone)]
pub(super) struct Printer {
    pieces: mpsc::Sender<Piece>,
}

/// Waits for everything to be written when it is finished, not when it is dropped.
#[derive(Debug)]
pub(super) struct PrinterThread(JoinHandle<()>);

impl Printer {
    pub(super) fn start() -> Result<(Self, PrinterThread)> {
        let (pieces, mut waiting) = mpsc::channel(WAITING_LIMIT);
        let write = move || {
            while let Some(piece) = waiting.blocking_recv() {
                match piece {
                    Piece::Log(bytes) => shell::log(&bytes),
                    // Whoever closes stdout has read enough.
                    Piece::Response(bytes) => drop(report::print_bytes(&bytes)),
                }
            }
        };
        let thread = thread::Builder::new().name("printer".into()).spawn(write).context("a thread does not start")?;
        Ok((Self { pieces }, PrinterThread(thread)))
    }

    /// Bytes for stderr.
    pub(super) async fn log(&self, bytes: impl Into<Bytes>) {
        let _ = self.pieces.send(Piece::Log(bytes.into())).await;
    }

    /// Bytes for stdout.
    pub(super) async fn response(&self, bytes: impl Into<Bytes>) {
        let _ = self.pieces.send(Piece::Response(bytes.into())).await;
    }
}

impl PrinterThread {
    /// Waits until everything is written. Every [`Printer`] must be gone.
    pub(super) fn finish(self) {
        let _ = self.0.join();
    }
}
