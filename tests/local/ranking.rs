//! The local pipeline on the host: a small real model against onnxruntime, and a fake one where the model does not matter.

use std::rc::Rc;

use rerank_wasm::error::{ErrorKind, Result};
use rerank_wasm::local::logits::{CrossEncoder, Plan};
use rerank_wasm::local::onnx::Fusing;
use rerank_wasm::local::pair::Row;
use rerank_wasm::local::room::Room;
use rerank_wasm::local::scores::Activation;
use rerank_wasm::local::tokens::Tokenizer;
use rerank_wasm::local::windows::Cutting;
use rerank_wasm::local::{LocalOptions, LocalReranker, onnx};
use rerank_wasm::request::{RequestDraft, RerankRequest};

use crate::files::bytes;

const RAW: LocalOptions = LocalOptions {
    max_tokens: None,
    trained_tokens: None,
    cutting: Cutting::Windows,
    activation: Activation::Raw,
    room: Room { limit: None },
};

/// Answers with the length of the row, and with its first document token's id: enough to see what it was given.
struct LengthModel(Plan);

impl CrossEncoder for LengthModel {
    fn logits(&self, row: &Row) -> Result<f32> {
        Ok(row.ids.len() as f32)
    }

    fn positions(&self) -> Option<usize> {
        Some(64)
    }

    fn vocabulary(&self) -> Option<usize> {
        None
    }

    fn plan(&self) -> &Plan {
        &self.0
    }
}

fn golden(path: &str) -> serde_json::Value {
    serde_json::from_slice(&bytes(path)).expect("JSON")
}

fn wordpiece() -> Tokenizer {
    Tokenizer::from_json(&bytes("models/wordpiece/tokenizer.json")).expect("a tokenizer")
}

fn fake(options: LocalOptions) -> Result<Rc<LocalReranker>> {
    LocalReranker::new(wordpiece(), Box::new(LengthModel(Plan::default())), options).map(Rc::new)
}

fn request(query: &str, documents: &[&str]) -> RerankRequest {
    let documents = documents.iter().map(ToString::to_string).collect();
    RerankRequest::new(RequestDraft { query: query.into(), documents, ..RequestDraft::default() }).expect("valid")
}

/// |logit - fp32 logit of onnxruntime| of each pair of golden/tiny.json: ours, and onnxruntime's own in int8.
fn distances_to_fp32(file: &str, fusing: Fusing) -> Vec<(f64, f64)> {
    let model = onnx::cross_encoder_with(bytes(&format!("models/{file}.onnx")), fusing).expect("a model");
    // The golden pairs were cut by FlagEmbedding's rule.
    let truncate = LocalOptions { cutting: Cutting::Truncate, ..RAW };
    let reranker = Rc::new(LocalReranker::new(wordpiece(), Box::new(model), truncate).expect("a reranker"));
    let cases = golden("golden/tiny.json");
    let text = |case: &serde_json::Value, key: &str| case[key].as_str().expect("a string").to_owned();
    let cases = cases["cases"].as_array().expect("cases").iter();
    // A blank document is refused before it reaches a model.
    let distance = |case: &serde_json::Value| {
        let (query, document) = (text(case, "query"), text(case, "document"));
        let ranking = reranker.rerank(request(&query, &[&document])).expect("ranked");
        let logit = |key: &str| case[key].as_f64().expect("a logit");
        let fp32 = logit("fp32_logit");
        ((ranking.scored()[0].score - fp32).abs(), (logit("int8_logit") - fp32).abs())
    };
    cases.filter(|case| !text(case, "document").trim().is_empty()).map(distance).collect()
}

#[test]
fn a_small_fp32_model_gives_onnxruntimes_logits() {
    let distances = distances_to_fp32("tiny_fp32", Fusing::default());
    assert!(distances.len() >= 15, "{}", distances.len());
    assert!(distances.iter().all(|(ours, _)| *ours < 1e-3), "{distances:?}");
}

#[test]
fn a_small_int8_model_is_as_near_to_fp32_as_onnxruntimes() {
    let distances = distances_to_fp32("tiny_int8", Fusing::default());
    let (ours, theirs) = distances.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    assert!(ours <= 2.0 * theirs, "{ours} against {theirs}");
}

#[test]
fn a_small_fp32_model_quantized_here_is_as_near_to_fp32_as_onnxruntimes_int8() {
    let distances = distances_to_fp32("tiny_fp32", Fusing::Everything);
    let (ours, theirs) = distances.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    assert!(ours > 0.0, "nothing was quantized");
    assert!(ours <= theirs, "{ours} against {theirs}");
}

#[test]
fn tokens_equal_hugging_faces_with_the_pair_template() {
    let cases = golden("golden/tokens.json");
    let default = bytes("../model/tokenizer.json");
    for (name, file) in [("wordpiece", bytes("models/wordpiece/tokenizer.json")), ("default", default)] {
        let tokenizer = Tokenizer::from_json(&file).expect("a tokenizer");
        let template = tokenizer.pair_template();
        for case in cases[name].as_array().expect("cases") {
            let tokens = |key: &str| tokenizer.tokens(case[key].as_str().expect("a string")).expect("tokens").ids;
            let row = template.row(&tokens("query"), &tokens("document"));
            let numbers =
                |key: &str| case[key].as_array().expect("ids").iter().filter_map(|id| id.as_i64()).collect::<Vec<_>>();
            assert_eq!((row.ids, row.segments), (numbers("ids"), numbers("typeIds")), "{name}: {case}");
        }
    }
}

#[test]
fn the_document_is_cut_and_never_the_separators_or_the_query_beyond_its_share() {
    let reranker = fake(RAW).expect("a reranker");
    let long = "word ".repeat(400);
    let ranking = reranker.rerank(request(&long, &["a", &long])).expect("ranked");
    let lengths: Vec<f64> = ranking.scored().iter().map(|scored| scored.score).collect();
    // 48 of 64 tokens for the query, 3 separators: 13 left for a window.
    assert_eq!(lengths, [64.0, 52.0]);
    assert_eq!(ranking.scored()[0].window.map(|window| (window.index, window.start)), Some((0, 0)));
    assert_eq!(ranking.scored()[1].window, None);
}

#[test]
fn a_job_counts_documents_as_they_are_done() {
    let reranker = fake(RAW).expect("a reranker");
    let mut job = reranker.begin(request("q", &["a", "b"])).expect("begun");
    let mut seen = vec![(job.done(), false)];
    while !seen.last().expect("one").1 {
        let finished = job.step().expect("a step");
        seen.push((job.done(), finished));
    }
    assert_eq!(seen, [(0, false), (0, false), (1, false), (1, false), (2, true)]);
    assert_eq!(job.finish().expect("ranked").scored().len(), 2);
}

#[test]
fn a_job_counts_windows_of_a_long_document_and_of_no_other() {
    let reranker = fake(LocalOptions { max_tokens: Some(32.0), ..RAW }).expect("a reranker");
    let long = "the window is open ".repeat(20);
    let mut job = reranker.begin(request("q", &["a", &long, "b"])).expect("begun");
    let mut seen = vec![];
    while !job.step().expect("a step") {
        seen.push((job.done(), job.windows()));
    }
    let windows: Vec<(usize, usize)> = seen.iter().filter_map(|(_, windows)| *windows).collect();
    let total = windows.first().expect("windows of the long one").1;
    assert!(total > 2, "{total} windows");
    assert_eq!(windows, (0..total).map(|done| (done, total)).collect::<Vec<_>>());
    assert!(seen.iter().all(|(done, windows)| windows.is_none() || *done == 1), "{seen:?}");
}

#[test]
fn tokens_beyond_the_models_positions_are_refused() {
    for (max_tokens, message) in [
        (65.0, "maxTokens: expected a whole number from 32 to the model's 64 positions, found 65"),
        (31.0, "maxTokens: expected a whole number from 32 to the model's 64 positions, found 31"),
    ] {
        let error = fake(LocalOptions { max_tokens: Some(max_tokens), ..RAW }).err().expect("refused");
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_row_is_as_long_as_the_model_was_trained_with_and_has_positions_for() {
    let long = "a ".repeat(300);
    for (trained_tokens, expected) in [(None, 64.0), (Some(48.0), 48.0), (Some(512.0), 64.0)] {
        let reranker = fake(LocalOptions { trained_tokens, ..RAW }).expect("a reranker");
        let ranking = reranker.rerank(request("q", &[&long])).expect("ranked");
        assert_eq!(ranking.scored()[0].score, expected, "trained with {trained_tokens:?}");
    }
}

#[test]
fn a_row_that_does_not_fit_into_memory_is_refused_and_the_next_one_ranks() {
    struct Large(LengthModel);
    impl CrossEncoder for Large {
        fn logits(&self, row: &Row) -> Result<f32> {
            self.0.logits(row)
        }
        fn positions(&self) -> Option<usize> {
            self.0.positions()
        }
        fn vocabulary(&self) -> Option<usize> {
            None
        }
        fn working_bytes(&self, length: usize) -> u64 {
            if length > 32 { 1 << 40 } else { 1 << 20 }
        }
        fn plan(&self) -> &Plan {
            self.0.plan()
        }
    }
    let model = Box::new(Large(LengthModel(Plan::default())));
    let options = LocalOptions { room: Room { limit: Some(1 << 30) }, ..RAW };
    let reranker = Rc::new(LocalReranker::new(wordpiece(), model, options).expect("a reranker"));
    let error = reranker.rerank(request("q", &[&"a ".repeat(50)])).expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::OutOfMemory);
    assert!(error.to_string().starts_with("ranking: needs 1099511627776 bytes"), "{error}");
    reranker.rerank(request("q", &["a"])).expect("a short one ranks");
}

#[test]
fn a_text_too_long_to_tokenize_here_is_refused_by_its_number_and_the_next_one_ranks() {
    let reranker = fake(LocalOptions { room: Room { limit: Some(1 << 20) }, ..RAW }).expect("a reranker");
    let long = "a ".repeat(1 << 20);
    let error = reranker.rerank(request("q", &["a", &long])).expect_err("too long");
    assert_eq!((error.kind(), error.index()), (ErrorKind::OutOfMemory, Some(1)));
    assert!(error.to_string().starts_with("documents[1]: needs 184549376 bytes of memory"), "{error}");
    let error = reranker.rerank(request(&long, &["a"])).expect_err("too long");
    assert!(error.to_string().starts_with("query: needs"), "{error}");
    reranker.rerank(request("q", &["a"])).expect("a short one ranks");
}

#[test]
fn a_pair_without_a_token_is_refused_by_its_number() {
    let mut json = golden("models/wordpiece/tokenizer.json");
    json["post_processor"] = serde_json::Value::Null;
    let tokenizer = Tokenizer::from_json(json.to_string().as_bytes()).expect("a tokenizer");
    let model = Box::new(LengthModel(Plan::default()));
    let reranker = Rc::new(LocalReranker::new(tokenizer, model, RAW).expect("a reranker"));
    // BERT's normalizer drops it, and a blank it is not.
    let error = reranker.rerank(request("\u{200b}", &["a", "\u{200b}"])).expect_err("nothing to read");
    assert_eq!((error.kind(), error.index()), (ErrorKind::InvalidRequest, Some(1)));
}

#[test]
fn an_id_beyond_a_table_whose_name_says_nothing_is_an_error() {
    let mut file = bytes("models/tiny_fp32.onnx");
    for (known, other) in [(b"word_embeddings", b"some_embeddings"), (b"position_embedd", b"somewhat_embedd")] {
        while let Some(at) = file.windows(known.len()).position(|bytes| bytes == known) {
            file[at..at + known.len()].copy_from_slice(other);
        }
    }
    let model = onnx::cross_encoder(file).expect("a model");
    assert_eq!((model.vocabulary(), model.positions()), (None, None));
    let logits = |ids: Vec<i64>, segment: i64| model.logits(&Row { segments: vec![segment; ids.len()], ids });
    logits(vec![2, 10, 3], 0).expect("a logit");
    for (row, words) in [
        (logits(vec![2, 999_999, 3], 0), "index 999999 is beyond a table of 1200 rows"),
        (logits(vec![2, 10, 3], 9), "index 9 is beyond a table of 2 rows"),
        (logits(vec![2; 600], 0), "0..600"),
    ] {
        let error = row.expect_err("refused");
        assert!(error.kind() == ErrorKind::BadModel && error.to_string().contains(words), "{error}");
    }
}

#[test]
fn what_is_no_model_or_tokenizer_is_refused_with_what_was_found() {
    let tiny = bytes("models/tiny_int8.onnx");
    let cases: [(&[u8], &str); 4] = [
        (b"", "expected an ONNX file, found 0 bytes"),
        (b"<!DOCTYPE html>", "found 15 bytes beginning with \"<!DOCTYP\""),
        (&tiny[..tiny.len() / 2], "it may be cut short"),
        (b"\x08\x08", "expected an ONNX file"),
    ];
    for (file, message) in cases {
        let error = onnx::cross_encoder(file.to_vec()).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::BadModel);
        assert!(error.to_string().contains(message), "{error}");
    }
    let error = Tokenizer::from_json(b"{\"model\": {}}").err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::BadTokenizer);
}

#[test]
fn an_unknown_operator_is_named() {
    let mut file = bytes("models/tiny_fp32.onnx");
    // NodeProto.op_type: field 4, length-delimited.
    let op_type = b"\x22\x07Softmax";
    let at = file.windows(op_type.len()).position(|bytes| bytes == op_type).expect("an operator");
    file[at + 2..at + op_type.len()].copy_from_slice(b"Sofdmax");
    let error = onnx::cross_encoder(file).err().expect("refused");
    assert!(error.to_string().contains("operator ai.onnx.Sofdmax is not supported"), "{error}");
}

#[test]
fn a_tokenizer_of_another_model_is_refused() {
    let tokenizer = Tokenizer::from_json(&bytes("../model/tokenizer.json")).expect("a tokenizer");
    let model = onnx::cross_encoder(bytes("models/tiny_int8.onnx")).expect("a model");
    let error = LocalReranker::new(tokenizer, Box::new(model), RAW).err().expect("refused");
    assert_eq!(error.to_string(), "expected at most the model's 1200 tokens, found 40000; take the model's own file");
    // Also where no text but the template makes it.
    let mut json = golden("models/wordpiece/tokenizer.json");
    json["post_processor"]["special_tokens"]["[SEP]"]["ids"] = serde_json::json!([1_200]);
    let tokenizer = Tokenizer::from_json(json.to_string().as_bytes()).expect("a tokenizer");
    let model = onnx::cross_encoder(bytes("models/tiny_int8.onnx")).expect("a model");
    let error = LocalReranker::new(tokenizer, Box::new(model), RAW).err().expect("refused");
    assert_eq!(error.to_string(), "expected at most the model's 1200 tokens, found 1201; take the model's own file");
}
