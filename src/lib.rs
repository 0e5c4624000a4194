//! Reranking where the user is: in the page, at the edge, in Node.
//!
//! ```text
//! request.rs ──► remote/  provider → http → reply ──┐
//!            └─► local/   pair → tokens → rows → logits → scores ──► ranking.rs
//! ```
//!
//! Two ways from a [`request::RerankRequest`] to a [`ranking::Ranking`]: a service ranks (`remote`), or a cross-encoder
//! in this very process does (`local`). Both are plain Rust and know nothing of JavaScript; `wasm` is its face.
//!
//! | word | meaning |
//! |---|---|
//! | query | what is looked for |
//! | document | what is ranked |
//! | pair | a query beside one document, as the model reads them |
//! | token | what the model reads instead of text |
//! | window | a part of a long document that fits into a pair |
//! | row | the tokens of one pair, with their segment numbers |
//! | logits | what the model answers for a row |
//! | score | one number a document: higher is more relevant |
//! | ranking | documents by score, best first |
//! | provider | a service that ranks |
//! | attempt | one try at one HTTP request |

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

// What goes wrong.
pub mod error;
// Sentences, put together.
mod text;
// What is asked.
pub mod request;
// A JSON value, whoever parses it.
pub mod json;
// What goes over the wire.
pub mod http;
// A service ranks.
#[cfg(feature = "remote")]
pub mod remote;
// A model in this process ranks.
#[cfg(feature = "local")]
pub mod local;
// What comes back.
pub mod ranking;
// The JavaScript face.
#[cfg(target_arch = "wasm32")]
mod wasm;
