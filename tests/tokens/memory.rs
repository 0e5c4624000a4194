//! What a text takes while it is tokenized, against what is made sure of before.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use rerank_wasm::local::TOKENIZING_BYTES;
use rerank_wasm::local::tokens::Tokenizer;

use crate::files::file;
use crate::texts::long_texts;

/// Counts what each thread holds.
struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

#[allow(unsafe_code, reason = "the trait is; it passes everything on")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get().wrapping_add(layout.size()));
        MOST.set(MOST.get().max(HELD.get()));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size()));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_text_takes_no_more_than_is_made_sure_of() {
    let files = [
        "model/tokenizer.json",
        "tests/models/wordpiece/tokenizer.json",
        "tests/models/tokenizers/unigram.json",
        "tests/models/tokenizers/byte_level.json",
        "tests/models/tokenizers/bpe.json",
    ];
    let ordinary = [
        ("words", "The weather was sunny and the path was dry. ".repeat(2_000)),
        ("letters alone", "a ".repeat(50_000)),
        ("ideographs", "预防感冒应勤洗手、戴口罩。".repeat(2_000)),
    ];
    let bounded = |most: u64| move |(name, text): (&'static str, String)| (name, text, most);
    let odd = long_texts().into_iter().map(bounded(2 * TOKENIZING_BYTES));
    let texts: Vec<_> = odd.chain(ordinary.into_iter().map(bounded(TOKENIZING_BYTES))).collect();
    for path in files {
        let tokenizer = Tokenizer::from_json(&file(path).expect("a file")).expect("a tokenizer");
        for (name, text, most) in &texts {
            let before = HELD.get();
            MOST.set(before);
            let tokens = tokenizer.tokens(text).expect("tokens");
            let taken = (MOST.get() - before) as f64 / text.len() as f64;
            drop(tokens);
            assert!(taken <= *most as f64, "{path}, {name}: {taken:.1} bytes a byte");
        }
    }
}
