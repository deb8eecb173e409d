//! Running a function: events one after the other, or a server, until the work is done or a signal arrives.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use hyper::body::Bytes;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::function::{Event, Finished, WarmFunction};
use crate::log::Log;
use crate::printer::Printer;
use crate::{CompletedInvocation, FunctionConfig, FunctionFiles, Interrupt, Isolation, Output, Progress, Run, serve};

/// How many pieces of a streamed response may wait for their reader.
pub(crate) const STREAM_QUEUE_LIMIT: usize = 16;

/// A function that can be invoked.
#[derive(Debug)]
pub struct LocalLambda {
    /// How the function is configured.
    pub config: FunctionConfig,
    /// The unpacked zip and its layers.
    pub files: FunctionFiles,
    /// What separates the function from this machine.
    pub isolation: Isolation,
    /// True to start the function again for each event.
    pub cold: bool,
}

impl LocalLambda {
    /// A function with the default isolation that is started once and then serves every event.
    #[must_use]
    pub fn new(config: FunctionConfig, files: FunctionFiles) -> Self {
        Self { config, files, isolation: Isolation::default(), cold: false }
    }

    /// Sends the events one after the other. A signal ends the run early.
    pub fn run_events(
        &self,
        events: &[impl AsRef<[u8]>],
        output: impl Output,
        mut progress: impl FnMut(Progress<'_>),
    ) -> Result<Run> {
        let (printer, thread) = Printer::start(output)?;
        let mut invocations = Vec::new();
        let interrupted = block_on(async {
            let log = Log::new(printer.clone());
            let mut function = WarmFunction::new(self, &log, &mut progress).await?;
            progress(Progress::Started(function.mode()));
            for event in events {
                let payload = Bytes::copy_from_slice(event.as_ref());
                invocations.push(run_event(payload, &mut function, &printer).await?);
            }
            function.shut_down().await;
            Ok(())
        })?;
        drop(printer);
        // After a signal the user does not want to wait for a slow reader.
        if interrupted.is_none() {
            thread.finish();
        }
        Ok(Run { invocations, interrupted })
    }

    /// Serves Lambda's Invoke API at this address until a signal arrives.
    pub fn serve(
        &self,
        address: SocketAddr,
        output: impl Output,
        mut progress: impl FnMut(Progress<'_>),
    ) -> Result<()> {
        let (printer, _thread) = Printer::start(output)?;
        block_on(serve::serve(self, address, &printer, &mut progress))?;
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
    let Finished { record, payload } = function.invoke(Event { payload, client_context: None, sink }).await?;
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

/// Runs a future on this thread until it is done or a signal arrives. Returns the signal.
fn block_on(work: impl Future<Output = Result<()>>) -> Result<Option<Interrupt>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("failed to start the async runtime")?;
    LocalSet::new().block_on(&runtime, async {
        let listen = |kind| signal(kind).context("failed to listen for signals");
        let (mut interrupt, mut terminate, mut hang_up) =
            (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?, listen(SignalKind::hangup())?);
        tokio::select! {
            outcome = work => outcome.map(|()| None),
            _ = interrupt.recv() => Ok(Some(Interrupt::Interrupt)),
            _ = terminate.recv() => Ok(Some(Interrupt::Terminate)),
            _ = hang_up.recv() => Ok(Some(Interrupt::HangUp)),
        }
    })
}
