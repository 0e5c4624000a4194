//! WordPiece: the longest piece the vocabulary has, then the longest of the rest; a word with a rest that has none is
//! one unknown token.

use crate::local::tokens::model::Token;
use crate::local::tokens::vocabulary::{PieceHash, Vocabulary};

/// The model of BERT and its kin.
pub(super) struct WordPiece {
    vocabulary: Vocabulary,
    unknown: Option<u32>,
    /// In front of each piece that does not begin a word.
    prefix: String,
    /// A word of more characters is unknown.
    longest_word: usize,
}

impl WordPiece {
    /// Of a vocabulary and the options beside it.
    pub(super) fn new(vocabulary: Vocabulary, unknown: &str, prefix: String, longest_word: usize) -> Self {
        let unknown = vocabulary.id(unknown);
        Self { vocabulary, unknown, prefix, longest_word }
    }

    /// The pieces it knows.
    pub(super) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// `None` where an unknown token is needed and there is none.
    pub(super) fn tokens(&self, word: &str) -> Option<Vec<Token>> {
        let mut tokens = Vec::new();
        if word.chars().count() <= self.longest_word {
            let mut start = 0;
            while let Some(token) = self.longest_at(word, start) {
                start = token.end;
                tokens.push(token);
            }
            if start == word.len() {
                return Some(tokens);
            }
        }
        self.unknown.map(|id| vec![Token { id, start: 0, end: word.len() }])
    }

    fn longest_at(&self, word: &str, start: usize) -> Option<Token> {
        let prefix = if start == 0 { "" } else { &self.prefix };
        let rest = word.get(start..)?;
        let mut hash = PieceHash::of(prefix.as_bytes());
        let mut hashes = Vec::new();
        for (at, byte) in rest.bytes().enumerate().take(self.vocabulary.longest) {
            hash.push(byte);
            if rest.is_char_boundary(at + 1) {
                hashes.push((at + 1, hash));
            }
        }
        hashes.into_iter().rev().find_map(|(length, hash)| {
            let piece = rest.as_bytes().get(..length)?;
            let id = self.vocabulary.find(hash, prefix.as_bytes(), piece)?;
            Some(Token { id, start, end: start + length })
        })
    }
}
