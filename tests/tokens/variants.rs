//! Tokenizers of every make: the small trained ones with each normalizer and pre-tokenizer that is read, in every form.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::files::file;
use crate::oracle::Both;
use crate::texts::Random;

const BASES: [&str; 4] = [
    "tests/models/wordpiece/tokenizer.json",
    "tests/models/tokenizers/unigram.json",
    "tests/models/tokenizers/byte_level.json",
    "tests/models/tokenizers/bpe.json",
];

/// The character map of XLM-R, which the default model's tokenizer carries.
static CHARSMAP: LazyLock<Value> = LazyLock::new(|| {
    let default: Value =
        serde_json::from_slice(&file("model/tokenizer.json").expect("the default model's")).expect("JSON");
    default["normalizer"].clone()
});

/// A tokenizer made of parts drawn at random, and what it is made of.
pub(crate) fn drawn(random: &mut Random) -> Both {
    let base = random.pick(&BASES);
    let mut tokenizer: Value = serde_json::from_slice(&file(base).expect("a base")).expect("JSON");
    if random.below(4) > 0 {
        tokenizer["normalizer"] = normalizer(random);
    }
    if random.below(4) > 0 {
        tokenizer["pre_tokenizer"] = pre_tokenizer(random);
    }
    for flag in ["byte_fallback", "fuse_unk", "ignore_merges"] {
        if tokenizer["model"].get(flag).is_some() {
            tokenizer["model"][flag] = json!(random.below(2) == 0);
        }
    }
    for content in ["the", "Day", "e\u{301}", "##a", "感冒", "<mask>", " x", "tokenizer ranking"] {
        if random.below(3) == 0 {
            let added = tokenizer["added_tokens"].as_array_mut().expect("an array");
            added.push(added_token(random, content, added.len()));
        }
    }
    let mut parts = tokenizer.clone();
    parts["model"].as_object_mut().expect("a model").retain(|key, _| key != "vocab" && key != "merges");
    if parts["normalizer"].to_string().len() > 1_000 {
        parts["normalizer"] = json!("… with a character map");
    }
    let both = Both::new(&format!("{base} as {parts}"), tokenizer.to_string().as_bytes());
    Both { has_true_offsets: false, ..both }
}

fn added_token(random: &mut Random, content: &str, id: usize) -> Value {
    let mut flag = || random.below(2) == 0;
    json!({ "id": id + 5_000, "content": content, "single_word": flag(), "lstrip": flag(), "rstrip": flag(),
        "normalized": flag(), "special": flag() })
}

fn normalizer(random: &mut Random) -> Value {
    let mut flag = || random.below(2) == 0;
    let bert = json!({ "type": "BertNormalizer", "clean_text": flag(), "handle_chinese_chars": flag(),
        "strip_accents": if flag() { json!(null) } else { json!(flag()) }, "lowercase": flag() });
    let strip = json!({ "type": "Strip", "strip_left": flag(), "strip_right": flag() });
    let plain = |kind: &str| json!({ "type": kind });
    let replace = |pattern: Value, by: &str| json!({ "type": "Replace", "pattern": pattern, "content": by });
    let kinds = [
        json!(null),
        bert.clone(),
        CHARSMAP.clone(),
        plain("NFC"),
        plain("NFD"),
        plain("NFKC"),
        plain("NFKD"),
        plain("Lowercase"),
        plain("Nmt"),
        strip.clone(),
        replace(json!({ "Regex": " {2,}" }), " "),
        replace(json!({ "Regex": "\\s+" }), "▁"),
        replace(json!({ "String": "``" }), "\""),
        replace(json!({ "String": " " }), "▁"),
        json!({ "type": "Prepend", "prepend": "▁" }),
        plain("ByteLevel"),
        json!({ "type": "Sequence", "normalizers": [plain("NFKD"), plain("StripAccents"), plain("Lowercase")] }),
        json!({ "type": "Sequence", "normalizers": [strip, CHARSMAP.clone(), replace(json!({ "Regex": " {2,}" }), "▁")] }),
        json!({ "type": "Sequence", "normalizers": [plain("Nmt"), plain("NFKC"), bert] }),
        json!({ "type": "Sequence", "normalizers": [] }),
    ];
    kinds[random.below(kinds.len())].clone()
}

fn pre_tokenizer(random: &mut Random) -> Value {
    let plain = |kind: &str| json!({ "type": kind });
    let behavior = random.pick(&["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]);
    let scheme = random.pick(&["always", "first", "never"]);
    let mut flag = || random.below(2) == 0;
    let metaspace = json!({ "type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": flag() });
    let bytes = json!({ "type": "ByteLevel", "add_prefix_space": flag(), "trim_offsets": flag(), "use_regex": flag() });
    let digits = json!({ "type": "Digits", "individual_digits": flag() });
    let split = |pattern: Value, invert: bool| json!({ "type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert });
    let sequence = |steps: &[&Value]| json!({ "type": "Sequence", "pretokenizers": steps });
    let punctuation = json!({ "type": "Punctuation", "behavior": behavior });
    let kinds = [
        json!(null),
        plain("BertPreTokenizer"),
        plain("WhitespaceSplit"),
        plain("Whitespace"),
        metaspace.clone(),
        // As files of 2020 to 2023 have it.
        json!({ "type": "Metaspace", "replacement": "▁", "add_prefix_space": true, "str_rep": "▁" }),
        json!({ "type": "Metaspace", "replacement": "▁", "add_prefix_space": true, "prepend_scheme": scheme }),
        bytes.clone(),
        bytes.clone(),
        punctuation.clone(),
        digits.clone(),
        json!({ "type": "CharDelimiterSplit", "delimiter": "e" }),
        split(json!({ "String": "a" }), flag()),
        split(json!({ "Regex": "\\s+" }), flag()),
        sequence(&[&plain("WhitespaceSplit"), &metaspace]),
        sequence(&[&metaspace, &punctuation]),
        sequence(&[&digits, &bytes]),
        sequence(&[&punctuation, &digits, &metaspace]),
    ];
    kinds[random.below(kinds.len())].clone()
}
