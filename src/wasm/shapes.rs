//! What JavaScript sends and gets, by place: pkg-template/remote-instance.js is the other end and has the names.

use std::time::Duration;

use crate::error::{Error, ProviderCode, Result};
use crate::ranking::Scored;
use crate::remote::answer::Warning;
use crate::remote::call::{Attempt, Call, DEFAULT_TIMEOUT};
use crate::remote::dmxapi::{AuthScheme, Dmxapi};
use crate::remote::entries::LongDocuments;
use crate::remote::keys::Keys;
use crate::remote::provider::Provider;
use crate::remote::qianfan::{Auth, Qianfan};
use crate::remote::retry::{DEFAULT_RETRIES, RetryPolicy};
use crate::remote::split::Ranked;
use crate::remote::{RemoteReranker, Settings};
use crate::request::{RequestDraft, RerankRequest};
use crate::wasm::desk::Host;
use crate::wasm::wire::{Reader, Writer};

/// Of `provider, auth, url, model?, tokenUrl?, strict?, maxConcurrency?, longDocuments?`; `auth`: raw, bearer, access-token, oauth or iam.
pub(crate) fn reranker(options: &mut Reader<'_>) -> Result<RemoteReranker> {
    let mut word = || options.string().unwrap_or_default();
    let (provider, auth, url) = (word(), word(), word());
    let (model, token_url) = (options.string(), options.string().unwrap_or_default());
    let provider: Box<dyn Provider> = match (provider.as_str(), auth.as_str()) {
        ("dmxapi", "raw") => Box::new(Dmxapi::new(url, model, AuthScheme::Raw)),
        ("dmxapi", "bearer") => Box::new(Dmxapi::new(url, model, AuthScheme::Bearer)),
        ("qianfan", auth) => {
            let auth = match auth {
                "access-token" => Auth::AccessToken,
                "oauth" => Auth::OAuth { token_url },
                "iam" => Auth::Iam,
                _ => Auth::Bearer,
            };
            Box::new(Qianfan::new(url, model, auth))
        }
        _ => return Err(Error::invalid("provider, auth: expected a pair that this version knows, found another")),
    };
    let default = Settings::default();
    let settings = Settings {
        strict: options.flag().unwrap_or(default.strict),
        max_concurrency: options.number().map_or(default.max_concurrency, |most| most as usize),
        long_documents: match options.string().as_deref() {
            Some("truncate") => LongDocuments::Truncate,
            Some("windows") => LongDocuments::Windows,
            _ => default.long_documents,
        },
    };
    Ok(RemoteReranker::new(provider, settings))
}

/// One call, as it was ordered.
pub(crate) struct Order {
    keys: [Option<String>; 3],
    headers: Vec<(String, Option<String>)>,
    timeout: Option<f64>,
    retries: Option<f64>,
    deadline: Option<f64>,
    debug_bodies: bool,
    request: Result<RerankRequest>,
}

impl Order {
    /// Of `key?, secret?, sessionToken?, headers as [name, value | null, …], timeoutMs?, maxRetries?, deadline?, debugBodies?,
    /// query, topN?, maxChunksPerDoc?, overlapTokens?, returnDocuments?, user?, documents`.
    pub(crate) fn read(order: &mut Reader<'_>) -> Self {
        Self {
            keys: std::array::from_fn(|_| order.string()),
            headers: order.array(Reader::pair),
            timeout: order.number(),
            retries: order.number(),
            deadline: order.number(),
            debug_bodies: order.flag() == Some(true),
            request: RerankRequest::new(RequestDraft {
                query: order.string().unwrap_or_default(),
                top_n: order.number(),
                max_chunks_per_doc: order.number(),
                overlap_tokens: order.number(),
                return_documents: order.flag(),
                user: order.string(),
                documents: order.array(|order| order.string().unwrap_or_default()),
            }),
        }
    }

    /// Ranks it, and tells the host of attempts and progress on the way.
    pub(crate) async fn rank(self, reranker: &RemoteReranker, host: &Host) -> Result<Ranked> {
        let [key, secret, session_token] = &self.keys;
        let call = Call {
            keys: Keys { key: key.as_deref(), secret: secret.as_deref(), session_token: session_token.as_deref() },
            // Saturates: no end, or at once.
            timeout: self.timeout.map_or(DEFAULT_TIMEOUT, |ms| Duration::from_millis(ms as u64)),
            policy: RetryPolicy {
                retries: self.retries.map_or(DEFAULT_RETRIES, |retries| retries as u32),
                deadline: self.deadline,
            },
            headers: &self.headers,
            debug_bodies: self.debug_bodies,
            on_attempt: &|attempt| write_attempt(&mut host.desk.actions.borrow_mut(), attempt),
            on_progress: &|done, total| {
                let mut actions = host.desk.actions.borrow_mut();
                actions.array(3);
                actions.string("progress");
                actions.number(done as f64);
                actions.number(total as f64);
            },
        };
        reranker.rerank(&self.request?, &call, host).await
    }
}

fn write_attempt(actions: &mut Writer, attempt: &Attempt) {
    actions.array(5);
    actions.string("attempt");
    actions.number(f64::from(attempt.number));
    actions.number_if(attempt.status.map(f64::from));
    actions.number(attempt.ms);
    actions.string(attempt.decision);
}

/// `rank, scored, model, provider, warnings, id?, created?, usage?, response?`.
pub(crate) fn write_ranked(actions: &mut Writer, provider: &str, ranked: &Ranked) {
    actions.array(9);
    actions.string("rank");
    let scored = ranked.ranking.scored();
    actions.array(scored.len());
    for scored in scored {
        write_scored(actions, scored);
    }
    actions.string(&ranked.model);
    actions.string(provider);
    actions.array(ranked.warnings.len());
    for Warning { code, message, index } in &ranked.warnings {
        actions.array(3);
        actions.string(code);
        actions.string(message);
        actions.number_if(index.map(|index| index as f64));
    }
    actions.string_if(ranked.id.as_deref());
    actions.number_if(ranked.created);
    match &ranked.usage {
        Some(usage) => {
            actions.array(4);
            actions.number(usage.prompt_tokens);
            actions.number(usage.total_tokens);
            actions.number_if(usage.completion_tokens);
            match usage.details.as_slice() {
                [] => actions.nothing(),
                details => actions.object(details),
            }
        }
        None => actions.nothing(),
    }
    match &ranked.reply {
        Some(reply) => {
            actions.array(3);
            actions.number(f64::from(reply.status));
            actions.pairs(&reply.headers);
            match reply.json() {
                Some(json) => actions.json(json),
                None => actions.nothing(),
            }
        }
        None => actions.nothing(),
    }
}

/// `index, relevanceScore, window as [index, start, end] | nothing`.
fn write_scored(actions: &mut Writer, scored: &Scored) {
    actions.array(3);
    actions.number(scored.index as f64);
    actions.number(scored.score);
    match scored.window {
        Some(window) => {
            actions.array(3);
            for place in [window.index, window.start, window.end] {
                actions.number(place as f64);
            }
        }
        None => actions.nothing(),
    }
}

/// `fail, code, message, status?, providerCode?, requestId?, retryable, retryAfterMs?, index?`.
pub(crate) fn write_error(actions: &mut Writer, error: &Error) {
    actions.array(9);
    actions.string("fail");
    actions.string(error.kind().code());
    actions.string(error.message());
    actions.number_if(error.status().map(f64::from));
    match error.provider_code() {
        Some(ProviderCode::Number(number)) => actions.number(*number),
        Some(ProviderCode::Word(word)) => actions.string(word),
        None => actions.nothing(),
    }
    actions.string_if(error.request_id());
    actions.flag(error.is_retryable());
    actions.number_if(error.retry_after().map(|wait| wait.as_millis() as u64 as f64));
    actions.number_if(error.index().map(|index| index as f64));
}
