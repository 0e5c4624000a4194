//! Qianfan's access token, bought with an application's API Key and Secret Key (OAuth 2.0, `client_credentials`). As of
//! [the page](https://cloud.baidu.com/doc/WENXINWORKSHOP/s/Ilkkrb0i5): a POST whose parameters, secret included, are in the
//! address, and whose reply may be an error under any status.

use crate::error::{ErrorKind, ProviderCode};
use crate::http::{HttpReply, HttpRequest};
use crate::json::Json;
use crate::remote::keys::Keys;
use crate::remote::provider::{Failure, TokenPurchase};
use crate::remote::qianfan::request::with_query;
use crate::remote::qianfan::signature::{encode, fingerprint};
use crate::remote::token::Token;
use crate::text::text;

/// Seconds a token is kept where the reply does not say.
const UNSTATED_LIFE: f64 = 3600.0;
/// A token is given up this many seconds before its end, so that no request is under way when it comes.
const MARGIN: f64 = 60.0;

const BAD_KEYS: &str = "it does not accept the pair; check auth.apiKey and auth.secretKey: they are an application's API Key \
    and Secret Key, while AK/SK from the access-key page go with auth.type \"iam\"";

pub(super) fn purchase(url: &str, keys: &Keys<'_>) -> TokenPurchase {
    let (key, secret) = (keys.key.unwrap_or_default(), keys.secret.unwrap_or_default());
    let (id, proof) = (encode(key, false), encode(secret, false));
    let query = text!["grant_type=client_credentials&client_id=", id, "&client_secret=", proof];
    let mut request = HttpRequest { url: with_query(url, &query), headers: Vec::new(), body: None };
    for name in ["content-type", "accept"] {
        request.add(name, "application/json");
    }
    TokenPurchase { name: text!["rerank-wasm/qianfan/", fingerprint(secret, key)], request }
}

pub(super) fn read(reply: &HttpReply, now: f64) -> Result<Token, Failure> {
    let field = |name: &str| reply.json().and_then(|body| body.get(name));
    let string = |name: &str| field(name).and_then(Json::as_str).filter(|value| !value.is_empty());
    let failure = Failure::of_status(reply);
    if let Some(code) = string("error") {
        // Only this one is final, with any status.
        let (kind, retryable, advice) = match code {
            "invalid_client" => (ErrorKind::Unauthorized, false, BAD_KEYS),
            _ => (ErrorKind::ProviderUnavailable, true, "it gave no token; try again"),
        };
        let words = string("error_description").map(str::to_owned);
        let code = Some(ProviderCode::Word(code.to_owned()));
        return Err(Failure { kind, retryable, advice, code, words, ..failure });
    }
    if !(200..300).contains(&reply.status) {
        return Err(failure);
    }
    let Some(value) = string("access_token") else {
        let advice = "expected an access_token, found none; check auth.tokenUrl";
        return Err(Failure { kind: ErrorKind::BadResponse, retryable: false, advice, ..failure });
    };
    let life = field("expires_in").and_then(Json::as_number).filter(|life| *life > 0.0).unwrap_or(UNSTATED_LIFE);
    Ok(Token { value: value.to_owned(), until: now + (life - MARGIN.min(life / 10.0)) * 1000.0 })
}
