//! Unigram: of all ways to write a text with the vocabulary's pieces, the one whose scores add up to most.
//!
//! Sums, ties and unknown characters as in `tokenizers` (models/unigram/model.rs, `encode_optimized`): scores are added
//! from left to right in f64, and a later way must be better, not as good.

use crate::error::{Error, ErrorKind, Result};
use crate::local::tokens::model::Token;
use crate::local::tokens::vocabulary::{PieceHash, Vocabulary};

/// How much worse than the worst piece a character without a piece is (SentencePiece's `kUnkPenalty`).
const UNKNOWN_PENALTY: f64 = 10.0;

/// The model of XLM-R, ALBERT and DeBERTa-v2.
pub(super) struct Unigram {
    vocabulary: Vocabulary,
    /// By id.
    scores: Vec<f64>,
    unknown: Option<u32>,
    unknown_score: f64,
    /// Unknown characters are written as bytes, where the vocabulary has them all.
    byte_fallback: bool,
}

/// The best way to write the text up to some byte: its last step.
#[derive(Clone, Copy)]
struct Step {
    score: f64,
    start: usize,
    id: u32,
}

impl Unigram {
    /// Of a vocabulary, its scores and the options beside it.
    pub(super) fn new(
        vocabulary: Vocabulary,
        scores: Vec<f64>,
        unknown: Option<u32>,
        byte_fallback: bool,
    ) -> Result<Self> {
        if let Some(id) = unknown.filter(|&id| id as usize >= scores.len()) {
            let message = format!("model Unigram: expected unk_id below {}, found {id}", scores.len());
            return Err(Error::new(ErrorKind::BadTokenizer, message));
        }
        let unknown_score = scores.iter().copied().fold(f64::INFINITY, f64::min) - UNKNOWN_PENALTY;
        Ok(Self { vocabulary, scores, unknown, unknown_score, byte_fallback })
    }

    /// The pieces it knows.
    pub(super) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// `None` where an unknown token is needed and there is none.
    pub(super) fn tokens(&self, text: &str) -> Option<Vec<Token>> {
        let mut tokens = Vec::new();
        for (start, end, id) in self.best_way(text)? {
            if Some(id) != self.unknown {
                tokens.push(Token { id, start, end });
                continue;
            }
            // Several unknown characters together may be a piece: the unknown token's own name, for one.
            let unknown = text.get(start..end).unwrap_or_default();
            match self.vocabulary.id(unknown) {
                Some(id) => tokens.push(Token { id, start, end }),
                None => match self.bytes_of(unknown) {
                    Some(ids) => tokens.extend(ids.into_iter().map(|id| Token { id, start, end })),
                    None => tokens.push(Token { id, start, end }),
                },
            }
        }
        Some(tokens)
    }

    /// `(start, end, id)` of each step, neighbouring unknown ones as one.
    fn best_way(&self, text: &str) -> Option<Vec<(usize, usize, u32)>> {
        let steps = self.steps(text)?;
        let mut way: Vec<(usize, usize, u32)> = Vec::new();
        let mut end = text.len();
        while end > 0 {
            let step = steps.get(end).copied().flatten()?;
            match way.last_mut() {
                Some(later) if Some(step.id) == self.unknown && later.2 == step.id => later.0 = step.start,
                _ => way.push((step.start, end, step.id)),
            }
            end = step.start;
        }
        way.reverse();
        Some(way)
    }

    fn steps(&self, text: &str) -> Option<Vec<Option<Step>>> {
        let mut steps: Vec<Option<Step>> = vec![None; text.len() + 1];
        for (start, char) in text.char_indices() {
            let score = steps.get(start).copied().flatten().map_or(0.0, |step| step.score);
            let char_end = start + char.len_utf8();
            let mut is_known = false;
            self.pieces_at(text, start, |end, id| {
                is_known |= end == char_end;
                let piece_score = self.scores.get(id as usize).copied().unwrap_or(self.unknown_score);
                improve(&mut steps, end, Step { score: piece_score + score, start, id });
            });
            if !is_known {
                let step = Step { score: self.unknown_score + score, start, id: self.unknown.unwrap_or(u32::MAX) };
                if improve(&mut steps, char_end, step) && self.unknown.is_none() {
                    return None;
                }
            }
        }
        Some(steps)
    }

    /// Calls `found` with the end and id of each piece that stands at `start`, shortest first.
    fn pieces_at(&self, text: &str, start: usize, mut found: impl FnMut(usize, u32)) {
        let rest = text.as_bytes().get(start..).unwrap_or_default();
        let mut hash = PieceHash::default();
        for (at, &byte) in rest.iter().enumerate().take(self.vocabulary.reach(rest)) {
            hash.push(byte);
            let end = start + at + 1;
            if text.is_char_boundary(end)
                && let Some(piece) = rest.get(..=at)
                && let Some(id) = self.vocabulary.find(hash, &[], piece)
            {
                found(end, id);
            }
        }
    }

    fn bytes_of(&self, unknown: &str) -> Option<Vec<u32>> {
        let id = |byte: u8| self.vocabulary.id(&format!("<0x{byte:02X}>"));
        if self.byte_fallback { unknown.bytes().map(id).collect() } else { None }
    }
}

/// Takes `step` to `end` if none is known or it is better; says whether.
fn improve(steps: &mut [Option<Step>], end: usize, step: Step) -> bool {
    let Some(best) = steps.get_mut(end) else { return false };
    let is_better = best.is_none_or(|known| step.score > known.score);
    if is_better {
        *best = Some(step);
    }
    is_better
}
