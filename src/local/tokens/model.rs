//! The `model` of a tokenizer.json: which of the three kinds, and one piece of text → its tokens.

use crate::error::{Error, ErrorKind, Result};
use crate::local::tokens::bpe::{Bpe, BpeOptions};
use crate::local::tokens::json::Json;
use crate::local::tokens::unigram::Unigram;
use crate::local::tokens::vocabulary::Vocabulary;
use crate::local::tokens::wordpiece::WordPiece;

/// A token and the bytes of its piece that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) id: u32,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What turns pieces of text into tokens.
pub(super) enum Model {
    WordPiece(WordPiece),
    Unigram(Unigram),
    Bpe(Bpe),
}

impl Model {
    /// Reads the value of `model`.
    pub(super) fn from_json(json: &mut Json) -> Result<Self> {
        let fields = Fields::from_json(json)?;
        let vocabulary = fields.vocabulary.ok_or_else(|| bad("model: expected a vocab, found none"))?;
        // Files older than 2020 do not say the kind; what stands in them does.
        let guessed = match (&fields.merges, &fields.scores) {
            (Some(_), _) => "BPE",
            (_, Some(_)) => "Unigram",
            _ => "WordPiece",
        };
        match fields.kind.as_deref().unwrap_or(guessed) {
            "WordPiece" => {
                let unknown = fields.unknown_token.as_deref().unwrap_or("[UNK]");
                let prefix = fields.bpe.prefix.unwrap_or_else(|| "##".to_owned());
                Ok(Self::WordPiece(WordPiece::new(vocabulary, unknown, prefix, fields.longest_word.unwrap_or(100))))
            }
            "Unigram" => {
                let scores = fields.scores.ok_or_else(|| bad("model: expected a vocab of [piece, score]"))?;
                Unigram::new(vocabulary, scores, fields.unknown_id, fields.bpe.byte_fallback).map(Self::Unigram)
            }
            "BPE" => {
                let merges = fields.merges.ok_or_else(|| bad("model BPE: expected merges, found none"))?;
                Bpe::new(vocabulary, merges, fields.unknown_token, fields.bpe).map(Self::Bpe)
            }
            other => Err(bad(&format!("model: expected WordPiece, Unigram or BPE, found \"{other}\""))),
        }
    }

    /// The pieces it knows.
    pub(super) fn vocabulary(&self) -> &Vocabulary {
        match self {
            Self::WordPiece(model) => model.vocabulary(),
            Self::Unigram(model) => model.vocabulary(),
            Self::Bpe(model) => model.vocabulary(),
        }
    }

    /// The tokens of one piece of text, first to last.
    pub(super) fn tokens(&self, piece: &str) -> Result<Vec<Token>> {
        let tokens = match self {
            Self::WordPiece(model) => model.tokens(piece),
            Self::Unigram(model) => model.tokens(piece),
            Self::Bpe(model) => model.tokens(piece),
        };
        tokens.ok_or_else(|| {
            Error::new(
                ErrorKind::BadTokenizer,
                "the tokenizer has no way to write this text: its model lacks an unknown token",
            )
        })
    }
}

/// The members of `model` of all kinds, as far as they are there.
#[derive(Default)]
struct Fields<'a> {
    kind: Option<String>,
    vocabulary: Option<Vocabulary>,
    scores: Option<Vec<f64>>,
    /// Read when the vocabulary is known.
    merges: Option<Json<'a>>,
    unknown_id: Option<u32>,
    unknown_token: Option<String>,
    longest_word: Option<usize>,
    bpe: BpeOptions,
}

impl<'a> Fields<'a> {
    fn from_json(json: &mut Json<'a>) -> Result<Self> {
        let text = |json: &mut Json<'a>| json.optional(|json| Ok(json.string()?.into_owned()));
        let flag = |json: &mut Json<'a>| Ok::<_, Error>(json.optional(Json::boolean)?.unwrap_or_default());
        let mut fields = Self::default();
        json.members(|key, json| {
            match key {
                "type" => fields.kind = text(json)?,
                "vocab" if json.peek() == Some(b'[') => {
                    let (vocabulary, scores) = Vocabulary::from_scored(json)?;
                    fields.vocabulary = Some(vocabulary);
                    fields.scores = Some(scores);
                }
                "vocab" => fields.vocabulary = Some(Vocabulary::from_members(json)?),
                "merges" => {
                    fields.merges = Some(*json);
                    json.skip()?;
                }
                "unk_id" => fields.unknown_id = json.optional(Json::index)?,
                "unk_token" => fields.unknown_token = text(json)?,
                "max_input_chars_per_word" => {
                    fields.longest_word = json.optional(Json::index)?.map(|most| most as usize)
                }
                "continuing_subword_prefix" => fields.bpe.prefix = text(json)?,
                "end_of_word_suffix" => fields.bpe.suffix = text(json)?,
                "fuse_unk" => fields.bpe.fuse_unknown = flag(json)?,
                "byte_fallback" => fields.bpe.byte_fallback = flag(json)?,
                "ignore_merges" => fields.bpe.whole_words = flag(json)?,
                "dropout" => {
                    if json.optional(Json::number)?.unwrap_or_default() != 0.0 {
                        return Err(bad("model: dropout makes tokens a matter of chance; set it to null"));
                    }
                }
                _ => json.skip()?,
            }
            Ok(())
        })?;
        Ok(fields)
    }
}

fn bad(message: &str) -> Error {
    Error::new(ErrorKind::BadTokenizer, message)
}
