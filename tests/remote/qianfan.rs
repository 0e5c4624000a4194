//! Qianfan: the documented exchange word by word, limits, and every documented failure.

use crate::support::{FakeTransport, assert_request, check_failure, draft, golden, rank, reply, scores_of};
use rerank_wasm::error::ProviderCode;
use rerank_wasm::http::HttpReply;
use rerank_wasm::json::Json;
use rerank_wasm::remote::qianfan::{Auth, Qianfan};
use rerank_wasm::request::RequestDraft;

const V1: &str = "https://aip.baidubce.com/rpc/2.0/ai_custom/v1/wenxinworkshop/reranker/bce_reranker_base";

fn v1() -> Qianfan {
    Qianfan::new(V1.into(), None, Auth::AccessToken)
}

fn v2() -> Qianfan {
    Qianfan::new("https://qianfan.baidubce.com/v2/rerank".into(), None, Auth::Bearer)
}

#[test]
fn the_documented_request_is_sent_and_its_reply_loses_no_key() {
    let page = golden("qianfan/page.reply.json");
    let transport = FakeTransport::new([Ok(reply(200, &serde_json::to_string(&page).expect("text")))]);
    let request =
        RequestDraft {
            top_n: Some(2.0), user: Some("u-1".into()), ..draft("上海天气", &["上海气候", "北京美食"])
        };
    let (ranked, _) = rank(v1(), request, Some("24.golden"), &transport);
    let ranked = ranked.expect("ranked");
    assert_request(&transport.sent.borrow()[0], &golden("qianfan/page.request.json"));
    let scores: Vec<(usize, f64)> = ranked.ranking.scored().iter().map(|scored| (scored.index, scored.score)).collect();
    assert_eq!(scores, [(0, 0.70597), (1, 0.42414)]);
    assert_eq!((ranked.id.as_deref(), ranked.created), (Some("as-jbmhbt7tnb"), Some(1_712_816_454.0)));
    assert_eq!(ranked.usage.map(|usage| (usage.prompt_tokens, usage.total_tokens)), Some((12.0, 12.0)));
    assert_eq!(ranked.reply.as_ref().and_then(HttpReply::json), Some(&page));
    assert_eq!((ranked.model.as_str(), ranked.warnings.len()), ("bce_reranker_base", 0));
}

#[test]
fn a_token_is_escaped_and_joins_a_query_that_is_there() {
    let cases = [
        (V1.to_owned(), "24.a/b+c=d&e~-_.", format!("{V1}?access_token=24.a%2Fb%2Bc%3Dd%26e~-_.")),
        (format!("{V1}?x=1"), "t", format!("{V1}?x=1&access_token=t")),
    ];
    for (url, token, expected) in cases {
        let transport = FakeTransport::new([Ok(reply(200, r#"{"results":[]}"#))]);
        let _ = rank(Qianfan::new(url, None, Auth::AccessToken), draft("q", &["a"]), Some(token), &transport);
        assert_eq!(transport.sent.borrow()[0].url, expected);
        assert!(transport.sent.borrow()[0].headers.iter().all(|(name, _)| name != "authorization"));
    }
}

#[test]
fn v2_names_its_model_and_bears_its_key() {
    let transport = FakeTransport::new([Ok(reply(200, r#"{"results":[]}"#))]);
    let request = RequestDraft { user: Some("u".into()), ..draft("q", &["a"]) };
    let _ = rank(v2(), request, Some("bce-v3/k"), &transport);
    let sent = &transport.sent.borrow()[0];
    assert!(sent.headers.contains(&("authorization".into(), "Bearer bce-v3/k".into())));
    let body = sent.body.as_ref().expect("a body");
    assert_eq!(body.get("model").and_then(Json::as_str), Some("bce-reranker-base"));
    assert_eq!((body.get("user").and_then(Json::as_str), body.get("user_id")), (Some("u"), None));
}

#[test]
fn limits_of_length_are_held_before_anything_is_sent() {
    let long = |letter: &str, count: usize| letter.repeat(count);
    let cases = [
        (long("问", 1600), long("文", 4096), None),
        (long("😀", 1600), long("😀", 4096), None),
        (long("q", 1601), "a".into(), Some(("query: expected at most 1600 characters, found 1601; shorten it", None))),
        (
            "q".into(),
            long("文", 4097),
            Some(("documents[1]: expected at most 4096 characters, found 4097; shorten it", Some(1))),
        ),
    ];
    for (query, document, expected) in cases {
        let transport = FakeTransport::new([Ok(scores_of(&["a 1", "b 2"]))]);
        let (outcome, _) = rank(v1(), draft(&query, &["a", &document]), Some("t"), &transport);
        let found = outcome.err().map(|error| (error.kind().code(), error.to_string(), error.index()));
        assert_eq!(found, expected.map(|(sentence, index)| ("too_long", sentence.to_owned(), index)));
        assert_eq!(transport.sent.borrow().len(), usize::from(expected.is_none()));
    }
}

#[test]
fn every_documented_number_means_what_it_means() {
    let rows = [
        (1, "provider_unavailable", true),
        (2, "provider_unavailable", true),
        (3, "not_found", false),
        (4, "rate_limited", true),
        (6, "forbidden", false),
        (13, "unauthorized", false),
        (14, "unauthorized", false),
        (15, "provider_unavailable", true),
        (17, "quota_exhausted", false),
        (18, "rate_limited", true),
        (19, "quota_exhausted", false),
        (100, "unauthorized", false),
        (110, "unauthorized", false),
        (111, "unauthorized", false),
        (336_000, "provider_unavailable", true),
        (336_001, "invalid_request", false),
        (336_002, "invalid_request", false),
        (336_003, "invalid_request", false),
        (336_004, "forbidden", false),
        (336_005, "not_found", false),
        (336_006, "invalid_request", false),
        (336_007, "too_long", false),
        (336_100, "provider_unavailable", true),
        (336_101, "invalid_request", false),
        (336_103, "too_long", false),
        (336_104, "invalid_request", false),
        (336_105, "invalid_request", false),
        (336_501, "rate_limited", true),
        (336_502, "rate_limited", true),
        (500_000, "provider_unavailable", true),
        (336_999, "bad_response", false),
    ];
    for (number, code, retryable) in rows {
        let body = format!(r#"{{"error_code":{number},"error_msg":"m","id":"as-1"}}"#);
        let error = check_failure(v1(), (200, &body, code, retryable));
        assert_eq!(error.provider_code(), Some(&ProviderCode::Number(f64::from(number))));
        assert_eq!(error.request_id(), Some("as-1"));
        check_failure(v1(), (200, &format!(r#"{{"code":{number},"msg":"m"}}"#), code, retryable));
        check_failure(v1(), (200, &format!(r#"{{"error_code":"{number}","error_msg":"m"}}"#), code, retryable));
    }
}

#[test]
fn every_documented_word_means_what_it_means() {
    let rows = [
        (400, "malformed_json", "invalid_request", false),
        (400, "invalid_model", "not_found", false),
        (400, "invalid_messages", "invalid_request", false),
        (400, "characters_too_long", "too_long", false),
        (400, "tokens_too_long", "too_long", false),
        (400, "invalid_argument", "invalid_request", false),
        (400, "invalid_plugin_argument", "invalid_request", false),
        (400, "image_url_unsafe", "invalid_request", false),
        (401, "no_parameter_permission", "forbidden", false),
        (401, "invalid_model", "not_found", false),
        (401, "invalid_appid", "unauthorized", false),
        (401, "invalid_iam_token", "unauthorized", false),
        (403, "system_unsafe", "invalid_request", false),
        (403, "account_overdue", "quota_exhausted", false),
        (403, "model_offline", "not_found", false),
        (405, "method_not_supported", "invalid_request", false),
        (429, "rpm_rate_limit_exceeded", "rate_limited", true),
        (429, "tpm_rate_limit_exceeded", "rate_limited", true),
        (429, "cluster_tpm_rate_limit_exceeded", "rate_limited", true),
        (429, "rate_limit_exceeded", "rate_limited", true),
        (429, "Offline_batch_reasoning_refused", "rate_limited", true),
        (500, "internal_error", "provider_unavailable", true),
        (500, "dispatch_internal_error", "provider_unavailable", true),
        (418, "unheard_of", "bad_response", false),
    ];
    for (status, word, code, retryable) in rows {
        let body = format!(r#"{{"error":{{"code":"{word}","message":"m","type":"t"}},"id":"as-2"}}"#);
        let error = check_failure(v2(), (status, &body, code, retryable));
        assert_eq!(error.provider_code(), Some(&ProviderCode::Word(word.into())));
    }
}

#[test]
fn every_word_of_the_gateway_means_what_it_means() {
    let rows = [
        (403, "AccessDenied", "forbidden", false),
        (403, "InvalidAccessKeyId", "unauthorized", false),
        (400, "InvalidHTTPAuthHeader", "unauthorized", false),
        (400, "InvalidHTTPRequest", "invalid_request", false),
        (400, "InvalidURI", "invalid_request", false),
        (400, "MalformedJSON", "invalid_request", false),
        (400, "InappropriateJSON", "invalid_request", false),
        (404, "InvalidVersion", "not_found", false),
        (403, "OptInRequired", "forbidden", false),
        (412, "PreconditionFailed", "invalid_request", false),
        (400, "RequestExpired", "unauthorized", false),
        (500, "InternalError", "provider_unavailable", true),
        (400, "SignatureDoesNotMatch", "unauthorized", false),
    ];
    for (status, word, code, retryable) in rows {
        let body = format!(r#"{{"code":"{word}","message":"m","requestId":"r-3"}}"#);
        assert_eq!(check_failure(v1(), (status, &body, code, retryable)).request_id(), Some("r-3"));
    }
}

#[test]
fn options_without_a_field_are_told_of() {
    let transport = FakeTransport::new([Ok(scores_of(&["a 1"]))]);
    let request = RequestDraft { max_chunks_per_doc: Some(1.0), overlap_tokens: Some(0.0), ..draft("q", &["a"]) };
    let (ranked, _) =
        rank(Qianfan::new(V1.into(), Some("other".into()), Auth::AccessToken), request, Some("t"), &transport);
    let warnings = ranked.expect("ranked").warnings;
    let told: Vec<&str> = warnings.iter().map(|warning| warning.message.split(':').next().unwrap_or("")).collect();
    assert_eq!(told, ["maxChunksPerDoc", "overlapTokens", "model"]);
}
