//! As much of HTTP as the tests need: one request a connection.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long an answer may take: an emulated processor on a busy machine is slow.
const DEADLINE: Duration = Duration::from_secs(120);

/// What a server answered.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The status line and the headers.
    pub head: String,
    /// The body. One that came in chunks is put together.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// Sends a POST request and reads the answer to its end. Each of the `headers` ends in CR LF.
///
/// # Errors
///
/// If there is no connection, or the server closes it without an answer.
pub fn post(address: impl ToSocketAddrs, path: &str, headers: &str, body: &str) -> std::io::Result<Answer> {
    request(address, "POST", path, headers, body.as_bytes())
}

/// Sends a request and reads the answer to its end. Each of the `headers` ends in CR LF.
///
/// # Errors
///
/// If there is no connection, or the server closes it without an answer.
pub fn request(
    address: impl ToSocketAddrs,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    let host = stream.peer_addr()?;
    let length = body.len();
    // A server may answer before it has read all, and close the connection: what counts is its answer.
    let _ = write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    let _ = stream.write_all(body);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    answer(&bytes).ok_or_else(|| std::io::Error::other(format!("not an answer: {:?}", String::from_utf8_lossy(&bytes))))
}

fn answer(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut answer = Answer { status, head, body: bytes[end + 4..].to_vec() };
    if answer.header("Transfer-Encoding").is_some_and(|encoding| encoding == "chunked") {
        answer.body = dechunked(&answer.body)?;
    }
    Some(answer)
}

/// A body in chunks, put together.
fn dechunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).ok()?, 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(body.get(end + 2..end + 2 + size)?);
        body = body.get(end + 4 + size..)?;
    }
}
