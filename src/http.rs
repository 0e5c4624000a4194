//! What goes out and what comes in, without a network: requests, replies, and the one trait that connects them.

use std::time::Duration;

use crate::error::Result;
use crate::json::Json;

/// One HTTP request: always a `POST`.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpRequest {
    /// Absolute, or relative to the page.
    pub url: String,
    /// Names in lower case. Values hold nothing but visible ASCII, blank and tab: whoever fills them in checks.
    pub headers: Vec<(String, String)>,
    /// `None`: no body.
    pub body: Option<Json>,
}

impl HttpRequest {
    /// To `url`, with a JSON body.
    pub fn json(url: &str, body: Json) -> Self {
        let mut request = Self { url: url.to_owned(), headers: Vec::new(), body: Some(body) };
        request.add("content-type", "application/json");
        request
    }

    /// Adds a header.
    pub fn add(&mut self, name: &str, value: &str) {
        set(&mut self.headers, name, Some(value));
    }
}

/// Puts `value` in place of what `headers` hold under `name`, or takes that away.
pub fn set(headers: &mut Vec<(String, String)>, name: &str, value: Option<&str>) {
    headers.retain(|(held, _)| held != name);
    if let Some(value) = value {
        headers.push((name.to_owned(), value.to_owned()));
    }
}

/// One HTTP reply, read to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpReply {
    /// 200 to 599.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// What the body held.
    pub body: ReplyBody,
}

/// The body of a reply.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplyBody {
    /// It was JSON.
    Json(Json),
    /// It was something else, of which only the size is kept: it may echo what was sent.
    Other {
        /// Bytes.
        size: usize,
    },
}

impl HttpReply {
    /// The value of the header `name` (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Bytes of a body that was not JSON.
    pub fn size(&self) -> usize {
        if let ReplyBody::Other { size } = &self.body { *size } else { 0 }
    }

    /// The JSON of the body, if it was JSON.
    pub fn json(&self) -> Option<&Json> {
        if let ReplyBody::Json(json) = &self.body { Some(json) } else { None }
    }
}

/// A header's value as a whole number. Not `str::parse`, whose error cases are half a kilobyte of `remote.wasm`.
pub fn whole_number(value: &str) -> Option<u64> {
    let digits = value.trim().as_bytes();
    let digit = |number: u64, byte: &u8| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    };
    digits.iter().try_fold(0, digit).filter(|_| !digits.is_empty())
}

/// The way out of the remote client: everything that is neither pure nor instant.
#[expect(async_fn_in_trait, reason = "one thread: wasm has no Send futures, and the tests' fake needs none")]
pub trait Transport {
    /// Sends `request` and reads the reply to its end, within `timeout`.
    ///
    /// # Errors
    /// `timeout`, `aborted`, `network`, or `bad_response` where the body could not be read.
    async fn send(&self, request: &HttpRequest, timeout: Duration) -> Result<HttpReply>;

    /// Waits. # Errors: `aborted` as soon as the caller's signal says so.
    async fn sleep(&self, wait: Duration) -> Result<()>;

    /// What the caller's store holds under `name`; nothing where there is no store, or where it fails.
    async fn recall(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }

    /// Puts `value` into the caller's store, for `life` at most.
    async fn keep(&self, name: &str, value: &str, life: Duration) {
        let _ = (name, value, life);
    }

    /// Milliseconds since 1970, UTC.
    fn now(&self) -> f64;

    /// A number in `0.0..1.0`, fit for jitter and nothing else.
    fn random(&self) -> f64;
}
