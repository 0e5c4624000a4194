//! Byte-pair encoding: characters, of which the pair that was learned first is joined again and again.
//!
//! As `tokenizers` does it (models/bpe/model.rs and word.rs), where RoBERTa's and ModernBERT's bytes come as characters.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hashbrown::HashTable;

use crate::error::{Error, ErrorKind, Result};
use crate::local::tokens::json::Json;
use crate::local::tokens::model::Token;
use crate::local::tokens::vocabulary::Vocabulary;

/// What stands beside the vocabulary and the merges.
#[derive(Default)]
pub(super) struct BpeOptions {
    /// In front of each character that does not begin a word.
    pub(super) prefix: Option<String>,
    /// Behind the last character of a word.
    pub(super) suffix: Option<String>,
    /// Neighbouring unknown characters are one unknown token.
    pub(super) fuse_unknown: bool,
    /// Unknown characters are written as bytes, where the vocabulary has them all.
    pub(super) byte_fallback: bool,
    /// A word that is a piece as a whole is taken as it is (`ignore_merges`).
    pub(super) whole_words: bool,
}

/// The model of RoBERTa and ModernBERT.
pub(super) struct Bpe {
    vocabulary: Vocabulary,
    merges: HashTable<Merge>,
    /// The unknown token: missing, named but without an id, or known.
    unknown: Option<Option<u32>>,
    options: BpeOptions,
}

/// Two neighbours that become one.
struct Merge {
    left: u32,
    right: u32,
    /// The lower, the sooner.
    rank: u32,
    into: u32,
}

/// A part of a word; parts are linked, so that joining two moves none.
struct Part {
    token: Token,
    before: Option<usize>,
    after: Option<usize>,
    is_gone: bool,
}

impl Bpe {
    /// Of a vocabulary, the merges `["a b"]` or `[["a", "b"]]`, and the options beside them.
    pub(super) fn new(
        vocabulary: Vocabulary,
        mut merges: Json,
        unknown: Option<String>,
        options: BpeOptions,
    ) -> Result<Self> {
        let unknown = unknown.map(|unknown| vocabulary.id(&unknown));
        let mut bpe = Self { vocabulary, merges: HashTable::new(), unknown, options };
        let mut rank = 0;
        merges.elements(|json| {
            let pair = if json.peek() == Some(b'[') {
                let mut pair = Vec::new();
                json.elements(|json| {
                    pair.push(json.string()?.into_owned());
                    Ok(())
                })?;
                pair
            } else {
                let line = json.string()?;
                if line.starts_with("#version") {
                    return Ok(());
                }
                line.split(' ').map(str::to_owned).collect()
            };
            let [left, right] = pair.as_slice() else { return Err(json.unexpected("merges of two pieces")) };
            bpe.learn(left, right, rank)?;
            rank += 1;
            Ok(())
        })?;
        Ok(bpe)
    }

    /// The pieces it knows.
    pub(super) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// `None` where an unknown token is needed that the vocabulary lacks.
    pub(super) fn tokens(&self, word: &str) -> Option<Vec<Token>> {
        if self.options.whole_words
            && let Some(id) = self.vocabulary.id(word)
        {
            return Some(vec![Token { id, start: 0, end: word.len() }]);
        }
        Some(self.join(self.characters(word)?))
    }

    fn learn(&mut self, left: &str, right: &str, rank: u32) -> Result<()> {
        let id = |piece: &str| {
            let missing = || format!("model BPE: expected merges of pieces of the vocab, found \"{piece}\"");
            self.vocabulary.id(piece).ok_or_else(|| Error::new(ErrorKind::BadTokenizer, missing()))
        };
        let bare = self.options.prefix.as_ref().map_or(Some(right), |prefix| right.get(prefix.len()..));
        let merge = Merge {
            left: id(left)?,
            right: id(right)?,
            rank,
            into: id(&format!("{left}{}", bare.unwrap_or_default()))?,
        };
        let same = |other: &Merge| (other.left, other.right) == (merge.left, merge.right);
        let hash = |merge: &Merge| pair_hash(merge.left, merge.right);
        match self.merges.find_mut(hash(&merge), same) {
            Some(known) => *known = merge,
            None => _ = self.merges.insert_unique(hash(&merge), merge, hash),
        }
        Ok(())
    }

    fn merge(&self, left: u32, right: u32) -> Option<&Merge> {
        self.merges.find(pair_hash(left, right), |merge| (merge.left, merge.right) == (left, right))
    }

    /// The characters of a word as tokens.
    fn characters(&self, word: &str) -> Option<Vec<Token>> {
        let mut tokens = Vec::new();
        let mut unknown: Option<Token> = None;
        for (start, char) in word.char_indices() {
            let end = start + char.len_utf8();
            let prefix = if start > 0 { self.options.prefix.as_deref() } else { None };
            let suffix = if end == word.len() { self.options.suffix.as_deref() } else { None };
            let piece = format!("{}{char}{}", prefix.unwrap_or_default(), suffix.unwrap_or_default());
            if let Some(id) = self.vocabulary.id(&piece) {
                tokens.extend(unknown.take());
                tokens.push(Token { id, start, end });
            } else if let Some(bytes) = self.bytes_of(&piece) {
                tokens.extend(bytes.into_iter().map(|id| Token { id, start, end }));
            } else if let Some(id) = self.unknown {
                let id = id?;
                match &mut unknown {
                    Some(before) if self.options.fuse_unknown => before.end = end,
                    _ => tokens.extend(unknown.replace(Token { id, start, end })),
                }
            }
        }
        tokens.extend(unknown);
        Some(tokens)
    }

    fn bytes_of(&self, piece: &str) -> Option<Vec<u32>> {
        let id = |byte: u8| self.vocabulary.id(&format!("<0x{byte:02X}>"));
        if self.options.byte_fallback { piece.bytes().map(id).collect() } else { None }
    }

    fn join(&self, tokens: Vec<Token>) -> Vec<Token> {
        let count = tokens.len();
        let part = |(at, token): (usize, Token)| Part {
            token,
            before: at.checked_sub(1),
            after: Some(at + 1).filter(|&after| after < count),
            is_gone: false,
        };
        let mut parts: Vec<Part> = tokens.into_iter().enumerate().map(part).collect();
        let mut queue: BinaryHeap<Reverse<(u32, usize, u32)>> = BinaryHeap::new();
        for at in 0..count {
            queue.extend(self.candidate(&parts, at));
        }
        while let Some(Reverse((_, at, into))) = queue.pop() {
            // What was queued may have been joined to something else since.
            let Some(merge) = self.merge_at(&parts, at).filter(|merge| merge.into == into) else { continue };
            let Some(after) = join_at(&mut parts, at, merge.into) else { continue };
            if let Some(before) = parts.get(at).and_then(|part| part.before) {
                queue.extend(self.candidate(&parts, before));
            }
            if after.is_some() {
                queue.extend(self.candidate(&parts, at));
            }
        }
        parts.into_iter().filter(|part| !part.is_gone).map(|part| part.token).collect()
    }

    fn candidate(&self, parts: &[Part], at: usize) -> Option<Reverse<(u32, usize, u32)>> {
        self.merge_at(parts, at).map(|merge| Reverse((merge.rank, at, merge.into)))
    }

    /// The merge of the part at `at` with the one after it.
    fn merge_at(&self, parts: &[Part], at: usize) -> Option<&Merge> {
        let left = parts.get(at).filter(|part| !part.is_gone)?;
        let right = parts.get(left.after?)?;
        self.merge(left.token.id, right.token.id)
    }
}

/// Joins the part at `at` with the one after it; says which comes after both.
fn join_at(parts: &mut [Part], at: usize, into: u32) -> Option<Option<usize>> {
    let gone = parts.get(at)?.after?;
    let right = parts.get_mut(gone)?;
    right.is_gone = true;
    let (end, after) = (right.token.end, right.after);
    let left = parts.get_mut(at)?;
    left.token = Token { id: into, end, ..left.token };
    left.after = after;
    if let Some(next) = after.and_then(|after| parts.get_mut(after)) {
        next.before = Some(at);
    }
    Some(after)
}

fn pair_hash(left: u32, right: u32) -> u64 {
    let mixed = (u64::from(left) << 32 | u64::from(right)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 32)
}
