//! An error that the package's own proxy passes on: what it meant at the service, it means here too.
//!
//! The proxy (`pkg-template/proxy.js`) answers `{ error: { type: "rerank_error", code, message, … } }` under whichever path it
//! is put, whichever service is behind it.

use crate::error::{Error, ErrorKind, ProviderCode};
use crate::http::HttpReply;
use crate::json::Json;

use crate::remote::split::Part;

/// The `type` by which the proxy's errors are known.
const TYPE: &str = "rerank_error";

/// The error in `reply`, if the proxy wrote it; its words are repeated only where `spares` says that they repeat nothing of
/// what was sent.
pub(crate) fn read(reply: &HttpReply, part: &Part<'_>, spares: impl Fn(&str) -> bool) -> Option<Error> {
    let error = reply.json()?.get("error")?;
    let word = |name: &str| error.get(name).and_then(Json::as_str).filter(|word| spares(word));
    if word("type") != Some(TYPE) {
        return None;
    }
    let kind = ErrorKind::of(word("code")?)?;
    let message = word("message").unwrap_or("the proxy's words are withheld, since they repeat some of what was sent");
    let retryable = matches!(error.get("retryable"), Some(Json::Bool(true)));
    let mut found = Error::new(kind, message).with_status(reply.status).with_retryable(retryable);
    match error.get("provider_code") {
        Some(Json::Number(number)) => found = found.with_provider_code(ProviderCode::Number(*number)),
        Some(Json::String(code)) if spares(code) => found = found.with_provider_code(ProviderCode::Word(code.clone())),
        _ => {}
    }
    if let Some(id) = word("request_id") {
        found = found.with_request_id(id);
    }
    let index = error.get("index").and_then(Json::as_number).map(|index| index as usize);
    // The proxy counts the documents of its request, which may be a part of the caller's.
    match index.and_then(|index| part.entries.get(index)) {
        Some(entry) => Some(found.with_index(entry.index)),
        None => Some(found),
    }
}
