//! Whether something fits into memory, asked before it is taken: a wasm instance that runs out of memory is lost.

use crate::error::{Error, ErrorKind, Result};

/// Bytes of a page of wasm memory.
#[cfg(target_arch = "wasm32")]
const PAGE: u64 = 65_536;

/// The memory there is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Room {
    /// Bytes that this process or instance may have in all, where somebody ends it beyond; `None`: what the host gives.
    pub limit: Option<u64>,
}

impl Room {
    /// Makes sure of `bytes` more, so that taking them will not fail.
    ///
    /// # Errors
    /// `out_of_memory` with what is needed, what there is and the way out; `name` (model, tokenizer) is for the message.
    pub fn need(self, name: &str, bytes: u64) -> Result<()> {
        self.need_beside(in_use(), name, bytes)
    }

    /// As [`Room::need`], where only `held` bytes of what is in use stay so: a memory that has grown for something else is
    /// free again, but never smaller.
    ///
    /// # Errors
    /// As [`Room::need`].
    pub fn need_beside(self, held: u64, name: &str, bytes: u64) -> Result<()> {
        let fits = self.limit.is_none_or(|limit| held.saturating_add(bytes) <= limit) && can_reserve(bytes);
        if fits { Ok(()) } else { Err(self.full(name, bytes)) }
    }

    /// Makes sure of `bytes` that a larger need has covered.
    ///
    /// # Errors
    /// As [`Room::need`].
    pub fn has(self, name: &str, bytes: u64) -> Result<()> {
        if can_reserve(bytes) { Ok(()) } else { Err(self.full(name, bytes)) }
    }

    /// Adds `bytes` to `to`.
    ///
    /// # Errors
    /// As [`Room::need`].
    pub fn extend(self, name: &str, to: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
        to.try_reserve(bytes.len()).map_err(|_| self.full(name, bytes.len() as u64))?;
        to.extend_from_slice(bytes);
        Ok(())
    }

    /// The refusal of `needed` bytes more.
    pub fn full(self, name: &str, needed: u64) -> Error {
        let (needed_here, available) =
            (in_use().saturating_add(needed), in_use().saturating_add(self.available(needed)));
        let message = format!(
            "{name}: needs {needed_here} bytes of memory, {available} are available here; use a smaller model, or \
             RemoteReranker, which needs none"
        );
        Error::new(ErrorKind::OutOfMemory, message)
    }

    /// The most of `wanted` bytes that can be had, to a 64th.
    fn available(self, wanted: u64) -> u64 {
        // No allocation may be larger, whatever there is: nothing to try.
        if self.limit.is_none() && isize::try_from(wanted).is_err() {
            return isize::MAX as u64;
        }
        let allowed = self.limit.map_or(wanted, |limit| limit.saturating_sub(in_use()).min(wanted));
        let step = (allowed / 64).max(1);
        (0..=64).rev().map(|part| (part * step).min(allowed)).find(|&bytes| can_reserve(bytes)).unwrap_or(0)
    }
}

/// Asks the allocator, which keeps what it was given for who asks next.
fn can_reserve(bytes: u64) -> bool {
    let bytes = usize::try_from(bytes).ok().filter(|&bytes| isize::try_from(bytes).is_ok());
    bytes.is_some_and(|bytes| Vec::<u8>::new().try_reserve_exact(bytes).is_ok())
}

/// Bytes that are taken already; on a host nobody counts them.
pub fn in_use() -> u64 {
    #[cfg(target_arch = "wasm32")]
    return core::arch::wasm32::memory_size::<0>() as u64 * PAGE;
    #[cfg(not(target_arch = "wasm32"))]
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_granted() {
        Room::default().need("model", 1 << 20).expect("a megabyte");
        Room { limit: Some(1 << 20) }.need("model", 1 << 20).expect("all there is");
    }

    #[test]
    fn what_grew_for_something_else_does_not_count() {
        let room = Room { limit: Some(10 << 20) };
        room.need_beside(6 << 20, "ranking", 4 << 20).expect("all there is");
        let error = room.need_beside(6 << 20, "ranking", 5 << 20).expect_err("too much");
        assert_eq!(error.kind(), ErrorKind::OutOfMemory);
    }

    #[test]
    fn what_does_not_is_refused_with_both_numbers_and_the_way_out() {
        let error = Room { limit: Some(100 << 20) }.need("model", 600 << 20).expect_err("too much");
        assert_eq!(error.kind(), ErrorKind::OutOfMemory);
        let message = error.to_string();
        assert!(message.starts_with("model: needs 629145600 bytes of memory, 104857600 are available"), "{message}");
        assert!(message.contains("RemoteReranker"), "{message}");
    }

    #[test]
    fn more_than_there_can_be_is_refused_and_not_tried() {
        let error = Room::default().need("model", u64::MAX).expect_err("too much");
        assert_eq!(error.kind(), ErrorKind::OutOfMemory);
    }
}
