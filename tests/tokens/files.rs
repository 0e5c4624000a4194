//! Where tokenizers lie: in the repository, and in `../shared` where that is there.

use std::path::Path;
use std::process::Command;

/// A file of the repository.
pub(crate) fn file(path: &str) -> Option<Vec<u8>> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// A file of `../shared/data`, unpacked where it is packed; says that it skips what needs it where it is missing.
pub(crate) fn shared(path: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(path);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    if path.extension().is_some_and(|extension| extension == "gz") {
        let unpacked = Command::new("gzip").arg("-dc").arg(&path).output().expect("gzip runs");
        assert!(unpacked.status.success(), "gzip cannot read {}", path.display());
        return Some(unpacked.stdout);
    }
    Some(std::fs::read(path).expect("a file"))
}
