//! A text in parts, and what becomes of the delimiters between them.

use std::ops::Range;

use crate::local::tokens::glyphs::Glyph;

/// What becomes of a delimiter; the names are those of tokenizer.json. `the-final--countdown` at `-`:
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behavior {
    /// `the`, `final`, `countdown`
    Removed,
    /// `the`, `-`, `final`, `-`, `-`, `countdown`
    Isolated,
    /// `the-`, `final-`, `-`, `countdown`
    MergedWithPrevious,
    /// `the`, `-final`, `-`, `-countdown`
    MergedWithNext,
    /// `the`, `-`, `final`, `--`, `countdown`
    Contiguous,
}

impl Behavior {
    /// By its name in tokenizer.json.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "Removed" => Some(Self::Removed),
            "Isolated" => Some(Self::Isolated),
            "MergedWithPrevious" => Some(Self::MergedWithPrevious),
            "MergedWithNext" => Some(Self::MergedWithNext),
            "Contiguous" => Some(Self::Contiguous),
            _ => None,
        }
    }

    /// The parts of `text` that delimiters at `found`, in order, make; none is empty.
    pub(super) fn split(self, text: &[Glyph], found: &[Range<usize>]) -> Vec<Vec<Glyph>> {
        self.split_marked(text, marked(text.len(), found))
    }

    /// The same, where `found` are the parts and what stands between them are the delimiters.
    pub(super) fn split_inverted(self, text: &[Glyph], found: &[Range<usize>]) -> Vec<Vec<Glyph>> {
        let marked = marked(text.len(), found).into_iter();
        self.split_marked(text, marked.map(|(range, is_delimiter)| (range, !is_delimiter)).collect())
    }

    /// The same, where each character that `is_delimiter` is one.
    pub(super) fn split_at(self, text: &[Glyph], is_delimiter: impl Fn(char) -> bool) -> Vec<Vec<Glyph>> {
        let at = |(at, glyph): (usize, &Glyph)| is_delimiter(glyph.char).then_some(at..at + 1);
        self.split(text, &text.iter().enumerate().filter_map(at).collect::<Vec<_>>())
    }

    fn split_marked(self, text: &[Glyph], parts: Vec<(Range<usize>, bool)>) -> Vec<Vec<Glyph>> {
        let ranges: Vec<Range<usize>> = match self {
            Self::Isolated => parts.into_iter().map(|(range, _)| range).collect(),
            Self::Removed => {
                parts.into_iter().filter(|(_, is_delimiter)| !is_delimiter).map(|(range, _)| range).collect()
            }
            Self::Contiguous => merged(parts, |before, is_delimiter| before == is_delimiter),
            Self::MergedWithPrevious => merged(parts, |before, is_delimiter| is_delimiter && !before),
            Self::MergedWithNext => {
                let mirrored =
                    parts.into_iter().rev().map(|(range, mark)| (mirror(text.len(), &range), mark)).collect();
                let mut ranges = merged(mirrored, |before, is_delimiter| is_delimiter && !before);
                ranges.reverse();
                ranges.iter().map(|range| mirror(text.len(), range)).collect()
            }
        };
        let part = |range: Range<usize>| text.get(range).unwrap_or_default().to_vec();
        ranges.into_iter().map(part).filter(|part| !part.is_empty()).collect()
    }
}

/// The delimiters and what stands between them.
fn marked(length: usize, found: &[Range<usize>]) -> Vec<(Range<usize>, bool)> {
    let mut parts = Vec::with_capacity(found.len() * 2 + 1);
    let mut end = 0;
    for range in found {
        if end < range.start {
            parts.push((end..range.start, false));
        }
        parts.push((range.clone(), true));
        end = range.end;
    }
    if end < length {
        parts.push((end..length, false));
    }
    parts
}

/// Joins a part to the one before it where `joins(is the one before a delimiter, is this one)`.
fn merged(parts: Vec<(Range<usize>, bool)>, joins: impl Fn(bool, bool) -> bool) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut before = false;
    for (range, is_delimiter) in parts {
        match ranges.last_mut() {
            Some(last) if joins(before, is_delimiter) => last.end = range.end,
            _ => ranges.push(range),
        }
        before = is_delimiter;
    }
    ranges
}

/// The range as counted from the end.
fn mirror(length: usize, range: &Range<usize>) -> Range<usize> {
    length - range.end..length - range.start
}
