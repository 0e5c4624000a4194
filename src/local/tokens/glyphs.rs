//! Text as characters that remember where they come from, whatever becomes of them.

use std::ops::Range;

/// A character of the text as the model reads it, and the bytes of the caller's text it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glyph {
    pub(super) char: char,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A part of the text; `token` where it is known already to be one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) glyphs: Vec<Glyph>,
    pub(super) token: Option<u32>,
}

impl Piece {
    /// A part that is yet to be read.
    pub(super) fn plain(glyphs: Vec<Glyph>) -> Self {
        Self { glyphs, token: None }
    }
}

/// The characters of a text as they are.
pub(super) fn glyphs(text: &str) -> Vec<Glyph> {
    let glyph = |(at, char): (usize, char)| Glyph { char, start: at as u32, end: (at + char.len_utf8()) as u32 };
    text.char_indices().map(glyph).collect()
}

/// The text that glyphs spell.
pub(super) fn spelled(glyphs: &[Glyph]) -> String {
    glyphs.iter().map(|glyph| glyph.char).collect()
}

/// Drops characters; what is dropped behind a kept one is part of it.
pub(super) fn filter(glyphs: &mut Vec<Glyph>, keep: impl Fn(char) -> bool) {
    let mut kept: Vec<Glyph> = Vec::with_capacity(glyphs.len());
    for glyph in glyphs.iter() {
        if keep(glyph.char) {
            kept.push(*glyph);
        } else if let Some(last) = kept.last_mut() {
            last.end = glyph.end;
        }
    }
    *glyphs = kept;
}

/// Replaces each character by one.
pub(super) fn map(glyphs: &mut [Glyph], to: impl Fn(char) -> char) {
    for glyph in glyphs {
        glyph.char = to(glyph.char);
    }
}

/// Replaces each character by several that all stand for it.
pub(super) fn expand<I: Iterator<Item = char>>(glyphs: &mut Vec<Glyph>, to: impl Fn(char) -> I) {
    *glyphs = glyphs.iter().flat_map(|glyph| to(glyph.char).map(|char| Glyph { char, ..*glyph })).collect();
}

/// Puts characters in front, unless there is nothing to put them in front of. They stand for no text.
pub(super) fn prepend(glyphs: &mut Vec<Glyph>, prefix: &str) {
    if let Some(first) = glyphs.first() {
        let at = first.start;
        let prefix: Vec<Glyph> = prefix.chars().map(|char| Glyph { char, start: at, end: at }).collect();
        glyphs.splice(0..0, prefix);
    }
}

/// Replaces ranges of characters, in order, by one string that stands for the last character replaced.
pub(super) fn replace(glyphs: &mut Vec<Glyph>, ranges: &[Range<usize>], by: &str) {
    let mut new = Vec::with_capacity(glyphs.len());
    let mut kept = 0;
    for range in ranges {
        new.extend_from_slice(glyphs.get(kept..range.start).unwrap_or_default());
        if let Some(last) = range.end.checked_sub(1).and_then(|last| glyphs.get(last)) {
            new.extend(by.chars().map(|char| Glyph { char, ..*last }));
        }
        kept = range.end;
    }
    new.extend_from_slice(glyphs.get(kept..).unwrap_or_default());
    *glyphs = new;
}

/// Rewrites the text as `changes` say, one a new character: 0 stands for the next old character, 1 is added to the last
/// one, -n stands for the next and n more that vanish. This is how `unicode-normalization-alignments` reports.
pub(super) fn rewrite(glyphs: &mut Vec<Glyph>, changes: impl Iterator<Item = (char, isize)>) {
    let mut old = glyphs.iter();
    let mut last = glyphs.first().map_or((0, 0), |first| (first.start, first.start));
    let glyph = |(char, change): (char, isize)| {
        if change <= 0
            && let Some(next) = old.next()
        {
            let vanished = change.unsigned_abs().checked_sub(1).and_then(|more| old.nth(more));
            last = (next.start, vanished.map_or(next.end, |vanished| vanished.end));
        }
        Glyph { char, start: last.0, end: last.1 }
    };
    *glyphs = changes.map(glyph).collect();
}
