//! A service ranks: encode → send with retry → decode → merge.
//!
//! Nothing here knows a network or a clock: both come in as a [`Transport`]. What differs between services stands
//! behind [`Provider`]; how often and how long to wait is [`retry`]'s; more documents than a service takes are
//! [`split`]'s.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{HttpReply, HttpRequest, Transport};
use crate::request::RerankRequest;

use answer::{Answer, Warning};
use provider::Provider;
use retry::{Decision, RetryPolicy};
use split::{Merged, Part, Ranked};

// What a service answered, read.
pub mod answer;
// The contract a service's folder fills.
pub mod provider;
// What the caller may know.
pub mod keys;
// Dates as services write them.
pub mod date;
// Header names and values, checked before the host sees them.
pub mod headers;
// Another attempt, or not.
pub mod retry;
// Several requests, one ranking.
pub mod split;
// What a service says, unless it repeats what was sent.
mod redaction;
// The services.
pub mod dmxapi;
pub mod qianfan;

/// One attempt's time where the caller does not say: that of DMXAPI's documented example.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// A service as a reranker.
pub struct RemoteReranker {
    provider: Box<dyn Provider>,
    strict: bool,
}

/// How to make one call.
pub struct Call<'a> {
    /// Key or token, where there is one.
    pub secret: Option<&'a str>,
    /// Of one attempt.
    pub timeout: Duration,
    /// How often to try again.
    pub policy: RetryPolicy,
    /// On top of the provider's own; `None` takes one away. Later ones win.
    pub headers: &'a [(String, Option<String>)],
    /// Told of each attempt when it is over.
    pub on_attempt: &'a dyn Fn(&Attempt),
    /// Told how many documents are scored, of how many.
    pub on_progress: &'a dyn Fn(usize, usize),
}

/// One try at one HTTP request, when it is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// From 1, for each request anew.
    pub number: u32,
    /// HTTP status, where a reply came.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// What follows.
    pub decision: &'static str,
}

impl RemoteReranker {
    /// `strict`: what the provider cannot honour is an error instead of a warning.
    pub fn new(provider: Box<dyn Provider>, strict: bool) -> Self {
        Self { provider, strict }
    }

    /// The service behind it.
    pub fn provider(&self) -> &dyn Provider {
        self.provider.as_ref()
    }

    /// Ranks.
    ///
    /// # Errors
    /// `invalid_request` and `too_long` before anything is sent; else what the service's answer, or its absence, means.
    pub async fn rerank(&self, request: &RerankRequest, call: &Call<'_>, transport: &impl Transport) -> Result<Ranked> {
        let warnings = self.unhonoured(request)?;
        self.provider.limits().check(request)?;
        let mut merged = Merged::new(warnings);
        for part in split::parts(request, self.provider.limits().documents) {
            let (answer, reply) = self.answer(&part, call, transport).await?;
            merged.add(&part, answer, reply);
            (call.on_progress)(part.first + part.documents.len(), request.documents().len());
        }
        merged.rank(request, self.provider.model())
    }

    /// One part's answer, within its retries.
    async fn answer(
        &self,
        part: &Part<'_>,
        call: &Call<'_>,
        transport: &impl Transport,
    ) -> Result<(Answer, HttpReply)> {
        let request = self.encode(part, call)?;
        let mut number = 1;
        loop {
            let start = transport.now();
            let reply = transport.send(&request, call.timeout).await;
            let now = transport.now();
            let status = reply.as_ref().map_or_else(Error::status, |reply| Some(reply.status));
            let outcome = reply.and_then(|reply| self.read(part, call, reply, now));
            let decision =
                outcome.as_ref().err().map(|error| retry::decide(&call.policy, number, error, now, transport.random()));
            let word = match decision {
                None => "done",
                Some(Decision::RetryIn(_)) => "retry",
                Some(Decision::GiveUp) => "fail",
            };
            (call.on_attempt)(&Attempt { number, status, ms: now - start, decision: word });
            match decision {
                Some(Decision::RetryIn(wait)) => transport.sleep(wait).await?,
                _ => return outcome,
            }
            number += 1;
        }
    }

    fn encode(&self, part: &Part<'_>, call: &Call<'_>) -> Result<HttpRequest> {
        if let Some(secret) = call.secret {
            headers::check_secret(self.provider.secret_name(), secret)?;
        }
        let mut request = self.provider.encode(part, call.secret);
        headers::merge(&mut request.headers, call.headers)?;
        Ok(request)
    }

    /// An answer of `reply`, or what the reply means instead.
    fn read(&self, part: &Part<'_>, call: &Call<'_>, reply: HttpReply, now: f64) -> Result<(Answer, HttpReply)> {
        if let Some(failure) = self.provider.failure(&reply) {
            let private = redaction::Private { secret: call.secret, query: part.query, documents: part.documents };
            let error = failure.into_error(self.provider.name(), reply.status, |words| private.spares(words));
            return Err(match retry::told_wait(&reply, now) {
                Some(wait) => error.with_retry_after(wait),
                None => error,
            });
        }
        let answer = match reply.json() {
            Some(json) => self.provider.decode(part, json),
            None => Err(Error::bad_response(format!(
                "expected JSON, found {} bytes that are not; check that baseUrl names the rerank API",
                reply.size()
            ))),
        };
        match answer {
            Ok(answer) => Ok((answer, reply)),
            Err(error) => Err(error.with_status(reply.status)),
        }
    }

    /// Warnings about options the provider has no field for; errors where the caller is strict.
    fn unhonoured(&self, request: &RerankRequest) -> Result<Vec<Warning>> {
        let set = [
            ("maxChunksPerDoc", request.max_chunks_per_doc().is_some()),
            ("overlapTokens", request.overlap_tokens().is_some()),
            ("model", self.provider.ignores_model()),
        ];
        let names = set.into_iter().filter(|(name, set)| *set && self.provider.ignores().contains(name));
        names
            .map(|(name, _)| {
                let message = format!("{name}: {} has no such option here and ignores it", self.provider.name());
                if self.strict {
                    return Err(Error::new(
                        ErrorKind::InvalidRequest,
                        message + "; leave it out, or set strict: false",
                    ));
                }
                Ok(Warning { code: "unsupported_option", message, index: None })
            })
            .collect()
    }
}
