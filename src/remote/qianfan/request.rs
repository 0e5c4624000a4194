//! The request as Qianfan's pages document it: v1 (token in the address, `user_id`, no model) and v2 (bearer, `user`, model).

use crate::http::HttpRequest;
use crate::json::Json;
use crate::remote::split::Part;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// v1: `?access_token=…`, and no `Authorization` beside it.
    AccessToken,
    /// v2: `Authorization: Bearer …`.
    Bearer,
}

pub(super) fn encode(url: &str, model: &str, auth: Auth, part: &Part<'_>, secret: Option<&str>) -> HttpRequest {
    let documents = part.documents.iter().map(|document| Json::from(document.as_str())).collect();
    let mut body = vec![("query".to_owned(), Json::from(part.query)), ("documents".to_owned(), Json::Array(documents))];
    body.extend(part.top_n.map(|top_n| ("top_n".to_owned(), Json::from(top_n))));
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let mut url = url.to_owned();
    let user = match auth {
        Auth::AccessToken => {
            url.extend(secret.map(|secret| with_token(secret, &url.clone())));
            "user_id"
        }
        Auth::Bearer => {
            body.insert(0, ("model".to_owned(), Json::from(model)));
            headers.extend(secret.map(|secret| ("authorization".to_owned(), bearer(secret))));
            "user"
        }
    };
    body.extend(part.request.user().map(|id| (user.to_owned(), Json::from(id))));
    HttpRequest { url, headers, body: Some(Json::Object(body)) }
}

/// What makes `url` carry the token.
fn with_token(secret: &str, url: &str) -> String {
    let mut query = String::from(if url.contains('?') { "&" } else { "?" });
    query += "access_token=";
    for byte in secret.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            query.push(char::from(byte));
        } else {
            query += &format!("%{byte:02X}");
        }
    }
    query
}

/// A key pasted with its `Bearer` does not get a second one.
fn bearer(secret: &str) -> String {
    let prefix = "bearer ";
    let pasted = secret.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if pasted { secret.to_owned() } else { format!("Bearer {secret}") }
}
