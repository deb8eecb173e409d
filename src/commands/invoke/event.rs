//! Events from the command line: JSON, a file, stdin, or a sample.

use std::io::{Read, stdin};

use anyhow::{Context, Result};

use crate::suggest;
use lambda_local::samples::{self, SAMPLES};
use lambda_platform::limits::EVENT_LIMIT;
use lambda_zip_error::fs;
use lambda_zip_error::{ErrorKind, Failure, ResultExt};

/// A file or stdin is read up to this many bytes. Every event of more than [`EVENT_LIMIT`] is refused, but up to here the
/// message can tell its size.
const READ_LIMIT: u64 = 64 << 20;

/// An event to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// As it was typed, for reports.
    pub(crate) origin: String,
    /// The JSON, byte for byte.
    pub(crate) payload: Vec<u8>,
}

/// Reads the events of the command line, or an empty object if there are none.
pub(crate) fn read_all(typed: &[String]) -> Result<Vec<Event>> {
    if typed.iter().filter(|event| *event == "-").count() > 1 {
        return Err(Failure::new(ErrorKind::Usage, "`--event -` can be used once: stdin has one event").into());
    }
    if typed.is_empty() {
        return Ok(vec![Event { origin: "{}".into(), payload: b"{}".to_vec() }]);
    }
    typed.iter().map(|event| read(event)).collect()
}

fn read(typed: &str) -> Result<Event> {
    let payload = match typed.strip_prefix('@') {
        Some(path) => fs::read_bounded(path, READ_LIMIT)
            .or_fail(ErrorKind::Usage, || format!("failed to read the event `{path}`"))?,
        None if typed == "-" => {
            let mut payload = Vec::new();
            stdin().lock().take(READ_LIMIT).read_to_end(&mut payload).context("failed to read stdin")?;
            payload
        }
        None => match samples::find(typed) {
            Some(sample) => sample.json.as_bytes().to_vec(),
            None => typed.as_bytes().to_vec(),
        },
    };
    check_payload(typed, &payload)?;
    Ok(Event { origin: typed.to_owned(), payload })
}

/// Lambda accepts JSON of up to 6 MB. It refuses other events with `InvalidRequestContentException` or
/// `RequestEntityTooLargeException`.
fn check_payload(typed: &str, payload: &[u8]) -> Result<(), Failure> {
    let shown = shortened(typed);
    check_encoding(&shown, payload)?;
    if payload.len() > EVENT_LIMIT {
        let size = payload.len();
        return Err(Failure::new(
            ErrorKind::Usage,
            format!("the event `{shown}` is too large: found {size} bytes, Lambda accepts {EVENT_LIMIT}"),
        )
        .hint("put the data into Amazon S3, and send its key in the event"));
    }
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(payload) {
        let failure = Failure::new(ErrorKind::Usage, format!("the event `{shown}` is not JSON: {error}"))
            .hint("an event is JSON, `@FILE`, `-` for stdin, or the name of a sample");
        let is_word = typed.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && typed != "-";
        let names = SAMPLES.iter().map(|sample| sample.name);
        return Err(if is_word { failure.hint(suggest::nearest("samples", typed, names)) } else { failure });
    }
    Ok(())
}

/// JSON is UTF-8 without a byte order mark. Editors on Windows write other files.
fn check_encoding(shown: &str, payload: &[u8]) -> Result<(), Failure> {
    let problem = match payload {
        [0xef, 0xbb, 0xbf, ..] => "starts with a byte order mark",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "is UTF-16",
        _ if std::str::from_utf8(payload).is_err() => "is not UTF-8",
        _ => return Ok(()),
    };
    let failure = Failure::new(ErrorKind::Usage, format!("the event `{shown}` {problem}"));
    Err(failure.hint("save it as UTF-8 without a byte order mark"))
}

/// An event, shortened for a message.
fn shortened(typed: &str) -> String {
    const LONGEST: usize = 60;
    match typed.char_indices().nth(LONGEST) {
        None => typed.to_owned(),
        Some((end, _)) => format!("{}…", &typed[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_sent_byte_for_byte() {
        let events = read_all(&["{ \"a\":1 }".to_owned(), "null".to_owned()]).unwrap();
        assert_eq!(events[0].payload, b"{ \"a\":1 }");
        assert_eq!(events[1].payload, b"null");
        assert_eq!(read_all(&[]).unwrap()[0].payload, b"{}");
    }

    #[test]
    fn another_encoding_is_named() {
        for (payload, problem) in [
            (&b"\xef\xbb\xbf{}"[..], "byte order mark"),
            (b"\xff\xfe{\0}\0", "UTF-16"),
            (b"\xfe\xff\0{\0}", "UTF-16"),
            (b"\"\xe4\"", "not UTF-8"),
        ] {
            let failure = check_payload("@event.json", payload).unwrap_err();
            assert!(failure.to_string().contains(problem), "{failure}");
        }
    }

    #[test]
    fn a_sample_is_found_by_its_name() {
        assert_eq!(read("sqs").unwrap().payload, samples::find("sqs").unwrap().json.as_bytes());
        let failure = read("sqss").unwrap_err();
        assert_eq!(lambda_zip_error::hints(&failure)[1], "did you mean `sqs`?");
    }

    #[test]
    fn events_that_lambda_would_refuse_are_refused() {
        for typed in ["{", "hello", "{} {}", "@/does/not/exist", ""] {
            assert_eq!(lambda_zip_error::exit_code(&read(typed).unwrap_err()), 2, "{typed}");
        }
        let large = format!("\"{}\"", "x".repeat(EVENT_LIMIT));
        let message = read(&large).unwrap_err().to_string();
        assert!(message.contains("6291458 bytes") && message.len() < 200, "{message}");
    }
}
