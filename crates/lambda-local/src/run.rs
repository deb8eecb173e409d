//! Running a function: events one after the other, or a server, until the work is done or a signal arrives.

use anyhow::{Context, Result};
use hyper::body::Bytes;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

use crate::function::{Event, Finished, PendingInvocation, WarmFunction};
use crate::log::Log;
use crate::printer::Printer;
use crate::response_stream::{ResponseStream, response_stream};
use crate::{CompletedInvocation, Interrupt, LocalLambda, Output, Progress, Run, Server};

impl LocalLambda {
    /// Sends the events: several at once if the function is configured for that, otherwise one after the other. After a signal the function is shut down, and the remaining events are not sent.
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
            let payloads = events.iter().map(|event| Bytes::copy_from_slice(event.as_ref())).collect();
            let send = async {
                if function.is_concurrent() {
                    send_concurrently(payloads, &mut function, &printer, &mut run.invocations).await
                } else {
                    send_in_turn(payloads, &mut function, &printer, &mut run.invocations).await
                }
            };
            tokio::select! {
                outcome = send => outcome?,
                signal = interrupts.next() => run.interrupted = Some(signal),
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
}

impl Server {
    /// Serves until a signal arrives.
    pub fn run(self, output: impl Output, mut progress: impl FnMut(Progress<'_>)) -> Result<()> {
        let (printer, thread) = Printer::start(output)?;
        block_on(async |interrupts| self.serve(&printer, interrupts, &mut progress).await)?;
        drop(printer);
        thread.finish_soon();
        Ok(())
    }
}

async fn send_in_turn(
    payloads: Vec<Bytes>,
    function: &mut WarmFunction<'_>,
    printer: &Printer,
    completed: &mut Vec<CompletedInvocation>,
) -> Result<()> {
    for payload in payloads {
        completed.push(run_event(payload, function, printer).await?);
    }
    Ok(())
}

/// Sends all events at once. The responses are printed in the order of the events, each when it is complete.
async fn send_concurrently(
    payloads: Vec<Bytes>,
    function: &mut WarmFunction<'_>,
    printer: &Printer,
    completed: &mut Vec<CompletedInvocation>,
) -> Result<()> {
    let (queue, mut pending) = mpsc::channel(payloads.len().max(1));
    let mut answers = Vec::new();
    for payload in payloads {
        let (sink, pieces) = response_stream();
        let (done, finished) = oneshot::channel();
        let invocation = PendingInvocation { event: Event::new(payload, sink), attempts: 1, done, memory: None };
        // It cannot fail: there is room for all of them.
        let _ = queue.try_send(invocation);
        answers.push((finished, tokio::task::spawn_local(collect(pieces))));
    }
    drop(queue);
    let print = async {
        for (finished, streaming) in answers {
            let Finished { record, payload } = finished.await.context("an invocation was lost")?;
            let streamed = streaming.await.context("failed to collect a streamed response")?;
            match &payload {
                Some(payload) => printer.response(payload.clone()).await,
                None => printer.streamed(streamed.clone().into()).await,
            }
            completed.push(CompletedInvocation { record, response: payload.map_or(streamed, Into::into) });
        }
        Ok(())
    };
    tokio::try_join!(function.run_concurrently(&mut pending), print).map(drop)
}

async fn collect(mut pieces: ResponseStream) -> Vec<u8> {
    let mut collected = Vec::new();
    while let Some(piece) = pieces.next().await {
        collected.extend_from_slice(&piece);
    }
    collected
}

async fn run_event(payload: Bytes, function: &mut WarmFunction<'_>, printer: &Printer) -> Result<CompletedInvocation> {
    let (sink, mut pieces) = response_stream();
    let stream_printer = printer.clone();
    let streaming = tokio::task::spawn_local(async move {
        let mut streamed = Vec::new();
        while let Some(piece) = pieces.next().await {
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

/// Runs an action when the first signal arrives that ends a run, for work besides the run itself. From now on these signals do
/// not end the program.
pub fn on_interrupt(action: impl FnOnce() + Send + 'static) -> Result<()> {
    let (ready, is_ready) = std::sync::mpsc::channel();
    let wait = move || {
        let waited = block_on(async |interrupts| {
            let _ = ready.send(());
            interrupts.next().await;
            Ok(())
        });
        if waited.is_ok() {
            action();
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(wait).context("failed to start a thread")?;
    is_ready.recv().context("failed to listen for signals")
}

/// Runs asynchronous work on this thread until it is done.
fn block_on<T>(work: impl AsyncFnOnce(&mut Interrupts) -> Result<T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("failed to start the async runtime")?;
    LocalSet::new().block_on(&runtime, async { work(&mut Interrupts::new()?).await })
}
