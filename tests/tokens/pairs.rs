//! A query beside a document: the original's post-processor joins the same ids and segments.

use rerank_wasm::local::tokens::Tokenizer;
use serde_json::{Value, json};

use crate::files::{file, shared};

const QUERIES: [&str; 4] = ["", "how to prevent colds?", "今天", "the <mask> ranking"];

/// Rows of ours against encodings of theirs, for all pairs of queries.
fn assert_equal(name: &str, json: &[u8]) {
    let ours = Tokenizer::from_json(json).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut theirs = tokenizers::Tokenizer::from_bytes(json).unwrap_or_else(|error| panic!("{name}: {error}"));
    theirs.with_padding(None).with_truncation(None).expect("no truncation");
    let ids = |text: &str| ours.tokens(text).expect("tokens").ids;
    for query in QUERIES {
        for document in QUERIES {
            let row = ours.pair_template().row(&ids(query), &ids(document));
            let encoding = theirs.encode((query, document), true).expect("an encoding");
            let numbers = |numbers: &[u32]| numbers.iter().map(|&number| i64::from(number)).collect::<Vec<_>>();
            assert_eq!(row.ids, numbers(encoding.get_ids()), "{name}: {query:?}, {document:?}");
            assert_eq!(row.segments, numbers(encoding.get_type_ids()), "{name}: {query:?}, {document:?}");
        }
    }
}

fn special(id: &str, type_id: u32) -> Value {
    json!({ "SpecialToken": { "id": id, "type_id": type_id } })
}

fn text(id: &str, type_id: u32) -> Value {
    json!({ "Sequence": { "id": id, "type_id": type_id } })
}

#[test]
fn pairs_of_every_post_processor_equal_the_originals() {
    let single = [special("<s>", 0), text("A", 0), special("</s>", 0)];
    let named = |id: &str, ids: &[u32]| json!({ "id": id, "ids": ids, "tokens": vec!["x"; ids.len()] });
    let specials = json!({
        "<s>": named("<s>", &[0]),
        "</s>": named("</s>", &[2]),
        "query: ": named("query: ", &[300, 301, 302]),
        "nothing": named("nothing", &[]),
    });
    let template = |pair: &[Value]| json!({ "type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": specials });
    let prefixed = template(&[
        special("<s>", 0),
        special("query: ", 0),
        text("A", 0),
        special("</s>", 0),
        special("nothing", 1),
        special("query: ", 1),
        text("B", 1),
        special("</s>", 1),
    ]);
    let roberta = json!({ "type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": true,
        "add_prefix_space": true });
    let bert = json!({ "type": "BertProcessing", "sep": ["[SEP]", 7], "cls": ["[CLS]", 8] });
    let bytes = json!({ "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true });
    let sequence = |steps: &[&Value]| json!({ "type": "Sequence", "processors": steps });
    for post_processor in [
        template(&[special("<s>", 0), text("A", 0), text("B", 0)]),
        template(&[text("A", 1), text("B", 0), special("</s>", 3), special("</s>", 0)]),
        prefixed.clone(),
        roberta.clone(),
        bert,
        bytes.clone(),
        sequence(&[&bytes, &prefixed]),
        sequence(&[&bytes]),
        json!(null),
    ] {
        let base = file("tests/models/tokenizers/unigram.json").expect("a file");
        let mut tokenizer: Value = serde_json::from_slice(&base).expect("JSON");
        tokenizer["post_processor"] = post_processor.clone();
        assert_equal(&post_processor.to_string(), tokenizer.to_string().as_bytes());
    }
}

#[test]
fn pairs_of_whole_files_equal_the_originals() {
    for path in ["model/tokenizer.json", "tests/models/wordpiece/tokenizer.json", "tests/models/tokenizers/bpe.json"] {
        assert_equal(path, &file(path).expect("a file"));
    }
    for path in ["wordpiece/tokenizer.json", "xlmr/tokenizer.json.gz"] {
        if let Some(json) = shared(path) {
            assert_equal(path, &json);
        }
    }
}

#[test]
fn xlm_rs_pairs_equal_their_goldens() {
    let Some(goldens) = shared("xlmr/golden_ids.json") else { return };
    let ours = Tokenizer::from_json(&shared("xlmr/tokenizer.json.gz").expect("beside it")).expect("a tokenizer");
    let goldens: Value = serde_json::from_slice(&goldens).expect("JSON");
    let ids = |text: &Value| ours.tokens(text.as_str().expect("a text")).expect("tokens").ids;
    let pairs = goldens["pairs"].as_array().expect("pairs");
    assert!(pairs.len() >= 20, "{}", pairs.len());
    for pair in pairs {
        let row = ours.pair_template().row(&ids(&pair["query"]), &ids(&pair["document"]));
        assert_eq!((json!(row.ids), json!(row.segments)), (pair["ids"].clone(), pair["type_ids"].clone()), "{pair}");
    }
}
