//! DMXAPI: the documented exchange word by word, and every documented failure.

use crate::support::{FakeTransport, assert_request, check_failure, draft, golden, network, rank, reply};
use rerank_wasm::error::{ErrorKind, ProviderCode};
use rerank_wasm::json::Json;
use rerank_wasm::remote::dmxapi::{AuthScheme, Dmxapi};
use rerank_wasm::request::RequestDraft;

const DOCUMENTS: [&str; 3] = [
    "预防感冒应勤洗手、戴口罩,保持室内通风(来源:协和医院研究)",
    "流感疫苗每年10月接种最佳,可降低70%感染风险(来源:卫健委2024指南)",
    "维生素C对感冒的预防效果存在争议(来源:JAMA医学期刊)",
];

fn dmxapi(scheme: AuthScheme) -> Dmxapi {
    Dmxapi::new("https://www.dmxapi.cn/v1/rerank".into(), None, scheme)
}

#[test]
fn the_documented_request_is_sent_and_its_reply_loses_no_key() {
    let page = golden("dmxapi/page.reply.json");
    let body = serde_json::to_string(&page).expect("text");
    let transport = FakeTransport::new([Ok(reply(200, &body))]);
    let request = RequestDraft {
        top_n: Some(3.0),
        max_chunks_per_doc: Some(10.0),
        overlap_tokens: Some(80.0),
        return_documents: Some(true),
        ..draft("如何预防感冒", &DOCUMENTS)
    };
    let (ranked, _) = rank(dmxapi(AuthScheme::Raw), request, Some("sk-golden"), &transport);
    let ranked = ranked.expect("ranked");
    assert_request(&transport.sent.borrow()[0], &golden("dmxapi/page.request.json"));
    let scores: Vec<(usize, f64)> = ranked.ranking.scored().iter().map(|scored| (scored.index, scored.score)).collect();
    assert_eq!(scores, [(0, 0.97001), (1, 0.14573), (2, 0.02797)]);
    assert_eq!(ranked.reply.as_ref().and_then(|reply| reply.json()), Some(&page));
    let usage = ranked.usage.expect("usage");
    assert_eq!((usage.prompt_tokens, usage.total_tokens, usage.completion_tokens), (0.0, 0.0, Some(0.0)));
    let details: Vec<&str> = usage.details.iter().map(|(key, _)| key.as_str()).collect();
    let all: Vec<&str> =
        page.get("usage").and_then(Json::members).expect("usage").iter().map(|(key, _)| key.as_str()).collect();
    let counted = ["prompt_tokens", "completion_tokens", "total_tokens"];
    assert_eq!(details, all.into_iter().filter(|key| !counted.contains(key)).collect::<Vec<_>>());
    assert!(ranked.warnings.is_empty());
}

#[test]
fn what_was_not_set_does_not_travel() {
    let transport = FakeTransport::new([Ok(reply(200, r#"{"results":[{"index":0,"relevance_score":0.5}]}"#))]);
    let (ranked, _) = rank(dmxapi(AuthScheme::Bearer), draft("q", &["a"]), None, &transport);
    assert_eq!(ranked.expect("ranked").model, "bge-reranker-v2-m3-free");
    let sent = &transport.sent.borrow()[0];
    let body = sent.body.as_ref().and_then(Json::members).expect("a body");
    let keys: Vec<&str> = body.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["model", "query", "documents", "return_documents"]);
    assert_eq!(sent.headers, [("content-type".to_owned(), "application/json".to_owned())]);
}

#[test]
fn a_key_stands_as_its_scheme_says_and_never_has_two_bearers() {
    let cases = [
        (AuthScheme::Raw, "sk-1", "sk-1"),
        (AuthScheme::Bearer, "sk-1", "Bearer sk-1"),
        (AuthScheme::Bearer, "Bearer sk-1", "Bearer sk-1"),
        (AuthScheme::Bearer, "bearer sk-1", "bearer sk-1"),
        (AuthScheme::Raw, "Bearer sk-1", "Bearer sk-1"),
    ];
    for (scheme, key, header) in cases {
        let transport = FakeTransport::new([Ok(reply(200, r#"{"results":[]}"#))]);
        let _ = rank(dmxapi(scheme), draft("q", &["a"]), Some(key), &transport);
        let sent = transport.sent.borrow()[0].headers.clone();
        assert!(sent.contains(&("authorization".into(), header.into())), "{scheme:?} {key}: {sent:?}");
    }
}

#[test]
fn every_documented_failure_means_what_it_means() {
    let rows = [
        (
            401,
            r#"{"error":{"code":"","type":"rix_api_error","message":"Invalid Token (request id: r1)"}}"#,
            "unauthorized",
            false,
        ),
        (
            401,
            r#"{"error":{"code":"","message":"Token amount has been exhausted … RemainQuota = 0"}}"#,
            "quota_exhausted",
            false,
        ),
        (
            401,
            r#"{"error":{"message":"[sk-***] 该令牌额度已用尽 !token.UnlimitedQuota && token.RemainQuota = 0"}}"#,
            "quota_exhausted",
            false,
        ),
        (403, r#"{"error":{"code":"insufficient_quota","message":"user quota"}}"#, "quota_exhausted", false),
        (403, r#"{"error":{"code":"insufficient_user_quota","message":"m"}}"#, "quota_exhausted", false),
        (403, r#"{"error":{"code":"pre_consume_token_quota_failed","message":"m"}}"#, "quota_exhausted", false),
        (429, r#"{"error":{"code":"RateLimitReached","message":"当前分组上游负载已饱和"}}"#, "rate_limited", true),
        (429, r#"{"error":{"code":null,"message":"(request id: r2)"}}"#, "rate_limited", true),
        (500, r#"{"error":{"code":"rate_limit","message":"limit_error"}}"#, "rate_limited", true),
        (400, r#"{"error":{"code":"token_concurrency_limit_reached","message":"m"}}"#, "rate_limited", true),
        (503, r#"{"error":{"code":"","message":"no channel"}}"#, "provider_unavailable", true),
        (500, r#"{"error":{"code":"do_request_failed","message":"m"}}"#, "provider_unavailable", true),
        (500, r#"{"error":{"code":"get_channel_failed","message":"m"}}"#, "provider_unavailable", true),
        (400, r#"{"error":{"code":"bad_response_status_code","message":"m"}}"#, "provider_unavailable", true),
        (500, r#"{"error":{"code":"empty_response","message":"m"}}"#, "provider_unavailable", true),
        (500, r#"{"error":{"code":"read_response_body_failed","message":"m"}}"#, "provider_unavailable", true),
        (500, r#"{"error":{"code":"channel:response_time_exceeded","message":"m"}}"#, "provider_unavailable", true),
        (500, r#"{"error":{"code":"channel:invalid_key","message":"m"}}"#, "provider_unavailable", false),
        (500, r#"{"error":{"code":"sensitive_words_detected","message":"m"}}"#, "invalid_request", false),
        (500, r#"{"error":{"code":"prompt_blocked","message":"m"}}"#, "invalid_request", false),
        (500, r#"{"error":{"code":"invalid_request","message":"m"}}"#, "invalid_request", false),
        (500, r#"{"error":{"code":"access_denied","message":"m"}}"#, "forbidden", false),
        (500, r#"{"error":{"code":"entitlement_missing","message":"m"}}"#, "forbidden", false),
        (500, r#"{"error":{"code":"model_not_found","message":"m"}}"#, "not_found", false),
        (500, r#"{"error":{"code":"model_price_error","message":"m"}}"#, "not_found", false),
        (403, r#"{"error":{"code":"","message":"IP not allowed"}}"#, "forbidden", false),
        (404, r#"{"detail":"Not Found"}"#, "not_found", false),
        (413, "{}", "too_long", false),
        (408, "{}", "timeout", true),
        (502, "{}", "provider_unavailable", true),
        (302, "{}", "bad_response", false),
        (200, r#"{"error":"something"}"#, "bad_response", false),
    ];
    for row in rows {
        check_failure(dmxapi(AuthScheme::Raw), row);
    }
}

#[test]
fn a_failure_says_what_to_do_and_where_to_ask() {
    let body = r#"{"error":{"code":"","message":"Invalid Token (request id: 2025abc)"}}"#;
    let error = check_failure(dmxapi(AuthScheme::Raw), (401, body, "unauthorized", false));
    let sentence = "dmxapi answered status 401: it does not accept the key; check it, or try authScheme: \"bearer\"; it says: Invalid Token";
    assert_eq!((error.to_string().as_str(), error.request_id()), (sentence, Some("2025abc")));
    let body = r#"{"error":{"code":"upstream_busy","message":"try later"}}"#;
    let error = check_failure(dmxapi(AuthScheme::Raw), (200, body, "bad_response", false));
    let sentence = "dmxapi answered status 200, code upstream_busy: an error it does not document; its support knows the request by its id; it says: try later";
    assert_eq!(error.to_string(), sentence);
    let body = r#"{"error":{"code":"rate_limit","message":"limit_error"}}"#;
    let error = check_failure(dmxapi(AuthScheme::Raw), (500, body, "rate_limited", true));
    assert_eq!(error.provider_code(), Some(&ProviderCode::Word("rate_limit".into())));
}

#[test]
fn words_that_repeat_what_was_sent_are_withheld() {
    for body in [
        r#"{"error":{"code":"x","message":"no answer to: question"}}"#,
        r#"{"error":{"code":"x","message":"invalid key key-01***"}}"#,
        r#"{"error":{"code":"key-0123","message":"m"}}"#,
    ] {
        let error = check_failure(dmxapi(AuthScheme::Raw), (400, body, "invalid_request", false));
        assert!(!error.to_string().contains("question") && !error.to_string().contains("key-01"), "{error}");
        assert_ne!(error.provider_code(), Some(&ProviderCode::Word("key-0123".into())));
    }
}

#[test]
fn a_failed_attempt_is_followed_by_another_and_each_is_told() {
    let good = reply(200, r#"{"results":[{"index":0,"relevance_score":0.5}]}"#);
    let transport = FakeTransport::new([Err(network()), Ok(reply(500, "{}")), Ok(good)]);
    let (ranked, attempts) = rank(dmxapi(AuthScheme::Raw), draft("q", &["a"]), Some("k-1"), &transport);
    assert!(ranked.is_ok());
    let told: Vec<_> = attempts.iter().map(|attempt| (attempt.number, attempt.status, attempt.decision)).collect();
    assert_eq!(told, [(1, None, "retry"), (2, Some(500), "retry"), (3, Some(200), "done")]);
    let slept: Vec<u128> = transport.slept.borrow().iter().map(std::time::Duration::as_millis).collect();
    assert_eq!(slept, [500, 1000]);
}

#[test]
fn replies_that_are_not_a_ranking_are_refused() {
    let cases = [
        (r#"{}"#, "results: expected an array, found none in the reply"),
        (r#"{"results":[{"relevance_score":1}]}"#, "results[0].index: expected a whole number from 0, found none"),
        (
            r#"{"results":[{"index":-1,"relevance_score":1}]}"#,
            "results[0].index: expected a whole number from 0, found none",
        ),
        (
            r#"{"results":[{"index":0.5,"relevance_score":1}]}"#,
            "results[0].index: expected a whole number from 0, found none",
        ),
        (r#"{"results":[{"index":2,"relevance_score":1}]}"#, "results[0].index: expected less than 2, found 2"),
        (
            r#"{"results":[{"index":0,"relevance_score":1},{"index":0,"relevance_score":1}]}"#,
            "results[1].index: expected each document once, found one twice",
        ),
        (
            r#"{"results":[{"index":0,"relevance_score":"1"}]}"#,
            "results[0].relevance_score: expected a finite number, found none",
        ),
    ];
    for (body, sentence) in cases {
        let transport = FakeTransport::new([Ok(reply(200, body))]);
        let (outcome, _) = rank(dmxapi(AuthScheme::Raw), draft("q", &["a", "b"]), None, &transport);
        let error = outcome.expect_err(body);
        assert_eq!(
            (error.kind().code(), error.to_string().as_str(), error.status()),
            ("bad_response", sentence, Some(200))
        );
    }
}

#[test]
fn a_service_that_leaves_documents_out_is_told_of() {
    let transport = FakeTransport::new([Ok(reply(200, r#"{"results":[{"index":1,"relevance_score":1}]}"#))]);
    let (ranked, _) = rank(dmxapi(AuthScheme::Raw), draft("q", &["a", "b"]), None, &transport);
    let warnings = ranked.expect("ranked").warnings;
    assert_eq!(warnings.iter().map(|warning| warning.code).collect::<Vec<_>>(), ["missing_results"]);
}

#[test]
fn what_the_proxy_passes_on_means_what_it_meant_at_the_service() {
    let body = r#"{"error":{"type":"rerank_error","code":"CODE","message":"qianfan answered no","retryable":false,
        "provider_code":17,"index":1,"request_id":"as-1"}}"#;
    for kind in ErrorKind::ALL {
        let transport = FakeTransport::new([Ok(reply(429, &body.replace("CODE", kind.code())))]);
        let (outcome, attempts) =
            rank(dmxapi(AuthScheme::Bearer), draft("question", &["answer", "b"]), None, &transport);
        let error = outcome.expect_err("an error");
        assert_eq!((error.kind(), attempts.len(), error.index()), (*kind, 1, Some(1)));
        assert_eq!(error.provider_code(), Some(&ProviderCode::Number(17.0)));
        assert_eq!((error.request_id(), error.status()), (Some("as-1"), Some(429)));
    }
    let parrot = body.replace("CODE", "too_long").replace("answered no", "answered: answer to a question");
    let transport = FakeTransport::new([Ok(reply(400, &parrot))]);
    let (outcome, _) = rank(dmxapi(AuthScheme::Bearer), draft("answer to a question", &["a"]), None, &transport);
    assert!(!outcome.expect_err("an error").to_string().contains("question"));
    // Of a later version, or of somebody else: what the status says.
    check_failure(dmxapi(AuthScheme::Bearer), (403, &body.replace("CODE", "unheard_of"), "forbidden", false));
}

#[test]
fn a_sibling_server_that_repeats_bare_strings_is_read() {
    let exchange = golden("infinity/exchange.json");
    let body = serde_json::to_string(exchange.get("reply").expect("a reply")).expect("text");
    let transport = FakeTransport::new([Ok(reply(200, &body))]);
    let asked = exchange.get("request").expect("a request");
    let documents: Vec<&str> =
        asked.get("documents").and_then(Json::elements).expect("documents").iter().filter_map(Json::as_str).collect();
    let request =
        RequestDraft { return_documents: Some(true), ..draft("What is the capital of Mongolia?", &documents) };
    let sibling = Dmxapi::new("http://127.0.0.1:7997/rerank".into(), Some("default-fp32".into()), AuthScheme::Bearer);
    let (ranked, _) = rank(sibling, request, None, &transport);
    let ranked = ranked.expect("ranked");
    assert_eq!(ranked.ranking.scored().iter().map(|scored| scored.index).collect::<Vec<_>>(), [1, 0]);
    assert_eq!((ranked.warnings.len(), ranked.model.as_str()), (0, "default-fp32"));
    let sent = transport.sent.borrow();
    for (name, value) in asked.members().expect("an object") {
        assert_eq!(sent[0].body.as_ref().and_then(|body| body.get(name)), Some(value), "{name}");
    }
}
