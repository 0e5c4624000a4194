//! A thousand seeded schedules of faults: each call ends in the right ranking or the right typed error, within its budget.
//!
//! A schedule says for each part of a call what its first, second, third … request comes to. A few lines that know nothing of
//! the client say what must come of it; the client then runs against a network that does as scheduled.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::support::{FakeTransport, call, draft, finish, network, reply, scores_of};
use rerank_wasm::error::{Error, ErrorKind, Result};
use rerank_wasm::http::{HttpReply, HttpRequest, ReplyBody};
use rerank_wasm::json::Json;
use rerank_wasm::remote::call::{Attempt, Call};
use rerank_wasm::remote::keys::Keys;
use rerank_wasm::remote::qianfan::{Auth, Qianfan};
use rerank_wasm::remote::retry::RetryPolicy;
use rerank_wasm::remote::{RemoteReranker, Settings};
use rerank_wasm::request::{RequestDraft, RerankRequest};

const URL: &str = "https://aip.baidubce.com/bce_reranker_base";
const TOKEN_URL: &str = "https://aip.baidubce.com/oauth/2.0/token";

/// What one request comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    Reset,
    Timeout,
    Status(u16),
    /// 429, told to wait so many seconds.
    Wait(u64),
    /// 429 with nothing left of the minute.
    UsedUp,
    /// HTTP 200 and an error in the body.
    Code(u32),
    /// The token has expired.
    Spent,
    NotJson,
    WrongIndex,
}

const FAULTS: [Fault; 21] = [
    Fault::Reset,
    Fault::Timeout,
    Fault::Status(500),
    Fault::Status(502),
    Fault::Status(503),
    Fault::Status(408),
    Fault::Status(400),
    Fault::Status(401),
    Fault::Status(429),
    Fault::Wait(0),
    Fault::Wait(7),
    Fault::Wait(3600),
    Fault::UsedUp,
    Fault::Code(2),
    Fault::Code(18),
    Fault::Code(17),
    Fault::Code(336_003),
    Fault::Code(336_501),
    Fault::Spent,
    Fault::NotJson,
    Fault::WrongIndex,
];

/// What must be said of a request that came to `fault`: kind, and whether another attempt makes sense.
fn verdict(fault: Fault) -> Option<(ErrorKind, bool)> {
    Some(match fault {
        Fault::None => return None,
        Fault::Reset => (ErrorKind::Network, true),
        Fault::Timeout | Fault::Status(408) => (ErrorKind::Timeout, true),
        Fault::Status(500..) | Fault::Code(2) => (ErrorKind::ProviderUnavailable, true),
        Fault::Status(401) | Fault::Spent => (ErrorKind::Unauthorized, false),
        Fault::Status(429) | Fault::UsedUp | Fault::Code(18 | 336_501) => (ErrorKind::RateLimited, true),
        // Who tells us to wait for an hour is not waited for.
        Fault::Wait(seconds) => (ErrorKind::RateLimited, seconds <= 60),
        Fault::Code(17) => (ErrorKind::QuotaExhausted, false),
        Fault::Status(_) | Fault::Code(_) => (ErrorKind::InvalidRequest, false),
        Fault::NotJson | Fault::WrongIndex => (ErrorKind::BadResponse, false),
    })
}

fn answer(fault: Fault, documents: &[&str]) -> Result<HttpReply> {
    let with = |name: &str, value: String| HttpReply { headers: vec![(name.into(), value)], ..reply(429, "{}") };
    Ok(match fault {
        Fault::None => scores_of(documents),
        Fault::Reset => return Err(network()),
        Fault::Timeout => return Err(Error::new(ErrorKind::Timeout, "no answer").with_retryable(true)),
        Fault::Status(status) => reply(status, "{}"),
        Fault::Wait(seconds) => with("retry-after", seconds.to_string()),
        Fault::UsedUp => with("x-ratelimit-remaining-requests", "0".into()),
        Fault::Code(code) => reply(200, &format!(r#"{{"error_code":{code},"error_msg":"m"}}"#)),
        Fault::Spent => reply(200, r#"{"error_code":111,"error_msg":"Access token expired"}"#),
        Fault::NotJson => HttpReply { body: ReplyBody::Other { size: 9 }, ..reply(200, "{}") },
        Fault::WrongIndex => reply(200, r#"{"results":[{"index":64,"relevance_score":1}]}"#),
    })
}

/// What a part must come to, and with how many requests.
fn expected(schedule: &[Fault], retries: usize, can_renew: bool) -> (Option<ErrorKind>, usize) {
    let (mut failures, mut renewed) = (0, !can_renew);
    for (requests, fault) in schedule.iter().chain(std::iter::repeat(&Fault::None)).enumerate() {
        let Some((kind, retryable)) = verdict(*fault) else { return (None, requests + 1) };
        if *fault == Fault::Spent && !renewed {
            renewed = true;
            continue;
        }
        failures += 1;
        if !retryable || failures > retries {
            return (Some(kind), requests + 1);
        }
    }
    unreachable!("a schedule ends well")
}

struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % most
    }

    fn schedule(&mut self) -> Vec<Fault> {
        let count = [0, 0, 0, 1, 1, 2, 2, 3, 4][self.below(9)];
        // Most faults pass, else few calls would end well; and tokens expire more than once.
        let mut fault = || match self.below(8) {
            0..3 => FAULTS[self.below(5)],
            3..5 => Fault::Spent,
            _ => FAULTS[self.below(FAULTS.len())],
        };
        (0..count).map(|_| fault()).collect()
    }
}

fn documents_of(request: &HttpRequest) -> Vec<&str> {
    let documents = request.body.as_ref().and_then(|body| body.get("documents")).and_then(Json::elements);
    documents.expect("documents").iter().filter_map(Json::as_str).collect()
}

/// Whether it ended in a ranking.
fn run(seed: u64) -> bool {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let (parts, retries, is_oauth) = (1 + random.below(6), random.below(4), random.below(2) == 0);
    let count = parts * 64 - random.below(64);
    let schedules: Vec<Vec<Fault>> = (0..parts).map(|_| random.schedule()).collect();
    let expected: Vec<_> = schedules.iter().map(|schedule| expected(schedule, retries, is_oauth)).collect();
    let documents: Vec<String> = (0..count).map(|index| format!("document{index} {}", random.below(50))).collect();

    // The network: what each part was sent, by its first document, and how often.
    let sent: Rc<RefCell<HashMap<usize, usize>>> = Rc::default();
    let log = Rc::clone(&sent);
    let tokens = RefCell::new(0);
    let network = FakeTransport::answering(move |request| {
        if request.url.starts_with(TOKEN_URL) {
            *tokens.borrow_mut() += 1;
            return Ok(reply(200, &format!(r#"{{"access_token":"t{}","expires_in":2592000}}"#, tokens.borrow())));
        }
        let documents = documents_of(request);
        let first = documents[0].trim_start_matches("document").split(' ').next().expect("a number");
        let part = first.parse::<usize>().expect("a number") / 64;
        let mut sent = log.borrow_mut();
        let attempt = sent.entry(part).or_default();
        *attempt += 1;
        answer(*schedules[part].get(*attempt - 1).unwrap_or(&Fault::None), &documents)
    });
    network.delay.set(random.below(5));

    let (auth, keys) = match is_oauth {
        true => (
            Auth::OAuth { token_url: TOKEN_URL.into() },
            Keys { key: Some("k"), secret: Some("s"), session_token: None },
        ),
        false => (Auth::AccessToken, Keys::one(Some("t"))),
    };
    let settings = Settings { max_concurrency: 1 + random.below(6), ..Settings::default() };
    let reranker = RemoteReranker::new(Box::new(Qianfan::new(URL.into(), None, auth)), settings);
    let top_n = 1 + random.below(count);
    let texts: Vec<&str> = documents.iter().map(String::as_str).collect();
    let request = RequestDraft { top_n: Some(top_n as f64), ..draft("question", &texts) };
    let request = RerankRequest::new(request).expect("valid");
    let sent_at_the_end = RefCell::new(None);
    let on_attempt = |attempt: &Attempt| {
        if attempt.decision == "fail" {
            assert!(sent_at_the_end.replace(Some(network.sent.borrow().len())).is_none(), "one failure ends all");
        }
    };
    let policy = RetryPolicy { retries: retries as u32, deadline: None };
    let outcome = finish(reranker.rerank(&request, &Call { policy, on_attempt: &on_attempt, ..call(keys) }, &network));

    for (part, (_, most)) in expected.iter().enumerate() {
        let requests = sent.borrow().get(&part).copied().unwrap_or(0);
        assert!(requests <= *most, "seed {seed}: part {part} took {requests} requests, {most} are its budget");
        assert!(outcome.is_err() || requests == *most, "seed {seed}: part {part} took {requests} of {most} requests");
    }
    let wrong: Vec<ErrorKind> = expected.iter().filter_map(|(kind, _)| *kind).collect();
    match outcome {
        Ok(ranked) => {
            assert!(wrong.is_empty(), "seed {seed}: expected one of {wrong:?}, found a ranking");
            let score = |index: usize| documents[index].rsplit(' ').next().and_then(|it| it.parse::<f64>().ok());
            let mut whole: Vec<(usize, f64)> =
                (0..count).map(|index| (index, score(index).expect("a score"))).collect();
            whole.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            whole.truncate(top_n);
            let found: Vec<_> = ranked.ranking.scored().iter().map(|scored| (scored.index, scored.score)).collect();
            assert_eq!(found, whole, "seed {seed}");
            true
        }
        Err(error) => {
            assert!(wrong.contains(&error.kind()), "seed {seed}: expected one of {wrong:?}, found {error}");
            let at_the_end = sent_at_the_end.into_inner();
            assert_eq!(at_the_end, Some(network.sent.borrow().len()), "seed {seed}: nothing is sent after the failure");
            false
        }
    }
}

#[test]
fn a_thousand_schedules_end_in_the_right_ranking_or_the_right_error() {
    let ranked = (1..=1000).filter(|seed| run(*seed)).count();
    assert!((200..800).contains(&ranked), "{ranked} of a thousand end in a ranking: the schedules test too little");
}
