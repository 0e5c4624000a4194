//! The `normalizer` of a tokenizer.json: what becomes of a text before it is split.

use unicode_normalization_alignments::UnicodeNormalization;
use unicode_normalization_alignments::char::is_combining_mark;

use crate::error::{Error, ErrorKind, Result};
use crate::local::tokens::byte_level;
use crate::local::tokens::charsmap::Charsmap;
use crate::local::tokens::classes::Class;
use crate::local::tokens::glyphs::{self, Glyph, spelled};
use crate::local::tokens::json::Json;
use crate::local::tokens::pattern::Pattern;

/// One step, or several.
pub(super) enum Normalizer {
    Sequence(Vec<Normalizer>),
    Bert(Bert),
    Charsmap(Charsmap),
    Form(Form),
    Lowercase,
    Nmt,
    StripAccents,
    Strip { left: bool, right: bool },
    Replace { pattern: Pattern, by: String },
    Prepend(String),
    ByteLevel,
}

/// BERT's own steps.
#[derive(Clone, Copy)]
pub(super) struct Bert {
    clean: bool,
    space_around_han: bool,
    strip_accents: bool,
    lowercase: bool,
}

/// The forms of Unicode Standard Annex 15.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

impl Normalizer {
    /// Reads the value of `normalizer`.
    pub(super) fn from_json(json: &mut Json) -> Result<Self> {
        let fields = Fields::from_json(json)?;
        let missing = |name: &str| bad(&format!("normalizer {}: expected \"{name}\", found none", fields.kind));
        Ok(match fields.kind.as_str() {
            "Sequence" => Self::Sequence(fields.normalizers.ok_or_else(|| missing("normalizers"))?),
            "BertNormalizer" => Self::Bert(Bert {
                clean: fields.clean,
                space_around_han: fields.han,
                strip_accents: fields.strip_accents.unwrap_or(fields.lowercase),
                lowercase: fields.lowercase,
            }),
            "Precompiled" => Self::Charsmap(fields.charsmap.ok_or_else(|| missing("precompiled_charsmap"))?),
            "NFC" => Self::Form(Form::Nfc),
            "NFD" => Self::Form(Form::Nfd),
            "NFKC" => Self::Form(Form::Nfkc),
            "NFKD" => Self::Form(Form::Nfkd),
            "Lowercase" => Self::Lowercase,
            "Nmt" => Self::Nmt,
            "StripAccents" => Self::StripAccents,
            "Strip" => Self::Strip { left: fields.left, right: fields.right },
            "Replace" => Self::Replace {
                by: fields.content.ok_or_else(|| missing("content"))?,
                pattern: fields.pattern.ok_or_else(|| missing("pattern"))?,
            },
            "Prepend" => Self::Prepend(fields.prepend.ok_or_else(|| missing("prepend"))?),
            "ByteLevel" => Self::ByteLevel,
            other => return Err(bad(&format!("normalizer \"{other}\" is not supported"))),
        })
    }

    /// Rewrites one part of a text.
    pub(super) fn apply(&self, text: &mut Vec<Glyph>) {
        match self {
            Self::Sequence(steps) => steps.iter().for_each(|step| step.apply(text)),
            Self::Bert(bert) => bert.apply(text),
            Self::Charsmap(charsmap) => charsmap.apply(text),
            Self::Form(form) => form.apply(text),
            Self::Lowercase => lowercase(text),
            Self::Nmt => nmt(text),
            Self::StripAccents => glyphs::filter(text, |char| !is_combining_mark(char)),
            Self::Strip { left, right } => strip(text, *left, *right),
            Self::Replace { pattern, by } => {
                let found = pattern.find(text);
                glyphs::replace(text, &found, by);
            }
            Self::Prepend(prefix) => glyphs::prepend(text, prefix),
            Self::ByteLevel => byte_level::to_bytes(text),
        }
    }
}

impl Bert {
    fn apply(self, text: &mut Vec<Glyph>) {
        if self.clean {
            let is_space = |char: char| char.is_whitespace();
            let is_dropped = |char: char| matches!(char, '\0' | '\u{fffd}') || Class::Other.has(char);
            glyphs::filter(text, |char| matches!(char, '\t' | '\n' | '\r') || !is_dropped(char));
            glyphs::map(text, |char| if is_space(char) { ' ' } else { char });
        }
        if self.space_around_han {
            let around =
                |char| if is_han(char) { [Some(' '), Some(char), Some(' ')] } else { [Some(char), None, None] };
            glyphs::expand(text, |char| around(char).into_iter().flatten());
        }
        if self.strip_accents {
            Form::Nfd.apply(text);
            glyphs::filter(text, |char| !Class::Nonspacing.has(char));
        }
        if self.lowercase {
            lowercase(text);
        }
    }
}

impl Form {
    fn apply(self, text: &mut Vec<Glyph>) {
        let old = spelled(text);
        if old.is_ascii() {
            return;
        }
        match self {
            Self::Nfc => glyphs::rewrite(text, old.nfc()),
            Self::Nfd => glyphs::rewrite(text, old.nfd()),
            Self::Nfkc => glyphs::rewrite(text, old.nfkc()),
            Self::Nfkd => glyphs::rewrite(text, old.nfkd()),
        }
    }
}

fn lowercase(text: &mut Vec<Glyph>) {
    glyphs::expand(text, char::to_lowercase);
}

/// The rules of Google's NMT, as SentencePiece has them.
fn nmt(text: &mut Vec<Glyph>) {
    glyphs::filter(
        text,
        |char| !matches!(char, '\u{1}'..='\u{8}' | '\u{b}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{8f}' | '\u{9f}'),
    );
    glyphs::map(text, |char| match char {
        '\t' | '\n' | '\u{c}' | '\r' | '\u{1680}' | '\u{200b}'..='\u{200f}' | '\u{2028}' | '\u{2029}' => ' ',
        '\u{2581}' | '\u{feff}' | '\u{fffd}' => ' ',
        other => other,
    });
}

fn strip(text: &mut Vec<Glyph>, left: bool, right: bool) {
    let spaces = |glyph: &&Glyph| glyph.char.is_whitespace();
    let trailing = if right { text.iter().rev().take_while(spaces).count() } else { 0 };
    text.truncate(text.len() - trailing);
    let leading = if left { text.iter().take_while(spaces).count() } else { 0 };
    text.drain(..leading);
}

/// The ideographs BERT puts spaces around: <https://github.com/google-research/bert/blob/eedf571/tokenization.py>, with
/// the slip of `tokenizers` in the fifth extension (it begins at 2B920 there, not 2B820).
fn is_han(char: char) -> bool {
    matches!(u32::from(char),
        0x4E00..=0x9FFF | 0x3400..=0x4DBF | 0x20000..=0x2A6DF | 0x2A700..=0x2B73F | 0x2B740..=0x2B81F
        | 0x2B920..=0x2CEAF | 0xF900..=0xFAFF | 0x2F800..=0x2FA1F)
}

/// The members of all kinds, as far as they are there.
struct Fields {
    kind: String,
    normalizers: Option<Vec<Normalizer>>,
    charsmap: Option<Charsmap>,
    pattern: Option<Pattern>,
    content: Option<String>,
    prepend: Option<String>,
    clean: bool,
    han: bool,
    strip_accents: Option<bool>,
    lowercase: bool,
    left: bool,
    right: bool,
}

impl Fields {
    fn from_json(json: &mut Json) -> Result<Self> {
        let mut fields = Self {
            kind: String::new(),
            normalizers: None,
            charsmap: None,
            pattern: None,
            content: None,
            prepend: None,
            clean: true,
            han: true,
            strip_accents: None,
            lowercase: true,
            left: true,
            right: true,
        };
        json.members(|key, json| {
            match key {
                "type" => fields.kind = json.string()?.into_owned(),
                "normalizers" => {
                    let mut steps = Vec::new();
                    json.elements(|json| {
                        steps.push(Normalizer::from_json(json)?);
                        Ok(())
                    })?;
                    fields.normalizers = Some(steps);
                }
                "precompiled_charsmap" => fields.charsmap = Some(Charsmap::from_base64(&json.string()?)?),
                "pattern" => fields.pattern = Some(Pattern::from_json(json)?),
                "content" => fields.content = Some(json.string()?.into_owned()),
                "prepend" => fields.prepend = Some(json.string()?.into_owned()),
                "clean_text" => fields.clean = json.boolean()?,
                "handle_chinese_chars" => fields.han = json.boolean()?,
                "strip_accents" => fields.strip_accents = json.optional(Json::boolean)?,
                "lowercase" => fields.lowercase = json.boolean()?,
                "strip_left" => fields.left = json.boolean()?,
                "strip_right" => fields.right = json.boolean()?,
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
