//! What a text is searched for: a string, or one of the regular expressions that tokenizers of encoders carry.

use std::ops::Range;

use crate::error::{Error, ErrorKind, Result};
use crate::local::tokens::glyphs::Glyph;
use crate::local::tokens::json::Json;

/// A pattern of the normalizer `Replace` or the pre-tokenizer `Split`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// These characters.
    Text(Vec<char>),
    /// Characters of one kind, `least` or more.
    Run {
        /// Which characters.
        kind: Kind,
        /// How many at least.
        least: usize,
    },
}

/// The characters of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// This one.
    One(char),
    /// White space: `\s`.
    Space,
}

impl Pattern {
    /// Reads `{ "String": … }` or `{ "Regex": … }`.
    pub(super) fn from_json(json: &mut Json) -> Result<Self> {
        let mut pattern = None;
        json.members(|key, json| {
            let text = json.string()?;
            pattern = match key {
                "String" => Some(Self::Text(text.chars().collect())),
                "Regex" => Some(Self::from_regex(&text)?),
                _ => None,
            };
            Ok(())
        })?;
        match pattern {
            Some(Self::Text(text)) if text.is_empty() => Err(bad("expected a pattern, found an empty one".to_owned())),
            Some(pattern) => Ok(pattern),
            None => Err(json.unexpected("{ \"String\": … } or { \"Regex\": … }")),
        }
    }

    /// One character or `\s`, alone or followed by `+` or `{n,}`.
    fn from_regex(regex: &str) -> Result<Self> {
        let unread = || {
            bad(format!(
                "the regular expression \"{regex}\" is not supported: only one character or \\s, with + or {{n,}}"
            ))
        };
        let mut chars = regex.chars();
        let kind = match (chars.next(), chars.clone().next()) {
            (Some('\\'), Some('s')) => Kind::Space,
            (Some('\\'), Some(escaped)) if escaped.is_ascii_punctuation() => Kind::One(escaped),
            (Some(char), _) if !"\\^$.|?*+()[]{}".contains(char) => Kind::One(char),
            _ => return Err(unread()),
        };
        if regex.starts_with('\\') {
            chars.next();
        }
        match chars.as_str() {
            "" => match kind {
                Kind::One(char) => Ok(Self::Text(vec![char])),
                Kind::Space => Err(unread()),
            },
            "+" => Ok(Self::Run { kind, least: 1 }),
            quantifier => {
                let least = quantifier.strip_prefix('{').and_then(|rest| rest.strip_suffix(",}"));
                let least = least.and_then(|least| least.parse().ok()).filter(|&least| least > 0).ok_or_else(unread)?;
                Ok(Self::Run { kind, least })
            }
        }
    }

    /// Where it stands, from left to right, each as long as it gets.
    pub(super) fn find(&self, glyphs: &[Glyph]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < glyphs.len() {
            let length = self.length_at(glyphs.get(at..).unwrap_or_default());
            match length {
                Length::Match(length) => {
                    found.push(at..at + length);
                    at += length;
                }
                Length::None(tried) => at += tried.max(1),
            }
        }
        found
    }

    fn length_at(&self, glyphs: &[Glyph]) -> Length {
        match self {
            Self::Text(text) => {
                let begins =
                    glyphs.len() >= text.len() && text.iter().zip(glyphs).all(|(char, glyph)| *char == glyph.char);
                if begins { Length::Match(text.len()) } else { Length::None(1) }
            }
            Self::Run { kind, least } => {
                let length = glyphs.iter().take_while(|glyph| kind.has(glyph.char)).count();
                if length >= *least { Length::Match(length) } else { Length::None(length) }
            }
        }
    }
}

/// What was found at a place.
enum Length {
    /// A match of so many characters.
    Match(usize),
    /// None, nor at the next so many characters.
    None(usize),
}

impl Kind {
    fn has(self, char: char) -> bool {
        match self {
            Self::One(one) => char == one,
            Self::Space => char.is_whitespace(),
        }
    }
}

fn bad(message: String) -> Error {
    Error::new(ErrorKind::BadTokenizer, format!("tokenizer.json: {message}"))
}
