//! Text → token ids, as Hugging Face `tokenizers` gives them: a compact reader of `tokenizer.json`.
//!
//! ```text
//! text
//!   │ glyphs          characters that remember their bytes
//!   │ added           tokens that are cut out whole
//!   │ normalizer      what becomes of the rest
//!   │ added           tokens of the normalized text
//!   │ pre_tokenizer   pieces
//!   │ model           WordPiece, Unigram or BPE: the tokens of a piece
//! Tokens              ids, and the bytes of the text each stands for
//! ```
//!
//! The `tokenizers` crate is what it is held against (`tests/tokens`); what it does not read is refused by name.

// Added tokens.
mod added;
// Byte-pair encoding.
mod bpe;
// GPT-2's way with bytes.
mod byte_level;
// SentencePiece's character map.
mod charsmap;
// Letters, digits, punctuation.
mod classes;
// Characters that remember their bytes.
mod glyphs;
// Values pulled out of the file.
mod json;
// Which of the three models.
mod model;
// What becomes of a text before it is split.
mod normalizer;
// Digits read as the original reads them.
mod number;
// What a text is searched for.
mod pattern;
// A text in pieces.
mod pre_tokenizer;
// What becomes of delimiters.
mod split;
// What stands around query and document.
mod template;
// The best way to write a text.
mod unigram;
// Pieces and their ids.
mod vocabulary;
// The longest piece first.
mod wordpiece;

use std::ops::Range;

use crate::error::{Error, ErrorKind, Result};
use crate::local::pair::PairTemplate;

use added::{AddedToken, Finder};
use glyphs::{Glyph, Piece};
use json::Json;
use model::Model;
use normalizer::Normalizer;
use pre_tokenizer::PreTokenizer;

/// What the model reads of one text, separators not included.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    /// Token ids.
    pub ids: Vec<u32>,
    /// The bytes of the text each id stands for: begins and ends between characters, from left to right. Tokens of one
    /// character share its bytes, a space that was put in front has none.
    pub spans: Vec<Range<usize>>,
}

/// A reader of text, made from a `tokenizer.json`.
pub struct Tokenizer {
    in_text: Finder,
    normalizer: Option<Normalizer>,
    in_normalized: Finder,
    pre_tokenizer: Option<PreTokenizer>,
    model: Model,
    template: PairTemplate,
    /// One more than the highest id.
    size: u32,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`. `padding` and `truncation` stored in it are ignored: rows are not padded, and cutting
    /// is for [`windows`](super::windows).
    ///
    /// # Errors
    /// `bad_tokenizer` with what is damaged or not supported.
    pub fn from_json(bytes: &[u8]) -> Result<Self> {
        let parts = Parts::from_json(&mut Json::new(bytes))?;
        let model = parts.model.ok_or_else(|| bad("tokenizer.json: expected a model, found none".to_owned()))?;
        let added = AddedToken::with_ids(parts.added, &model);
        let template = parts.template.unwrap_or_else(template::bare);
        let of_added = added.iter().map(|(id, _)| id.saturating_add(1)).max().unwrap_or(0);
        let specials = [&template.before, &template.between, &template.after].into_iter().flatten();
        let of_template = specials.filter_map(|special| u32::try_from(special.id + 1).ok()).max().unwrap_or(0);
        let (normalized, as_it_is): (Vec<_>, Vec<_>) = added.into_iter().partition(|(_, token)| token.normalized);
        let normalize = |content: &str| {
            let mut text = glyphs::glyphs(content);
            parts.normalizer.iter().for_each(|normalizer| normalizer.apply(&mut text));
            text.iter().map(|glyph| glyph.char).collect()
        };
        Ok(Self {
            in_text: Finder::new(as_it_is.into_iter(), |content| content.chars().collect()),
            in_normalized: Finder::new(normalized.into_iter(), normalize),
            normalizer: parts.normalizer,
            pre_tokenizer: parts.pre_tokenizer,
            size: model.vocabulary().size.max(of_added).max(of_template),
            template,
            model,
        })
    }

    /// The tokens of `text`, without separators.
    ///
    /// # Errors
    /// `bad_tokenizer` where the model of the tokenizer cannot write this text.
    pub fn tokens(&self, text: &str) -> Result<Tokens> {
        let mut pieces = self.in_text.cut_out(vec![Piece::plain(glyphs::glyphs(text))]);
        if let Some(normalizer) = &self.normalizer {
            let plain = pieces.iter_mut().filter(|piece| piece.token.is_none());
            plain.for_each(|piece| normalizer.apply(&mut piece.glyphs));
        }
        let mut pieces = self.in_normalized.cut_out(pieces);
        if let Some(pre_tokenizer) = &self.pre_tokenizer {
            pieces = pre_tokenizer.apply(pieces);
        }
        let mut tokens = Tokens::default();
        pieces.iter().try_for_each(|piece| tokens.push(piece, &self.model))?;
        Ok(tokens)
    }

    /// How a query and a document stand together.
    pub fn pair_template(&self) -> &PairTemplate {
        &self.template
    }

    /// Checks that the model has a row for each id.
    ///
    /// # Errors
    /// `bad_tokenizer` with both sizes.
    pub fn fits(&self, vocabulary: Option<usize>) -> Result<()> {
        let size = self.size as usize;
        match vocabulary {
            Some(rows) if size > rows => {
                Err(bad(format!("expected at most the model's {rows} tokens, found {size}; take the model's own file")))
            }
            _ => Ok(()),
        }
    }
}

impl Tokens {
    fn push(&mut self, piece: &Piece, model: &Model) -> Result<()> {
        if let Some(id) = piece.token {
            self.ids.push(id);
            self.spans.push(span(&piece.glyphs));
            return Ok(());
        }
        let mut spelled = String::with_capacity(piece.glyphs.len());
        let mut starts = Vec::with_capacity(piece.glyphs.len());
        for glyph in &piece.glyphs {
            starts.push(spelled.len());
            spelled.push(glyph.char);
        }
        for token in model.tokens(&spelled)? {
            // The glyph that holds the first byte, up to the one that holds the last.
            let first = starts.partition_point(|&start| start <= token.start).saturating_sub(1);
            let end = starts.partition_point(|&start| start < token.end);
            self.ids.push(token.id);
            self.spans.push(span(piece.glyphs.get(first..end).unwrap_or_default()));
        }
        Ok(())
    }
}

fn span(glyphs: &[Glyph]) -> Range<usize> {
    let start = glyphs.first().map_or(0, |first| first.start as usize);
    let end = glyphs.last().map_or(0, |last| last.end as usize);
    start..end.max(start)
}

/// The members of a tokenizer.json that matter.
#[derive(Default)]
struct Parts {
    added: Vec<AddedToken>,
    normalizer: Option<Normalizer>,
    pre_tokenizer: Option<PreTokenizer>,
    template: Option<PairTemplate>,
    model: Option<Model>,
}

impl Parts {
    fn from_json(json: &mut Json) -> Result<Self> {
        let mut parts = Self::default();
        json.members(|key, json| {
            match key {
                "version" => {
                    let version = json.string()?;
                    if version != "1.0" {
                        return Err(bad(format!("tokenizer.json: expected version 1.0, found {version}")));
                    }
                }
                "added_tokens" => parts.added = AddedToken::all_from_json(json)?,
                "normalizer" => parts.normalizer = json.optional(Normalizer::from_json)?,
                "pre_tokenizer" => parts.pre_tokenizer = json.optional(PreTokenizer::from_json)?,
                "post_processor" => parts.template = json.optional(template::from_json)?.flatten(),
                "model" => parts.model = Some(Model::from_json(json)?),
                _ => json.skip()?,
            }
            Ok(())
        })?;
        json.end()?;
        Ok(parts)
    }
}

fn bad(message: String) -> Error {
    Error::new(ErrorKind::BadTokenizer, message)
}
