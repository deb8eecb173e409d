//! An external extension that counts. It receives an event for each invocation and telemetry about its result, and prints
//! both counts when the function shuts down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use lambda_extension::{
    Error, Extension, LambdaEvent, LambdaTelemetry, LambdaTelemetryRecord, NextEvent, SharedService, service_fn,
    tracing,
};

#[derive(Default)]
struct Tally {
    started: AtomicU64,
    reported: AtomicU64,
}

impl Tally {
    fn count(&self, event: &NextEvent) {
        match event {
            NextEvent::Invoke(invocation) => {
                let number = self.started.fetch_add(1, Relaxed) + 1;
                println!("tally: invocation {number} is {}", invocation.request_id);
            }
            NextEvent::Shutdown(shutdown) => {
                let (started, reported) = (self.started.load(Relaxed), self.reported.load(Relaxed));
                let reason = &shutdown.shutdown_reason;
                println!("tally: {started} invocations, {reported} reported, shut down because of {reason}");
            }
        }
    }

    fn listen(&self, telemetry: &[LambdaTelemetry]) {
        for entry in telemetry {
            if let LambdaTelemetryRecord::PlatformRuntimeDone { request_id, status, .. } = &entry.record {
                self.reported.fetch_add(1, Relaxed);
                println!("tally: {request_id} ended as {status:?}");
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let counter = Arc::new(Tally::default());
    let listener = Arc::clone(&counter);
    let events = service_fn(move |event: LambdaEvent| {
        counter.count(&event.next);
        async { Ok::<_, Error>(()) }
    });
    let telemetry = SharedService::new(service_fn(move |telemetry: Vec<LambdaTelemetry>| {
        listener.listen(&telemetry);
        async { Ok::<_, Error>(()) }
    }));
    Extension::new()
        .with_events_processor(events)
        .with_telemetry_types(&["platform"])
        .with_telemetry_processor(telemetry)
        .run()
        .await
}
