//! Writes zips byte by byte, including those that no tool would write.

/// The mode of an ordinary executable.
pub const EXECUTABLE: u32 = 0o100_755;
/// The mode of an ordinary data file.
pub const DATA: u32 = 0o100_644;
/// The mode of a symbolic link.
pub const LINK: u32 = 0o120_777;

/// One entry, with everything that is in its two headers.
#[derive(Clone)]
pub struct Item {
    /// The name in the central directory.
    pub name: Vec<u8>,
    /// The name in front of the data.
    pub local_name: Vec<u8>,
    /// The data as it is in the zip, compressed or not.
    pub data: Vec<u8>,
    /// The system that made the entry: 3 for Unix, 0 for DOS.
    pub host: u8,
    /// The permissions and the type of file.
    pub mode: u32,
    /// The general purpose flags: 1 for encryption, 8 for sizes behind the data.
    pub flags: u16,
    /// The compression: 0 for none, 8 for deflate.
    pub method: u16,
    /// The checksum of the unpacked data.
    pub crc: u32,
    /// The size of the unpacked data.
    pub size: u32,
    /// The extra field in the central directory.
    pub central_extra: Vec<u8>,
    /// Bytes between this entry and the next one.
    pub after: Vec<u8>,
}

impl Item {
    /// A stored entry that is as it should be.
    pub fn new(name: impl Into<Vec<u8>>, mode: u32, data: impl Into<Vec<u8>>) -> Self {
        let (name, data) = (name.into(), data.into());
        Self {
            local_name: name.clone(),
            name,
            host: 3,
            mode,
            flags: 0,
            method: 0,
            crc: crc32fast::hash(&data),
            size: u32::try_from(data.len()).unwrap(),
            data,
            central_extra: Vec::new(),
            after: Vec::new(),
        }
    }

    /// The same entry after a change.
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The entry's own header and data.
    pub fn local(&self) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04\x14\0".to_vec();
        bytes.extend(self.described());
        bytes.extend(u16::try_from(self.local_name.len()).unwrap().to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(&self.local_name);
        bytes.extend(&self.data);
        bytes
    }

    /// The part that both headers have: flags, method, date, checksum and sizes.
    fn described(&self) -> Vec<u8> {
        let mut bytes = self.flags.to_le_bytes().to_vec();
        bytes.extend(self.method.to_le_bytes());
        bytes.extend([0, 0, 0x21, 0]);
        bytes.extend(self.crc.to_le_bytes());
        bytes.extend(u32::try_from(self.data.len()).unwrap().to_le_bytes());
        bytes.extend(self.size.to_le_bytes());
        bytes
    }

    fn central(&self, offset: u32) -> Vec<u8> {
        let mut bytes = b"PK\x01\x02\x14".to_vec();
        bytes.extend([self.host, 0x14, 0]);
        bytes.extend(self.described());
        bytes.extend(u16::try_from(self.name.len()).unwrap().to_le_bytes());
        bytes.extend(u16::try_from(self.central_extra.len()).unwrap().to_le_bytes());
        bytes.extend([0; 6]);
        bytes.extend((self.mode << 16).to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        bytes.extend(&self.name);
        bytes.extend(&self.central_extra);
        bytes
    }
}

/// The zip of these entries.
pub fn zip(items: &[Item]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut offsets = Vec::new();
    for item in items {
        offsets.push(bytes.len());
        bytes.extend(item.local());
        bytes.extend(&item.after);
    }
    finish(bytes, &items.iter().zip(offsets).collect::<Vec<_>>())
}

/// Adds the directory of these entries at these offsets, and the end record.
pub fn finish(mut bytes: Vec<u8>, items: &[(&Item, usize)]) -> Vec<u8> {
    let start = u32::try_from(bytes.len()).unwrap();
    for (item, offset) in items {
        bytes.extend(item.central(u32::try_from(*offset).unwrap()));
    }
    let size = u32::try_from(bytes.len()).unwrap() - start;
    let count = u16::try_from(items.len()).unwrap().to_le_bytes();
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count);
    bytes.extend(count);
    bytes.extend(size.to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// An entry of many zeros, which is small and quickly made.
pub fn zeros(name: &str, size: usize) -> Item {
    let mut checksum = crc32fast::Hasher::new();
    let chunk = vec![0; 1 << 20];
    for _ in 0..size >> 20 {
        checksum.update(&chunk);
    }
    checksum.update(&chunk[..size & (chunk.len() - 1)]);
    Item::new(name, DATA, deflated_zeros(size)).with(|item| {
        (item.method, item.size, item.crc) = (8, u32::try_from(size).unwrap(), checksum.finalize());
    })
}

/// A deflate stream of zeros, made by hand: compressing hundreds of megabytes would take long.
pub fn deflated_zeros(size: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    // One last block with the fixed code: a literal 0, matches of 258 bytes one byte back, literals for the rest.
    bits.push(0b011, 3);
    bits.push_code(0b0011_0000, 8);
    let left = size - 1;
    for _ in 0..left / 258 {
        bits.push_code(0b1100_0101, 8);
        bits.push_code(0, 5);
    }
    for _ in 0..left % 258 {
        bits.push_code(0b0011_0000, 8);
    }
    bits.push_code(0, 7);
    bits.bytes
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: usize,
}

impl Bits {
    /// Numbers start with their lowest bit.
    fn push(&mut self, value: u32, count: usize) {
        for bit in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= u8::from(value >> bit & 1 == 1) << (self.used % 8);
            self.used += 1;
        }
    }

    /// Codes start with their highest bit.
    fn push_code(&mut self, code: u32, count: usize) {
        for bit in (0..count).rev() {
            self.push(code >> bit & 1, 1);
        }
    }
}
