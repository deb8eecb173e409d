//! Running a function: events one after the other, or a server, until the work is done or a signal arrives.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use hyper::body::Bytes;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::function::{Event, Finished, WarmFunction};
use crate::log::Log;
use crate::printer::Printer;
use crate::{CompletedInvocation, Interrupt, LocalLambda, Output, Progress, Run, serve};

/// How many pieces of a streamed response may wait for their reader.
pub(crate) const STREAM_QUEUE_LIMIT: usize = 16;

impl LocalLambda {
    /// Sends the events one after the other. After a signal the function is shut down, and the remaining events are not sent.
    pub fn run_events(
        &self,
        events: &[impl AsRef<[u8]>],
        output: impl Output,
        mut progress: impl FnMut(Progress<'_>),
    ) -> Result<Run> {
        let (printer, thread) = Printer::start(output)?;
        let run = block_on(async |interrupts| {
            let log = Log::new(printer.clone());
            let mut function = WarmFunction::new(self, &log, &mut progress).await?;
            progress(Progress::Started(function.mode()));
            let mut run = Run { invocations: Vec::new(), interrupted: None };
            for event in events {
                let payload = Bytes::copy_from_slice(event.as_ref());
                tokio::select! {
                    invocation = run_event(payload, &mut function, &printer) => run.invocations.push(invocation?),
                    signal = interrupts.next() => {
                        run.interrupted = Some(signal);
                        break;
                    }
                }
            }
            let second_signal = function.shut_down_unless(interrupts).await;
            run.interrupted = run.interrupted.or(second_signal);
            Ok(run)
        })?;
        drop(printer);
        // After a signal the user does not want to wait for a slow reader.
        if run.interrupted.is_some() {
            thread.finish_soon();
        } else {
            thread.finish();
        }
        Ok(run)
    }

    /// Serves Lambda's Invoke API at this address until a signal arrives.
    pub fn serve(
        &self,
        address: SocketAddr,
        output: impl Output,
        mut progress: impl FnMut(Progress<'_>),
    ) -> Result<()> {
        let (printer, thread) = Printer::start(output)?;
        block_on(async |interrupts| serve::serve(self, address, &printer, interrupts, &mut progress).await)?;
        drop(printer);
        thread.finish_soon();
        Ok(())
    }
}

async fn run_event(payload: Bytes, function: &mut WarmFunction<'_>, printer: &Printer) -> Result<CompletedInvocation> {
    let (sink, mut pieces) = mpsc::channel::<Bytes>(STREAM_QUEUE_LIMIT);
    let stream_printer = printer.clone();
    let streaming = tokio::task::spawn_local(async move {
        let mut streamed = Vec::new();
        while let Some(piece) = pieces.recv().await {
            streamed.extend_from_slice(&piece);
            stream_printer.streamed(piece).await;
        }
        streamed
    });
    let Finished { record, payload } = function.invoke(Event::new(payload, sink)).await?;
    let streamed = streaming.await.context("failed to collect a streamed response")?;
    let response = match payload {
        Some(payload) => {
            printer.response(payload.clone()).await;
            payload.into()
        }
        None => streamed,
    };
    Ok(CompletedInvocation { record, response })
}

/// The signals that end a run.
pub(crate) struct Interrupts {
    hang_up: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupts {
    fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("failed to listen for signals");
        Ok(Self {
            hang_up: listen(SignalKind::hangup())?,
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the next signal. Safe to cancel.
    pub(crate) async fn next(&mut self) -> Interrupt {
        tokio::select! {
            _ = self.hang_up.recv() => Interrupt::HangUp,
            _ = self.interrupt.recv() => Interrupt::Interrupt,
            _ = self.terminate.recv() => Interrupt::Terminate,
        }
    }
}

/// Runs asynchronous work on this thread until it is done.
fn block_on<T>(work: impl AsyncFnOnce(&mut Interrupts) -> Result<T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("failed to start the async runtime")?;
    LocalSet::new().block_on(&runtime, async { work(&mut Interrupts::new()?).await })
}
