//! Qianfan with AK/SK: what is signed, the clock, and what a refusal says.

use crate::support::{FakeTransport, draft, rank_with, reply};
use rerank_wasm::error::ErrorKind;
use rerank_wasm::http::{HttpReply, HttpRequest};
use rerank_wasm::remote::keys::Keys;
use rerank_wasm::remote::qianfan::{Auth, Qianfan};
use rerank_wasm::remote::{RemoteReranker, Settings};

const URL: &str = "https://aip.baidubce.com/rpc/2.0/ai_custom/v1/wenxinworkshop/reranker/bce_reranker_base";
const KEYS: Keys<'static> = Keys { key: Some("AKTEST"), secret: Some("SKTEST"), session_token: None };
/// 2024-01-02T03:04:05Z
const NOW_MS: f64 = 1_704_164_645_000.0;
const EXPIRED: &str = r#"{"code":"RequestExpired","message":"Request has expired","requestId":"r"}"#;

fn reranker(url: &str) -> RemoteReranker {
    RemoteReranker::new(Box::new(Qianfan::new(url.into(), None, Auth::Iam)), Settings::default())
}

fn ranked() -> HttpReply {
    reply(200, r#"{"results":[{"index":0,"relevance_score":0.5}]}"#)
}

fn expired(date: &str) -> HttpReply {
    HttpReply { headers: vec![("date".into(), date.into())], ..reply(400, EXPIRED) }
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> &'a str {
    let found = request.headers.iter().find(|(held, _)| held == name);
    found.map_or("", |(_, value)| value)
}

#[test]
fn host_and_date_are_signed_and_no_token_travels() {
    let transport = FakeTransport::new([Ok(ranked())]);
    transport.clock.set(NOW_MS + 999.0);
    assert!(rank_with(&reranker(URL), draft("q", &["a"]), KEYS, &transport).0.is_ok());
    let sent = &transport.sent.borrow()[0];
    assert_eq!((sent.url.as_str(), header(sent, "x-bce-date")), (URL, "2024-01-02T03:04:05Z"));
    let signature = "5e72667ee113e89b28924c54016595abcf851b47b40e1773d98a2cadb4286b30";
    let expected = format!("bce-auth-v1/AKTEST/2024-01-02T03:04:05Z/1800/host;x-bce-date/{signature}");
    assert_eq!(header(sent, "authorization"), expected);
}

#[test]
fn a_session_token_is_sent_and_signed() {
    let transport = FakeTransport::new([Ok(ranked())]);
    let keys = Keys { session_token: Some("session/+="), ..KEYS };
    assert!(rank_with(&reranker(URL), draft("q", &["a"]), keys, &transport).0.is_ok());
    let sent = &transport.sent.borrow()[0];
    assert_eq!(header(sent, "x-bce-security-token"), "session/+=");
    assert!(header(sent, "authorization").contains("/host;x-bce-date;x-bce-security-token/"));
}

#[test]
fn port_path_and_query_of_the_address_are_signed_as_they_are_meant() {
    let signature = |url: &str| {
        let transport = FakeTransport::new([Ok(ranked())]);
        assert!(rank_with(&reranker(url), draft("q", &["a"]), KEYS, &transport).0.is_ok());
        let sent = &transport.sent.borrow()[0];
        header(sent, "authorization").rsplit('/').next().expect("a signature").to_owned()
    };
    assert_ne!(signature("https://a.example/rerank"), signature("https://a.example:8443/rerank"));
    assert_ne!(signature("https://a.example/rerank"), signature("https://a.example/rerank?a="));
    assert_eq!(signature("https://a.example/rerank?b=%e6%b5%8b&a"), signature("https://a.example/rerank?a=&b=测"));
    assert_eq!(signature("https://a.example/%7ea/rerank"), signature("https://a.example/~a/rerank"));
    assert_eq!(signature("https://a.example"), signature("https://a.example/"));
}

#[test]
fn a_wrong_clock_is_set_by_the_service_and_the_call_signed_anew() {
    let transport = FakeTransport::new([Ok(expired("Tue, 02 Jan 2024 04:04:05 GMT")), Ok(ranked()), Ok(ranked())]);
    transport.clock.set(NOW_MS);
    let reranker = reranker(URL);
    let (outcome, attempts) = rank_with(&reranker, draft("q", &["a"]), KEYS, &transport);
    assert!(outcome.is_ok());
    assert_eq!(attempts.iter().map(|attempt| attempt.decision).collect::<Vec<_>>(), ["retry", "done"]);
    assert!(rank_with(&reranker, draft("q", &["a"]), KEYS, &transport).0.is_ok());
    let dates: Vec<String> = transport.sent.borrow().iter().map(|sent| header(sent, "x-bce-date").to_owned()).collect();
    assert_eq!(dates, ["2024-01-02T03:04:05Z", "2024-01-02T04:04:05Z", "2024-01-02T04:04:05Z"]);
}

#[test]
fn a_request_that_stays_expired_is_tried_once_more_and_only_where_the_service_tells_the_time() {
    let date = "Tue, 02 Jan 2024 04:04:05 GMT";
    for (replies, requests) in
        [(vec![expired(date), expired(date)], 2), (vec![expired("soon")], 1), (vec![reply(400, EXPIRED)], 1)]
    {
        let transport = FakeTransport::new(replies.into_iter().map(Ok));
        let (outcome, _) = rank_with(&reranker(URL), draft("q", &["a"]), KEYS, &transport);
        let error = outcome.expect_err("expired");
        assert_eq!((error.kind(), transport.sent.borrow().len()), (ErrorKind::Unauthorized, requests));
        assert!(error.to_string().contains("check this machine's clock"), "{error}");
    }
}

#[test]
fn a_refusal_tells_the_two_pairs_of_keys_apart_and_repeats_neither() {
    let rows = [
        (403, "InvalidAccessKeyId", "not an application's API Key"),
        (400, "SignatureDoesNotMatch", "not an application's Secret Key"),
        (401, "invalid_iam_token", "one pair, AK/SK another"),
    ];
    for (status, code, sentence) in rows {
        let transport = FakeTransport::answering(move |sent| {
            let said = header(sent, "authorization").replace('"', "");
            let body = format!(r#"{{"code":"{code}","message":"AKTEST {said}","requestId":"r-1"}}"#);
            Ok(reply(status, &body))
        });
        let error = rank_with(&reranker(URL), draft("q", &["a"]), KEYS, &transport).0.expect_err("refused");
        assert_eq!((error.kind(), error.request_id()), (ErrorKind::Unauthorized, Some("r-1")));
        let shown = format!("{error:?}");
        assert!(shown.contains(sentence) && !shown.contains("AKTEST") && !shown.contains("bce-auth-v1/"), "{shown}");
    }
    // The gateway may say it in a header alone.
    let headers = vec![("x-bce-error-code".into(), "InvalidAccessKeyId".into())];
    let transport = FakeTransport::new([Ok(HttpReply { headers, ..reply(403, "{}") })]);
    let error = rank_with(&reranker(URL), draft("q", &["a"]), KEYS, &transport).0.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
}
