//! Which call is allowed when: the states of a sandbox, without processes, sockets or clocks.
//!
//! A runtime starts, asks for an invocation, answers it, and asks for the next one. An extension registers, asks for its next
//! event, and asks again when it is done with it. Every other call is refused, with the words of AWS's emulator.

use hyper::StatusCode;
use uuid::Uuid;

use crate::fault::Fault;

/// The most extensions of a sandbox (AWS Lambda developer guide, "Lambda extensions").
const EXTENSIONS_LIMIT: usize = 10;

/// Why a call was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    /// Lambda's name of the error.
    pub(crate) error_type: &'static str,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn forbidden(error_type: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, error_type, message: message.into() }
    }

    /// The answer to another delivery of an invocation, or to one that timed out.
    pub(crate) fn invoke_timeout() -> Self {
        Self { status: StatusCode::GONE, error_type: "InvokeTimeout", message: "Invoke timeout".into() }
    }

    pub(crate) fn invalid_request_id() -> Self {
        Self::bad_request("InvalidRequestID", "Invalid request ID")
    }

    pub(crate) fn bad_request(error_type: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error_type, message: message.into() }
    }

    fn transition(from: RuntimeState, to: &str) -> Self {
        let from = from.name();
        let message =
            format!("State transition from {from} to {to} failed for runtime. Error: State transition is not allowed");
        Self::forbidden("InvalidStateTransition", message)
    }
}

/// What a runtime that asks for an invocation receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NextCall {
    /// The next invocation, when there is one.
    Waits,
    /// There already is an invocation, which was given to this caller or to another one.
    HasOne,
}

/// The state of the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RuntimeState {
    /// Started, no call yet.
    Starting,
    /// It reported that it cannot start.
    Failed,
    /// Waiting for an invocation.
    Waiting,
    /// Has an invocation.
    Running,
    /// Sending its answer.
    Answering,
    /// Answered, and did not ask for the next invocation yet.
    Answered,
}

/// The emulator's names of the states that a call leads to.
const READY: &str = "Ready";
const INIT_ERROR: &str = "InitError";

impl RuntimeState {
    /// The emulator's name.
    fn name(self) -> &'static str {
        match self {
            Self::Starting => "Started",
            Self::Failed => INIT_ERROR,
            Self::Waiting => READY,
            Self::Running => "Running",
            Self::Answering => Answer::Response.name(),
            Self::Answered => "RuntimeResponseSentState",
        }
    }
}

/// What a runtime sends for an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Response,
    Error,
}

impl Answer {
    /// The emulator's name of the state that it leads to.
    fn name(self) -> &'static str {
        match self {
            Self::Response => "InvocationResponse",
            Self::Error => "InvocationErrorResponse",
        }
    }
}

/// The state of an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExtensionState {
    /// Started, not registered yet.
    Starting,
    /// Registered, and did not ask for an event yet.
    Registered,
    /// Waiting for an event.
    Waiting,
    /// Has an event.
    Running,
    /// Received the SHUTDOWN event.
    Ending,
    /// Asked for another event after SHUTDOWN. There is none, so it is done.
    Done,
}

/// An event that an extension can register for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExtensionEvent {
    Invoke,
    Shutdown,
}

impl ExtensionEvent {
    fn name(self) -> &'static str {
        match self {
            Self::Invoke => "INVOKE",
            Self::Shutdown => "SHUTDOWN",
        }
    }
}

#[derive(Debug)]
struct Extension {
    id: Uuid,
    name: String,
    /// True for a process of its own, started from `/opt/extensions`. False if it runs inside of the runtime.
    is_external: bool,
    events: Vec<ExtensionEvent>,
    state: ExtensionState,
}

/// The states of the runtime and the extensions in one sandbox.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    /// True on Lambda Managed Instances: extensions receive no INVOKE events, and the runtime may always ask for another
    /// invocation.
    is_managed: bool,
    runtime: RuntimeState,
    extensions: Vec<Extension>,
    /// The request id of the current invocation.
    open: Option<String>,
}

impl Lifecycle {
    /// A sandbox with these external extensions, before any call.
    pub(crate) fn new(external: &[String], is_managed: bool) -> Self {
        let extension = |name: &String| Extension {
            id: Uuid::new_v4(),
            name: name.clone(),
            is_external: true,
            events: Vec::new(),
            state: ExtensionState::Starting,
        };
        let extensions = external.iter().map(extension).collect();
        Self { is_managed, runtime: RuntimeState::Starting, extensions, open: None }
    }

    /// Registers an extension. An external one has the name of its file.
    pub(crate) fn register(&mut self, name: &str, events: &[String]) -> Result<Uuid, ApiError> {
        if name.is_empty() {
            return Err(ApiError::forbidden("Extension.InvalidExtensionName", "Empty extension name"));
        }
        let known = self.extensions.iter().position(|extension| extension.name == name);
        let is_external = known.is_some_and(|index| self.extensions[index].is_external);
        let events = events.iter().map(|event| self.parse_event(event, is_external)).collect::<Result<Vec<_>, _>>()?;
        let index = match known {
            Some(index) if self.extensions[index].state == ExtensionState::Starting => index,
            Some(_) => {
                let message = "Extension with this name already registered";
                return Err(ApiError::forbidden("Extension.InvalidExtensionState", message));
            }
            None if self.runtime != RuntimeState::Starting => {
                let message = "Extension registration closed already";
                return Err(ApiError::forbidden("Extension.RegistrationClosed", message));
            }
            None if self.extensions.len() >= EXTENSIONS_LIMIT => {
                let message = format!("Extension limit ({EXTENSIONS_LIMIT}) reached");
                return Err(ApiError::forbidden("Extension.TooManyExtensions", message));
            }
            None => {
                self.extensions.push(Extension {
                    id: Uuid::new_v4(),
                    name: name.to_owned(),
                    is_external: false,
                    events: Vec::new(),
                    state: ExtensionState::Starting,
                });
                self.extensions.len() - 1
            }
        };
        let extension = &mut self.extensions[index];
        extension.events = events;
        extension.state = ExtensionState::Registered;
        Ok(extension.id)
    }

    fn parse_event(&self, text: &str, is_external: bool) -> Result<ExtensionEvent, ApiError> {
        let problem = match text {
            "INVOKE" | "SHUTDOWN" if self.is_managed && !is_external => {
                "an internal extension cannot register for events on Lambda Managed Instances"
            }
            "INVOKE" if self.is_managed => "this event is not sent on Lambda Managed Instances",
            "INVOKE" => return Ok(ExtensionEvent::Invoke),
            "SHUTDOWN" if is_external => return Ok(ExtensionEvent::Shutdown),
            "SHUTDOWN" => "an internal extension cannot register for this event",
            _ => "unknown event",
        };
        Err(ApiError::forbidden("Extension.InvalidEventType", format!("{text}: {problem}")))
    }

    /// True when every external extension has registered, so that the runtime can start.
    pub(crate) fn all_registered(&self) -> bool {
        self.extensions.iter().all(|extension| extension.state != ExtensionState::Starting)
    }

    /// Names the extension that a start was waiting for when it ran out of time. A registration under an unknown name can only
    /// come from it, since the runtime is not started yet.
    pub(crate) fn explain_registration(&self, fault: Fault) -> Fault {
        let missing = self.extensions.iter().find(|extension| extension.state == ExtensionState::Starting);
        match (fault, missing) {
            (Fault::TimedOut, Some(missing)) => {
                let other = self.extensions.iter().find(|extension| !extension.is_external);
                let registered_as = other.map(|extension| extension.name.clone());
                Fault::ExtensionNotRegistered { name: missing.name.clone(), registered_as }
            }
            (fault, _) => fault,
        }
    }

    /// An extension asks for its next event.
    pub(crate) fn extension_next(&mut self, id: Uuid) -> Result<(), ApiError> {
        let extension = self.extension_mut(id)?;
        if matches!(extension.state, ExtensionState::Starting | ExtensionState::Waiting) {
            let from = if extension.state == ExtensionState::Starting { "Started" } else { READY };
            let message = format!(
                "State transition from {from} to {READY} failed for extension {}. Error: State transition is not allowed",
                extension.name
            );
            return Err(ApiError::forbidden("Extension.InvalidExtensionState", message));
        }
        extension.state = match extension.state {
            ExtensionState::Ending | ExtensionState::Done => ExtensionState::Done,
            _ => ExtensionState::Waiting,
        };
        Ok(())
    }

    /// The name of the extension with this identifier.
    pub(crate) fn extension_name(&self, id: Uuid) -> Result<&str, ApiError> {
        let found = self.extensions.iter().find(|extension| extension.id == id);
        found.map(|extension| extension.name.as_str()).ok_or_else(|| unknown(id))
    }

    fn extension_mut(&mut self, id: Uuid) -> Result<&mut Extension, ApiError> {
        self.extensions.iter_mut().find(|extension| extension.id == id).ok_or_else(|| unknown(id))
    }

    /// The runtime asks for an invocation.
    pub(crate) fn runtime_next(&mut self) -> Result<NextCall, ApiError> {
        match self.runtime {
            // The connection of an earlier call may have broken: the last caller receives the invocation.
            RuntimeState::Starting | RuntimeState::Answered | RuntimeState::Waiting => {
                self.runtime = RuntimeState::Waiting;
                Ok(NextCall::Waits)
            }
            RuntimeState::Running => Ok(NextCall::HasOne),
            state => Err(ApiError::transition(state, READY)),
        }
    }

    /// The runtime reports that it cannot start.
    pub(crate) fn init_error(&mut self) -> Result<(), ApiError> {
        match self.runtime {
            RuntimeState::Starting => {
                self.runtime = RuntimeState::Failed;
                Ok(())
            }
            state => Err(ApiError::transition(state, INIT_ERROR)),
        }
    }

    /// True when the runtime and all extensions wait, so that an invocation can be handed out.
    pub(crate) fn is_ready(&self) -> bool {
        self.runtime == RuntimeState::Waiting
            && self.extensions.iter().all(|extension| extension.state == ExtensionState::Waiting)
    }

    /// True when the runtime waits for an invocation.
    pub(crate) fn runtime_is_ready(&self) -> bool {
        self.runtime == RuntimeState::Waiting
    }

    /// True while the runtime has an invocation and did not begin to answer.
    pub(crate) fn runtime_is_running(&self) -> bool {
        self.runtime == RuntimeState::Running
    }

    /// Hands out an invocation. Returns the extensions that receive an INVOKE event.
    pub(crate) fn begin_invocation(&mut self, request_id: &str) -> Vec<Uuid> {
        self.runtime = RuntimeState::Running;
        self.open = Some(request_id.to_owned());
        self.hand_out(ExtensionEvent::Invoke)
    }

    /// Begins the shutdown. Returns the extensions that receive a SHUTDOWN event.
    pub(crate) fn begin_shutdown(&mut self) -> Vec<Uuid> {
        self.open = None;
        self.hand_out(ExtensionEvent::Shutdown)
    }

    /// The external extensions that did not register for SHUTDOWN, and so are not awaited.
    pub(crate) fn extensions_without_shutdown(&self) -> Vec<String> {
        let external = self.extensions.iter().filter(|extension| extension.is_external);
        let unregistered = external.filter(|extension| !extension.events.contains(&ExtensionEvent::Shutdown));
        unregistered.map(|extension| extension.name.clone()).collect()
    }

    /// The names of the extensions, with the events that they registered for.
    pub(crate) fn registrations(&self) -> impl Iterator<Item = (&str, Vec<&'static str>)> {
        self.extensions.iter().map(|extension| {
            let events = extension.events.iter().map(|event| event.name());
            (extension.name.as_str(), events.collect())
        })
    }

    fn hand_out(&mut self, event: ExtensionEvent) -> Vec<Uuid> {
        let registered = self.extensions.iter_mut().filter(|extension| extension.events.contains(&event));
        let waiting = registered.filter(|extension| extension.state == ExtensionState::Waiting);
        waiting
            .map(|extension| {
                extension.state = match event {
                    ExtensionEvent::Invoke => ExtensionState::Running,
                    ExtensionEvent::Shutdown => ExtensionState::Ending,
                };
                extension.id
            })
            .collect()
    }

    /// True if this extension received SHUTDOWN and is done, though its process still runs.
    pub(crate) fn is_done(&self, name: &str) -> bool {
        self.extensions.iter().any(|extension| extension.name == name && extension.state == ExtensionState::Done)
    }

    /// The runtime begins to send a response, or an error in its place.
    pub(crate) fn begin_answer(&mut self, request_id: &str, answer: Answer) -> Result<(), ApiError> {
        if self.open.as_deref() != Some(request_id) {
            return Err(ApiError::invalid_request_id());
        }
        if self.runtime != RuntimeState::Running {
            return Err(ApiError::transition(self.runtime, answer.name()));
        }
        self.runtime = RuntimeState::Answering;
        Ok(())
    }

    /// The response is complete.
    pub(crate) fn end_answer(&mut self) {
        if self.runtime == RuntimeState::Answering {
            self.runtime = RuntimeState::Answered;
        }
    }

    /// True when the runtime is done with the invocation. Extensions may still be busy.
    pub(crate) fn runtime_is_done(&self) -> bool {
        matches!(self.runtime, RuntimeState::Answered | RuntimeState::Waiting)
    }

    /// True if there are extensions with a process of their own.
    pub(crate) fn has_external_extensions(&self) -> bool {
        self.extensions.iter().any(|extension| extension.is_external)
    }

    /// True if there are extensions inside of the runtime.
    pub(crate) fn has_internal_extensions(&self) -> bool {
        self.extensions.iter().any(|extension| !extension.is_external)
    }
}

fn unknown(id: Uuid) -> ApiError {
    ApiError::forbidden("Extension.UnknownExtensionIdentifier", format!("Unknown extension {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn booted() -> Lifecycle {
        let mut lifecycle = Lifecycle::new(&[], false);
        lifecycle.runtime_next().unwrap();
        lifecycle
    }

    #[test]
    fn a_runtime_serves_one_invocation_after_the_other() {
        let mut lifecycle = booted();
        for id in ["first", "second"] {
            assert!(lifecycle.is_ready());
            assert!(lifecycle.begin_invocation(id).is_empty());
            assert!(!lifecycle.runtime_is_done());
            lifecycle.begin_answer(id, Answer::Response).unwrap();
            lifecycle.end_answer();
            assert!(lifecycle.runtime_is_done() && !lifecycle.is_ready());
            lifecycle.runtime_next().unwrap();
        }
    }

    #[test]
    fn an_answer_is_accepted_once_and_for_its_own_request_only() {
        let mut lifecycle = booted();
        assert_eq!(lifecycle.begin_answer("first", Answer::Response).unwrap_err().error_type, "InvalidRequestID");
        lifecycle.begin_invocation("first");
        let wrong = lifecycle.begin_answer("other", Answer::Response).unwrap_err();
        assert_eq!((wrong.status.as_u16(), wrong.error_type), (400, "InvalidRequestID"));
        lifecycle.begin_answer("first", Answer::Response).unwrap();
        lifecycle.end_answer();
        let twice = lifecycle.begin_answer("first", Answer::Response).unwrap_err();
        assert_eq!((twice.status.as_u16(), twice.error_type), (403, "InvalidStateTransition"));
    }

    #[test]
    fn a_runtime_with_an_invocation_receives_no_other() {
        let mut lifecycle = booted();
        assert_eq!(lifecycle.runtime_next(), Ok(NextCall::Waits));
        lifecycle.begin_invocation("first");
        assert_eq!(lifecycle.runtime_next(), Ok(NextCall::HasOne));
        assert!(lifecycle.init_error().is_err());
        lifecycle.begin_answer("first", Answer::Response).unwrap();
        assert_eq!(lifecycle.runtime_next().unwrap_err().status.as_u16(), 403);
    }

    #[test]
    fn extensions_are_awaited() {
        let mut lifecycle = Lifecycle::new(&["outer".to_owned()], false);
        assert!(!lifecycle.all_registered());
        assert!(lifecycle.register("", &[]).is_err());
        assert!(lifecycle.register("outer", &["LUNCH".to_owned()]).is_err());
        let outer = lifecycle.register("outer", &["INVOKE".to_owned(), "SHUTDOWN".to_owned()]).unwrap();
        assert!(lifecycle.register("outer", &[]).is_err());
        let inner = lifecycle.register("inner", &["INVOKE".to_owned()]).unwrap();
        assert!(lifecycle.register("another", &["SHUTDOWN".to_owned()]).is_err());
        assert!(lifecycle.all_registered());
        lifecycle.runtime_next().unwrap();
        assert_eq!(lifecycle.register("late", &[]).unwrap_err().error_type, "Extension.RegistrationClosed");
        lifecycle.extension_next(outer).unwrap();
        assert!(!lifecycle.is_ready());
        lifecycle.extension_next(inner).unwrap();
        assert!(lifecycle.is_ready());
        let registrations: Vec<_> = lifecycle.registrations().collect();
        assert_eq!(registrations, [("outer", vec!["INVOKE", "SHUTDOWN"]), ("inner", vec!["INVOKE"])]);

        assert_eq!(lifecycle.begin_invocation("first"), [outer, inner]);
        lifecycle.begin_answer("first", Answer::Response).unwrap();
        lifecycle.end_answer();
        lifecycle.runtime_next().unwrap();
        assert!(!lifecycle.is_ready());
        lifecycle.extension_next(inner).unwrap();
        lifecycle.extension_next(outer).unwrap();
        assert!(lifecycle.extension_next(outer).is_err(), "it is already waiting");
        assert!(lifecycle.is_ready());
        assert_eq!(lifecycle.begin_shutdown(), [outer]);
        assert!(lifecycle.extensions_without_shutdown().is_empty());

        assert!(!lifecycle.is_done("outer"));
        lifecycle.extension_next(outer).unwrap();
        assert!(lifecycle.is_done("outer") && !lifecycle.is_done("inner"));
        assert!(lifecycle.begin_shutdown().is_empty(), "SHUTDOWN is sent once");
    }

    #[test]
    fn extensions_of_managed_instances_receive_shutdown_only() {
        let mut lifecycle = Lifecycle::new(&["outer".to_owned()], true);
        let refused = |result: Result<Uuid, ApiError>| result.unwrap_err().error_type;
        let invoke = ["INVOKE".to_owned()];
        assert_eq!(refused(lifecycle.register("outer", &invoke)), "Extension.InvalidEventType");
        assert_eq!(refused(lifecycle.register("inner", &invoke)), "Extension.InvalidEventType");
        lifecycle.register("outer", &["SHUTDOWN".to_owned()]).unwrap();
        lifecycle.register("inner", &[]).unwrap();
    }

    #[test]
    fn an_unknown_extension_is_refused() {
        let mut lifecycle = booted();
        let id = Uuid::new_v4();
        assert_eq!(lifecycle.extension_next(id).unwrap_err().error_type, "Extension.UnknownExtensionIdentifier");
        assert!(lifecycle.extension_name(id).is_err());
    }
}
