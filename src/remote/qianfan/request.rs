//! The request as Qianfan's pages document it: v1 (token in the address, `user_id`, no model) and v2 (bearer, `user`, model).

use crate::http::HttpRequest;
use crate::json::Json;
use crate::remote::pieces::cut;
use crate::remote::provider::bearer;
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
    let is_v2 = *auth == Auth::Bearer;
    let mut body = Json::Object(Vec::new());
    if is_v2 {
        body.add("model", model.into());
    }
    body.add("query", part.query.into());
    body.add("documents", part.documents());
    if let Some(top_n) = part.top_n {
        body.add("top_n", top_n.into());
    }
    if let Some(user) = part.request.user() {
        body.add(if is_v2 { "user" } else { "user_id" }, user.into());
    }
    let mut request = HttpRequest::json(url, body);
    match (key, auth) {
        (Some(key), Auth::Bearer) => request.add("authorization", &bearer(key)),
        (Some(token), Auth::AccessToken | Auth::OAuth { .. }) => {
            request.url = with_query(url, &text!["access_token=", encoded(token, false)]);
        }
        _ => {}
    }
    request
}

/// `url` with `query` after what it has of one.
pub(super) fn with_query(url: &str, query: &str) -> String {
    text![url, if cut(url, b"?").is_some() { "&" } else { "?" }, query]
}
