//! A file as it arrives, chunk by chunk, and the check that it is the one that was asked for.

use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};

/// Bytes pushed in one chunk after the other.
pub struct IncomingFile {
    name: &'static str,
    bytes: Vec<u8>,
    /// Wanted SHA-256 in lower-case hex, and what the bytes gave so far.
    digest: Option<(String, Sha256)>,
}

impl IncomingFile {
    /// An empty file; `name` (model, tokenizer) is for messages.
    ///
    /// `size` is what the sender says, in bytes, 0 if unknown: memory is taken once, since a wasm memory that grew by
    /// doubling never gives back what it left behind.
    ///
    /// # Errors
    /// `out_of_memory` where there is no room for `size` bytes, `invalid_request` for a digest that is not 64 hex digits.
    pub fn new(name: &'static str, size: usize, sha256: Option<&str>) -> Result<Self> {
        let mut bytes = Vec::new();
        reserve(name, &mut bytes, size)?;
        Ok(Self { name, bytes, digest: sha256.map(|hex| digest(name, hex)).transpose()? })
    }

    /// The next chunk; `copy` fills exactly `size` bytes.
    ///
    /// # Errors
    /// `out_of_memory` where there is no room for it.
    pub fn push(&mut self, size: usize, copy: impl FnOnce(&mut [u8])) -> Result<()> {
        reserve(self.name, &mut self.bytes, size)?;
        let start = self.bytes.len();
        self.bytes.resize(start + size, 0);
        let chunk = self.bytes.get_mut(start..).unwrap_or_default();
        copy(chunk);
        if let Some((_, hasher)) = &mut self.digest {
            hasher.update(chunk);
        }
        Ok(())
    }

    /// The whole file.
    ///
    /// # Errors
    /// `checksum_mismatch` with both digests.
    pub fn finish(self) -> Result<Vec<u8>> {
        if let Some((wanted, hasher)) = self.digest {
            let found: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            if wanted != found {
                let message = format!("{}: expected sha256 {wanted}, found {found}; fetch the file again", self.name);
                return Err(Error::new(ErrorKind::ChecksumMismatch, message));
            }
        }
        Ok(self.bytes)
    }
}

fn reserve(name: &str, bytes: &mut Vec<u8>, size: usize) -> Result<()> {
    let full = |_| Error::new(ErrorKind::OutOfMemory, format!("{name}: no room for another {size} bytes"));
    bytes.try_reserve(size).map_err(full)
}

fn digest(name: &str, hex: &str) -> Result<(String, Sha256)> {
    if hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok((hex.to_ascii_lowercase(), Sha256::new()));
    }
    Err(Error::invalid(format!("sha256.{name}: expected 64 hex digits, found {} characters", hex.chars().count())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of "abc", FIPS 180-2 appendix B.1.
    const ABC: &str = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";

    fn file(sha256: Option<&str>) -> Result<Vec<u8>> {
        let mut file = IncomingFile::new("model", 2, sha256)?;
        file.push(2, |chunk| chunk.copy_from_slice(b"ab"))?;
        file.push(1, |chunk| chunk.copy_from_slice(b"c"))?;
        file.finish()
    }

    #[test]
    fn chunks_make_the_file() {
        assert_eq!(file(Some(ABC)).expect("whole"), b"abc");
    }

    #[test]
    fn other_bytes_are_refused() {
        let error = file(Some(&"0".repeat(64))).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::ChecksumMismatch);
        assert!(error.to_string().contains(&ABC.to_ascii_lowercase()), "{error}");
    }

    #[test]
    fn a_digest_of_another_length_is_refused() {
        let error = file(Some("ba78")).expect_err("refused");
        assert_eq!(error.to_string(), "sha256.model: expected 64 hex digits, found 4 characters");
    }
}
