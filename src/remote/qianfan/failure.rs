//! What Qianfan's errors mean. v1 answers HTTP 200 with `{ error_code, error_msg }`, its limiter with `{ code, msg }`; v2
//! answers a status with `{ error: { code, message, type }, id }`; the gateway before both `{ code, message, requestId }`.
//! The code counts before the status: an unknown model is 401 there.

use crate::error::{ErrorKind, ProviderCode};
use crate::http::HttpReply;
use crate::json::Json;
use crate::remote::provider::{Failure, Meaning, Remedy, by_status, header_request_id, known};
use crate::remote::qianfan::request::Auth;
use crate::text::text;

use ErrorKind::{
    Forbidden, InvalidRequest, NotFound, ProviderUnavailable, QuotaExhausted, RateLimited, TooLong, Unauthorized,
};

const REFUSED: Meaning = (InvalidRequest, false, "it refuses the request");
const DOWN: Meaning = (ProviderUnavailable, true, "it is down or overloaded; try again");
const WAIT: Meaning = (RateLimited, true, "too many requests for now; wait and try again");
const NO_RIGHT: Meaning =
    (Forbidden, false, "the account may not do this; check its rights and that the service is switched on");
const BAD_TOKEN: Meaning = (Unauthorized, false, "the access token is not valid or has expired; get a new one");
const BAD_KEY: Meaning = (
    Unauthorized,
    false,
    "it does not accept the key; check it (an application's API Key and Secret Key are one pair, AK/SK another)",
);
const BAD_KEY_ID: Meaning = (
    Unauthorized,
    false,
    "it does not know the access key; check auth.accessKeyId: it is an AK of AK/SK, not an application's API Key",
);
const BAD_SIGNATURE: Meaning = (
    Unauthorized,
    false,
    "it does not accept the signature; check auth.secretAccessKey: it is the SK of AK/SK, not an application's Secret Key",
);
const TOO_MUCH: Meaning = (TooLong, false, "the input is too long; shorten query or documents");

/// The numbers are v1's: 1 to 111 from the official page, 336xxx and 500000 from the official SDKs. The words are v2's, and in
/// CamelCase the gateway's.
const CODES: &[(&str, Meaning)] = &[
    ("1 2 336000 336100 500000 *internal_error InternalError", DOWN),
    ("3", (NotFound, false, "no such method; check baseUrl")),
    ("4 18 336501 336502 *rate_limit_exceeded Offline_batch_reasoning_refused", WAIT),
    ("6 336004 no_parameter_permission AccessDenied OptInRequired", NO_RIGHT),
    ("13 100 110 111", BAD_TOKEN),
    ("14 invalid_iam_token InvalidHTTPAuthHeader", BAD_KEY),
    ("15", (ProviderUnavailable, true, "the application was not found or is being made; try again")),
    ("17", (QuotaExhausted, false, "today's requests are used up, or billing is not open; see the console")),
    ("19", (QuotaExhausted, false, "all requests are used up; see the console")),
    (
        "336001 336002 336003 336006 336101 336104 336105 malformed_json invalid_messages invalid_argument \
         invalid_plugin_argument method_not_supported InvalidHTTPRequest InvalidURI MalformedJSON InappropriateJSON \
         PreconditionFailed",
        REFUSED,
    ),
    ("336005", (NotFound, false, "no such API; check baseUrl")),
    ("336007 336103 characters_too_long tokens_too_long", TOO_MUCH),
    ("*_unsafe", (InvalidRequest, false, "it refuses this content")),
    ("invalid_model", (NotFound, false, "no such model for this key; check model")),
    ("model_offline", (NotFound, false, "the model is no longer served; choose another")),
    ("invalid_appid", (Unauthorized, false, "the appid header names no application; check it")),
    ("account_overdue", (QuotaExhausted, false, "the account is in arrears; pay it")),
    ("InvalidAccessKeyId", BAD_KEY_ID),
    ("SignatureDoesNotMatch", BAD_SIGNATURE),
    (EXPIRED, (Unauthorized, false, "the request is too old; check this machine's clock")),
    ("InvalidVersion", (NotFound, false, "no such version of the API; check baseUrl")),
];

/// The gateway's code of a signature from another time.
const EXPIRED: &str = "RequestExpired";

/// The failure in `reply`, if it is one: a status that is none of success, or an error in the body all the same.
pub(super) fn read(reply: &HttpReply, auth: &Auth) -> Option<Failure> {
    let body = reply.json();
    let field = |name: &str| body.and_then(|body| body.get(name)).filter(|value| !matches!(value, Json::Null));
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
    // A number may come as a string.
    let number = code.and_then(Json::as_number);
    let text = number.map(|number| text![number as i64]);
    let text = text.as_deref().or_else(|| code?.as_str()).unwrap_or_default();
    let (kind, retryable, advice) = known(CODES, text).unwrap_or_else(|| match reply.status {
        404 => (NotFound, false, "nothing is there; check baseUrl: the path is /v2/rerank today and was /v2/rerankers"),
        status => by_status(status),
    });
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
            Auth::OAuth { .. } if text == "110" || text == "111" => Some(Remedy::NewToken),
            Auth::Iam if text == EXPIRED => Some(Remedy::ServiceClock),
            _ => None,
        },
    })
}
