//! Windows and truncation against BCEmbedding and FlagEmbedding: their own code made `golden/windows.json`, on rows that are
//! told apart by a checksum.

use std::rc::Rc;

use rerank_wasm::error::Result;
use rerank_wasm::local::logits::{CrossEncoder, Plan};
use rerank_wasm::local::pair::Row;
use rerank_wasm::local::scores::Activation;
use rerank_wasm::local::tokens::Tokenizer;
use rerank_wasm::local::windows::Cutting;
use rerank_wasm::local::{LocalOptions, LocalReranker};
use rerank_wasm::ranking::Scored;
use rerank_wasm::request::{RequestDraft, RerankRequest};
use serde_json::Value;

use crate::files::bytes;

/// One token each, whatever stands beside them; as in `golden/make_windows.py`.
const WORDS: [&str; 13] =
    ["the", "water", "rank", "document", "of", "light", "mountain", "every", "is", "window", "line", "a", "score"];

/// Answers with a checksum of the row, from -10 to 10: an equal logit is an equal row.
struct Checksum(Plan);

impl CrossEncoder for Checksum {
    fn logits(&self, row: &Row) -> Result<f32> {
        let list = |numbers: &[i64]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let text = format!("{};{}", list(&row.ids), list(&row.segments));
        Ok((f64::from(crc32(text.as_bytes()) % 2001) / 100.0 - 10.0) as f32)
    }

    fn positions(&self) -> Option<usize> {
        Some(512)
    }

    fn vocabulary(&self) -> Option<usize> {
        None
    }

    fn plan(&self) -> &Plan {
        &self.0
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

/// Words drawn by the generator of the script.
fn words(seed: u64, count: u64) -> String {
    let mut seed = seed as u32;
    let mut word = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        WORDS[(seed >> 16) as usize % WORDS.len()]
    };
    (0..count).map(&mut word).collect::<Vec<_>>().join(" ")
}

fn drawn(of: &Value) -> String {
    words(of["seed"].as_u64().expect("a seed"), of["words"].as_u64().expect("a number of words"))
}

fn reranker(tokenizer: &str, options: LocalOptions) -> Rc<LocalReranker> {
    let path =
        if tokenizer == "wordpiece" { "models/wordpiece/tokenizer.json" } else { "models/tokenizers/unigram.json" };
    let tokenizer = Tokenizer::from_json(&bytes(path)).expect("a tokenizer");
    Rc::new(LocalReranker::new(tokenizer, Box::new(Checksum(Plan::default())), options).expect("a reranker"))
}

/// The scores of a case's documents, in its order, with the documents.
fn scored(case: &Value, reranker: &Rc<LocalReranker>) -> Vec<(Scored, String, Value)> {
    let documents: Vec<String> = case["documents"].as_array().expect("documents").iter().map(drawn).collect();
    let draft = RequestDraft {
        query: drawn(&case["query"]),
        documents: documents.clone(),
        overlap_tokens: case["overlapTokens"].as_f64(),
        ..RequestDraft::default()
    };
    let ranking = reranker.rerank(RerankRequest::new(draft).expect("a request")).expect("a ranking");
    let with_document =
        |scored: &Scored| (*scored, documents[scored.index].clone(), case["documents"][scored.index].clone());
    ranking.scored().iter().map(with_document).collect()
}

fn options(max_tokens: Option<f64>, cutting: Cutting, activation: Activation) -> LocalOptions {
    LocalOptions { max_tokens, cutting, activation, ..LocalOptions::default() }
}

fn goldens(of: &str) -> Vec<Value> {
    let goldens: Value = serde_json::from_slice(&bytes("golden/windows.json")).expect("JSON");
    goldens[of].as_array().expect("cases").clone()
}

#[test]
fn windows_give_bcembeddings_scores_around_every_boundary() {
    let mut compared = 0;
    for case in goldens("bcembedding") {
        let max_tokens = case["maxTokens"].as_f64();
        let options = options(max_tokens, Cutting::Windows, Activation::Sigmoid);
        for (scored, _, document) in scored(&case, &reranker("unigram", options)) {
            let theirs = document["score"].as_f64().expect("a score");
            assert!(
                (scored.score - theirs).abs() < 1e-6,
                "{} against {theirs}: {document} of {}",
                scored.score,
                case["query"]
            );
            compared += 1;
        }
    }
    assert!(compared > 400, "{compared}");
}

#[test]
fn truncation_gives_flagembeddings_logits_around_every_boundary() {
    let mut compared = 0;
    for case in goldens("flagembedding") {
        let max_tokens = case["maxTokens"].as_f64();
        let options = options(max_tokens, Cutting::Truncate, Activation::Raw);
        let tokenizer = case["tokenizer"].as_str().expect("a tokenizer");
        for (scored, _, document) in scored(&case, &reranker(tokenizer, options)) {
            let theirs = document["score"].as_f64().expect("a score");
            assert!((scored.score - theirs).abs() < 1e-4, "{} against {theirs}: {document} of {case}", scored.score);
            compared += 1;
        }
    }
    assert!(compared > 400, "{compared}");
}

#[test]
fn the_span_of_the_best_window_slices_its_words() {
    for case in goldens("bcembedding") {
        let max_tokens = case["maxTokens"].as_f64();
        let options = options(max_tokens, Cutting::Windows, Activation::Sigmoid);
        let number = |value: &Value| value.as_u64().expect("a number") as usize;
        let room = number(&case["maxTokens"]) - number(&case["query"]["words"]) - 4;
        let stride = room - number(&case["overlapTokens"]).min(room / 4);
        for (scored, document, _) in scored(&case, &reranker("unigram", options)) {
            let words: Vec<&str> = document.split(' ').collect();
            let Some(window) = scored.window else {
                assert!(words.len() <= room);
                continue;
            };
            let first = window.index * stride;
            let expected = &words[first..(first + room).min(words.len())];
            assert_eq!(document[window.start..window.end].split_whitespace().collect::<Vec<_>>(), expected);
        }
    }
}

#[test]
fn a_document_of_32_768_tokens_is_read_window_by_window() {
    let options = options(None, Cutting::Windows, Activation::Raw);
    let reranker = reranker("unigram", options);
    let documents = vec![words(1, 32_768), words(2, 10)];
    let draft = RequestDraft { query: words(3, 8), documents, ..RequestDraft::default() };
    let mut job = reranker.begin(RerankRequest::new(draft).expect("a request")).expect("begun");
    let mut done = vec![];
    while !job.step().expect("a step") {
        done.push(job.done());
    }
    // 500 tokens beside the query, 420 further on each time: the first 78 windows leave the document unfinished.
    let windows = 1 + (32_768_usize - 500).div_ceil(420);
    assert_eq!(windows, 78);
    assert_eq!(done.iter().filter(|&&done| done == 0).count(), windows);
    let ranking = job.finish().expect("a ranking");
    let long = ranking.scored().iter().find(|scored| scored.index == 0).expect("the long one");
    assert!(long.window.is_some_and(|window| window.index < windows && window.end > window.start));
}
