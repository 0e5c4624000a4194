//! The local path on the host: models as they come in, what is made of them, and what they say of texts.

#![cfg(feature = "local")]

mod exports;
mod files;
mod fusing;
mod graphs;
mod hostile;
mod loading;
mod ranking;
mod windows;
