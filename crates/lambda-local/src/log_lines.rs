//! The lines and telemetry records that Lambda writes about an invocation.

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::telemetry::timestamp;
use crate::{FailureKind, InvocationFailure, InvocationRecord};

/// The lines at the end of an invocation's log.
pub(crate) fn end_lines(record: &InvocationRecord, now: OffsetDateTime) -> Vec<String> {
    let InvocationRecord { request_id, init_duration, duration, memory_size, memory_used, .. } = record;
    let mut lines = Vec::new();
    let mut status = String::new();
    // For Lambda, an error that the handler returned is a response like any other.
    if let Some(failure) = record.failure.as_ref().filter(|failure| failure.kind != FailureKind::FunctionError) {
        let InvocationFailure { error_type, message, .. } = failure;
        if failure.is_timeout() {
            lines.push(format!("{} {request_id} {message}\n", timestamp(now)));
        } else {
            lines.push(format!("RequestId: {request_id} Error: {message}"));
            lines.push(error_type.clone());
        }
        status = format!("\tStatus: {}", status_of(failure));
    }
    lines.push(format!("END RequestId: {request_id}"));
    let init = init_duration.map(|init| format!("\tInit Duration: {:.2} ms", milliseconds(init)));
    lines.push(format!(
        "REPORT RequestId: {request_id}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {memory_size} MB\t\
         Max Memory Used: {memory_used} MB{}{status}",
        milliseconds(*duration),
        record.billed().as_millis(),
        init.unwrap_or_default(),
    ));
    lines
}

/// The record of `platform.report`, the REPORT line for extensions.
pub(crate) fn report_telemetry(record: &InvocationRecord) -> Value {
    let mut metrics = json!({
        "durationMs": milliseconds(record.duration), "billedDurationMs": record.billed().as_millis(),
        "memorySizeMB": record.memory_size, "maxMemoryUsedMB": record.memory_used,
    });
    if let Some(init) = record.init_duration {
        metrics["initDurationMs"] = milliseconds(init).into();
    }
    let status = telemetry_status(record.failure.as_ref());
    json!({ "requestId": record.request_id, "status": status, "metrics": metrics })
}

/// The same on Lambda Managed Instances, where an invocation is not billed and has no memory of its own.
pub(crate) fn managed_report_telemetry(record: &InvocationRecord, spans: &[Value]) -> Value {
    let status = telemetry_status(record.failure.as_ref());
    let mut report = json!({
        "requestId": record.request_id, "status": status, "metrics": { "durationMs": milliseconds(record.duration) },
        "spans": spans,
    });
    if let Some(failure) = &record.failure {
        report["errorType"] = failure.error_type.as_str().into();
    }
    report
}

fn telemetry_status(failure: Option<&InvocationFailure>) -> &'static str {
    match failure {
        None => "success",
        Some(failure) if failure.is_timeout() => "timeout",
        Some(failure) if failure.kind == FailureKind::FunctionError => "error",
        Some(_) => "failure",
    }
}

/// The line about a failed start. `phase` is `init`, or `invoke` for the second attempt.
pub(crate) fn init_line(phase: &str, duration: Duration, failure: &InvocationFailure) -> String {
    let (duration, status) = (milliseconds(duration), status_of(failure));
    format!("INIT_REPORT Init Duration: {duration:.2} ms\tPhase: {phase}\tStatus: {status}")
}

fn status_of(failure: &InvocationFailure) -> String {
    if failure.is_timeout() { "timeout".to_owned() } else { format!("error\tError Type: {}", failure.error_type) }
}

/// A duration in Lambda's unit.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::fault::Fault;
    use crate::init::ProcessStatus;

    fn record(fault: Option<&Fault>) -> InvocationRecord {
        InvocationRecord {
            request_id: "1-2".into(),
            failure: fault.map(|fault| fault.failure(Duration::from_secs(3), false)),
            init_duration: Some(Duration::from_micros(20_001)),
            duration: Duration::from_micros(1500),
            memory_size: 128,
            memory_used: 17,
            log: Vec::new(),
        }
    }

    fn lines(record: &InvocationRecord) -> Vec<String> {
        end_lines(record, datetime!(2026-01-02 03:04:05.006 UTC))
    }

    #[test]
    fn an_invocation_ends_with_two_lines() {
        let report = "REPORT RequestId: 1-2\tDuration: 1.50 ms\tBilled Duration: 22 ms\tMemory Size: 128 MB\t\
                      Max Memory Used: 17 MB\tInit Duration: 20.00 ms";
        assert_eq!(lines(&record(None)), ["END RequestId: 1-2", report]);
        let warm = lines(&InvocationRecord { init_duration: None, ..record(None) });
        assert!(warm[1].contains("Billed Duration: 2 ms") && !warm[1].contains("Init"), "{warm:?}");
    }

    #[test]
    fn a_failure_is_reported_before_the_end_line() {
        let timeout = lines(&record(Some(&Fault::TimedOut)));
        assert_eq!(timeout[0], "2026-01-02T03:04:05.006Z 1-2 Task timed out after 3.00 seconds\n");
        assert!(timeout[2].ends_with("\tStatus: timeout"), "{timeout:?}");
        let crash = lines(&record(Some(&Fault::RuntimeExited(ProcessStatus::Code(1)))));
        assert_eq!(crash[..2], ["RequestId: 1-2 Error: Runtime exited with error: exit status 1", "Runtime.ExitError"]);
        assert!(crash[3].ends_with("\tStatus: error\tError Type: Runtime.ExitError"), "{crash:?}");
    }

    #[test]
    fn extensions_receive_the_same_figures() {
        let telemetry = report_telemetry(&record(Some(&Fault::TimedOut)));
        assert_eq!(telemetry["status"], "timeout");
        assert_eq!(telemetry["metrics"]["billedDurationMs"], 22);
        assert_eq!(telemetry["metrics"]["maxMemoryUsedMB"], 17);
    }
}
