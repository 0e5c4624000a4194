//! Files that cannot be read: each is `bad_tokenizer`, names what is wrong, and none makes us panic.

use rerank_wasm::error::ErrorKind;
use rerank_wasm::local::tokens::Tokenizer;
use serde_json::{Value, json};

use crate::files::file;
use crate::texts::Random;

fn message(bytes: &[u8]) -> Option<String> {
    let error = Tokenizer::from_json(bytes).err()?;
    assert_eq!(error.kind(), ErrorKind::BadTokenizer);
    Some(error.to_string())
}

fn unigram() -> Value {
    serde_json::from_slice(&file("tests/models/tokenizers/unigram.json").expect("a file")).expect("JSON")
}

#[test]
fn what_is_not_supported_is_named() {
    let plain = |kind: &str| json!({ "type": kind });
    let replace = |regex: &str| json!({ "type": "Replace", "pattern": { "Regex": regex }, "content": " " });
    let cases: [(&str, Value, &str); 17] = [
        ("normalizer", plain("Bert2"), "normalizer \"Bert2\" is not supported"),
        ("normalizer", json!({ "type": "Sequence", "normalizers": [plain("X")] }), "normalizer \"X\" is not supported"),
        ("normalizer", replace("(a|b)+"), "the regular expression \"(a|b)+\" is not supported"),
        ("normalizer", replace("a{0,}"), "the regular expression \"a{0,}\" is not supported"),
        ("normalizer", json!({ "type": "Replace", "pattern": { "String": "" }, "content": "" }), "found an empty one"),
        (
            "normalizer",
            json!({ "type": "Precompiled", "precompiled_charsmap": "AAA" }),
            "base64 of a SentencePiece charsmap",
        ),
        ("normalizer", json!({ "type": "Prepend" }), "normalizer Prepend: expected \"prepend\", found none"),
        ("pre_tokenizer", plain("UnicodeScripts"), "pre_tokenizer \"UnicodeScripts\" is not supported"),
        (
            "pre_tokenizer",
            json!({ "type": "Metaspace", "replacement": "▁", "prepend_scheme": "second" }),
            "prepend_scheme \"second\"",
        ),
        (
            "pre_tokenizer",
            json!({ "type": "Metaspace", "add_prefix_space": false, "prepend_scheme": "always" }),
            "contradict",
        ),
        ("post_processor", plain("T5Processing"), "post_processor \"T5Processing\" is not supported"),
        (
            "post_processor",
            json!({ "type": "TemplateProcessing", "pair": [], "special_tokens": {} }),
            "a pair template with",
        ),
        (
            "model",
            json!({ "type": "WordLevel", "vocab": {} }),
            "expected WordPiece, Unigram or BPE, found \"WordLevel\"",
        ),
        (
            "model",
            json!({ "type": "BPE", "vocab": {}, "merges": [["a", "b"]] }),
            "merges of pieces of the vocab, found \"a\"",
        ),
        ("model", json!({ "type": "BPE", "vocab": {}, "merges": [], "dropout": 0.1 }), "dropout"),
        ("model", json!({ "type": "Unigram", "vocab": [["a", 0]], "unk_id": 1 }), "expected unk_id below 1, found 1"),
        ("model", json!({ "type": "Unigram", "vocab": [["a"]] }), "a piece and its score"),
    ];
    for (part, value, expected) in cases {
        let mut tokenizer = unigram();
        tokenizer[part] = value;
        let message =
            message(tokenizer.to_string().as_bytes()).unwrap_or_else(|| panic!("{part}: expected {expected}"));
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn damaged_files_are_refused_with_the_place() {
    for (bytes, expected) in [
        (&b""[..], "tokenizer.json: byte 0: expected an object, found the end; the file may be cut short"),
        (b"<!DOCTYPE html>", "tokenizer.json: byte 0: expected an object, found \"<\""),
        (b"{}", "tokenizer.json: expected a model, found none"),
        (b"{\"version\": \"2.0\"}", "tokenizer.json: expected version 1.0, found 2.0"),
        (b"{\"model\": {}}", "model: expected a vocab, found none"),
        (b"{\"a\": \"\xff\"}", "tokenizer.json: byte 7: expected UTF-8"),
        (b"{\"a\": \"\\ud800\"}", "tokenizer.json: byte 7: expected an escape of JSON, found \"\\\\\""),
        (b"{\"a\": 1} 2", "tokenizer.json: byte 9: expected the end, found \"2\""),
        (b"{\"a\": 1e999}", "tokenizer.json: byte 6: expected a number below 1.8e308, found \"1\""),
        (b"{\"a\": -}", "tokenizer.json: byte 7: expected a digit, found \"}\""),
    ] {
        assert_eq!(message(bytes).as_deref(), Some(expected));
    }
    let deep = format!("{{\"a\": {}", "[".repeat(100_000));
    assert!(message(deep.as_bytes()).expect("refused").contains("at most 64 deep"));
}

#[test]
fn a_file_that_is_cut_short_or_has_a_wrong_byte_never_panics() {
    let whole = unigram().to_string().into_bytes();
    let mut random = Random(1);
    for _ in 0..300 {
        let cut = random.below(whole.len());
        assert!(message(&whole[..cut]).is_some(), "{cut}");
        let mut damaged = whole.clone();
        damaged[cut] = random.next() as u8;
        if let Ok(tokenizer) = Tokenizer::from_json(&damaged) {
            // What it reads then is not theirs; that it ends is what counts.
            let _ = tokenizer.tokens("今天 the ranking \u{0} 👍🏽");
        }
    }
}

#[test]
fn a_damaged_character_map_never_panics() {
    let mut tokenizer: Value = serde_json::from_slice(&file("model/tokenizer.json").expect("a file")).expect("JSON");
    tokenizer["model"]["vocab"] = json!([["<s>", 0], ["<pad>", 0], ["</s>", 0], ["<unk>", 0], ["a", -1]]);
    let map = tokenizer["normalizer"]["precompiled_charsmap"].as_str().expect("a map").as_bytes().to_vec();
    let mut random = Random(2);
    for _ in 0..20 {
        let mut damaged = map.clone();
        for _ in 0..200 {
            let at = random.below(damaged.len());
            damaged[at] = b"ABCDabcd0189+/"[random.below(14)];
        }
        tokenizer["normalizer"]["precompiled_charsmap"] = json!(String::from_utf8(damaged).expect("ASCII"));
        if let Ok(tokenizer) = Tokenizer::from_json(tokenizer.to_string().as_bytes()) {
            let _ = tokenizer.tokens(&crate::texts::text(&mut random));
        }
    }
}
