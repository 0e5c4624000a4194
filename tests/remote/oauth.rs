//! Qianfan's access token, bought with API Key and Secret Key: once however many wait, kept, shared, renewed once.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Waker};

use crate::support::{FakeTransport, call, draft, finish, finish_all, network, rank_with, reply};
use rerank_wasm::error::{Error, ErrorKind, Result};
use rerank_wasm::http::{HttpReply, HttpRequest};
use rerank_wasm::remote::keys::Keys;
use rerank_wasm::remote::qianfan::{Auth, Qianfan};
use rerank_wasm::remote::{RemoteReranker, Settings};
use rerank_wasm::request::RerankRequest;

const URL: &str = "https://aip.baidubce.com/rpc/2.0/ai_custom/v1/wenxinworkshop/reranker/bce_reranker_base";
const TOKEN_URL: &str = "https://aip.baidubce.com/oauth/2.0/token";
const KEYS: Keys<'static> = Keys { key: Some("api-key/1"), secret: Some("secret key&2"), session_token: None };
const SPENT: &str = r#"{"error_code":111,"error_msg":"Access token expired"}"#;

fn reranker() -> RemoteReranker {
    let auth = Auth::OAuth { token_url: TOKEN_URL.into() };
    RemoteReranker::new(Box::new(Qianfan::new(URL.into(), None, auth)), Settings::default())
}

fn bought(token: &str) -> HttpReply {
    let rest = r#""expires_in":2592000,"refresh_token":"r","scope":"public","session_key":"k","session_secret":"s""#;
    reply(200, &format!(r#"{{"access_token":"{token}",{rest}}}"#))
}

fn ranked() -> HttpReply {
    reply(200, r#"{"results":[{"index":0,"relevance_score":0.5}]}"#)
}

/// A service that sells the tokens t1, t2, … and takes only the last one sold.
fn shop(sold: &Rc<Cell<usize>>) -> impl Fn(&HttpRequest) -> Result<HttpReply> + 'static {
    let sold = Rc::clone(sold);
    move |request| {
        if request.url.starts_with(TOKEN_URL) {
            sold.set(sold.get() + 1);
            return Ok(bought(&format!("t{}", sold.get())));
        }
        let good = request.url.ends_with(&format!("?access_token=t{}", sold.get()));
        Ok(if good { ranked() } else { reply(200, SPENT) })
    }
}

#[test]
fn the_purchase_is_as_documented_and_the_token_is_kept() {
    let transport = FakeTransport::new([Ok(bought("24.a/b")), Ok(ranked()), Ok(ranked())]);
    let reranker = reranker();
    for _ in 0..2 {
        assert!(rank_with(&reranker, draft("q", &["a"]), KEYS, &transport).0.is_ok());
    }
    let sent = transport.sent.borrow();
    let query = "?grant_type=client_credentials&client_id=api-key%2F1&client_secret=secret%20key%262";
    let json = |name: &str| (name.to_owned(), "application/json".to_owned());
    let purchase = HttpRequest {
        url: TOKEN_URL.to_owned() + query,
        headers: vec![json("content-type"), json("accept")],
        body: None,
    };
    assert_eq!(sent[0], purchase);
    for request in &sent[1..] {
        assert_eq!(request.url, URL.to_owned() + "?access_token=24.a%2Fb");
        assert_eq!(request.headers, [json("content-type")]);
    }
}

#[test]
fn a_token_is_bought_anew_shortly_before_its_end_and_for_other_keys() {
    let sold = Rc::default();
    let transport = FakeTransport::answering(shop(&sold));
    let reranker = reranker();
    let rank = |keys| assert!(rank_with(&reranker, draft("q", &["a"]), keys, &transport).0.is_ok());
    rank(KEYS);
    transport.clock.set((2_592_000.0 - 61.0) * 1000.0);
    rank(KEYS);
    assert_eq!(sold.get(), 1);
    transport.clock.set((2_592_000.0 - 60.0) * 1000.0);
    rank(KEYS);
    assert_eq!(sold.get(), 2);
    rank(Keys { secret: Some("another"), ..KEYS });
    assert_eq!(sold.get(), 3);
}

#[test]
fn many_calls_buy_one_token() {
    let sold = Rc::default();
    let transport = FakeTransport::answering(shop(&sold));
    let reranker = reranker();
    let request = RerankRequest::new(draft("q", &["a"])).expect("valid");
    let call = call(KEYS);
    let outcomes = finish_all((0..100).map(|_| reranker.rerank(&request, &call, &transport)));
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!((sold.get(), transport.sent.borrow().len()), (1, 101));
}

#[test]
fn a_purchase_that_fails_fails_all_who_wait_for_it_with_its_error() {
    let refused = r#"{"error":"invalid_client","error_description":"unknown client id"}"#;
    let transport = FakeTransport::answering(|_| Ok(reply(401, refused)));
    let reranker = reranker();
    let request = RerankRequest::new(draft("q", &["a"])).expect("valid");
    let call = call(KEYS);
    let outcomes = finish_all((0..50).map(|_| reranker.rerank(&request, &call, &transport)));
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_err_and(|e| e.kind() == ErrorKind::Unauthorized)));
    assert_eq!(transport.sent.borrow().len(), 1);
    assert!(finish(reranker.rerank(&request, &call, &transport)).is_err());
    assert_eq!(transport.sent.borrow().len(), 2, "a later call tries again");
}

#[test]
fn a_buyer_who_is_stopped_leaves_it_to_the_next() {
    let count = Cell::new(0);
    let transport = FakeTransport::answering(move |request| {
        count.set(count.get() + 1);
        match (count.get(), request.url.starts_with(TOKEN_URL)) {
            (1, _) => Err(Error::new(ErrorKind::Aborted, "the call was aborted")),
            (_, true) => Ok(bought("t")),
            (_, false) => Ok(ranked()),
        }
    });
    let reranker = reranker();
    let request = RerankRequest::new(draft("q", &["a"])).expect("valid");
    let call = call(KEYS);
    let outcomes = finish_all((0..3).map(|_| reranker.rerank(&request, &call, &transport)));
    let kinds: Vec<_> = outcomes.into_iter().map(|outcome| outcome.err().map(|error| error.kind())).collect();
    assert_eq!(kinds, [Some(ErrorKind::Aborted), None, None]);
    assert_eq!((transport.sent_to(TOKEN_URL), transport.sent_to(URL)), (2, 2));
}

#[test]
fn a_buyer_who_never_comes_back_is_not_waited_for_forever() {
    let sold = Rc::default();
    let transport = FakeTransport::answering(shop(&sold));
    let reranker = reranker();
    let request = RerankRequest::new(draft("q", &["a"])).expect("valid");
    let call = call(KEYS);
    // A Worker's request that was cut off: its future is neither run nor dropped any more.
    let mut lost = Box::pin(reranker.rerank(&request, &call, &transport));
    assert!(lost.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert!(finish(reranker.rerank(&request, &call, &transport)).is_ok());
    assert_eq!((sold.get(), transport.sent_to(TOKEN_URL)), (1, 2));
    assert_eq!(transport.clock.get(), 35_000.0, "an attempt's time, and the store's");
}

#[test]
fn an_expired_token_is_renewed_once_and_the_call_replayed() {
    let sold = Rc::default();
    let transport = FakeTransport::answering(shop(&sold));
    let reranker = reranker();
    let rank = || rank_with(&reranker, draft("q", &["a"]), KEYS, &transport);
    assert!(rank().0.is_ok());
    // Somebody else bought one since.
    sold.set(5);
    let (outcome, attempts) = rank();
    assert!(outcome.is_ok());
    let told: Vec<_> = attempts.iter().map(|attempt| (attempt.number, attempt.decision)).collect();
    assert_eq!(told, [(1, "retry"), (2, "done")]);
    assert_eq!(sold.get(), 6);
    // All at once: one renewal serves them all.
    sold.set(9);
    let request = RerankRequest::new(draft("q", &["a"])).expect("valid");
    let call = call(KEYS);
    let outcomes = finish_all((0..20).map(|_| reranker.rerank(&request, &call, &transport)));
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(sold.get(), 10);
}

#[test]
fn a_token_that_is_never_taken_is_unauthorized_after_one_renewal() {
    for body in [SPENT, r#"{"error_code":110,"error_msg":"m"}"#, r#"{"error_code":"110","error_msg":"m"}"#] {
        let transport =
            FakeTransport::new([Ok(bought("t1")), Ok(reply(200, body)), Ok(bought("t2")), Ok(reply(200, body))]);
        let (outcome, attempts) = rank_with(&reranker(), draft("q", &["a"]), KEYS, &transport);
        let error = outcome.expect_err("refused");
        assert_eq!((error.kind(), error.is_retryable(), attempts.len()), (ErrorKind::Unauthorized, false, 2));
    }
    // Given and not bought, it is not renewed.
    let transport = FakeTransport::new([Ok(reply(200, SPENT))]);
    let given = RemoteReranker::new(Box::new(Qianfan::new(URL.into(), None, Auth::AccessToken)), Settings::default());
    let (outcome, attempts) = rank_with(&given, draft("q", &["a"]), Keys::one(Some("t")), &transport);
    assert_eq!((outcome.expect_err("refused").kind(), attempts.len()), (ErrorKind::Unauthorized, 1));
}

#[test]
fn a_store_spares_the_purchase() {
    let sold = Rc::default();
    let transport = FakeTransport::answering(shop(&sold));
    for _ in 0..3 {
        assert!(rank_with(&reranker(), draft("q", &["a"]), KEYS, &transport).0.is_ok());
    }
    assert_eq!(sold.get(), 1);
    {
        let store = transport.store.borrow();
        let [(name, value, life)] = store.as_slice() else { panic!("one entry: {store:?}") };
        assert!(name.starts_with("rerank-wasm/qianfan/") && !name.contains("api-key"), "{name}");
        assert_eq!((value.as_str(), life.as_secs()), ("2591940000 t1", 2_591_940));
    }
    // The store's token is spent: a new one is bought and stored, and the old one not taken from there again.
    sold.set(3);
    assert!(rank_with(&reranker(), draft("q", &["a"]), KEYS, &transport).0.is_ok());
    assert_eq!(sold.get(), 4);
    assert!(transport.store.borrow().last().is_some_and(|(_, value, _)| value.ends_with(" t4")));
    // Another Worker was faster: its token is taken from the store.
    let slow = reranker();
    assert!(rank_with(&slow, draft("q", &["a"]), KEYS, &transport).0.is_ok());
    sold.set(7);
    let name = transport.store.borrow()[0].0.clone();
    transport.store.borrow_mut().push((name.clone(), "9999999999999 t7".into(), std::time::Duration::ZERO));
    assert!(rank_with(&slow, draft("q", &["a"]), KEYS, &transport).0.is_ok());
    assert_eq!(sold.get(), 7);
    for odd in ["", "t7", " t7", "9999999999999 ", "x t7", "1 t7"] {
        transport.clock.set(2000.0);
        transport.store.borrow_mut().push((name.clone(), odd.into(), std::time::Duration::ZERO));
        let before = sold.get();
        assert!(rank_with(&reranker(), draft("q", &["a"]), KEYS, &transport).0.is_ok());
        assert_eq!(sold.get(), before + 1, "{odd:?} is no token of ours");
    }
}

#[test]
fn what_the_token_service_says_means_what_it_means() {
    let rows = [
        (401, r#"{"error":"invalid_client","error_description":"unknown client id"}"#, "unauthorized", 1),
        (200, r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#, "unauthorized", 1),
        (400, r#"{"error":"unsupported_grant_type","error_description":"m"}"#, "provider_unavailable", 3),
        (200, r#"{"error":"server_error"}"#, "provider_unavailable", 3),
        (200, "{}", "bad_response", 1),
        (200, r#"{"access_token":""}"#, "bad_response", 1),
        (200, r#"{"access_token":5}"#, "bad_response", 1),
        (502, "{}", "provider_unavailable", 3),
        (429, "{}", "rate_limited", 3),
        (302, "{}", "bad_response", 1),
    ];
    for (status, body, code, requests) in rows {
        let transport = FakeTransport::new((0..3).map(|_| Ok(reply(status, body))));
        let (outcome, attempts) = rank_with(&reranker(), draft("q", &["a"]), KEYS, &transport);
        let error = outcome.expect_err(body);
        assert_eq!((error.kind().code(), error.status()), (code, Some(status)), "{body}: {error}");
        assert_eq!((transport.sent.borrow().len(), attempts.len()), (requests, requests), "{body}");
        assert!(error.to_string().starts_with("qianfan's token service answered status"), "{error}");
    }
    let transport = FakeTransport::new([Err(network()), Ok(bought("t")), Ok(ranked())]);
    assert!(rank_with(&reranker(), draft("q", &["a"]), KEYS, &transport).0.is_ok());
}

#[test]
fn no_error_repeats_keys_or_token() {
    let bodies = [
        r#"{"error":"invalid_client","error_description":"bad secret key&2 of api-key/1"}"#,
        r#"{"error":"secret key&2"}"#,
        r#"{"error":"api-key/1","error_description":"client_secret=secret%20key%262"}"#,
    ];
    for body in bodies {
        let transport = FakeTransport::new((0..3).map(|_| Ok(reply(400, body))));
        let error = rank_with(&reranker(), draft("q", &["a"]), KEYS, &transport).0.expect_err(body);
        let shown = format!("{error:?} {error}");
        assert!(!shown.contains("api-key") && !shown.contains("secret key"), "{shown}");
    }
    let parrot = r#"{"error_code":336003,"error_msg":"refused ?access_token=24.token-1"}"#;
    let transport = FakeTransport::new([Ok(bought("24.token-1")), Ok(reply(200, parrot))]);
    let error = rank_with(&reranker(), draft("q", &["a"]), KEYS, &transport).0.expect_err("refused");
    assert!(!format!("{error:?}").contains("24.token"), "{error:?}");
}
