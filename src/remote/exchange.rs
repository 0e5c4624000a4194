//! One attempt: token → encode → sign → send → read.

use std::cell::Cell;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{HttpReply, HttpRequest, Transport};

use crate::remote::answer::Answer;
use crate::remote::call::Call;
use crate::remote::date;
use crate::remote::headers;
use crate::remote::keys::Keys;
use crate::remote::provider::{Provider, Remedy};
use crate::remote::redaction::Private;
use crate::remote::relayed;
use crate::remote::retry;
use crate::remote::split::Part;
use crate::remote::token::Tokens;
use crate::text::text;

/// What attempts leave behind for later ones, of any call.
#[derive(Default)]
pub(crate) struct Memory {
    /// The token that was bought.
    tokens: Tokens,
    /// Milliseconds by which the service's clock is ahead of ours.
    clock_lead: Cell<f64>,
}

/// A failed attempt.
pub(crate) struct Failed {
    pub(crate) error: Error,
    /// Whether something was mended since, so that another attempt makes sense at once.
    pub(crate) is_mended: bool,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, is_mended: false }
    }
}

/// Sends `part` once and reads what comes back.
pub(crate) async fn attempt(
    provider: &dyn Provider,
    part: &Part<'_>,
    call: &Call<'_>,
    memory: &Memory,
    transport: &impl Transport,
) -> std::result::Result<(Answer, HttpReply), Failed> {
    let token = token(provider, call, memory, transport).await?;
    let keys = token.as_deref().map_or(call.keys, |token| Keys::one(Some(token)));
    let mut request = provider.encode(part, keys.key);
    headers::merge(&mut request.headers, call.headers)?;
    provider.sign(&mut request, &keys, transport.now() + memory.clock_lead.get());
    let reply = transport.send(&request, call.timeout).await?;
    let now = transport.now();
    let mut secrets = call.keys.all();
    for secret in [token.as_deref(), signature(&request)] {
        let Some(secret) = secret else { continue };
        secrets.push(secret);
    }
    for (_, value) in call.headers {
        if let Some(value) = value {
            secrets.push(value);
        }
    }
    let (query, documents) = if call.debug_bodies { ("", &[][..]) } else { (part.query, part.request.documents()) };
    let private = Private { secrets: &secrets, query, documents };
    if let Some(error) = relayed::read(&reply, part, |words| private.spares(words)) {
        return Err(with_wait(error, &reply, now).into());
    }
    let Some(failure) = provider.failure(&reply) else { return Ok(read(provider, part, reply)?) };
    let is_mended = match failure.remedy {
        Some(Remedy::NewToken) => token.as_deref().map(|token| memory.tokens.refuse(token)).is_some(),
        Some(Remedy::ServiceClock) => {
            let lead = reply.header("date").and_then(date::from_http).map(|date| date - now);
            lead.map(|lead| memory.clock_lead.set(lead)).is_some()
        }
        None => false,
    };
    let error = failure.into_error(provider.name(), reply.status, |words| private.spares(words));
    Err(Failed { error: with_wait(error, &reply, now), is_mended })
}

/// The token of the call's keys; `None` where they travel themselves.
async fn token(
    provider: &dyn Provider,
    call: &Call<'_>,
    memory: &Memory,
    transport: &impl Transport,
) -> Result<Option<String>> {
    let Some(purchase) = provider.token_purchase(&call.keys) else { return Ok(None) };
    let buy = async {
        let reply = transport.send(&purchase.request, call.timeout).await?;
        let now = transport.now();
        provider.token(&reply, now).map_err(|failure| {
            let private = Private { secrets: &call.keys.all(), query: "", documents: &[] };
            let who = text![provider.name(), "'s token service"];
            with_wait(failure.into_error(&who, reply.status, |words| private.spares(words)), &reply, now)
        })
    };
    memory.tokens.get(&purchase.name, call.timeout, transport, buy).await.map(Some)
}

/// An answer of a reply that is no failure.
fn read(provider: &dyn Provider, part: &Part<'_>, reply: HttpReply) -> Result<(Answer, HttpReply)> {
    let answer = match reply.json() {
        Some(json) => provider.decode(part, json),
        None => Err(Error::bad_response(text![
            "expected JSON, found ",
            reply.size(),
            " bytes that are not; check that baseUrl names the rerank API"
        ])),
    };
    match answer {
        Ok(answer) => Ok((answer, reply)),
        Err(error) => Err(error.with_status(reply.status)),
    }
}

/// With the wait that `reply` asks for, if it does.
fn with_wait(error: Error, reply: &HttpReply, now: f64) -> Error {
    let limit_wait = || retry::limit_wait(reply, now).filter(|_| error.kind() == ErrorKind::RateLimited);
    match retry::told_wait(reply, now).or_else(limit_wait) {
        Some(wait) => error.with_retry_after(wait),
        None => error,
    }
}

/// What ends a signed `authorization`.
fn signature(request: &HttpRequest) -> Option<&str> {
    let (_, value) = request.headers.iter().find(|(name, _)| name == "authorization")?;
    let last = value.bytes().rposition(|byte| byte == b'/')?;
    value.get(last + 1..)
}
