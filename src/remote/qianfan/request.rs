//! The request as Qianfan's pages document it: v1 (token in the address, `user_id`, no model) and v2 (bearer, `user`, model).

use crate::http::HttpRequest;
use crate::json::Json;
use crate::remote::qianfan::signature::encode as encoded;
use crate::remote::split::Part;
use crate::text::text;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// v1: `?access_token=…`, and no `Authorization` beside it.
    AccessToken,
    /// v1 with a token that is bought first.
    OAuth {
        /// Where from.
        token_url: String,
    },
    /// v1 with a signature in `Authorization`, and no token.
    Iam,
    /// v2: `Authorization: Bearer …`.
    Bearer,
}

pub(super) fn encode(url: &str, model: &str, auth: &Auth, part: &Part<'_>, key: Option<&str>) -> HttpRequest {
    let documents = part.entries.iter().map(|entry| Json::from(entry.text)).collect();
    let mut body = vec![("query".to_owned(), Json::from(part.query)), ("documents".to_owned(), Json::Array(documents))];
    body.extend(part.top_n.map(|top_n| ("top_n".to_owned(), Json::from(top_n))));
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let mut url = url.to_owned();
    let user = match auth {
        Auth::AccessToken | Auth::OAuth { .. } => {
            let join = if url.contains('?') { "&" } else { "?" };
            url.extend(key.map(|token| text![join, "access_token=", encoded(token, false)]));
            "user_id"
        }
        Auth::Iam => "user_id",
        Auth::Bearer => {
            body.insert(0, ("model".to_owned(), Json::from(model)));
            headers.extend(key.map(|key| ("authorization".to_owned(), bearer(key))));
            "user"
        }
    };
    body.extend(part.request.user().map(|id| (user.to_owned(), Json::from(id))));
    HttpRequest { url, headers, body: Some(Json::Object(body)) }
}

/// A key pasted with its `Bearer` does not get a second one.
fn bearer(key: &str) -> String {
    let prefix = "bearer ";
    let pasted = key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if pasted { key.to_owned() } else { text!["Bearer ", key] }
}
