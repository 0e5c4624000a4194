//! The request as DMXAPI's page documents it. Only fields the caller set travel, and of a document only its text.

use crate::http::HttpRequest;
use crate::json::Json;
use crate::remote::provider::bearer;
use crate::remote::split::Part;

/// How the key stands in `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthScheme {
    /// By itself, as the page shows it.
    Raw,
    /// After `Bearer`, as its sisters want it.
    Bearer,
}

pub(super) fn encode(url: &str, model: &str, scheme: AuthScheme, part: &Part<'_>, secret: Option<&str>) -> HttpRequest {
    let asked = part.request;
    let mut body = Json::Object(Vec::new());
    body.add("model", model.into());
    body.add("query", part.query.into());
    body.add("documents", part.documents());
    body.add("return_documents", asked.return_documents().unwrap_or(false).into());
    let numbers = [
        ("top_n", part.top_n),
        ("max_chunks_per_doc", asked.max_chunks_per_doc()),
        ("overlap_tokens", asked.overlap_tokens()),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            body.add(name, number.into());
        }
    }
    let mut request = HttpRequest::json(url, body);
    match (secret, scheme) {
        (Some(secret), AuthScheme::Raw) => request.add("authorization", secret),
        (Some(secret), AuthScheme::Bearer) => request.add("authorization", &bearer(secret)),
        (None, _) => {}
    }
    request
}
