//! The kernels' own tests as a wasm of their own, without tract and without a trace in the binaries that are shipped.
//!
//! On the host it is empty: there the crate's own tests run.

#![cfg(target_arch = "wasm32")]

pub mod local;
