//! The pieces of a streamed response, and the content type under which the runtime sends them.

use std::sync::{Arc, OnceLock};

use hyper::body::Bytes;
use tokio::sync::mpsc;

/// How many pieces may wait for their reader.
pub(crate) const STREAM_QUEUE_LIMIT: usize = 16;

/// Receives the pieces from the runtime.
#[derive(Debug, Clone)]
pub(crate) struct ResponseSink {
    pieces: mpsc::Sender<Bytes>,
    content_type: Arc<OnceLock<String>>,
}

/// Hands the pieces to the caller.
#[derive(Debug)]
pub(crate) struct ResponseStream {
    pieces: mpsc::Receiver<Bytes>,
    content_type: Arc<OnceLock<String>>,
}

/// The two ends of one response.
pub(crate) fn response_stream() -> (ResponseSink, ResponseStream) {
    let (sender, receiver) = mpsc::channel(STREAM_QUEUE_LIMIT);
    let content_type = Arc::default();
    let sink = ResponseSink { pieces: sender, content_type: Arc::clone(&content_type) };
    (sink, ResponseStream { pieces: receiver, content_type })
}

impl ResponseSink {
    /// Sets the content type. It must come before the first piece.
    pub(crate) fn begin(&self, content_type: String) {
        // It is set once, since an invocation has one response.
        let _ = self.content_type.set(content_type);
    }

    /// Passes a piece on. A caller that is gone does not stop the function.
    pub(crate) async fn send(&self, piece: Bytes) {
        let _ = self.pieces.send(piece).await;
    }
}

impl ResponseStream {
    /// The next piece, or `None` when the response ends. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        self.pieces.recv().await
    }

    /// The content type, once the first piece has arrived.
    pub(crate) fn content_type(&self) -> Option<&str> {
        self.content_type.get().map(String::as_str)
    }
}
