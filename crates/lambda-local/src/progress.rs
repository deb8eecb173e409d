//! What a run reports while it is under way.

use std::collections::BTreeMap;
use std::net::SocketAddr;

/// How a function runs on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecutionMode {
    /// True if the function has a root directory and process list of its own.
    pub isolated: bool,
    /// True if the executable is for another processor and runs under qemu.
    pub emulated: bool,
    /// True if the user starts the runtime, for example in a debugger.
    pub external: bool,
}

/// What a server offers at its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Lambda's Invoke API, for the aws CLI and SDKs.
    InvokeApi,
    /// A function URL, for any HTTP client. With several functions, the path starts with the name of a function.
    FunctionUrl,
}

/// A step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    /// The kernel refuses to isolate the function, for this reason. The function runs all the same, as
    /// [`Isolation::Auto`](crate::Isolation::Auto) allows.
    NotIsolated(&'a str),
    /// The Runtime API is open for a runtime that the user starts with these variables.
    WaitingForRuntime(&'a BTreeMap<String, String>),
    /// Events are about to be sent.
    Started(ExecutionMode),
    /// The server accepts requests at this address, for the functions with these names.
    Listening(SocketAddr, Endpoint, &'a BTreeMap<String, ExecutionMode>),
    /// The function with this name was replaced. Later requests go to the new version.
    Replaced(&'a str),
}

/// Receives what a function prints and answers.
///
/// It is called on a thread of its own, so it may block: only a function that prints faster than this is held up.
pub trait Output: Send + 'static {
    /// Whole lines of the log, from Lambda, the function or an extension.
    fn log(&mut self, bytes: &[u8]);

    /// A piece of a response that the function streams.
    fn streamed(&mut self, piece: &[u8]);

    /// A whole response, or the error that the caller receives in its place.
    fn response(&mut self, payload: &[u8]);
}
