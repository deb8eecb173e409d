//! Contents that several tests share, the same in every run.

/// Bytes that cannot be compressed.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Bytes with repetitions near and far, and with stretches of noise.
pub(crate) fn mixture(length: usize) -> Vec<u8> {
    let noise = noise(length);
    (0..length).map(|i| if i % 5000 < 4000 { noise[i % 700 + i / 9000] & 31 } else { noise[i] }).collect()
}

/// Bytes that can be compressed, of which no two chunks are the same.
pub(crate) fn text(length: usize) -> Vec<u8> {
    noise(length).into_iter().enumerate().map(|(i, byte)| if i % 3 == 0 { b'a' + byte % 16 } else { b' ' }).collect()
}
