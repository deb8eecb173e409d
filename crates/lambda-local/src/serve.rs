//! Functions at an address of this machine: Lambda's Invoke API, for the aws CLI and SDKs, or function URLs, for any HTTP
//! client.
//!
//! There is one sandbox for each function, and invocations wait for their turn. Lambda would start more sandboxes.

mod caller;
mod function_url;
mod functions;
mod guard;
mod invoke_api;
mod respond;
mod url_event;
mod url_response;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::http::{self, ConnectionOptions};
use crate::printer::Printer;
use crate::run::Interrupts;
use crate::{Endpoint, ExecutionMode, LocalLambda, Progress};
use lambda_zip_error::{ErrorKind, ResultExt};

use functions::{FunctionTask, Functions, Step};

/// A client that sends nothing for this long is disconnected. It may hold no more than its share of the connections.
const CONNECTIONS: ConnectionOptions =
    ConnectionOptions { limit: 512, header_timeout: Some(Duration::from_secs(30)), title_case_headers: false };

/// Replaces functions while they are served.
#[derive(Debug, Clone)]
pub struct Updater(mpsc::UnboundedSender<LocalLambda>);

impl Updater {
    /// Replaces the function of the same name. An invocation that is under way ends first, and later ones go to the new
    /// version. If no function has the name, or the server has ended, nothing happens.
    pub fn replace(&self, function: LocalLambda) {
        let _ = self.0.send(function);
    }
}

/// Functions to serve at one address.
pub struct Server {
    functions: Vec<LocalLambda>,
    address: SocketAddr,
    endpoint: Endpoint,
    updater: Updater,
    updates: mpsc::UnboundedReceiver<LocalLambda>,
}

impl Server {
    /// A server for functions with different names.
    #[must_use]
    pub fn new(functions: Vec<LocalLambda>, address: SocketAddr, endpoint: Endpoint) -> Self {
        let (sender, updates) = mpsc::unbounded_channel();
        Self { functions, address, endpoint, updater: Updater(sender), updates }
    }

    /// Replaces functions while the server runs, from any thread.
    #[must_use]
    pub fn updater(&self) -> Updater {
        self.updater.clone()
    }

    /// Serves until a signal arrives.
    pub(crate) async fn serve(
        self,
        printer: &Printer,
        interrupts: &mut Interrupts,
        progress: &mut impl FnMut(Progress<'_>),
    ) -> Result<()> {
        let Self { functions, address, endpoint, updater: _updater, mut updates } = self;
        let (end, ending) = watch::channel(false);
        let (steps, mut next_step) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        let mut named = Vec::new();
        let mut replace = BTreeMap::new();
        for lambda in functions {
            let (task, function, replacements) = FunctionTask::new(lambda, steps.clone());
            replace.insert(function.name.clone(), replacements);
            named.push(function);
            tasks.spawn_local(task.run(printer.clone(), ending.clone()));
        }
        let modes = set_up(named.len(), &mut tasks, &mut next_step, progress).await?;
        let listener = TcpListener::bind(address).await;
        let listener = listener.or_fail(ErrorKind::Setup, || format!("failed to listen on `{address}`"))?;
        let address = listener.local_addr()?;
        progress(Progress::Listening(address, endpoint, &modes));
        let functions = Rc::new(Functions::new(named));
        let answer_printer = printer.clone();
        let handle = move |request, _| {
            let (functions, printer) = (Rc::clone(&functions), answer_printer.clone());
            async move {
                match endpoint {
                    Endpoint::InvokeApi => invoke_api::answer(request, &functions).await,
                    Endpoint::FunctionUrl => function_url::answer(request, address, &functions, &printer).await,
                }
            }
        };
        let server = tokio::task::spawn_local(http::serve(listener, CONNECTIONS, handle));
        loop {
            tokio::select! {
                ended = tasks.join_next() => {
                    server.abort();
                    return task_outcome(ended);
                }
                Some(step) = next_step.recv() => report(&step, progress),
                Some(lambda) = updates.recv() => {
                    if let Some(function) = replace.get(&lambda.config.name) {
                        let _ = function.send(lambda);
                    }
                }
                _ = interrupts.next() => break,
            }
        }
        server.abort();
        let _ = end.send(true);
        let shut_down = async { while tasks.join_next().await.is_some() {} };
        tokio::select! {
            () = shut_down => {}
            // Dropping the tasks drops their sandboxes, which kills everything in them.
            _ = interrupts.next() => {}
        }
        Ok(())
    }
}

/// Waits until all functions are set up, and returns how each of them runs.
async fn set_up(
    count: usize,
    tasks: &mut JoinSet<Result<()>>,
    steps: &mut mpsc::UnboundedReceiver<Step>,
    progress: &mut impl FnMut(Progress<'_>),
) -> Result<BTreeMap<String, ExecutionMode>> {
    let mut modes = BTreeMap::new();
    let mut is_reported = false;
    while modes.len() < count {
        tokio::select! {
            biased;
            Some(step) = steps.recv() => match step {
                Step::Ready(name, mode) => drop(modes.insert(name, mode)),
                // The reason is the machine's, and so the same for all functions.
                Step::NotIsolated(_) if is_reported => {}
                step => {
                    is_reported |= matches!(step, Step::NotIsolated(_));
                    report(&step, progress);
                }
            },
            ended = tasks.join_next() => task_outcome(ended)?,
        }
    }
    Ok(modes)
}

fn report(step: &Step, progress: &mut impl FnMut(Progress<'_>)) {
    match step {
        Step::NotIsolated(reason) => progress(Progress::NotIsolated(reason)),
        Step::WaitingForRuntime(variables) => progress(Progress::WaitingForRuntime(variables)),
        Step::Replaced(name) => progress(Progress::Replaced(name)),
        Step::Ready(..) => {}
    }
}

/// A function ends early only with an error.
fn task_outcome(ended: Option<std::result::Result<Result<()>, tokio::task::JoinError>>) -> Result<()> {
    ended.context("there is no function to serve")?.context("running a function panicked")?
}
