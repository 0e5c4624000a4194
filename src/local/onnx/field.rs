//! The wire format of protobuf: before each field its number, how it is written and, where it has one, its length.

/// Longest header: two numbers of ten bytes.
const LONGEST: usize = 20;

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) number: u64,
    /// Bytes that follow the header.
    pub(super) size: u64,
    /// Whether they may be a message, a text or bytes; else they are a number.
    pub(super) is_delimited: bool,
}

/// A header, as much of it as has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Header {
    bytes: Vec<u8>,
}

/// No protobuf has such bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Header {
    /// The next byte; the field where it was the last one. A plain number is part of its header.
    pub(super) fn push(&mut self, byte: u8) -> Result<Option<Field>, Malformed> {
        self.bytes.push(byte);
        if self.bytes.len() > LONGEST {
            return Err(Malformed);
        }
        let Some((tag, rest)) = number(&self.bytes) else { return Ok(None) };
        let field = |size, is_delimited| Field { number: tag >> 3, size, is_delimited };
        match (tag & 7, number(rest)) {
            (_, _) if tag >> 3 == 0 => Err(Malformed),
            (0, value) => Ok(value.map(|_| field(0, false))),
            (1, _) => Ok(Some(field(8, false))),
            (2, size) => Ok(size.map(|(size, _)| field(size, true))),
            (5, _) => Ok(Some(field(4, false))),
            _ => Err(Malformed),
        }
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Seven bits a byte, the lowest first; the last byte has no eighth bit.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let last = bytes.iter().take(10).position(|byte| byte & 128 == 0)?;
    let (number, rest) = bytes.split_at(last + 1);
    let value = number.iter().rev().fold(0u64, |value, byte| (value << 7) | u64::from(byte & 127));
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Option<Field>, Malformed> {
        let mut header = Header::default();
        let (last, before) = bytes.split_last().expect("bytes");
        for &byte in before {
            assert_eq!(header.push(byte), Ok(None), "{bytes:?}");
        }
        header.push(*last)
    }

    #[test]
    fn each_way_of_writing_says_what_follows() {
        let field = |number, size, is_delimited| Ok(Some(Field { number, size, is_delimited }));
        assert_eq!(read(&[0x08, 0x96, 0x01]), field(1, 0, false));
        assert_eq!(read(&[0x11]), field(2, 8, false));
        assert_eq!(read(&[0x3a, 0x80, 0x80, 0x80, 0x80, 0x10]), field(7, 1 << 32, true));
        assert_eq!(read(&[0x25]), field(4, 4, false));
    }

    #[test]
    fn other_bytes_are_told() {
        // '<' of a page: field 7 in a way of writing that is no more.
        for bytes in [&[b'<'][..], &[0x00], &[0x07]] {
            assert_eq!(read(bytes), Err(Malformed), "{bytes:?}");
        }
        let mut header = Header::default();
        assert!((0..30).any(|_| header.push(0xff) == Err(Malformed)));
    }
}
