//! A file as it arrives, chunk by chunk, and the check that it is the one that was asked for.

use std::fmt::Debug;

use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::local::room::Room;

/// Where a file's bytes go.
pub trait Destination {
    /// The next bytes, in the file's order.
    ///
    /// # Errors
    /// Where they cannot be what they should be, or do not fit.
    fn take(&mut self, bytes: &[u8]) -> Result<()>;
}

/// A file once more, anywhere in it, after it has come: for what is not kept in memory.
pub trait Reread: Debug + Send + Sync {
    /// Fills `into` with the file's bytes from `offset` on.
    ///
    /// # Errors
    /// Where the file is gone or shorter.
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<()>;
}

/// All bytes in one place, for files that are read as a whole.
pub struct WholeFile {
    room: Room,
    name: &'static str,
    bytes: Vec<u8>,
}

impl WholeFile {
    /// Nothing yet, with room for `size` bytes, 0 if nobody knows: a wasm memory that grew by doubling never gives back
    /// what it left behind.
    ///
    /// # Errors
    /// `out_of_memory` where there is none.
    pub fn new(room: Room, name: &'static str, size: u64) -> Result<Self> {
        room.need(name, size)?;
        let mut bytes = Vec::new();
        bytes.reserve_exact(size as usize);
        Ok(Self { room, name, bytes })
    }

    /// The whole file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Destination for WholeFile {
    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.room.extend(self.name, &mut self.bytes, bytes)
    }
}

/// Bytes pushed in one chunk after the other.
pub struct IncomingFile<D> {
    name: &'static str,
    to: D,
    /// Wanted SHA-256 in lower-case hex, and what the bytes gave so far.
    digest: Option<(String, Sha256)>,
    /// Why the destination takes no more, where it may be that these are other bytes than were asked for.
    refused: Option<Error>,
}

impl<D: Destination> IncomingFile<D> {
    /// An empty file on its way to `to`; `name` (model, tokenizer) is for messages.
    ///
    /// # Errors
    /// `invalid_request` for a digest that is not 64 hex digits.
    pub fn new(name: &'static str, to: D, sha256: Option<&str>) -> Result<Self> {
        Ok(Self { name, to, digest: sha256.map(|hex| digest(name, hex)).transpose()?, refused: None })
    }

    /// The next chunk.
    ///
    /// # Errors
    /// Those of the destination.
    pub fn push(&mut self, chunk: &[u8]) -> Result<()> {
        if let Some((_, hasher)) = &mut self.digest {
            hasher.update(chunk);
        }
        if self.refused.is_some() {
            return Ok(());
        }
        match self.to.take(chunk) {
            Err(error) if self.digest.is_some() && error.kind() == ErrorKind::BadModel => {
                self.refused = Some(error);
                Ok(())
            }
            taken => taken,
        }
    }

    /// Where the whole file went.
    ///
    /// # Errors
    /// `checksum_mismatch` with both digests.
    pub fn finish(self) -> Result<D> {
        if let Some((wanted, hasher)) = self.digest {
            let found: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            if wanted != found {
                let message = format!("{}: expected sha256 {wanted}, found {found}; fetch the file again", self.name);
                return Err(Error::new(ErrorKind::ChecksumMismatch, message));
            }
        }
        self.refused.map_or(Ok(self.to), Err)
    }
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
        let mut file = IncomingFile::new("model", WholeFile::new(Room::default(), "model", 2)?, sha256)?;
        file.push(b"ab")?;
        file.push(b"c")?;
        Ok(file.finish()?.into_bytes())
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
