//! A network that is a list: what goes out is kept, what comes back was put there before. No clock, no wait.

#![allow(dead_code, reason = "each test file uses a part")]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rerank_wasm::error::{Error, Result};
use rerank_wasm::http::{HttpReply, HttpRequest, ReplyBody, Transport};
use rerank_wasm::json::Json;
use rerank_wasm::remote::provider::Provider;
use rerank_wasm::remote::retry::RetryPolicy;
use rerank_wasm::remote::split::Ranked;
use rerank_wasm::remote::{Attempt, Call, DEFAULT_TIMEOUT, RemoteReranker};
use rerank_wasm::request::{RequestDraft, RerankRequest};

/// What comes back for each request, in order.
#[derive(Default)]
pub(crate) struct FakeTransport {
    pub(crate) replies: RefCell<VecDeque<Result<HttpReply>>>,
    pub(crate) sent: RefCell<Vec<HttpRequest>>,
    pub(crate) slept: RefCell<Vec<Duration>>,
    /// Milliseconds since 1970; sleeping moves it.
    pub(crate) clock: Cell<f64>,
}

impl FakeTransport {
    pub(crate) fn new(replies: impl IntoIterator<Item = Result<HttpReply>>) -> Self {
        Self { replies: RefCell::new(replies.into_iter().collect()), ..Self::default() }
    }
}

impl Transport for FakeTransport {
    async fn send(&self, request: &HttpRequest, _: Duration) -> Result<HttpReply> {
        self.sent.borrow_mut().push(request.clone());
        self.replies.borrow_mut().pop_front().expect("a request beyond those that were expected")
    }

    async fn sleep(&self, wait: Duration) -> Result<()> {
        self.slept.borrow_mut().push(wait);
        self.clock.set(self.clock.get() + wait.as_secs_f64() * 1000.0);
        Ok(())
    }

    fn now(&self) -> f64 {
        self.clock.get()
    }

    fn random(&self) -> f64 {
        0.0
    }
}

/// Ranks with two retries and collects the attempts.
pub(crate) fn rank(
    provider: impl Provider + 'static,
    draft: RequestDraft,
    secret: Option<&str>,
    transport: &FakeTransport,
) -> (Result<Ranked>, Vec<Attempt>) {
    let attempts = RefCell::new(Vec::new());
    let reranker = RemoteReranker::new(Box::new(provider), false);
    let call = Call {
        secret,
        timeout: DEFAULT_TIMEOUT,
        policy: RetryPolicy { retries: 2, deadline: None },
        headers: &[],
        on_attempt: &|attempt| attempts.borrow_mut().push(attempt.clone()),
        on_progress: &|_, _| {},
    };
    let request = RerankRequest::new(draft).expect("a valid request");
    let outcome = finish(reranker.rerank(&request, &call, transport));
    (outcome, attempts.into_inner())
}

/// Runs a future that never waits.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits for something the fake does not have"),
    }
}

pub(crate) fn draft(query: &str, documents: &[&str]) -> RequestDraft {
    let documents = documents.iter().map(|&document| document.to_owned()).collect();
    RequestDraft { query: query.to_owned(), documents, ..RequestDraft::default() }
}

pub(crate) fn json(text: &str) -> Json {
    serde_json::from_str(text).expect("JSON")
}

pub(crate) fn reply(status: u16, body: &str) -> HttpReply {
    HttpReply { status, headers: Vec::new(), body: ReplyBody::Json(json(body)) }
}

pub(crate) fn network() -> Error {
    Error::new(rerank_wasm::error::ErrorKind::Network, "no answer arrived").with_retryable(true)
}

/// A golden file, by its path below tests/golden.
pub(crate) fn golden(path: &str) -> Json {
    let path = format!("{}/tests/golden/{path}", env!("CARGO_MANIFEST_DIR"));
    json(&std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}")))
}

/// Holds `sent` against a golden request: `{ url, headers, body }`, body fields in any order.
#[track_caller]
pub(crate) fn assert_request(sent: &HttpRequest, golden: &Json) {
    assert_eq!(golden.get("url").and_then(Json::as_str), Some(sent.url.as_str()));
    let headers: Vec<(String, Json)> =
        sent.headers.iter().map(|(name, value)| (name.clone(), Json::from(value.as_str()))).collect();
    assert_eq!(golden.get("headers"), Some(&Json::Object(headers)));
    let sorted = |body: &Json| {
        let mut members = body.members().expect("an object").to_vec();
        members.sort_by(|a, b| a.0.cmp(&b.0));
        members
    };
    assert_eq!(sorted(sent.body.as_ref().expect("a body")), sorted(golden.get("body").expect("a body")));
}

/// What a failure reply must come to: (status, body, code, retryable, requests made).
pub(crate) type FailureRow<'a> = (u16, &'a str, &'a str, bool);

/// Runs a failure through the client, always answered the same way.
#[track_caller]
pub(crate) fn check_failure(provider: impl Provider + 'static, row: FailureRow<'_>) -> Error {
    let (status, body, code, retryable) = row;
    let transport = FakeTransport::new((0..3).map(|_| Ok(reply(status, body))));
    let (outcome, attempts) = rank(provider, draft("question", &["answer"]), Some("key-0123"), &transport);
    let error = outcome.expect_err("a failure");
    assert_eq!(error.kind().code(), code, "{row:?}: {error}");
    assert_eq!(error.is_retryable(), retryable, "{row:?}: {error}");
    assert_eq!(error.status(), Some(status), "{row:?}");
    assert_eq!(attempts.len(), if retryable { 3 } else { 1 }, "{row:?}");
    error
}
