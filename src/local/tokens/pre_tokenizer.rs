//! The `pre_tokenizer` of a tokenizer.json: a text → the pieces a model reads one by one.

use std::ops::Range;

use crate::error::{Error, ErrorKind, Result};
use crate::local::tokens::byte_level;
use crate::local::tokens::classes::Class;
use crate::local::tokens::glyphs::{self, Glyph, Piece};
use crate::local::tokens::json::Json;
use crate::local::tokens::pattern::Pattern;
use crate::local::tokens::split::Behavior;

/// One step, or several.
pub(super) enum PreTokenizer {
    Sequence(Vec<PreTokenizer>),
    Bert,
    ByteLevel { add_space: bool, split: bool },
    Metaspace { sign: char, prepend: Prepend, split: bool },
    WhitespaceSplit,
    Whitespace,
    Punctuation(Behavior),
    Digits { each: bool },
    Delimiter(char),
    Split { pattern: Pattern, behavior: Behavior, inverted: bool },
}

/// Which parts get the sign of a space in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prepend {
    /// Each.
    Always,
    /// The one at the very beginning of the text.
    First,
    /// None.
    Never,
}

impl PreTokenizer {
    /// Reads the value of `pre_tokenizer`.
    pub(super) fn from_json(json: &mut Json) -> Result<Self> {
        let fields = Fields::from_json(json)?;
        let missing = |name: &str| bad(format!("pre_tokenizer {}: expected \"{name}\", found none", fields.kind));
        Ok(match fields.kind.as_str() {
            "Sequence" => Self::Sequence(fields.steps.ok_or_else(|| missing("pretokenizers"))?),
            "BertPreTokenizer" => Self::Bert,
            "ByteLevel" => Self::ByteLevel { add_space: fields.add_space.unwrap_or(true), split: fields.use_regex },
            "Metaspace" => Self::Metaspace { sign: fields.sign, prepend: fields.prepend()?, split: fields.split },
            "WhitespaceSplit" => Self::WhitespaceSplit,
            "Whitespace" => Self::Whitespace,
            "Punctuation" => Self::Punctuation(fields.behavior.unwrap_or(Behavior::Isolated)),
            "Digits" => Self::Digits { each: fields.each_digit },
            "CharDelimiterSplit" => Self::Delimiter(fields.delimiter.ok_or_else(|| missing("delimiter"))?),
            "Split" => Self::Split {
                behavior: fields.behavior.ok_or_else(|| missing("behavior"))?,
                inverted: fields.inverted,
                pattern: fields.pattern.ok_or_else(|| missing("pattern"))?,
            },
            other => return Err(bad(format!("pre_tokenizer \"{other}\" is not supported"))),
        })
    }

    /// Splits the pieces that are not tokens yet.
    pub(super) fn apply(&self, pieces: Vec<Piece>) -> Vec<Piece> {
        match self {
            Self::Sequence(steps) => steps.iter().fold(pieces, |pieces, step| step.apply(pieces)),
            Self::Bert => {
                let words = Self::WhitespaceSplit.apply(pieces);
                Self::Punctuation(Behavior::Isolated).apply(words)
            }
            _ => {
                let mut parts = Vec::with_capacity(pieces.len());
                for piece in pieces {
                    if piece.token.is_some() {
                        parts.push(piece);
                    } else {
                        parts.extend(self.split(piece.glyphs).into_iter().map(Piece::plain));
                    }
                }
                parts
            }
        }
    }

    fn split(&self, mut text: Vec<Glyph>) -> Vec<Vec<Glyph>> {
        match self {
            Self::Sequence(_) | Self::Bert => vec![text],
            Self::ByteLevel { add_space, split } => byte_level_words(text, *add_space, *split),
            Self::Metaspace { sign, prepend, split } => {
                glyphs::map(&mut text, |char| if char == ' ' { *sign } else { char });
                let first = text.first().copied();
                let is_wanted = *prepend == Prepend::Always
                    || *prepend == Prepend::First && first.is_some_and(|first| first.start == 0);
                if is_wanted && first.is_some_and(|first| first.char != *sign) {
                    glyphs::prepend(&mut text, sign.encode_utf8(&mut [0; 4]));
                }
                if *split { Behavior::MergedWithNext.split_at(&text, |char| char == *sign) } else { vec![text] }
            }
            Self::WhitespaceSplit => Behavior::Removed.split_at(&text, char::is_whitespace),
            Self::Whitespace => Behavior::Removed.split_inverted(&text, &words(&text)),
            Self::Punctuation(behavior) => {
                behavior.split_at(&text, |char| char.is_ascii_punctuation() || Class::Punctuation.has(char))
            }
            Self::Digits { each } => {
                let behavior = if *each { Behavior::Isolated } else { Behavior::Contiguous };
                behavior.split_at(&text, char::is_numeric)
            }
            Self::Delimiter(delimiter) => Behavior::Removed.split_at(&text, |char| char == *delimiter),
            Self::Split { pattern, behavior, inverted } => {
                let found = pattern.find(&text);
                if *inverted { behavior.split_inverted(&text, &found) } else { behavior.split(&text, &found) }
            }
        }
    }
}

fn byte_level_words(mut text: Vec<Glyph>, add_space: bool, split: bool) -> Vec<Vec<Glyph>> {
    if add_space && text.first().is_some_and(|first| first.char != ' ') {
        glyphs::prepend(&mut text, " ");
    }
    let mut words = if split { Behavior::Isolated.split(&text, &byte_level::words(&text)) } else { vec![text] };
    words.iter_mut().for_each(byte_level::to_bytes);
    words
}

/// The matches of `\w+|[^\w\s]+`.
fn words(text: &[Glyph]) -> Vec<Range<usize>> {
    // Of white space there are no words.
    let kind = |glyph: &Glyph| Some(Class::Word.has(glyph.char)).filter(|_| !glyph.char.is_whitespace());
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut before = None;
    for (at, glyph) in text.iter().enumerate() {
        let this = kind(glyph);
        match words.last_mut() {
            Some(word) if this == before && this.is_some() => word.end = at + 1,
            _ if this.is_some() => words.push(at..at + 1),
            _ => {}
        }
        before = this;
    }
    words
}

/// The members of all kinds, as far as they are there.
struct Fields {
    kind: String,
    steps: Option<Vec<PreTokenizer>>,
    add_space: Option<bool>,
    use_regex: bool,
    sign: char,
    scheme: Option<Prepend>,
    split: bool,
    behavior: Option<Behavior>,
    each_digit: bool,
    delimiter: Option<char>,
    pattern: Option<Pattern>,
    inverted: bool,
}

impl Fields {
    fn from_json(json: &mut Json) -> Result<Self> {
        let mut fields = Self {
            kind: String::new(),
            steps: None,
            add_space: None,
            use_regex: true,
            sign: '▁',
            scheme: None,
            split: true,
            behavior: None,
            each_digit: false,
            delimiter: None,
            pattern: None,
            inverted: false,
        };
        json.members(|key, json| {
            match key {
                "type" => fields.kind = json.string()?.into_owned(),
                "pretokenizers" => {
                    let mut steps = Vec::new();
                    json.elements(|json| {
                        steps.push(PreTokenizer::from_json(json)?);
                        Ok(())
                    })?;
                    fields.steps = Some(steps);
                }
                "add_prefix_space" => fields.add_space = json.optional(Json::boolean)?,
                "use_regex" => fields.use_regex = json.boolean()?,
                "replacement" => fields.sign = json.character()?,
                "prepend_scheme" => {
                    let name = json.string()?;
                    fields.scheme = Some(Prepend::named(&name).ok_or_else(|| unknown("prepend_scheme", &name))?);
                }
                "split" => fields.split = json.optional(Json::boolean)?.unwrap_or(true),
                "behavior" => {
                    let name = json.string()?;
                    fields.behavior = Some(Behavior::named(&name).ok_or_else(|| unknown("behavior", &name))?);
                }
                "individual_digits" => fields.each_digit = json.boolean()?,
                "delimiter" => fields.delimiter = Some(json.character()?),
                "pattern" => fields.pattern = Some(Pattern::from_json(json)?),
                "invert" => fields.inverted = json.boolean()?,
                _ => json.skip()?,
            }
            Ok(())
        })?;
        Ok(fields)
    }

    /// Older files say `add_prefix_space` instead of `prepend_scheme`; those between say both.
    fn prepend(&self) -> Result<Prepend> {
        match (self.add_space, self.scheme) {
            (Some(false), None) => Ok(Prepend::Never),
            (Some(false), Some(Prepend::Always | Prepend::First)) => Err(bad(
                "pre_tokenizer Metaspace: add_prefix_space and prepend_scheme contradict each other".to_owned(),
            )),
            (_, scheme) => Ok(scheme.unwrap_or(Prepend::Always)),
        }
    }
}

impl Prepend {
    fn named(name: &str) -> Option<Self> {
        match name {
            "always" => Some(Self::Always),
            "first" => Some(Self::First),
            "never" => Some(Self::Never),
            _ => None,
        }
    }
}

fn unknown(field: &str, name: &str) -> Error {
    bad(format!("pre_tokenizer: {field} \"{name}\" is not supported"))
}

fn bad(message: String) -> Error {
    Error::new(ErrorKind::BadTokenizer, message)
}
