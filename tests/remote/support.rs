//! A network that is a list: what goes out is kept, what comes back was put there before. No clock, no wait.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use rerank_wasm::error::{Error, Result};
use rerank_wasm::http::{HttpReply, HttpRequest, ReplyBody, Transport};
use rerank_wasm::json::Json;
use rerank_wasm::remote::call::{Attempt, Call, DEFAULT_TIMEOUT};
use rerank_wasm::remote::keys::Keys;
use rerank_wasm::remote::provider::Provider;
use rerank_wasm::remote::retry::RetryPolicy;
use rerank_wasm::remote::split::Ranked;
use rerank_wasm::remote::{RemoteReranker, Settings};
use rerank_wasm::request::{RequestDraft, RerankRequest};

/// What a test answers to a request.
type Answer = Box<dyn Fn(&HttpRequest) -> Result<HttpReply>>;

/// What comes back for each request, in order.
#[derive(Default)]
pub(crate) struct FakeTransport {
    pub(crate) replies: RefCell<VecDeque<Result<HttpReply>>>,
    /// In place of the list.
    pub(crate) answer: Option<Answer>,
    /// Told of each request.
    pub(crate) on_send: Option<Box<dyn Fn()>>,
    /// Polls that each request takes before its reply is there.
    pub(crate) delay: Cell<usize>,
    pub(crate) sent: RefCell<Vec<HttpRequest>>,
    pub(crate) slept: RefCell<Vec<Duration>>,
    /// Milliseconds since 1970; sleeping moves it.
    pub(crate) clock: Cell<f64>,
    /// The caller's store.
    pub(crate) store: RefCell<Vec<(String, String, Duration)>>,
}

impl FakeTransport {
    pub(crate) fn new(replies: impl IntoIterator<Item = Result<HttpReply>>) -> Self {
        Self { replies: RefCell::new(replies.into_iter().collect()), ..Self::default() }
    }

    /// Answers each request by itself, after a while.
    pub(crate) fn answering(answer: impl Fn(&HttpRequest) -> Result<HttpReply> + 'static) -> Self {
        Self { answer: Some(Box::new(answer)), delay: Cell::new(3), ..Self::default() }
    }

    /// Requests whose address holds `part`.
    pub(crate) fn sent_to(&self, part: &str) -> usize {
        self.sent.borrow().iter().filter(|request| request.url.contains(part)).count()
    }
}

/// Lets others run, so many times.
async fn pause(mut polls: usize) {
    poll_fn(|context| {
        polls = polls.saturating_sub(1);
        context.waker().wake_by_ref();
        if polls == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl Transport for FakeTransport {
    async fn send(&self, request: &HttpRequest, _: Duration) -> Result<HttpReply> {
        self.sent.borrow_mut().push(request.clone());
        if let Some(on_send) = &self.on_send {
            on_send();
        }
        if self.delay.get() > 0 {
            pause(self.delay.get()).await;
        }
        if let Some(answer) = &self.answer {
            return answer(request);
        }
        self.replies.borrow_mut().pop_front().expect("a request beyond those that were expected")
    }

    async fn sleep(&self, wait: Duration) -> Result<()> {
        self.slept.borrow_mut().push(wait);
        if self.delay.get() > 0 {
            pause(2 * self.delay.get()).await;
        }
        self.clock.set(self.clock.get() + wait.as_secs_f64() * 1000.0);
        Ok(())
    }

    async fn recall(&self, name: &str) -> Option<String> {
        let store = self.store.borrow();
        store.iter().rev().find(|(stored, ..)| stored == name).map(|(_, value, _)| value.clone())
    }

    async fn keep(&self, name: &str, value: &str, life: Duration) {
        self.store.borrow_mut().push((name.to_owned(), value.to_owned(), life));
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
    key: Option<&str>,
    transport: &FakeTransport,
) -> (Result<Ranked>, Vec<Attempt>) {
    rank_with(&RemoteReranker::new(Box::new(provider), Settings::default()), draft, Keys::one(key), transport)
}

/// A call with two retries, of which nothing is told.
pub(crate) fn call(keys: Keys<'_>) -> Call<'_> {
    Call {
        keys,
        timeout: DEFAULT_TIMEOUT,
        policy: RetryPolicy { retries: 2, deadline: None },
        headers: &[],
        debug_bodies: false,
        on_attempt: &|_| {},
        on_progress: &|_, _| {},
    }
}

/// Ranks with a reranker that lives on.
pub(crate) fn rank_with(
    reranker: &RemoteReranker,
    draft: RequestDraft,
    keys: Keys<'_>,
    transport: &FakeTransport,
) -> (Result<Ranked>, Vec<Attempt>) {
    let attempts = RefCell::new(Vec::new());
    let note = |attempt: &Attempt| attempts.borrow_mut().push(attempt.clone());
    let call = Call { on_attempt: &note, ..call(keys) };
    let request = RerankRequest::new(draft).expect("a valid request");
    let outcome = finish(reranker.rerank(&request, &call, transport));
    (outcome, attempts.into_inner())
}

/// Runs a future to its end. Fails where it waits for something that nobody will wake it for.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    let alarm = Arc::new(Alarm::default());
    let waker = Waker::from(Arc::clone(&alarm));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        assert!(alarm.0.swap(false, Ordering::Relaxed), "the future waits for something that will not come");
    }
}

/// Runs futures side by side; outcomes in their order.
pub(crate) fn finish_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut ended: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    finish(poll_fn(|context| {
        for (future, ended) in futures.iter_mut().zip(&mut ended).filter(|(_, ended)| ended.is_none()) {
            if let Poll::Ready(value) = future.as_mut().poll(context) {
                *ended = Some(value);
            }
        }
        if ended.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    }));
    ended.into_iter().flatten().collect()
}

#[derive(Default)]
struct Alarm(AtomicBool);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
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

/// The reply of a service of the tests' own: the score of a document is the number it ends with.
pub(crate) fn scores_of(part: &[&str]) -> HttpReply {
    let score = |document: &&str| document.rsplit(' ').next().expect("a number").to_owned();
    let results: Vec<String> = part
        .iter()
        .enumerate()
        .map(|(index, document)| format!(r#"{{"index":{index},"relevance_score":{}}}"#, score(document)))
        .collect();
    let usage = r#""usage":{"prompt_tokens":10,"total_tokens":20}"#;
    reply(200, &format!(r#"{{"results":[{}],{usage}}}"#, results.join(",")))
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
