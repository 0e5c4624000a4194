//! GPT-2's way with bytes: each byte is a printable character, and words are split by one pattern.

use std::ops::Range;

use crate::local::tokens::classes::Class;
use crate::local::tokens::glyphs::Glyph;

/// What GPT-2 splits off the word before it.
const CONTRACTIONS: [&[char]; 7] = [&['s'], &['t'], &['r', 'e'], &['v', 'e'], &['m'], &['l', 'l'], &['d']];

/// Replaces each character by the characters of its bytes; all of them stand for it.
pub(super) fn to_bytes(text: &mut Vec<Glyph>) {
    let mut bytes = Vec::with_capacity(text.len());
    for glyph in text.iter() {
        let encoded = glyph.char.encode_utf8(&mut [0; 4]).as_bytes().to_vec();
        bytes.extend(encoded.into_iter().map(|byte| Glyph { char: printable(byte), ..*glyph }));
    }
    *text = bytes;
}

/// A byte that is printable in Latin-1 is itself; the others follow from U+0100 (`bytes_to_unicode` in GPT-2's
/// encoder.py).
fn printable(byte: u8) -> char {
    let code = u32::from(byte);
    let moved = match byte {
        0..=0x20 => code + 0x100,
        0x7f..=0xa0 => code - 0x7f + 0x121,
        0xad => 0x143,
        _ => code,
    };
    char::from_u32(moved).unwrap_or_default()
}

/// The matches of GPT-2's pattern
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, which leave nothing between them.
pub(super) fn words(text: &[Glyph]) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let length = word_length(text.get(start..).unwrap_or_default()).max(1);
        words.push(start..start + length);
        start += length;
    }
    words
}

fn word_length(text: &[Glyph]) -> usize {
    let char_at = |at: usize| text.get(at).map(|glyph| glyph.char);
    if char_at(0) == Some('\'')
        && let Some(letters) =
            CONTRACTIONS.iter().find(|letters| (1..).zip(**letters).all(|(at, &c)| char_at(at) == Some(c)))
    {
        return 1 + letters.len();
    }
    let run = |from: usize, kind: Kind| text.iter().skip(from).take_while(|glyph| Kind::of(glyph.char) == kind).count();
    let from = usize::from(char_at(0) == Some(' '));
    match char_at(from).map(Kind::of) {
        Some(kind) if kind != Kind::Space => from + run(from, kind),
        _ => {
            let spaces = run(0, Kind::Space);
            // The last space belongs to the word behind it, unless it is the only one.
            if spaces < text.len() && spaces > 1 { spaces - 1 } else { spaces }
        }
    }
}

/// What a word is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Number,
    Space,
    Other,
}

impl Kind {
    fn of(char: char) -> Self {
        if Class::Letter.has(char) {
            Self::Letter
        } else if char.is_whitespace() {
            Self::Space
        } else if Class::Number.has(char) {
            Self::Number
        } else {
            Self::Other
        }
    }
}
