//! What Qianfan's errors mean. v1 answers HTTP 200 with `{ error_code, error_msg }`, its limiter with `{ code, msg }`; v2
//! answers a status with `{ error: { code, message, type }, id }`; the gateway before both `{ code, message, requestId }`.
//! The code counts before the status: an unknown model is 401 there.

use crate::error::{ErrorKind, ProviderCode};
use crate::http::{HttpReply, whole_number};
use crate::json::Json;
use crate::remote::provider::{Failure, Remedy, by_status, header_request_id};
use crate::remote::qianfan::request::Auth;

use ErrorKind::{
    BadResponse, Forbidden, InvalidRequest, NotFound, ProviderUnavailable, QuotaExhausted, RateLimited, TooLong,
    Unauthorized,
};

type Meaning = (ErrorKind, bool, &'static str);

const REFUSED: &str = "it refuses the request";
const UNSAFE: &str = "it refuses this content";
const DOWN: &str = "it is down or overloaded; try again";
const WAIT: &str = "too many requests for now; wait and try again";
const NO_RIGHT: &str = "the account may not do this; check its rights and that the service is switched on";
const BAD_TOKEN: &str = "the access token is not valid or has expired; get a new one";
const BAD_KEY: &str =
    "it does not accept the key; check it (an application's API Key and Secret Key are one pair, AK/SK another)";
const BAD_KEY_ID: &str =
    "it does not know the access key; check auth.accessKeyId: it is an AK of AK/SK, not an application's API Key";
const BAD_SIGNATURE: &str = "it does not accept the signature; check auth.secretAccessKey: it is the SK of AK/SK, not an application's Secret Key";
const TOO_MUCH: &str = "the input is too long; shorten query or documents";

/// v1 codes: 1 to 111 from the official page, 336xxx and 500000 from the official SDKs.
const NUMBERS: &[(i64, Meaning)] = &[
    (1, (ProviderUnavailable, true, DOWN)),
    (2, (ProviderUnavailable, true, DOWN)),
    (3, (NotFound, false, "no such method; check baseUrl")),
    (4, (RateLimited, true, WAIT)),
    (6, (Forbidden, false, NO_RIGHT)),
    (13, (Unauthorized, false, BAD_TOKEN)),
    (14, (Unauthorized, false, BAD_KEY)),
    (15, (ProviderUnavailable, true, "the application was not found or is being made; try again")),
    (17, (QuotaExhausted, false, "today's requests are used up, or billing is not open; see the console")),
    (18, (RateLimited, true, WAIT)),
    (19, (QuotaExhausted, false, "all requests are used up; see the console")),
    (100, (Unauthorized, false, BAD_TOKEN)),
    (110, (Unauthorized, false, BAD_TOKEN)),
    (111, (Unauthorized, false, BAD_TOKEN)),
    (336_000, (ProviderUnavailable, true, DOWN)),
    (336_001, (InvalidRequest, false, REFUSED)),
    (336_002, (InvalidRequest, false, REFUSED)),
    (336_003, (InvalidRequest, false, REFUSED)),
    (336_004, (Forbidden, false, NO_RIGHT)),
    (336_005, (NotFound, false, "no such API; check baseUrl")),
    (336_006, (InvalidRequest, false, REFUSED)),
    (336_007, (TooLong, false, TOO_MUCH)),
    (336_100, (ProviderUnavailable, true, DOWN)),
    (336_101, (InvalidRequest, false, REFUSED)),
    (336_103, (TooLong, false, TOO_MUCH)),
    (336_104, (InvalidRequest, false, REFUSED)),
    (336_105, (InvalidRequest, false, REFUSED)),
    (336_501, (RateLimited, true, WAIT)),
    (336_502, (RateLimited, true, WAIT)),
    (500_000, (ProviderUnavailable, true, DOWN)),
];

/// v2 codes, and the gateway's in CamelCase. A `*` at the start stands for any beginning.
const WORDS: &[(&str, Meaning)] = &[
    ("*rate_limit_exceeded", (RateLimited, true, WAIT)),
    ("Offline_batch_reasoning_refused", (RateLimited, true, WAIT)),
    ("characters_too_long", (TooLong, false, TOO_MUCH)),
    ("tokens_too_long", (TooLong, false, TOO_MUCH)),
    ("malformed_json", (InvalidRequest, false, REFUSED)),
    ("invalid_messages", (InvalidRequest, false, REFUSED)),
    ("invalid_argument", (InvalidRequest, false, REFUSED)),
    ("invalid_plugin_argument", (InvalidRequest, false, REFUSED)),
    ("method_not_supported", (InvalidRequest, false, REFUSED)),
    ("*_unsafe", (InvalidRequest, false, UNSAFE)),
    ("invalid_model", (NotFound, false, "no such model for this key; check model")),
    ("model_offline", (NotFound, false, "the model is no longer served; choose another")),
    ("no_parameter_permission", (Forbidden, false, NO_RIGHT)),
    ("invalid_appid", (Unauthorized, false, "the appid header names no application; check it")),
    ("invalid_iam_token", (Unauthorized, false, BAD_KEY)),
    ("account_overdue", (QuotaExhausted, false, "the account is in arrears; pay it")),
    ("*internal_error", (ProviderUnavailable, true, DOWN)),
    ("AccessDenied", (Forbidden, false, NO_RIGHT)),
    ("OptInRequired", (Forbidden, false, NO_RIGHT)),
    ("InvalidAccessKeyId", (Unauthorized, false, BAD_KEY_ID)),
    ("InvalidHTTPAuthHeader", (Unauthorized, false, BAD_KEY)),
    ("SignatureDoesNotMatch", (Unauthorized, false, BAD_SIGNATURE)),
    ("RequestExpired", (Unauthorized, false, "the request is too old; check this machine's clock")),
    ("InvalidHTTPRequest", (InvalidRequest, false, REFUSED)),
    ("InvalidURI", (InvalidRequest, false, REFUSED)),
    ("MalformedJSON", (InvalidRequest, false, REFUSED)),
    ("InappropriateJSON", (InvalidRequest, false, REFUSED)),
    ("PreconditionFailed", (InvalidRequest, false, REFUSED)),
    ("InvalidVersion", (NotFound, false, "no such version of the API; check baseUrl")),
    ("InternalError", (ProviderUnavailable, true, DOWN)),
];

/// The failure in `reply`, if it is one: a status that is none of success, or an error in the body all the same.
pub(super) fn read(reply: &HttpReply, auth: &Auth) -> Option<Failure> {
    let body = reply.json();
    let field = |name: &str| body.and_then(|body| body.get(name)).filter(|value| **value != Json::Null);
    let error = field("error");
    let inner = |name: &str| error.or(body).and_then(|error| error.get(name));
    let code = field("error_code").or_else(|| inner("code"));
    // The gateway says it in a header too.
    let header_code = reply.header("x-bce-error-code").map(Json::from);
    let code = code.or(header_code.as_ref());
    if (200..300).contains(&reply.status) && code.is_none() && error.is_none() {
        return None;
    }
    let said =
        field("error_msg").or_else(|| inner("message")).or_else(|| inner("msg")).or(error).and_then(Json::as_str);
    let id = field("id").or_else(|| field("requestId")).and_then(Json::as_str);
    let (kind, retryable, advice) = meaning(reply.status, code);
    Some(Failure {
        kind,
        retryable,
        advice,
        code: match code {
            Some(Json::Number(number)) => Some(ProviderCode::Number(*number)),
            Some(Json::String(word)) => Some(ProviderCode::Word(word.clone())),
            _ => None,
        },
        words: said.map(str::to_owned),
        request_id: id.map(str::to_owned).or_else(|| header_request_id(reply)),
        remedy: match auth {
            Auth::OAuth { .. } if number(code).is_some_and(|code| code == 110 || code == 111) => Some(Remedy::NewToken),
            Auth::Iam if code.and_then(Json::as_str) == Some("RequestExpired") => Some(Remedy::ServiceClock),
            _ => None,
        },
    })
}

fn meaning(status: u16, code: Option<&Json>) -> Meaning {
    let number = number(code);
    let word = code.and_then(Json::as_str).unwrap_or_default();
    let by_number = NUMBERS.iter().find(|(known, _)| number == Some(*known)).map(|(_, meaning)| *meaning);
    let is = |known: &str| known.strip_prefix('*').map_or(word == known, |end| word.ends_with(end));
    let by_word = || WORDS.iter().find(|(known, _)| is(known)).map(|(_, meaning)| *meaning);
    by_number.or_else(by_word).unwrap_or_else(|| match status {
        200..300 => (BadResponse, false, "an error it does not document; its support knows the request by its id"),
        404 => (NotFound, false, "nothing is there; check baseUrl: the path is /v2/rerank today and was /v2/rerankers"),
        _ => by_status(status),
    })
}

/// A code as a number, which may come as a string.
fn number(code: Option<&Json>) -> Option<i64> {
    let string = |code: &Json| whole_number(code.as_str()?).and_then(|number| i64::try_from(number).ok());
    code.and_then(|code| code.as_number().map(|number| number as i64).or_else(|| string(code)))
}
