//! A service ranks: entries → encode → send with retry → decode → merge.
//!
//! Nothing here knows a network or a clock: both come in as a [`Transport`]. What differs between services stands
//! behind [`Provider`]; how often and how long to wait is [`retry`]'s; more documents than a service takes are
//! [`split`]'s.

use std::cell::Cell;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::http::{HttpReply, Transport};
use crate::request::RerankRequest;
use crate::text::text;

use answer::{Answer, Warning};
use call::{Attempt, Call};
use entries::LongDocuments;
use exchange::Memory;
use in_flight::in_flight;
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
// What the service reads of each document.
pub mod entries;
// Tokens, as a page estimates them.
pub mod estimate;
// Several requests, one ranking.
pub mod split;
// Text between characters.
mod pieces;
// So many at a time.
mod in_flight;
// What a service says, unless it repeats what was sent.
mod redaction;
// What the package's own proxy passes on.
mod relayed;
// The services.
pub mod dmxapi;
pub mod qianfan;

/// A service as a reranker.
pub struct RemoteReranker {
    provider: Box<dyn Provider>,
    settings: Settings,
    memory: Memory,
}

/// How a reranker deals with its service, for all calls.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What the provider cannot honour is an error instead of a warning.
    pub strict: bool,
    /// Parts of one call under way at a time.
    pub max_concurrency: usize,
    /// Documents beyond what the service reads.
    pub long_documents: LongDocuments,
}

impl Default for Settings {
    fn default() -> Self {
        Self { strict: false, max_concurrency: 4, long_documents: LongDocuments::Error }
    }
}

impl RemoteReranker {
    /// `provider` with `settings`.
    pub fn new(provider: Box<dyn Provider>, settings: Settings) -> Self {
        Self { provider, settings, memory: Memory::default() }
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
        let mut warnings = self.unhonoured(request)?;
        let (limits, name) = (self.provider.limits(), self.provider.name());
        limits.check_query(request.query())?;
        let (entries, unread) = entries::of(request, &limits, self.settings.long_documents, name)?;
        warnings.extend(unread);
        let jobs = split::parts(request, &entries, limits.documents).map(async |part| {
            let (answer, reply) = self.answer(&part, call, transport).await?;
            Ok((part, answer, reply))
        });
        let all = request.documents().len();
        let scored = Cell::new(0);
        let done = |(part, ..): &(Part<'_>, Answer, HttpReply)| {
            scored.set(scored.get() + part.entries.len());
            // Documents in windows are done in part: their share counts.
            (call.on_progress)(scored.get() * all / entries.len(), all);
        };
        let mut merged = Merged::new(all, warnings);
        for (_, (part, answer, reply)) in in_flight(jobs, self.settings.max_concurrency, done).await? {
            merged.add(&part, answer, reply);
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
        // Windows are ours to cut: there both have a meaning.
        let are_windows_ours = self.settings.long_documents == LongDocuments::Windows;
        let set = [
            ("maxChunksPerDoc", request.max_chunks_per_doc().is_some() && !are_windows_ours),
            ("overlapTokens", request.overlap_tokens().is_some() && !are_windows_ours),
            ("model", self.provider.ignores_model()),
            ("user", request.user().is_some()),
        ];
        let mut warnings = Vec::new();
        for (name, set) in set {
            if !set || !self.provider.ignores().contains(&name) {
                continue;
            }
            let mut message = text![name, ": ", self.provider.name(), " has no such option here and ignores it"];
            if self.settings.strict {
                text![in message; "; leave it out, or set strict: false"];
                return Err(Error::invalid(message));
            }
            warnings.push(Warning { code: "unsupported_option", message, index: None });
        }
        Ok(warnings)
    }
}
