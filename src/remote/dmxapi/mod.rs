//! DMXAPI, and whatever answers the same way: `POST /v1/rerank`, key in `Authorization`.
//!
//! A gateway of the one-api family: it forwards to whoever hosts the model, keeps unknown fields, and reports what goes
//! wrong upstream under any status. Hence the tables in `failure`.

use crate::http::{HttpReply, HttpRequest};
use crate::json::Json;

use crate::error::Result;
use crate::remote::answer::Answer;
use crate::remote::provider::{Failure, Limits, Provider};
use crate::remote::split::Part;

mod failure;
mod request;
mod response;

pub use request::AuthScheme;

/// The documented example's, and the one that costs nothing.
pub const DEFAULT_MODEL: &str = "bge-reranker-v2-m3-free";

/// The service at one address, with one model.
#[derive(Clone, Debug)]
pub struct Dmxapi {
    url: String,
    model: String,
    scheme: AuthScheme,
}

impl Dmxapi {
    /// `url` is the whole address, with its path.
    pub fn new(url: String, model: Option<String>, scheme: AuthScheme) -> Self {
        Self { url, model: model.unwrap_or_else(|| DEFAULT_MODEL.to_owned()), scheme }
    }
}

impl Provider for Dmxapi {
    fn name(&self) -> &'static str {
        "dmxapi"
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn key_names(&self) -> [&'static str; 3] {
        ["apiKey", "", ""]
    }

    fn ignores(&self) -> &'static [&'static str] {
        &["user"]
    }

    fn limits(&self) -> Limits {
        // None is documented.
        Limits::default()
    }

    fn encode(&self, part: &Part<'_>, key: Option<&str>) -> HttpRequest {
        request::encode(&self.url, &self.model, self.scheme, part, key)
    }

    fn decode(&self, part: &Part<'_>, reply: &Json) -> Result<Answer> {
        response::decode(part, reply)
    }

    fn failure(&self, reply: &HttpReply) -> Option<Failure> {
        failure::read(reply, self.scheme)
    }
}
