//! More documents than a service takes at once, and longer ones than it reads: several requests, one ranking.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::support::{FakeTransport, call, draft, finish, rank, rank_with, reply, scores_of};
use rerank_wasm::json::Json;
use rerank_wasm::remote::call::Call;
use rerank_wasm::remote::entries::LongDocuments;
use rerank_wasm::remote::keys::Keys;
use rerank_wasm::remote::qianfan::{Auth, Qianfan};
use rerank_wasm::remote::{RemoteReranker, Settings};
use rerank_wasm::request::{RequestDraft, RerankRequest};

fn v1() -> Qianfan {
    Qianfan::new("https://aip.baidubce.com/bce_reranker_base".into(), None, Auth::AccessToken)
}

#[test]
fn parts_merge_into_the_ranking_of_the_whole() {
    for count in [1, 63, 64, 65, 128, 129, 200] {
        // Many ties, spread over the parts.
        let documents: Vec<String> = (0..count).map(|index| format!("document {}", (index * 37) % 11)).collect();
        let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
        for top_n in [None, Some(1), Some(7), Some(500)] {
            let transport = FakeTransport::new(documents.chunks(64).map(|part| Ok(scores_of(part))));
            let request = RequestDraft { top_n: top_n.map(f64::from), ..draft("q", &documents) };
            let (ranked, _) = rank(v1(), request, Some("t"), &transport);
            let ranked = ranked.expect("ranked");
            // The slow, obvious twin: score everything, sort everything, cut.
            let mut whole: Vec<(usize, f64)> = (0..count).map(|index| (index, ((index * 37) % 11) as f64)).collect();
            whole.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            whole.truncate(top_n.unwrap_or(500) as usize);
            let found: Vec<_> = ranked.ranking.scored().iter().map(|scored| (scored.index, scored.score)).collect();
            assert_eq!(found, whole, "{count} documents, topN {top_n:?}");
            let parts = count.div_ceil(64);
            assert_eq!(transport.sent.borrow().len(), parts);
            assert_eq!(ranked.usage.map(|usage| usage.total_tokens), Some(20.0 * parts as f64));
            let asked: Vec<bool> = transport
                .sent
                .borrow()
                .iter()
                .map(|sent| sent.body.as_ref().expect("body").get("top_n").is_some())
                .collect();
            assert_eq!(asked, vec![top_n.is_some() && parts == 1; parts], "topN goes out only with a whole request");
        }
    }
}

#[test]
fn a_part_that_fails_fails_the_call_and_nothing_else_is_sent() {
    let documents: Vec<String> = (0..150).map(|index| format!("document {index}")).collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let failure = reply(200, r#"{"error_code":17,"error_msg":"Open api daily request limit reached"}"#);
    let transport = FakeTransport::new([Ok(scores_of(&documents[..64])), Ok(failure)]);
    let (outcome, attempts) = rank(v1(), draft("q", &documents), Some("t"), &transport);
    assert_eq!(outcome.expect_err("failed").kind().code(), "quota_exhausted");
    assert_eq!((transport.sent.borrow().len(), attempts.len()), (2, 2));
}

#[test]
fn no_more_parts_are_in_flight_than_allowed_and_the_order_they_end_in_does_not_matter() {
    let documents: Vec<String> = (0..640).map(|index| format!("document {}", (index * 37) % 101)).collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    let request = RerankRequest::new(draft("q", &documents)).expect("valid");
    let mut rankings = Vec::new();
    for most in [1, 4, 100] {
        let flying = Rc::new(Cell::new((0, 0)));
        let counter = Rc::clone(&flying);
        let transport = FakeTransport::answering(move |sent| {
            let (now, highest) = counter.get();
            counter.set((now - 1, highest));
            let sent = sent.body.as_ref().and_then(|body| body.get("documents")).and_then(Json::elements);
            let sent: Vec<&str> = sent.expect("documents").iter().filter_map(Json::as_str).collect();
            Ok(scores_of(&sent))
        });
        let counter = Rc::clone(&flying);
        let on_send = move || {
            let (now, highest) = counter.get();
            counter.set((now + 1, highest.max(now + 1)));
        };
        let transport = FakeTransport { on_send: Some(Box::new(on_send)), ..transport };
        let settings = Settings { max_concurrency: most, ..Settings::default() };
        let reranker = RemoteReranker::new(Box::new(v1()), settings);
        let progress = RefCell::new(Vec::new());
        let note = |done, all| progress.borrow_mut().push((done, all));
        let call = Call { on_progress: &note, ..call(Keys::one(Some("t"))) };
        let ranked = finish(reranker.rerank(&request, &call, &transport)).expect("ranked");
        assert_eq!(flying.get(), (0, most.min(10)), "at most {most} at a time");
        assert_eq!(*progress.borrow(), (1..=10).map(|part| (part * 64, 640)).collect::<Vec<_>>());
        rankings.push(ranked.ranking.scored().to_vec());
    }
    assert!(rankings.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_part_that_fails_stops_those_beside_it() {
    let documents: Vec<String> = (0..640).map(|index| format!("document {index}")).collect();
    let documents: Vec<&str> = documents.iter().map(String::as_str).collect();
    // The third part fails at once, while others wait for their next attempt.
    let transport = FakeTransport::answering(|sent| {
        let body = sent.body.as_ref().expect("a body");
        let first = body.get("documents").and_then(Json::elements).and_then(|all| all.first()?.as_str());
        let daily = r#"{"error_code":17,"error_msg":"m"}"#;
        Ok(if first == Some("document 128") { reply(200, daily) } else { reply(500, "{}") })
    });
    let (outcome, attempts) = rank(v1(), draft("q", &documents), Some("t"), &transport);
    assert_eq!(outcome.expect_err("failed").kind().code(), "quota_exhausted");
    assert_eq!(attempts.last().map(|attempt| attempt.decision), Some("fail"));
    assert_eq!(transport.sent.borrow().len(), 4, "those that were under way, and no other");
}

#[test]
fn the_best_window_of_a_long_document_counts_and_is_told() {
    let long = format!("{} 90 {} 95", "x ".repeat(1000), "y ".repeat(100));
    let documents = ["short 93", long.as_str(), "short 94"];
    for count in [1, 40] {
        let documents: Vec<&str> = documents.iter().copied().cycle().take(documents.len() * count).collect();
        let transport = FakeTransport::answering(|sent| {
            let sent = sent.body.as_ref().and_then(|body| body.get("documents")).and_then(Json::elements);
            let sent: Vec<String> =
                sent.expect("documents").iter().map(|text| format!("{} ", text.as_str().expect("text"))).collect();
            // A window that does not end with a number scores 1.
            let sent: Vec<String> = sent.into_iter().map(|text| text.trim().to_owned()).collect();
            let scored: Vec<String> = sent
                .into_iter()
                .map(|text| if text.ends_with(|c: char| c.is_ascii_digit()) { text } else { text + " 1" })
                .collect();
            Ok(scores_of(&scored.iter().map(String::as_str).collect::<Vec<_>>()))
        });
        let settings = Settings { long_documents: LongDocuments::Windows, ..Settings::default() };
        let reranker = RemoteReranker::new(Box::new(v1()), settings);
        let request = RequestDraft {
            top_n: Some(2.0 * count as f64),
            max_chunks_per_doc: Some(9.0),
            overlap_tokens: Some(0.0),
            ..draft("q", &documents)
        };
        let (ranked, _) = rank_with(&reranker, request, Keys::one(Some("t")), &transport);
        let ranked = ranked.expect("ranked");
        assert!(ranked.warnings.is_empty(), "windows are ours to cut: {:?}", ranked.warnings);
        let scored = ranked.ranking.scored();
        assert_eq!(scored.len(), 2 * count);
        for (place, one) in scored.iter().enumerate() {
            let expected = if place < count { (place * 3 + 1, 95.0) } else { ((place - count) * 3 + 2, 94.0) };
            assert_eq!((one.index, one.score), expected);
            let units: Vec<u16> = documents[one.index].encode_utf16().collect();
            let window = one.window.map(|span| String::from_utf16_lossy(&units[span.start..span.end]));
            assert_eq!(window.is_some_and(|text| text.ends_with("95")), place < count);
        }
        let asked = transport
            .sent
            .borrow()
            .iter()
            .any(|sent| sent.body.as_ref().is_some_and(|body| body.get("top_n").is_some()));
        assert!(!asked, "the service would count windows");
    }
}
