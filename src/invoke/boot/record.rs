//! What is known of an invocation when it is over, and how Lambda writes it down.

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::outcome::{Failed, Outcome};
use super::telemetry::timestamp;
use lambda_zip_error::ErrorKind;

/// An invocation that is over.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) request_id: String,
    pub(super) outcome: Outcome,
    /// How long the start took, where there was one before the invocation.
    pub(super) init_duration: Option<Duration>,
    pub(super) duration: Duration,
    /// What the function is configured with, in MB.
    pub(super) memory_size: u32,
    /// In MB.
    pub(super) memory_used: u64,
    pub(super) log: Vec<u8>,
}

impl Record {
    /// What would be paid for: the start, too, and begun milliseconds as whole ones.
    pub(super) fn billed(&self) -> Duration {
        let micros = (self.duration + self.init_duration.unwrap_or_default()).as_micros();
        Duration::from_millis(u64::try_from(micros.div_ceil(1000)).unwrap_or(u64::MAX))
    }

    /// The lines at the end of the invocation's log.
    pub(super) fn lines(&self, now: OffsetDateTime) -> Vec<String> {
        let Self { request_id, init_duration, duration, memory_size, memory_used, .. } = self;
        let mut lines = Vec::new();
        let mut status = String::new();
        // An error of the handler's own is an answer as far as Lambda is concerned.
        if let Some(failed) = self.outcome.failure.as_ref().filter(|failed| failed.kind != ErrorKind::FunctionError) {
            let Failed { error_type, message, .. } = failed;
            if failed.is_timeout() {
                lines.push(format!("{} {request_id} {message}\n", timestamp(now)));
            } else {
                lines.push(format!("RequestId: {request_id} Error: {message}"));
                lines.push(error_type.clone());
            }
            status = format!("\tStatus: {}", status_of(failed));
        }
        lines.push(format!("END RequestId: {request_id}"));
        let init = init_duration.map(|init| format!("\tInit Duration: {:.2} ms", milliseconds(init)));
        lines.push(format!(
            "REPORT RequestId: {request_id}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {memory_size} MB\t\
             Max Memory Used: {memory_used} MB{}{status}",
            milliseconds(*duration),
            self.billed().as_millis(),
            init.unwrap_or_default(),
        ));
        lines
    }

    /// The same for extensions: the record of `platform.report`.
    pub(super) fn telemetry(&self) -> Value {
        let mut metrics = json!({
            "durationMs": milliseconds(self.duration), "billedDurationMs": self.billed().as_millis(),
            "memorySizeMB": self.memory_size, "maxMemoryUsedMB": self.memory_used,
        });
        if let Some(init) = self.init_duration {
            metrics["initDurationMs"] = milliseconds(init).into();
        }
        let status = match &self.outcome.failure {
            None => "success",
            Some(failed) if failed.is_timeout() => "timeout",
            Some(failed) if failed.kind == ErrorKind::FunctionError => "error",
            Some(_) => "failure",
        };
        json!({ "requestId": self.request_id, "status": status, "metrics": metrics })
    }
}

/// The line about a start that failed. `phase` is `init`, or `invoke` for the second try.
pub(super) fn init_line(phase: &str, duration: Duration, failed: &Failed) -> String {
    let (duration, status) = (milliseconds(duration), status_of(failed));
    format!("INIT_REPORT Init Duration: {duration:.2} ms\tPhase: {phase}\tStatus: {status}")
}

fn status_of(failed: &Failed) -> String {
    if failed.is_timeout() { "timeout".to_owned() } else { format!("error\tError Type: {}", failed.error_type) }
}

/// A duration as Lambda counts it.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::invoke::boot::init::ProcessStatus;
    use crate::invoke::boot::outcome::Fault;

    fn record(fault: Option<&Fault>) -> Record {
        let failure = fault.map(|fault| fault.failed(Duration::from_secs(3), false));
        Record {
            request_id: "1-2".into(),
            outcome: Outcome { payload: None, failure },
            init_duration: Some(Duration::from_micros(20_001)),
            duration: Duration::from_micros(1500),
            memory_size: 128,
            memory_used: 17,
            log: Vec::new(),
        }
    }

    fn lines(record: &Record) -> Vec<String> {
        record.lines(datetime!(2026-01-02 03:04:05.006 UTC))
    }

    #[test]
    fn an_invocation_ends_with_two_lines() {
        let report = "REPORT RequestId: 1-2\tDuration: 1.50 ms\tBilled Duration: 22 ms\tMemory Size: 128 MB\t\
                      Max Memory Used: 17 MB\tInit Duration: 20.00 ms";
        assert_eq!(lines(&record(None)), ["END RequestId: 1-2", report]);
        let warm = lines(&Record { init_duration: None, ..record(None) });
        assert!(warm[1].contains("Billed Duration: 2 ms") && !warm[1].contains("Init"), "{warm:?}");
    }

    #[test]
    fn a_failure_is_told_before_them() {
        let timeout = lines(&record(Some(&Fault::TimedOut)));
        assert_eq!(timeout[0], "2026-01-02T03:04:05.006Z 1-2 Task timed out after 3.00 seconds\n");
        assert!(timeout[2].ends_with("\tStatus: timeout"), "{timeout:?}");
        let crash = lines(&record(Some(&Fault::RuntimeExited(ProcessStatus::Code(1)))));
        assert_eq!(crash[..2], ["RequestId: 1-2 Error: Runtime exited with error: exit status 1", "Runtime.ExitError"]);
        assert!(crash[3].ends_with("\tStatus: error\tError Type: Runtime.ExitError"), "{crash:?}");
    }

    #[test]
    fn extensions_get_the_same_figures() {
        let telemetry = record(Some(&Fault::TimedOut)).telemetry();
        assert_eq!(telemetry["status"], "timeout");
        assert_eq!(telemetry["metrics"]["billedDurationMs"], 22);
        assert_eq!(telemetry["metrics"]["maxMemoryUsedMB"], 17);
    }
}
