//! Added tokens: what is cut out of a text whole, before or after it is normalized.

use std::collections::HashMap;

use crate::error::Result;
use crate::local::tokens::classes::Class;
use crate::local::tokens::glyphs::{Glyph, Piece};
use crate::local::tokens::json::Json;
use crate::local::tokens::model::Model;

/// An element of `added_tokens`. Its id is not read: `tokenizers` takes the model's, or the next one free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AddedToken {
    /// How it is written.
    pub(super) content: String,
    /// It is found in the normalized text, not in the caller's.
    pub(super) normalized: bool,
    single_word: bool,
    takes_spaces_before: bool,
    takes_spaces_behind: bool,
    special: bool,
}

impl AddedToken {
    /// Reads the value of `added_tokens`.
    pub(super) fn all_from_json(json: &mut Json) -> Result<Vec<Self>> {
        let mut tokens = Vec::new();
        json.elements(|json| {
            let mut token = Self { normalized: true, ..Self::default() };
            json.members(|key, json| {
                match key {
                    "content" => token.content = json.string()?.into_owned(),
                    "normalized" => token.normalized = json.boolean()?,
                    "single_word" => token.single_word = json.boolean()?,
                    "lstrip" => token.takes_spaces_before = json.boolean()?,
                    "rstrip" => token.takes_spaces_behind = json.boolean()?,
                    "special" => token.special = json.boolean()?,
                    _ => json.skip()?,
                }
                Ok(())
            })?;
            tokens.push(token);
            Ok(())
        })?;
        Ok(tokens)
    }

    /// Gives each its id, as `tokenizers` does (tokenizer/added_vocabulary.rs, `add_tokens`).
    pub(super) fn with_ids(tokens: Vec<Self>, model: &Model) -> Vec<(u32, Self)> {
        let mut ids: HashMap<String, u32> = HashMap::new();
        let mut numbered: Vec<(u32, Self)> = Vec::new();
        let mut next = model.vocabulary().count() as u32;
        for token in tokens.into_iter().filter(|token| !token.content.is_empty()) {
            let known = ids.get(&token.content).copied().or_else(|| model.vocabulary().id(&token.content));
            let id = known.unwrap_or_else(|| {
                next += 1;
                next - 1
            });
            ids.insert(token.content.clone(), id);
            match numbered.iter_mut().find(|(other, _)| *other == id) {
                Some(same) => same.1 = token,
                None => numbered.push((id, token)),
            }
        }
        numbered
    }
}

/// Finds added tokens, from left to right, the longest of those that begin at the same place.
#[derive(Default)]
pub(super) struct Finder {
    /// By first character, then the longest first.
    tokens: Vec<Wanted>,
}

struct Wanted {
    id: u32,
    chars: Vec<char>,
    token: AddedToken,
}

impl Finder {
    /// Of tokens with their ids, written as `spell` says.
    pub(super) fn new(tokens: impl Iterator<Item = (u32, AddedToken)>, spell: impl Fn(&str) -> Vec<char>) -> Self {
        let wanted = |(id, token): (u32, AddedToken)| Wanted { id, chars: spell(&token.content), token };
        let mut tokens: Vec<Wanted> = tokens.map(wanted).filter(|wanted| !wanted.chars.is_empty()).collect();
        tokens.sort_by(|a, b| (a.chars.first(), b.chars.len(), a.id).cmp(&(b.chars.first(), a.chars.len(), b.id)));
        Self { tokens }
    }

    /// Cuts the tokens out of the pieces that are not tokens yet.
    pub(super) fn cut_out(&self, pieces: Vec<Piece>) -> Vec<Piece> {
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            if piece.token.is_some() || self.tokens.is_empty() {
                parts.push(piece);
            } else {
                parts.extend(self.parts(&piece.glyphs));
            }
        }
        parts.retain(|part| !part.glyphs.is_empty());
        parts
    }

    fn parts(&self, text: &[Glyph]) -> Vec<Piece> {
        let piece = |start: usize, end: usize, token| Piece {
            glyphs: text.get(start..end).unwrap_or_default().to_vec(),
            token,
        };
        let mut parts = Vec::new();
        let (mut at, mut done) = (0, 0);
        while at < text.len() {
            let Some(wanted) = self.longest_at(text, at) else {
                at += 1;
                continue;
            };
            let found = at;
            at += wanted.chars.len();
            if wanted.token.single_word && !stands_alone(text, found, at) {
                continue;
            }
            let spaces_before = text.get(..found).unwrap_or_default().iter().rev().take_while(is_space).count();
            let spaces_behind = text.get(at..).unwrap_or_default().iter().take_while(is_space).count();
            let start = if wanted.token.takes_spaces_before { (found - spaces_before).max(done) } else { found };
            let end = if wanted.token.takes_spaces_behind { at + spaces_behind } else { at };
            if done < start {
                parts.push(piece(done, start, None));
            }
            parts.push(piece(start, end, Some(wanted.id)));
            done = end;
        }
        if done < text.len() {
            parts.push(piece(done, text.len(), None));
        }
        parts
    }

    fn longest_at(&self, text: &[Glyph], at: usize) -> Option<&Wanted> {
        let first = text.get(at)?.char;
        let from = self.tokens.partition_point(|wanted| wanted.chars.first() < Some(&first));
        let same_first = self.tokens.get(from..)?.iter().take_while(|wanted| wanted.chars.first() == Some(&first));
        let rest = text.get(at..)?;
        let begins = |wanted: &&Wanted| {
            wanted.chars.len() <= rest.len() && wanted.chars.iter().zip(rest).all(|(char, glyph)| *char == glyph.char)
        };
        same_first.into_iter().find(begins)
    }
}

fn is_space(glyph: &&Glyph) -> bool {
    glyph.char.is_whitespace()
}

fn stands_alone(text: &[Glyph], start: usize, end: usize) -> bool {
    let is_word = |glyph: Option<&Glyph>| glyph.is_some_and(|glyph| Class::Word.has(glyph.char));
    !is_word(start.checked_sub(1).and_then(|before| text.get(before))) && !is_word(text.get(end))
}
