//! Whether a failed attempt is worth another, and after how long. Pure: the clock and the dice come in as numbers.

use std::time::Duration;

use crate::error::{Error, ErrorKind, ProviderCode};
use crate::http::{HttpReply, whole_number};

use crate::remote::date;
use crate::remote::pieces::cut;
use crate::text::text;

/// Retries where the caller does not say.
pub const DEFAULT_RETRIES: u32 = 2;
/// Before the second attempt, and where doubling ends. As the OpenAI and Anthropic clients wait.
const WAITS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(8));
/// The same where a limit over minutes was hit: Qianfan's windows close within one.
const LIMIT_WAITS: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(32));
/// Qianfan's codes of limits over a second.
const SECOND_LIMITS: [f64; 2] = [4.0, 18.0];
/// Where a limit is said to be used up and not when it ends: half of Qianfan's minute, which two retries outlast.
const HALF_WINDOW: Duration = Duration::from_secs(30);
/// Part of a wait that chance may take off, so that clients that failed together do not come back together.
const JITTER: f64 = 0.25;
/// Qianfan's rate windows close within this; who tells us to wait longer is not waited for.
const LONGEST_TOLD_WAIT: Duration = Duration::from_secs(60);

/// How far a call goes for an answer.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// Attempts after the first one.
    pub retries: u32,
    /// When the caller wants to be done, in milliseconds since 1970.
    pub deadline: Option<f64>,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Another one after this wait.
    RetryIn(Duration),
    /// Its error is the call's.
    GiveUp,
}

/// Decides about `attempt` (from 1), which failed with `error` at `now` (milliseconds since 1970).
///
/// A wait the service asked for wins over our own; one beyond a minute, or beyond the caller's deadline, is not waited
/// for at all. `random` is in `0.0..1.0`.
pub fn decide(policy: &RetryPolicy, attempt: u32, error: &Error, now: f64, random: f64) -> Decision {
    if !error.is_retryable() || attempt > policy.retries {
        return Decision::GiveUp;
    }
    let wait = match error.retry_after() {
        Some(told) if told > LONGEST_TOLD_WAIT => return Decision::GiveUp,
        Some(told) => told,
        None => Duration::from_millis((milliseconds(backoff(attempt, error)) * (1.0 - JITTER * random)) as u64),
    };
    if policy.deadline.is_some_and(|deadline| now + milliseconds(wait) >= deadline) {
        return Decision::GiveUp;
    }
    Decision::RetryIn(wait)
}

/// 0.5 s, 1 s, 2 s, 4 s, then 8 s; for rate limits 4 s, 8 s, 16 s, then 32 s.
fn backoff(attempt: u32, error: &Error) -> Duration {
    let is_short = matches!(error.provider_code(), Some(ProviderCode::Number(code)) if SECOND_LIMITS.contains(code));
    let (first, longest) = if error.kind() == ErrorKind::RateLimited && !is_short { LIMIT_WAITS } else { WAITS };
    let doublings = attempt.saturating_sub(1).min(16);
    (first * (1 << doublings)).min(longest)
}

/// The wait `reply` asks for: `retry-after-ms`, or `Retry-After` in seconds or as a date
/// ([RFC 9110 §10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)). `now` is in milliseconds since 1970.
pub fn told_wait(reply: &HttpReply, now: f64) -> Option<Duration> {
    if let Some(told) = reply.header("retry-after-ms").and_then(whole) {
        return Some(Duration::from_millis(told));
    }
    let value = reply.header("retry-after")?;
    let told = whole(value).map(Duration::from_secs);
    told.or_else(|| date::from_http(value).map(|at| Duration::from_millis((at - now) as u64)))
}

/// The wait until the limit that `reply`, a rate-limited one, says is used up: `X-Ratelimit-Remaining-Requests` and
/// `-Tokens` at 0, with `X-Ratelimit-Reset-…` beside them where the service has it, or one `X-Ratelimit-Reset` for all.
pub fn limit_wait(reply: &HttpReply, now: f64) -> Option<Duration> {
    let of = |what: &str, end: &str| reply.header(&text!["x-ratelimit-", what, end]);
    let mut wait = of("reset", "").and_then(|value| until(value, now));
    for end in ["-requests", "-tokens"] {
        if of("remaining", end).and_then(whole) == Some(0) {
            let told = of("reset", end).and_then(|value| until(value, now));
            wait = wait.max(Some(told.unwrap_or(HALF_WINDOW)));
        }
    }
    wait
}

/// Seconds from now, seconds since 1970, or pieces such as `1m30s` and `250ms`.
fn until(value: &str, now: f64) -> Option<Duration> {
    if let Some(seconds) = whole(value) {
        // Nobody means to make us wait for thirty years.
        let from = if seconds > 1_000_000_000 { now } else { 0.0 };
        return Some(Duration::from_millis((seconds as f64 * 1000.0 - from) as u64));
    }
    let mut milliseconds: u64 = 0;
    let mut rest = value.trim();
    while !rest.is_empty() {
        let (number, after) = before(rest, u8::is_ascii_alphabetic)?;
        let (unit, after) = before(after, u8::is_ascii_digit)?;
        let unit = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        milliseconds = milliseconds.checked_add(whole(number)?.checked_mul(unit)?)?;
        rest = after;
    }
    Some(Duration::from_millis(milliseconds))
}

/// `text` before the first byte that `ends` it, and from there on.
fn before(text: &str, ends: fn(&u8) -> bool) -> Option<(&str, &str)> {
    text.split_at_checked(text.bytes().position(|byte| ends(&byte)).unwrap_or(text.len()))
}

/// The whole number `value` begins with: some servers write fractions of a second. Not parsed as a float, which would
/// make up a tenth of `remote.wasm`.
fn whole(value: &str) -> Option<u64> {
    let (whole, fraction) = cut(value, b".").unwrap_or((value, "0"));
    whole_number(fraction).and(whole_number(whole))
}

fn milliseconds(wait: Duration) -> f64 {
    wait.as_secs() as f64 * 1000.0 + f64::from(wait.subsec_millis())
}
