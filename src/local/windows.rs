//! A document that does not fit beside the query → overlapping windows, the best of which counts.
//!
//! Windows are BCEmbedding's (`RerankerModel.rerank`, BCEmbedding/models/reranker.py and utils.py, commit 00551d2), the
//! query's share is FlagEmbedding's (inference/reranker/encoder_only/base.py, commit 7ed43d6). Two limits of BCEmbedding's
//! are not ours: it reads the first 128,000 characters of a document, and stops at a query that leaves 100 tokens or fewer.

use std::ops::Range;

use crate::local::tokens::Tokens;
use crate::ranking::Span;

/// What becomes of a document that does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cutting {
    /// It is read in overlapping windows.
    #[default]
    Windows,
    /// Its end is left out.
    Truncate,
}

/// Tokens of a query at most: FlagEmbedding's `query_max_length`, and fewer where many separators would leave nothing of
/// the document.
pub fn longest_query(max_tokens: usize, separators: usize) -> usize {
    // As a difference: three times a number may be none of 32 bits.
    (max_tokens - max_tokens.div_ceil(4)).min(max_tokens.saturating_sub(separators + 1))
}

/// How documents are cut for one query.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// What becomes of a document that does not fit.
    pub cutting: Cutting,
    /// Tokens of a document that fit beside the query; at least 1.
    pub budget: usize,
    /// Tokens neighbouring windows should share; at most a quarter of the budget is used, as BCEmbedding does.
    pub overlap: usize,
    /// Windows of a document at most; `None`: as many as it takes.
    pub at_most: Option<usize>,
}

/// A part of a document that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Position of the document in the request.
    pub document: usize,
    /// Which of its tokens.
    pub tokens: Range<usize>,
    /// Where they stand; `None` where the document was not cut into windows.
    pub span: Option<Span>,
}

impl Cut {
    /// The windows of document number `document`, first to last; at least one.
    pub fn windows(&self, document: usize, text: &str, tokens: &Tokens) -> Vec<Window> {
        let length = tokens.ids.len();
        if length <= self.budget || self.cutting == Cutting::Truncate {
            return vec![Window { document, tokens: 0..length.min(self.budget), span: None }];
        }
        let ranges = self.ranges(length).take(self.at_most.unwrap_or(usize::MAX));
        let mut utf16 = Utf16Offsets { text, byte: 0, utf16: 0 };
        let window = |(index, range): (usize, Range<usize>)| {
            let first = tokens.spans.get(range.start).map_or(0, |span| span.start);
            let last = tokens.spans.get(range.end - 1).map_or(text.len(), |span| span.end);
            let span = Span { index, start: utf16.at(first), end: utf16.at(last) };
            Window { document, tokens: range, span: Some(span) }
        };
        ranges.enumerate().map(window).collect()
    }

    /// Each window starts `overlap` tokens before the last one ended; the last one ends with the document.
    fn ranges(&self, length: usize) -> impl Iterator<Item = Range<usize>> {
        let stride = self.budget - self.overlap.min(self.budget / 4);
        let budget = self.budget;
        let count = 1 + (length - budget).div_ceil(stride);
        (0..count).map(move |index| index * stride..(index * stride + budget).min(length))
    }
}

/// Byte offsets → UTF-16 offsets of one text, remembering where it was: windows ask from left to right, nearly.
struct Utf16Offsets<'a> {
    text: &'a str,
    byte: usize,
    utf16: usize,
}

impl Utf16Offsets<'_> {
    fn at(&mut self, byte: usize) -> usize {
        let units = |part: Option<&str>| part.map_or(0, |part| part.chars().map(char::len_utf16).sum::<usize>());
        if byte >= self.byte {
            self.utf16 += units(self.text.get(self.byte..byte));
        } else {
            self.utf16 -= units(self.text.get(byte..self.byte));
        }
        self.byte = byte;
        self.utf16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loop of BCEmbedding, step by step (research F1, item 5).
    fn slow_ranges(length: usize, budget: usize, overlap: usize) -> Vec<Range<usize>> {
        let overlap = overlap.min(budget / 4);
        let (mut ranges, mut start) = (vec![], 0);
        loop {
            let end = start + budget;
            ranges.push(start..end.min(length));
            if end >= length {
                return ranges;
            }
            start = end - overlap;
        }
    }

    fn one_token_a_char(text: &str) -> Tokens {
        let spans: Vec<_> = text.char_indices().map(|(at, char)| at..at + char.len_utf8()).collect();
        Tokens { ids: vec![7; spans.len()], spans }
    }

    fn cut(budget: usize, overlap: usize) -> Cut {
        Cut { cutting: Cutting::Windows, budget, overlap, at_most: None }
    }

    #[test]
    fn a_query_leaves_room_for_the_separators_and_a_token_of_the_document() {
        assert_eq!([longest_query(512, 4), longest_query(32, 3), longest_query(33, 4)], [384, 24, 24]);
        assert_eq!([longest_query(32, 7), longest_query(32, 8), longest_query(32, 31)], [24, 23, 0]);
        assert_eq!(longest_query(usize::MAX, 4), usize::MAX / 4 * 3 + 2);
    }

    #[test]
    fn ranges_equal_the_original_loop() {
        for budget in [1, 2, 3, 4, 5, 8, 101, 124, 500] {
            for overlap in [0, 1, 2, 79, 80] {
                for length in (1..40).chain([499, 500, 501, 919, 920, 921, 2000]) {
                    if length > budget {
                        let fast: Vec<_> = cut(budget, overlap).ranges(length).collect();
                        assert_eq!(fast, slow_ranges(length, budget, overlap), "{length} {budget} {overlap}");
                    }
                }
            }
        }
    }

    #[test]
    fn spans_are_utf16_and_slice_the_document() {
        let text = "aé𝄞b中c𝄞d";
        let windows = cut(4, 1).windows(3, text, &one_token_a_char(text));
        let utf16: Vec<u16> = text.encode_utf16().collect();
        let parts: Vec<String> = windows
            .iter()
            .map(|window| window.span.expect("a span"))
            .map(|span| String::from_utf16(&utf16[span.start..span.end]).expect("whole characters"))
            .collect();
        assert_eq!(parts, ["aé𝄞b", "b中c𝄞", "𝄞d"]);
        assert!(
            windows.iter().enumerate().all(|(at, window)| window.document == 3 && window.span.unwrap().index == at)
        );
    }

    #[test]
    fn what_fits_or_is_truncated_is_one_window_without_a_span() {
        let tokens = one_token_a_char("abcdef");
        let fits = cut(6, 2).windows(0, "abcdef", &tokens);
        assert_eq!(fits, [Window { document: 0, tokens: 0..6, span: None }]);
        let truncated = Cut { cutting: Cutting::Truncate, ..cut(4, 2) }.windows(0, "abcdef", &tokens);
        assert_eq!(truncated, [Window { document: 0, tokens: 0..4, span: None }]);
    }

    #[test]
    fn a_cap_keeps_the_first_windows() {
        let tokens = one_token_a_char("abcdefghij");
        let capped = Cut { at_most: Some(2), ..cut(4, 1) }.windows(0, "abcdefghij", &tokens);
        assert_eq!(capped.iter().map(|window| window.tokens.clone()).collect::<Vec<_>>(), [0..4, 3..7]);
    }
}
