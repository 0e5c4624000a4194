//! As in the crate, since the kernels' files name each other by `crate::local::kernels`.

#[path = "../../../src/local/kernels/mod.rs"]
pub mod kernels;
