//! What DMXAPI's errors mean. The body is `{ error: { code, message, type, param } }`; the status alone misleads: an empty
//! account answers 401, a rate limit 500, an unknown model 503, and the request id stands inside the message.

use crate::error::{ErrorKind, ProviderCode};
use crate::http::HttpReply;
use crate::json::Json;
use crate::remote::pieces::pieces;
use crate::remote::provider::{Failure, Meaning, by_status, header_request_id, known};

use crate::remote::dmxapi::request::AuthScheme;
use ErrorKind::{Forbidden, InvalidRequest, NotFound, ProviderUnavailable, QuotaExhausted, RateLimited, Unauthorized};

const NO_QUOTA: Meaning = (QuotaExhausted, false, "the account or key has nothing left to spend; top it up");

/// Words of a message that mean an empty account, whatever the code.
const NO_QUOTA_WORDS: [&str; 2] = ["exhausted", "RemainQuota"];

/// Seen in DMXAPI's own error pages and in the source of new-api, its relative.
const CODES: &[(&str, Meaning)] = &[
    ("insufficient_quota insufficient_user_quota pre_consume_token_quota_failed", NO_QUOTA),
    (
        "RateLimitReached rate_limit* token_concurrency_limit_reached",
        (RateLimited, true, "too many requests for now; wait and try again"),
    ),
    ("sensitive_words_detected prompt_blocked", (InvalidRequest, false, "the service refuses this content")),
    ("invalid_request*", (InvalidRequest, false, "it refuses the request")),
    ("access_denied", (Forbidden, false, "the key may not do this; check its rights")),
    ("entitlement_*", (Forbidden, false, "the account has not bought this; check its plan")),
    ("model_not_found", (NotFound, false, "no such model for this key; check model (case matters)")),
    ("model_price_error", (NotFound, false, "the service has no price for this model; choose another")),
    (
        "channel:invalid_key",
        (ProviderUnavailable, false, "the service's own key is refused by the model's host; tell its support"),
    ),
    (
        "channel:response_time_exceeded do_request_failed get_channel_failed bad_response* empty_response read_response_body_failed",
        (ProviderUnavailable, true, "the model's host did not answer; try again"),
    ),
];

/// The failure in `reply`, if it is one: a status that is none of success, or an `error` in the body all the same.
pub(super) fn read(reply: &HttpReply, scheme: AuthScheme) -> Option<Failure> {
    let body = reply.json();
    let error = body.and_then(|body| body.get("error")).filter(|error| !matches!(error, Json::Null));
    if (200..300).contains(&reply.status) && error.is_none() {
        return None;
    }
    let field = |name: &str| error.or(body).and_then(|error| error.get(name));
    let said = error
        .and_then(Json::as_str)
        .or_else(|| ["message", "detail", "msg"].iter().find_map(|name| field(name)?.as_str()));
    let (said, id_said) = said.map_or((None, None), |said| without_request_id(said));
    let code = match field("code") {
        Some(Json::String(word)) if !word.is_empty() => Some(ProviderCode::Word(word.clone())),
        Some(Json::Number(number)) => Some(ProviderCode::Number(*number)),
        _ => None,
    };
    let (kind, retryable, advice) = meaning(reply.status, code.as_ref(), said.unwrap_or_default(), scheme);
    let request_id = id_said.map(str::to_owned).or_else(|| header_request_id(reply));
    Some(Failure { kind, retryable, advice, code, words: said.map(str::to_owned), request_id, remedy: None })
}

fn meaning(status: u16, code: Option<&ProviderCode>, said: &str, scheme: AuthScheme) -> Meaning {
    let mut words = said.as_bytes().split(|byte| !byte.is_ascii_alphanumeric());
    if words.any(|word| NO_QUOTA_WORDS.iter().any(|known| word == known.as_bytes())) {
        return NO_QUOTA;
    }
    let code = if let Some(ProviderCode::Word(code)) = code { code.as_str() } else { "" };
    known(CODES, code).unwrap_or_else(|| match (status, scheme) {
        (401, AuthScheme::Raw) => {
            (Unauthorized, false, "it does not accept the key; check it, or try authScheme: \"bearer\"")
        }
        (401, AuthScheme::Bearer) => {
            (Unauthorized, false, "it does not accept the key; check it, or try authScheme: \"raw\"")
        }
        (503, _) => {
            (ProviderUnavailable, true, "it is overloaded, or does not know the model; check model (case matters)")
        }
        _ => by_status(status),
    })
}

/// `said` before `(request id: …)`, and the id.
fn without_request_id(said: &str) -> (Option<&str>, Option<&str>) {
    let open = said.bytes().rposition(|byte| byte == b'(');
    let (before, rest) = open.and_then(|at| said.split_at_checked(at)).unwrap_or((said, ""));
    match rest.strip_prefix("(request id:") {
        Some(rest) => (Some(before.trim()), pieces(rest, b")").next().map(str::trim)),
        None => (Some(said), None),
    }
}
