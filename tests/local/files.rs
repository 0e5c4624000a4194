//! Files the tests read.

use std::path::Path;

/// A file below tests/.
pub(crate) fn bytes(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)).expect("a file")
}
