//! The hash by which Lambda identifies a zip.

use std::io::{self, Read};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// The SHA-256 of a zip as Lambda reports it in `CodeSha256`: in base64.
pub fn code_sha256(zip: impl Read) -> io::Result<String> {
    Ok(encoded(sha256(zip)?))
}

pub(super) fn encoded(sha256: [u8; 32]) -> String {
    BASE64_STANDARD.encode(sha256)
}

/// The SHA-256 of everything that the reader returns.
pub(super) fn sha256(mut reader: impl Read) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok(hasher.finalize().into());
        }
        hasher.update(&buffer[..count]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_one_that_lambda_reports() {
        // `printf abc | openssl dgst -sha256 -binary | base64`
        assert_eq!(code_sha256(&b"abc"[..]).unwrap(), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }
}
