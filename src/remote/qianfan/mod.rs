//! Baidu Qianfan, in two generations of one service: v1 with an access token in the address (given, or bought by OAuth) or with
//! a signature (AK/SK), v2 with a bearer key.

use crate::error::Result;
use crate::http::{HttpReply, HttpRequest};
use crate::json::Json;

use crate::remote::answer::Answer;
use crate::remote::keys::Keys;
use crate::remote::provider::{Failure, Limits, Provider, TokenPurchase};
use crate::remote::split::Part;
use crate::remote::token::Token;

mod failure;
mod request;
mod response;
pub mod signature;
mod token;

pub use request::Auth;

/// Documents of one request; both generations document it.
const MAX_DOCUMENTS: usize = 64;
/// Characters of a query.
const MAX_QUERY_CHARACTERS: usize = 1600;
/// Tokens of a query that are read, by the pages' own estimate.
const READ_QUERY_TOKENS: usize = 400;
/// Characters of a document.
const MAX_DOCUMENT_CHARACTERS: usize = 4096;
/// Tokens of a document that are read.
const READ_DOCUMENT_TOKENS: usize = 1024;

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

    fn is_v2(&self) -> bool {
        self.auth == Auth::Bearer
    }
}

impl Provider for Qianfan {
    fn name(&self) -> &'static str {
        "qianfan"
    }

    fn model(&self) -> &str {
        if self.is_v2() { self.model.as_deref().unwrap_or(V2_MODEL) } else { V1_MODEL }
    }

    fn key_names(&self) -> [&'static str; 3] {
        match self.auth {
            Auth::AccessToken => ["auth.accessToken", "", ""],
            Auth::OAuth { .. } => ["auth.apiKey", "auth.secretKey", ""],
            Auth::Iam => ["auth.accessKeyId", "auth.secretAccessKey", "auth.sessionToken"],
            Auth::Bearer => ["auth.apiKey", "", ""],
        }
    }

    fn ignores(&self) -> &'static [&'static str] {
        &["maxChunksPerDoc", "overlapTokens", "model"]
    }

    fn ignores_model(&self) -> bool {
        !self.is_v2() && self.model.as_deref().is_some_and(|model| model != V1_MODEL)
    }

    fn limits(&self) -> Limits {
        Limits {
            documents: Some(MAX_DOCUMENTS),
            query_characters: Some(MAX_QUERY_CHARACTERS),
            query_tokens: Some(READ_QUERY_TOKENS),
            document_characters: Some(MAX_DOCUMENT_CHARACTERS),
            document_tokens: Some(READ_DOCUMENT_TOKENS),
        }
    }

    fn encode(&self, part: &Part<'_>, key: Option<&str>) -> HttpRequest {
        request::encode(&self.url, self.model(), &self.auth, part, key)
    }

    fn sign(&self, request: &mut HttpRequest, keys: &Keys<'_>, now: f64) {
        if self.auth == Auth::Iam {
            signature::sign(request, keys, now);
        }
    }

    fn token_purchase(&self, keys: &Keys<'_>) -> Option<TokenPurchase> {
        let Auth::OAuth { token_url } = &self.auth else { return None };
        Some(token::purchase(token_url, keys))
    }

    fn token(&self, reply: &HttpReply, now: f64) -> std::result::Result<Token, Failure> {
        token::read(reply, now)
    }

    fn decode(&self, part: &Part<'_>, reply: &Json) -> Result<Answer> {
        response::decode(part, reply)
    }

    fn failure(&self, reply: &HttpReply) -> Option<Failure> {
        failure::read(reply, &self.auth)
    }
}
