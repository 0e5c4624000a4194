//! Classes of characters, in the Unicode version in which the libraries below Hugging Face `tokenizers` know them.
//!
//! Another version would split other words: `unicode_categories` (BERT) is of Unicode 8, `regex` (byte level, words) of
//! Unicode 16. `tests/tokens/classes.rs` holds the table against both, for every code point, and writes it anew.

use std::sync::LazyLock;

/// One line a class: the lengths of runs of code points outside and inside, in turn, from U+0000, in base 36.
const TABLE: &str = include_str!("classes.txt");

/// A class of characters; the order is that of the table's lines.
#[derive(Clone, Copy)]
pub(super) enum Class {
    /// `\p{L}` of `regex`.
    Letter,
    /// `\p{N}` of `regex`.
    Number,
    /// `\w` of `regex`.
    Word,
    /// General category P of `unicode_categories`.
    Punctuation,
    /// General category Mn of `unicode_categories`.
    Nonspacing,
    /// General categories Cc, Cf and Co of `unicode_categories`.
    Other,
}

impl Class {
    /// Whether `char` belongs to it.
    pub(super) fn has(self, char: char) -> bool {
        static CLASSES: LazyLock<Vec<Vec<u32>>> = LazyLock::new(|| TABLE.lines().map(ends).collect());
        let ends: &[u32] = CLASSES.get(self as usize).map_or(&[], |ends| ends);
        ends.partition_point(|&end| end <= u32::from(char)) % 2 == 1
    }
}

/// Where each run ends.
fn ends(line: &str) -> Vec<u32> {
    let length = |run: &str| u32::from_str_radix(run, 36).unwrap_or_default();
    let add = |end: &mut u32, length: u32| {
        *end += length;
        Some(*end)
    };
    line.split(' ').map(length).scan(0, add).collect()
}
