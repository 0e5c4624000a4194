//! Documents as a service gets to read them: whole, cut at their end, or in windows of which the best one counts.
//!
//! Characters are Unicode scalar values, as a service counts that does not count bytes; a window's place in its document is
//! told in UTF-16 units, as JavaScript counts.

use crate::error::Result;
use crate::ranking::Span;
use crate::request::{MAX_OVERLAP_TOKENS, RerankRequest};

use crate::remote::answer::Warning;
use crate::remote::estimate::{Meter, is_of_a_word, measure};
use crate::remote::provider::{Limits, too_long};
use crate::text::text;

/// Characters that windows share at most for each token that they may share: words are about this long.
const CHARACTERS_PER_TOKEN: usize = 4;

/// What to do with documents beyond what a service reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LongDocuments {
    /// Beyond the hard limit an error, beyond the token cut a warning.
    #[default]
    Error,
    /// Cut at their end.
    Truncate,
    /// Read in windows, the best of which counts.
    Windows,
}

/// One string of a request to a service: a document, its beginning, or a window of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry<'a> {
    /// Position of its document in the request.
    pub index: usize,
    /// What the service reads; not blank.
    pub text: &'a str,
    /// Which part of the document it is, where that was cut into several.
    pub window: Option<Span>,
}

/// The entries of all documents, in their order; `name` is the service's, for warnings.
///
/// # Errors
/// `too_long` with length, limit and index, unless `long` says what to do instead.
pub fn of<'a>(
    request: &'a RerankRequest,
    limits: &Limits,
    long: LongDocuments,
    name: &str,
) -> Result<(Vec<Entry<'a>>, Vec<Warning>)> {
    let (mut entries, mut warnings) = (Vec::new(), Vec::new());
    if let Some(tokens) = over(request.query(), limits.query_tokens) {
        warnings.push(partly_read("query", tokens, limits.query_tokens, name, None));
    }
    for (index, document) in request.documents().iter().enumerate() {
        let text = document.as_str();
        let whole = Entry { index, text, window: None };
        let meter = if text.len() > limits.least() { measure(text) } else { Meter::default() };
        let most = limits.document_characters.unwrap_or(usize::MAX);
        let tokens = Some(meter.tokens()).filter(|tokens| *tokens > limits.document_tokens.unwrap_or(usize::MAX));
        if meter.characters <= most && tokens.is_none() {
            entries.push(whole);
            continue;
        }
        match long {
            LongDocuments::Error if meter.characters > most => {
                return Err(too_long(&text!["documents[", index, "]"], meter.characters, most).with_index(index));
            }
            LongDocuments::Error => entries.push(whole),
            LongDocuments::Truncate => {
                entries.push(Entry { text: text.get(..reach(text, limits)).unwrap_or(text), ..whole });
            }
            LongDocuments::Windows => {
                let overlap = request.overlap_tokens().unwrap_or(MAX_OVERLAP_TOKENS);
                let most = request.max_chunks_per_doc().unwrap_or(usize::MAX);
                for (text, span) in windows(text, limits, overlap) {
                    if span.index < most {
                        entries.push(Entry { text, window: Some(span), ..whole });
                    }
                }
                continue;
            }
        }
        warnings.push(partly_read(
            &text!["documents[", index, "]"],
            meter.tokens(),
            limits.document_tokens,
            name,
            Some(index),
        ));
    }
    Ok((entries, warnings))
}

fn over(text: &str, most: Option<usize>) -> Option<usize> {
    let most = most?;
    Some(measure(text).tokens()).filter(|tokens| *tokens > most)
}

fn partly_read(field: &str, tokens: usize, most: Option<usize>, name: &str, index: Option<usize>) -> Warning {
    let most = most.unwrap_or_default();
    let advice = if index.is_some() { "; longDocuments: \"windows\" has all of it read" } else { "" };
    let message = text![
        field,
        ": ",
        name,
        " reads about the first ",
        most,
        " tokens, and this has about ",
        tokens,
        " (Han characters + words x 1.3)",
        advice
    ];
    Warning { code: "partly_read", message, index }
}

/// Windows of a document that is too long, none blank, with their places.
fn windows<'a>(document: &'a str, limits: &Limits, overlap: usize) -> Vec<(&'a str, Span)> {
    let mut windows: Vec<(&str, Span)> = Vec::new();
    let part = |start: usize, end: usize| document.get(start..end).unwrap_or_default();
    let end_from = |start: usize| start + reach(part(start, document.len()), limits);
    // Bytes, and UTF-16 units before them.
    let (mut start, mut units, mut end) = (0, 0, end_from(0));
    loop {
        let text = part(start, end);
        if !text.trim().is_empty() {
            let span = Span { index: windows.len(), start: units, end: units + utf16(text) };
            windows.push((text, span));
        }
        if end >= document.len() {
            return windows;
        }
        // What windows share must not keep them from getting on.
        let shared = end - shared(text, overlap);
        let next = if shared > start && end_from(shared) > end { shared } else { end };
        units += utf16(part(start, next));
        (start, end) = (next, end_from(next));
    }
}

/// Bytes of the longest beginning of `text` that a service reads whole: no word is cut unless nothing else is there.
fn reach(text: &str, limits: &Limits) -> usize {
    let most = limits.document_characters.unwrap_or(usize::MAX);
    let most_tenths = limits.document_tokens.unwrap_or(usize::MAX / 10) * 10;
    let mut meter = Meter::default();
    let mut word = 0;
    for (at, character) in text.char_indices() {
        let was_in_word = meter.in_word;
        meter.read(character);
        if meter.in_word && !was_in_word {
            word = at;
        }
        if meter.characters > most || meter.tenths > most_tenths {
            return if meter.in_word && word > 0 { word } else { at };
        }
    }
    text.len()
}

/// Bytes at the end of `text` that the next window may begin with: at most `overlap` tokens, from the beginning of a word on.
fn shared(text: &str, overlap: usize) -> usize {
    let mut meter = Meter::default();
    let mut shared = 0;
    let mut characters = text.char_indices().rev().peekable();
    while let Some((at, character)) = characters.next() {
        meter.read(character);
        if meter.tokens() > overlap || meter.characters > overlap * CHARACTERS_PER_TOKEN {
            break;
        }
        let is_within_word = meter.in_word && characters.peek().is_some_and(|(_, before)| is_of_a_word(*before));
        if !is_within_word {
            shared = text.len() - at;
        }
    }
    shared
}

fn utf16(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}
