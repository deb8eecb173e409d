//! The encoding in which Lambda streams a response to its caller: `application/vnd.amazon.eventstream`.
//!
//! A message consists of a prelude (two lengths and their CRC-32), headers, a payload, and a CRC-32 of everything before.
//! Numbers are big-endian. Source: Amazon Transcribe developer guide, "Event stream encoding".

/// The MIME type of the encoding.
pub(crate) const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// The type of a header value that is a string.
const STRING: u8 = 7;

/// Bytes of a message without its headers and payload: two lengths and two checksums.
const FRAME: usize = 16;

/// Encodes a message of this type, such as `PayloadChunk`.
pub(crate) fn message(event_type: &str, content_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in [(":event-type", event_type), (":content-type", content_type), (":message-type", "event")] {
        headers.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        headers.extend(name.as_bytes());
        headers.push(STRING);
        headers.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        headers.extend(value.as_bytes());
    }
    let mut message = Vec::with_capacity(FRAME + headers.len() + payload.len());
    for length in [FRAME + headers.len() + payload.len(), headers.len()] {
        message.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    }
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message.extend(headers);
    message.extend(payload);
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(bytes: &[u8]) -> usize {
        bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
    }

    #[test]
    fn a_message_has_the_documented_layout() {
        let message = message("PayloadChunk", "application/octet-stream", b"hello");
        assert_eq!(number(&message[..4]), message.len());
        assert_eq!(number(&message[8..12]), crc32fast::hash(&message[..8]) as usize);
        let end = message.len() - 4;
        assert_eq!(number(&message[end..]), crc32fast::hash(&message[..end]) as usize);
        let headers_end = 12 + number(&message[4..8]);
        assert_eq!(&message[headers_end..end], b"hello");
        assert_eq!(&message[12..24], b"\x0b:event-type");
        assert_eq!(&message[24..39], b"\x07\x00\x0cPayloadChunk");
    }
}
