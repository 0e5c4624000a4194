//! `types.d.ts` is written by hand; here it is held against the Rust side.

use rerank_wasm::error::ErrorKind;
use rerank_wasm::request::MAX_OVERLAP_TOKENS;

const TYPES: &str = include_str!("../pkg-template/types.d.ts");

/// The part of the file that declares `name`, up to the next blank line at the margin's end.
fn declaration(name: &str) -> &'static str {
    let at = TYPES.find(name).unwrap_or_else(|| panic!("expected {name} in types.d.ts"));
    let rest = &TYPES[at..];
    rest.find("\n}").or_else(|| rest.find(";\n")).map_or(rest, |end| &rest[..end])
}

#[test]
fn error_codes_are_the_kinds_in_order() {
    let declared: Vec<&str> = TYPES[TYPES.find("type RerankErrorCode").expect("the union")..]
        .lines()
        .filter_map(|line| line.trim().strip_prefix("| \"")?.split('"').next())
        .collect();
    let kinds: Vec<&str> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(declared, kinds);
}

#[test]
fn each_code_is_documented_with_the_kinds_own_words() {
    let source = include_str!("../src/error.rs");
    for kind in ErrorKind::ALL {
        let row = source.lines().find(|line| line.contains(&format!("\"{}\"", kind.code()))).expect("a row");
        let doc = row.rsplit('"').nth(1).expect("its words");
        let doc = doc.trim_end_matches('.');
        assert!(TYPES.contains(doc), "types.d.ts lacks the words of {}: {doc}", kind.code());
    }
}

#[test]
fn request_fields_are_those_the_engine_reads() {
    let read = include_str!("../src/wasm/types.rs");
    let declared = declaration("interface RerankRequest");
    for field in ["query", "documents", "topN", "maxChunksPerDoc", "overlapTokens", "returnDocuments", "user"] {
        assert!(read.contains(&format!("\"{field}\"")), "wasm/types.rs does not read {field}");
        let is_declared = |line: &str| {
            line.trim_start().starts_with(&format!("{field}:")) || line.trim_start().starts_with(&format!("{field}?:"))
        };
        assert!(declared.lines().any(is_declared), "types.d.ts does not declare {field}");
    }
}

#[test]
fn stated_defaults_are_the_ones_in_force() {
    assert!(
        declaration("interface RerankRequest")
            .contains(&format!("0 to {MAX_OVERLAP_TOKENS}. Default {MAX_OVERLAP_TOKENS}."))
    );
    let options = declaration("interface LocalOptions");
    let page = include_str!("../src/local/mod.rs");
    assert!(options.contains("from 32 to") && page.contains("LEAST_MAX_TOKENS: usize = 32;"));
    assert!(options.contains("or 512 where") && page.contains("DEFAULT_MAX_TOKENS: usize = 512;"));
}
