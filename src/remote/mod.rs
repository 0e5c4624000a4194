//! A service ranks: encode → send with retry → decode → merge.
//!
//! Nothing here knows a network or a clock: both come in as a [`Transport`]. What differs between services stands
//! behind [`Provider`]; how often and how long to wait is [`retry`]'s; more documents than a service takes are
//! [`split`]'s.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{HttpReply, Transport};
use crate::request::RerankRequest;

use answer::{Answer, Warning};
use call::{Attempt, Call};
use exchange::Memory;
use provider::Provider;
use retry::Decision;
use split::{Merged, Part, Ranked};

// How to make one call.
pub mod call;
// What a service answered, read.
pub mod answer;
// The contract a service's folder fills.
pub mod provider;
// What the caller may know.
pub mod keys;
// A token that keys buy.
pub mod token;
// One attempt.
mod exchange;
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

/// A service as a reranker.
pub struct RemoteReranker {
    provider: Box<dyn Provider>,
    strict: bool,
    memory: Memory,
}

impl RemoteReranker {
    /// `strict`: what the provider cannot honour is an error instead of a warning.
    pub fn new(provider: Box<dyn Provider>, strict: bool) -> Self {
        Self { provider, strict, memory: Memory::default() }
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

    /// One part's answer, within its retries. What can be mended gets one more attempt, which counts as none.
    async fn answer(
        &self,
        part: &Part<'_>,
        call: &Call<'_>,
        transport: &impl Transport,
    ) -> Result<(Answer, HttpReply)> {
        call.keys.check(self.provider.key_names())?;
        headers::merge(&mut Vec::new(), call.headers)?;
        let (mut number, mut mended) = (1, 0);
        loop {
            let start = transport.now();
            let outcome = exchange::attempt(self.provider(), part, call, &self.memory, transport).await;
            let now = transport.now();
            let status = outcome.as_ref().map_or_else(|failed| failed.error.status(), |(_, reply)| Some(reply.status));
            let decision = outcome.as_ref().err().map(|failed| {
                if failed.is_mended && mended == 0 {
                    mended = 1;
                    return Decision::RetryIn(Duration::ZERO);
                }
                retry::decide(&call.policy, number - mended, &failed.error, now, transport.random())
            });
            let word = match decision {
                None => "done",
                Some(Decision::RetryIn(_)) => "retry",
                Some(Decision::GiveUp) => "fail",
            };
            (call.on_attempt)(&Attempt { number, status, ms: now - start, decision: word });
            match decision {
                Some(Decision::RetryIn(wait)) => transport.sleep(wait).await?,
                _ => return outcome.map_err(|failed| failed.error),
            }
            number += 1;
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
