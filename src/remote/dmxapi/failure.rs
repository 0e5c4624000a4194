//! What DMXAPI's errors mean. The body is `{ error: { code, message, type, param } }`; the status alone misleads: an empty
//! account answers 401, a rate limit 500, an unknown model 503, and the request id stands inside the message.

use crate::error::{ErrorKind, ProviderCode};
use crate::http::HttpReply;
use crate::json::Json;
use crate::remote::provider::{Failure, by_status, header_request_id};

use crate::remote::dmxapi::request::AuthScheme;
use ErrorKind::{Forbidden, InvalidRequest, NotFound, ProviderUnavailable, QuotaExhausted, RateLimited, Unauthorized};

/// One known error: a code (a `*` at its end stands for any rest), or a word of the message, and its meaning.
struct Row {
    code: &'static str,
    word: &'static str,
    kind: ErrorKind,
    retryable: bool,
    advice: &'static str,
}

const fn row(code: &'static str, kind: ErrorKind, retryable: bool, advice: &'static str) -> Row {
    Row { code, word: "", kind, retryable, advice }
}

const fn word(word: &'static str, kind: ErrorKind, retryable: bool, advice: &'static str) -> Row {
    Row { code: "", word, kind, retryable, advice }
}

const NO_QUOTA: &str = "the account or key has nothing left to spend; top it up";
const WAIT: &str = "too many requests for now; wait and try again";
const UPSTREAM: &str = "the model's host did not answer; try again";
const REFUSED: &str = "the service refuses this content";

/// First match counts. Seen in DMXAPI's own error pages and in the source of new-api, its relative.
const ROWS: &[Row] = &[
    word("exhausted", QuotaExhausted, false, NO_QUOTA),
    word("RemainQuota", QuotaExhausted, false, NO_QUOTA),
    row("insufficient_quota", QuotaExhausted, false, NO_QUOTA),
    row("insufficient_user_quota", QuotaExhausted, false, NO_QUOTA),
    row("pre_consume_token_quota_failed", QuotaExhausted, false, NO_QUOTA),
    row("RateLimitReached", RateLimited, true, WAIT),
    row("rate_limit*", RateLimited, true, WAIT),
    row("token_concurrency_limit_reached", RateLimited, true, WAIT),
    row("sensitive_words_detected", InvalidRequest, false, REFUSED),
    row("prompt_blocked", InvalidRequest, false, REFUSED),
    row("invalid_request*", InvalidRequest, false, "it refuses the request"),
    row("access_denied", Forbidden, false, "the key may not do this; check its rights"),
    row("entitlement_*", Forbidden, false, "the account has not bought this; check its plan"),
    row("model_not_found", NotFound, false, "no such model for this key; check model (case matters)"),
    row("model_price_error", NotFound, false, "the service has no price for this model; choose another"),
    row(
        "channel:invalid_key",
        ProviderUnavailable,
        false,
        "the service's own key is refused by the model's host; tell its support",
    ),
    row("channel:response_time_exceeded", ProviderUnavailable, true, UPSTREAM),
    row("do_request_failed", ProviderUnavailable, true, UPSTREAM),
    row("get_channel_failed", ProviderUnavailable, true, UPSTREAM),
    row("bad_response*", ProviderUnavailable, true, UPSTREAM),
    row("empty_response", ProviderUnavailable, true, UPSTREAM),
    row("read_response_body_failed", ProviderUnavailable, true, UPSTREAM),
];

/// The failure in `reply`, if it is one: a status that is none of success, or an `error` in the body all the same.
pub(super) fn read(reply: &HttpReply, scheme: AuthScheme) -> Option<Failure> {
    let body = reply.json();
    let error = body.and_then(|body| body.get("error")).filter(|error| **error != Json::Null);
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

fn meaning(
    status: u16,
    code: Option<&ProviderCode>,
    said: &str,
    scheme: AuthScheme,
) -> (ErrorKind, bool, &'static str) {
    let code = if let Some(ProviderCode::Word(code)) = code { code.as_str() } else { "" };
    let known = ROWS.iter().find(|row| {
        let by_code = match row.code.strip_suffix('*') {
            Some(start) => code.starts_with(start),
            None => !row.code.is_empty() && row.code == code,
        };
        by_code
            || (!row.word.is_empty() && said.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == row.word))
    });
    match (known, status, scheme) {
        (Some(row), _, _) => (row.kind, row.retryable, row.advice),
        (None, 401, AuthScheme::Raw) => {
            (Unauthorized, false, "it does not accept the key; check it, or try authScheme: \"bearer\"")
        }
        (None, 401, AuthScheme::Bearer) => {
            (Unauthorized, false, "it does not accept the key; check it, or try authScheme: \"raw\"")
        }
        (None, 503, _) => {
            (ProviderUnavailable, true, "it is overloaded, or does not know the model; check model (case matters)")
        }
        (None, _, _) => by_status(status),
    }
}

/// `said` before `(request id: …)`, and the id.
fn without_request_id(said: &str) -> (Option<&str>, Option<&str>) {
    let Some((before, rest)) = said.rsplit_once('(') else { return (Some(said), None) };
    match rest.strip_prefix("request id:") {
        Some(rest) => (Some(before.trim_end()), rest.split(')').next().map(str::trim)),
        None => (Some(said), None),
    }
}
