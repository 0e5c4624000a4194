//! Baidu Qianfan, in two generations of one service: v1 with an access token in the address, v2 with a bearer key.

use crate::error::Result;
use crate::http::{HttpReply, HttpRequest};
use crate::json::Json;

use crate::remote::answer::Answer;
use crate::remote::provider::{Failure, Limits, Provider};
use crate::remote::split::Part;

mod failure;
mod request;
mod response;
pub mod signature;

pub use request::Auth;

/// Documents of one request; both generations document it.
const MAX_DOCUMENTS: usize = 64;
/// Characters of a query.
const MAX_QUERY_CHARACTERS: usize = 1600;
/// Characters of a document.
const MAX_DOCUMENT_CHARACTERS: usize = 4096;

/// The v1 model: its name is in the path, and the request has no field for one.
const V1_MODEL: &str = "bce_reranker_base";
/// The v2 model that is v1's.
const V2_MODEL: &str = "bce-reranker-base";

/// The service at one address.
#[derive(Clone, Debug)]
pub struct Qianfan {
    url: String,
    model: Option<String>,
    auth: Auth,
}

impl Qianfan {
    /// `url` is the whole address, with its path and without a token.
    pub fn new(url: String, model: Option<String>, auth: Auth) -> Self {
        Self { url, model, auth }
    }
}

impl Provider for Qianfan {
    fn name(&self) -> &'static str {
        "qianfan"
    }

    fn model(&self) -> &str {
        match self.auth {
            Auth::AccessToken => V1_MODEL,
            Auth::Bearer => self.model.as_deref().unwrap_or(V2_MODEL),
        }
    }

    fn secret_name(&self) -> &'static str {
        match self.auth {
            Auth::AccessToken => "auth.accessToken",
            Auth::Bearer => "auth.apiKey",
        }
    }

    fn ignores(&self) -> &'static [&'static str] {
        &["maxChunksPerDoc", "overlapTokens", "model"]
    }

    fn ignores_model(&self) -> bool {
        self.auth == Auth::AccessToken && self.model.as_deref().is_some_and(|model| model != V1_MODEL)
    }

    fn limits(&self) -> Limits {
        Limits {
            documents: Some(MAX_DOCUMENTS),
            query_characters: Some(MAX_QUERY_CHARACTERS),
            document_characters: Some(MAX_DOCUMENT_CHARACTERS),
        }
    }

    fn encode(&self, part: &Part<'_>, secret: Option<&str>) -> HttpRequest {
        request::encode(&self.url, self.model(), self.auth, part, secret)
    }

    fn decode(&self, part: &Part<'_>, reply: &Json) -> Result<Answer> {
        response::decode(part, reply)
    }

    fn failure(&self, reply: &HttpReply) -> Option<Failure> {
        failure::read(reply)
    }
}
