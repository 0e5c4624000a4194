//! The tokenizer against Hugging Face's: the same tokens for the same text, on any text.

#![cfg(feature = "local")]

mod classes;
mod equality;
mod files;
mod hostile;
mod memory;
mod oracle;
mod pairs;
mod refusals;
mod texts;
mod variants;
