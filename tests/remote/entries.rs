//! What a service reads of each document: whole, cut, in windows; and the estimate of tokens behind it.

use crate::support::{draft, golden};
use rerank_wasm::error::Result;
use rerank_wasm::json::Json;
use rerank_wasm::remote::answer::Warning;
use rerank_wasm::remote::entries::{self, Entry, LongDocuments};
use rerank_wasm::remote::estimate::measure;
use rerank_wasm::remote::provider::Limits;
use rerank_wasm::request::{RequestDraft, RerankRequest};

/// Qianfan's.
const LIMITS: Limits = Limits {
    documents: Some(64),
    query_characters: Some(1600),
    query_tokens: Some(400),
    document_characters: Some(4096),
    document_tokens: Some(1024),
};

fn request(documents: &[&str]) -> RerankRequest {
    RerankRequest::new(draft("q", documents)).expect("valid")
}

fn entries_of(request: &RerankRequest, long: LongDocuments) -> Result<(Vec<Entry<'_>>, Vec<Warning>)> {
    entries::of(request, &LIMITS, long, "qianfan")
}

fn windows(request: &RerankRequest) -> Vec<Entry<'_>> {
    let (entries, warnings) = entries_of(request, LongDocuments::Windows).expect("entries");
    assert!(warnings.is_empty(), "all is read: {warnings:?}");
    entries
}

#[test]
fn tokens_are_estimated_as_the_page_does_and_as_the_package_tells() {
    for case in golden("qianfan/estimates.json").elements().expect("an array") {
        let [text, tokens] = case.elements().expect("a pair") else { panic!("a pair") };
        let text = text.as_str().expect("a text");
        assert_eq!(Some(measure(text).tokens() as f64), tokens.as_number(), "{text}");
    }
    let page = golden("qianfan/page.request.json");
    let body = page.get("body").expect("a body");
    let documents = body.get("documents").and_then(Json::elements).expect("documents").iter();
    let texts = documents.chain(body.get("query")).map(|text| measure(text.as_str().expect("a text")).tokens());
    assert_eq!(texts.sum::<usize>(), 12);
}

#[test]
fn what_fits_goes_as_it_is() {
    let (han, words) = ("文".repeat(1024), "word ".repeat(787));
    let emoji = "😀".repeat(4096);
    let request = request(&["a", &han, &words, &emoji]);
    for long in [LongDocuments::Error, LongDocuments::Truncate, LongDocuments::Windows] {
        let (entries, warnings) = entries_of(&request, long).expect("entries");
        assert!(warnings.is_empty(), "{warnings:?}");
        let all: Vec<_> = request.documents().iter().map(String::as_str).enumerate().collect();
        assert_eq!(entries.iter().map(|entry| (entry.index, entry.text)).collect::<Vec<_>>(), all);
        assert!(entries.iter().all(|entry| entry.window.is_none()));
    }
}

#[test]
fn beyond_the_token_cut_is_a_warning_and_beyond_the_characters_an_error() {
    let (han, words) = ("文".repeat(1025), "word ".repeat(788));
    let cut = request(&["a", &han, &words]);
    let (entries, warnings) = entries_of(&cut, LongDocuments::Error).expect("entries");
    assert_eq!(entries.len(), 3);
    let told: Vec<_> = warnings.iter().map(|warning| (warning.code, warning.index)).collect();
    assert_eq!(told, [("partly_read", Some(1)), ("partly_read", Some(2))]);
    let sentence = "documents[1]: qianfan reads about the first 1024 tokens, and this has about 1025 (Han characters + words x 1.3); longDocuments: \"windows\" has all of it read";
    assert_eq!(warnings[0].message, sentence);
    for letter in ["x", "文", "😀"] {
        let long = letter.repeat(4097);
        let error = entries_of(&request(&["a", &long]), LongDocuments::Error).expect_err("too long");
        let sentence = "documents[1]: expected at most 4096 characters, found 4097; shorten it";
        assert_eq!((error.kind().code(), error.index(), error.to_string().as_str()), ("too_long", Some(1), sentence));
    }
    let query = RerankRequest::new(draft(&"问".repeat(401), &["a"])).expect("valid");
    let (_, warnings) = entries_of(&query, LongDocuments::Windows).expect("entries");
    assert_eq!(
        warnings.iter().map(|warning| (warning.code, warning.index)).collect::<Vec<_>>(),
        [("partly_read", None)]
    );
    assert!(LIMITS.check_query(&"😀".repeat(1600)).is_ok());
    assert!(LIMITS.check_query(&"😀".repeat(1601)).is_err());
}

#[test]
fn truncate_cuts_at_the_last_character_or_word_that_is_read() {
    let cases = [
        ("文".repeat(5000), "文".repeat(1024)),
        ("😀".repeat(5000), "😀".repeat(4096)),
        ("x".repeat(5000), "x".repeat(4096)),
        ("word ".repeat(2000), "word ".repeat(787)),
        // 819 words of four letters and a blank make 4095 characters, but 787 words are all the tokens.
        (format!("{} {}", "x".repeat(4000), "y".repeat(4000)), format!("{} ", "x".repeat(4000))),
    ];
    for (document, expected) in cases {
        let request = request(&[&document]);
        let (entries, warnings) = entries_of(&request, LongDocuments::Truncate).expect("entries");
        assert_eq!(entries[0].text, expected);
        assert_eq!((entries[0].window, warnings[0].code, warnings[0].index), (None, "partly_read", Some(0)));
    }
}

/// Documents that are hard to cut: one word, no word, words at the edges, blanks, pictures, everything mixed.
fn hard_documents() -> Vec<String> {
    let mut seed: u64 = 7;
    let mut draw = |most: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % most
    };
    let pieces = ["word ", "文", "汉字", "😀", " ", "\n", "。", "café ", "x", "1", "한국어 ", "👨‍👩‍👧 ", "longerword"];
    let mut documents = vec![
        "x".repeat(20_000),
        "文".repeat(20_000),
        "😀".repeat(20_000),
        format!("a {} b", "x".repeat(9000)),
        format!("x a {}", "y".repeat(5000)),
        format!("{}word", " ".repeat(9000)),
        format!("word{}", " ".repeat(9000)),
        "a b ".repeat(5000),
    ];
    for _ in 0..60 {
        let count = 1000 + draw(9000);
        let favourite = draw(pieces.len());
        let piece = |at: usize| if at.is_multiple_of(3) { favourite } else { at % pieces.len() };
        documents.push((0..count).map(|_| pieces[piece(draw(1000))]).collect());
    }
    documents
}

#[test]
fn windows_keep_the_limits_cover_the_document_and_tell_their_place() {
    for document in hard_documents() {
        for overlap in [0.0, 1.0, 80.0] {
            let draft = RequestDraft { overlap_tokens: Some(overlap), ..draft("q", &["a", &document]) };
            let request = RerankRequest::new(draft).expect("valid");
            let units: Vec<u16> = document.encode_utf16().collect();
            let mut covered = 0;
            let all = windows(&request);
            let of_document = all.iter().filter(|entry| entry.index == 1);
            for (number, entry) in of_document.enumerate() {
                let Some(span) = entry.window else {
                    covered = units.len();
                    continue;
                };
                let meter = measure(entry.text);
                assert!(meter.characters <= 4096 && meter.tokens() <= 1024, "{meter:?}");
                assert!(!entry.text.trim().is_empty());
                assert_eq!(span.index, number);
                assert_eq!(String::from_utf16(&units[span.start..span.end]).expect("whole characters"), entry.text);
                let gap = String::from_utf16(&units[covered.min(span.start)..span.start]).expect("whole characters");
                assert!(gap.trim().is_empty(), "only blanks are left out");
                let shared = String::from_utf16(&units[span.start..covered.max(span.start)]).expect("characters");
                assert!(measure(&shared).tokens() as f64 <= overlap, "shared: {}", measure(&shared).tokens());
                assert!(span.end > covered, "each window gets on");
                covered = span.end;
            }
            let rest = String::from_utf16(&units[covered..]).expect("whole characters");
            assert!(rest.trim().is_empty(), "all is read");
        }
    }
}

#[test]
fn windows_share_tokens_and_may_be_capped() {
    let document: String = (0..3000).map(|number| format!("w{number} ")).collect();
    let request_of = |overlap, most| {
        let draft = RequestDraft { overlap_tokens: overlap, max_chunks_per_doc: most, ..draft("q", &[&document]) };
        RerankRequest::new(draft).expect("valid")
    };
    let request = request_of(None, None);
    let entries = windows(&request);
    // 80 tokens are 61 words.
    let shared = |entries: &[Entry<'_>]| {
        let first: Vec<&str> = entries[0].text.split_whitespace().collect();
        let start = entries[1].text.split_whitespace().next().expect("a word");
        first.len() - first.iter().position(|word| *word == start).unwrap_or(first.len())
    };
    assert_eq!((entries.len(), shared(&entries)), (5, 61));
    let request = request_of(Some(0.0), Some(2.0));
    let entries = windows(&request);
    assert_eq!((entries.len(), shared(&entries)), (2, 0));
}
