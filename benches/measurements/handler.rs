//! The price list: what one event costs a function, by C library, allocator, processor and tool.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::binary::{Variant, build};
use crate::inputs::{Random, host};
use crate::noop::path_with;
use crate::page::{Page, thousands};
use crate::plot::Plot;
use crate::run::{Contender, Measured, Sample, wait};
use crate::{Options, peers, program};

/// One way to build the function.
struct Way {
    variant: Variant,
    features: &'static str,
}

const fn way(name: &'static str, flags: &'static [&'static str], features: &'static str) -> Way {
    Way { variant: Variant { name, flags, profile: &[] }, features }
}

const WAYS: [Way; 6] = [
    way("the default", &[], ""),
    way("the default for Lambda's processor", &["--target-cpu", "lambda"], ""),
    way("with mimalloc", &[], "mimalloc"),
    way("musl", &["--libc", "musl"], ""),
    way("musl with mimalloc", &["--libc", "musl"], "mimalloc"),
    way("the default with zig", &["--linker", "zig"], ""),
];

/// How many events are under way at once, on as many threads.
const CONCURRENCIES: [usize; 2] = [1, 4];

pub(crate) fn measure(options: &Options, page: &mut Page) {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/handler/Cargo.toml");
    let mut built = Vec::new();
    for way in &WAYS[..if options.smoke { 1 } else { WAYS.len() }] {
        match build(options, &manifest, &way.variant, way.features) {
            Some(binary) => built.push((way.variant.name.to_owned(), binary)),
            None => page.missing(&format!("what `{}` needs: zig", way.variant.name)),
        }
    }
    if let Some(cargo_lambda) = peers::cargo_lambda(page).filter(|_| !options.smoke) {
        built.push(("cargo-lambda's default".to_owned(), by_cargo_lambda(options, &manifest, &cargo_lambda)));
    }
    let events = if options.smoke { 20 } else { 3000 };
    let mut samples = vec![CONCURRENCIES.map(|_| Vec::new()); built.len()];
    let mut random = Random(1);
    for round in 0..options.runs {
        for index in random.order(built.len()) {
            let (name, binary) = &built[index];
            eprintln!("  {} of {}: {name}", round + 1, options.runs);
            for (concurrency, samples) in CONCURRENCIES.into_iter().zip(&mut samples[index]) {
                samples.push(handle_events(binary, events, concurrency));
            }
        }
    }
    let rows: Vec<Row> = built
        .iter()
        .zip(&samples)
        .map(|((name, binary), samples)| Row {
            name: name.clone(),
            zip: zip_size(options, binary),
            measured: [Measured::of(name, &samples[0]), Measured::of(name, &samples[1])],
        })
        .collect();
    page.section(
        "The price of an event",
        &format!(
            "`benches/handler` parses an event of {} bytes of JSON with serde, sums up and sorts it, and returns as much. CPU \
             time of its process for each of {} events that a local Runtime API hands out: one at a time on one thread, and \
             four at once on four threads. The factors compare with the last row.",
            thousands(u64::try_from(event().len()).unwrap_or(u64::MAX)),
            thousands(u64::try_from(events).unwrap_or(u64::MAX)),
        ),
    );
    write_table(page, &rows, events);
}

/// What one way to build gives.
struct Row {
    name: String,
    zip: u64,
    /// In the order of [`CONCURRENCIES`].
    measured: [Measured; 2],
}

fn write_table(page: &mut Page, rows: &[Row], events: usize) {
    let last = rows.last().expect("one way always works");
    let per_event = |measured: &Measured| measured.cpu.as_secs_f64() * 1e6 / f64::from(u32::try_from(events).unwrap());
    let table: Vec<_> = rows
        .iter()
        .map(|row| {
            let mut cells = vec![row.name.clone()];
            for (one, other) in row.measured.iter().zip(&last.measured) {
                cells.push(format!("{:.0}", per_event(one)));
                cells.push(format!("{:.2}", per_event(one) / per_event(other)));
            }
            cells.push(thousands(row.zip));
            let [bytes, others] = [row.zip, last.zip].map(|bytes| f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)));
            cells.push(format!("{:.3}", bytes / others));
            let peak = row.measured.iter().map(|one| one.peak).max().unwrap_or_default();
            cells.push(format!("{:.1}", f64::from(u32::try_from(peak >> 10).unwrap_or(u32::MAX)) / 1024.0));
            cells
        })
        .collect();
    page.table(&["", "µs, 1 thread", "×", "µs, 4 threads", "×", "zip", "×", "peak MiB"], &table);
    let mut plot = Plot::new("CPU time of an event: less is better", "µs");
    for (index, threads) in ["1 thread", "4 threads"].into_iter().enumerate() {
        plot.group(threads, rows.iter().map(|row| (row.name.clone(), per_event(&row.measured[index]))));
    }
    page.plot(plot);
}

/// The size of a zip with the default compression.
fn zip_size(options: &Options, binary: &Path) -> u64 {
    let zip = options.scratch.join("handler.zip");
    let args = ["pack", "-o", zip.to_str().expect("UTF-8"), binary.to_str().expect("UTF-8")];
    Contender::new("pack", program(), args).run();
    zip.metadata().expect("it was written").len()
}

/// The executable that `cargo lambda build --release` makes.
fn by_cargo_lambda(options: &Options, manifest: &Path, cargo_lambda: &Path) -> PathBuf {
    let target = options.scratch.join("binary").join("cargo-lambda");
    let arch = if host() == "arm64" { "--arm64" } else { "--x86-64" };
    eprintln!("  building with cargo-lambda");
    let words = ["lambda", "build", "--release", arch, "--manifest-path", manifest.to_str().expect("UTF-8")];
    let contender = Contender::new("cargo-lambda", cargo_lambda, words);
    contender.env("PATH", path_with(cargo_lambda)).env("CARGO_TARGET_DIR", target.to_str().expect("UTF-8")).run();
    target.join("lambda/handler/bootstrap")
}

/// Starts a function on a Runtime API of its own, has it handle the events, and ends it.
fn handle_events(binary: &Path, events: usize, concurrency: usize) -> Sample {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let mut command = Command::new(binary);
    command.env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().expect("a listener has an address").to_string());
    command.env("AWS_LAMBDA_FUNCTION_NAME", "handler").env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769");
    command.env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST").env("AWS_LAMBDA_LOG_GROUP_NAME", "group");
    command.env("AWS_LAMBDA_LOG_STREAM_NAME", "stream").env("TOKIO_WORKER_THREADS", concurrency.to_string());
    if concurrency > 1 {
        command.env("AWS_LAMBDA_MAX_CONCURRENCY", concurrency.to_string());
    }
    let started = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let (done, is_done) = channel();
    let api = Arc::new(RuntimeApi {
        event: event(),
        events,
        sent: AtomicUsize::new(0),
        answered: AtomicUsize::new(0),
        done: Mutex::new(done),
    });
    let accepting = Arc::clone(&api);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let api = Arc::clone(&accepting);
            std::thread::spawn(move || api.serve(&stream));
        }
    });
    is_done.recv_timeout(Duration::from_secs(300)).expect("the function handles all events within five minutes");
    let wall = started.elapsed();
    child.kill().expect("it can be ended");
    let used = wait(child);
    Sample { wall, cpu: used.rusage.utime + used.rusage.stime, peak: used.rusage.maxrss, bytes: None }
}

/// As much of the Runtime API as a function needs to handle the same event many times.
struct RuntimeApi {
    event: String,
    /// How many events there are.
    events: usize,
    sent: AtomicUsize,
    answered: AtomicUsize,
    done: Mutex<Sender<()>>,
}

impl RuntimeApi {
    /// Answers the requests of one connection until it is closed.
    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some((line, body)) = read_request(&mut reader) {
            if line.contains("/invocation/next") {
                let number = self.sent.fetch_add(1, Ordering::Relaxed);
                if number >= self.events {
                    // The function waits for an event that never comes.
                    std::thread::park();
                }
                self.send_event(stream, number);
            } else {
                assert!(line.contains("/response ") && body.len() > 1000, "it answers {line} {body}");
                respond(stream, "202 Accepted", "", "{}");
                if self.answered.fetch_add(1, Ordering::Relaxed) + 1 == self.events {
                    self.done.lock().expect("nobody panics with it").send(()).expect("somebody waits");
                }
            }
        }
    }

    fn send_event(&self, stream: &TcpStream, number: usize) {
        let headers = format!(
            "Lambda-Runtime-Aws-Request-Id: 00000000-0000-4000-8000-{number:012}\r\n\
             Lambda-Runtime-Deadline-Ms: 9999999999999\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:handler\r\n\
             Lambda-Runtime-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793\r\n"
        );
        respond(stream, "200 OK", &headers, &self.event);
    }
}

fn respond(mut stream: &TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    // At the end the function is killed, perhaps in the middle of it.
    let _ = stream.write_all(response.as_bytes());
}

/// The first line and the body of a request. `None` at the end of the connection.
fn read_request(reader: &mut impl BufRead) -> Option<(String, String)> {
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|&bytes| bytes > 0)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&bytes| bytes > 0)?;
        let line = line.trim_end().to_ascii_lowercase();
        assert!(!line.starts_with("transfer-encoding"), "lambda_runtime sends the length of a response");
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length is a number");
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((first, String::from_utf8(body).expect("JSON is UTF-8")))
}

/// An event of about 20 kB: the orders of a shop.
fn event() -> String {
    let mut orders = Vec::new();
    for order in 0..24 {
        let mut items = String::new();
        for item in 0..5 {
            let number = order * 7919 + item * 104_729;
            write!(
                items,
                r#"{}{{"sku":"sku-{number:08}","name":"Article {number} of the \"autumn\" list","quantity":{},"cents":{},"tags":["tag-{}","tag-{}","sale"]}}"#,
                if item == 0 { "" } else { "," },
                number % 9 + 1,
                number % 10_000,
                number % 17,
                number % 23,
            )
            .unwrap();
        }
        orders.push(format!(
            r#"{{"id":"order-{:05}","customer":"customer-{}","items":[{items}],"note":"Please ring twice, number {order}.","address":{{"street":"Long Street {order}","city":"Springfield","position":[{}.25,-{}.5]}},"paid":{}}}"#,
            order * 31 % 97,
            order % 7,
            order,
            order * 3,
            order % 2 == 0,
        ));
    }
    format!(r#"{{"orders":[{}]}}"#, orders.join(","))
}
