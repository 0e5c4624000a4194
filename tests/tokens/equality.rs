//! The property: whatever the text, our tokens are theirs.

use crate::files::{file, shared};
use crate::oracle::Both;
use crate::texts::{Random, long_texts, text};
use crate::variants;

/// A part of all texts: 2,000, or 100,000 by `npm run test:full`; `RERANK_CASES` sets any other number.
pub(crate) fn cases(per_cent: u64) -> u64 {
    let full = std::env::var("RERANK_FULL").is_ok_and(|full| !full.is_empty());
    let wanted = std::env::var("RERANK_CASES").ok().and_then(|count| count.parse().ok());
    wanted.unwrap_or(if full { 100_000 } else { 2_000 }) * per_cent / 100
}

/// Reads `count` texts with both and lists the first differences.
fn assert_equal(both: &Both, count: u64) {
    let difference = |seed: u64| {
        let text = text(&mut Random(seed));
        both.difference(&text).map(|difference| format!("seed {seed}: {difference}\n  {text:?}"))
    };
    let differences: Vec<String> = (0..count).filter_map(difference).take(4).collect();
    assert!(differences.is_empty(), "{}\n{}", both.name, differences.join("\n"));
}

#[test]
fn the_default_models_tokens_equal_the_originals() {
    assert_equal(&Both::new("default", &file("model/tokenizer.json").expect("the default model's")), cases(30));
}

#[test]
fn tokens_of_every_make_equal_the_originals() {
    // Ten texts a tokenizer.
    for seed in 0..cases(50) / 10 {
        assert_equal(&variants::drawn(&mut Random(!seed)), 10);
    }
}

#[test]
fn berts_tokens_equal_the_originals() {
    let Some(json) = shared("wordpiece/tokenizer.json") else { return };
    assert_equal(&Both::new("bert-base-uncased", &json), cases(10));
}

#[test]
fn xlm_rs_tokens_equal_the_originals_and_their_goldens() {
    let Some(json) = shared("xlmr/tokenizer.json.gz") else { return };
    let both = Both::new("XLM-R", &json);
    let goldens: serde_json::Value =
        serde_json::from_slice(&shared("xlmr/golden_ids.json").expect("goldens")).expect("JSON");
    let ids = |value: &serde_json::Value| -> Vec<i64> {
        value.as_array().expect("ids").iter().map(|id| id.as_i64().expect("an id")).collect()
    };
    let tokens = |text: &serde_json::Value| both.ours.tokens(text.as_str().expect("a text")).expect("tokens").ids;
    for case in goldens["single"].as_array().expect("cases") {
        let whole: Vec<i64> = tokens(&case["text"]).iter().map(|&id| i64::from(id)).collect();
        assert_eq!([&[0], whole.as_slice(), &[2]].concat(), ids(&case["ids"]), "{case}");
    }
    assert_equal(&both, cases(10));
}

#[test]
fn tokens_of_very_long_words_equal_the_originals() {
    let default = Both::new("default", &file("model/tokenizer.json").expect("the default model's"));
    for (name, text) in long_texts() {
        assert_eq!(default.difference(&text), None, "{name}");
    }
    // Where one way of reading is meant for short words only.
    let (_, mixed) = long_texts().pop().expect("a text");
    for path in ["tests/models/wordpiece/tokenizer.json", "tests/models/tokenizers/byte_level.json"] {
        assert_eq!(Both::new(path, &file(path).expect("a file")).difference(&mixed), None, "{path}");
    }
}
