//! The request as DMXAPI's page documents it. Only fields the caller set travel, and of a document only its text.

use crate::http::HttpRequest;
use crate::json::Json;
use crate::remote::split::Part;
use crate::text::text;

/// How the key stands in `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthScheme {
    /// By itself, as the page shows it.
    Raw,
    /// After `Bearer`, as its sisters want it.
    Bearer,
}

pub(super) fn encode(url: &str, model: &str, scheme: AuthScheme, part: &Part<'_>, secret: Option<&str>) -> HttpRequest {
    let documents = part.entries.iter().map(|entry| Json::from(entry.text)).collect();
    let mut body = vec![
        ("model".to_owned(), Json::from(model)),
        ("query".to_owned(), Json::from(part.query)),
        ("documents".to_owned(), Json::Array(documents)),
    ];
    let request = part.request;
    let numbers = [
        ("top_n", part.top_n),
        ("max_chunks_per_doc", request.max_chunks_per_doc()),
        ("overlap_tokens", request.overlap_tokens()),
    ];
    // The service's default may be to send them back; the caller's own are attached here at no cost.
    body.push(("return_documents".to_owned(), Json::from(request.return_documents().unwrap_or(false))));
    body.extend(numbers.into_iter().filter_map(|(name, number)| Some((name.to_owned(), Json::from(number?)))));
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(secret.map(|secret| ("authorization".to_owned(), authorization(scheme, secret))));
    HttpRequest { url: url.to_owned(), headers, body: Some(Json::Object(body)) }
}

/// A key pasted with its `Bearer` does not get a second one.
fn authorization(scheme: AuthScheme, secret: &str) -> String {
    let prefix = "bearer ";
    let pasted = secret.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if scheme == AuthScheme::Raw || pasted { secret.to_owned() } else { text!["Bearer ", secret] }
}
