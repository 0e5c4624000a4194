//! JSON pulled value by value, so that the 250,000 pieces of a vocabulary never stand in a tree.

use std::borrow::Cow;
use std::str::{Utf8Error, from_utf8};

use crate::error::{Error, ErrorKind, Result};
use crate::local::tokens::number::Digits;

/// Objects and arrays inside each other at most: a tokenizer.json needs 6.
const DEEPEST: usize = 64;

/// A place in a JSON text; copies of it can read the same value again.
#[derive(Clone, Copy)]
pub(super) struct Json<'a> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Json<'a> {
    /// The beginning of a text. Its strings are checked for UTF-8 as they are read: elsewhere all is ASCII anyway.
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// The first byte of the next value.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other,
            }
        }
    }

    /// Takes a `null` if that is what comes next.
    pub(super) fn null(&mut self) -> Result<bool> {
        if self.peek() == Some(b'n') { self.word("null").map(|()| true) } else { Ok(false) }
    }

    /// `None` for `null`, otherwise what `read` makes of the value.
    pub(super) fn optional<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if self.null()? { Ok(None) } else { read(self).map(Some) }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self) -> Result<bool> {
        match self.peek() {
            Some(b't') => self.word("true").map(|()| true),
            Some(b'f') => self.word("false").map(|()| false),
            _ => Err(self.unexpected("true or false")),
        }
    }

    /// The members of an object: `visit` takes the value of each key.
    pub(super) fn members(&mut self, mut visit: impl FnMut(&str, &mut Self) -> Result<()>) -> Result<()> {
        self.sequence(b'{', b'}', "an object", |json| {
            let key = json.string()?;
            json.take(b':', "\":\"")?;
            visit(&key, json)
        })
    }

    /// The elements of an array: `visit` takes each.
    pub(super) fn elements(&mut self, visit: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.sequence(b'[', b']', "an array", visit)
    }

    /// A string; borrowed where nothing in it is escaped.
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>> {
        self.take(b'"', "a string")?;
        let plain = self.until_quote_or_escape()?;
        if self.byte() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut string = plain.to_owned();
        loop {
            match self.byte() {
                Some(b'\\') => string.push(self.escape()?),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(string));
                }
                _ => string.push_str(self.until_quote_or_escape()?),
            }
        }
    }

    /// A string of one character.
    pub(super) fn character(&mut self) -> Result<char> {
        let string = self.string()?;
        let mut chars = string.chars();
        match (chars.next(), chars.next()) {
            (Some(char), None) => Ok(char),
            _ => Err(self.unexpected("a string of one character")),
        }
    }

    /// A whole number from 0 to 2^32 - 1, such as a token id.
    pub(super) fn index(&mut self) -> Result<u32> {
        let start = *self;
        let number = self.number()?;
        let is_index = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
        if is_index { Ok(number as u32) } else { Err(start.unexpected("a whole number from 0 to 4294967295")) }
    }

    /// Any number.
    pub(super) fn number(&mut self) -> Result<f64> {
        let start = *self;
        let is_negative = self.peek() == Some(b'-');
        self.at += usize::from(is_negative);
        let mut digits = Digits::default();
        self.digits(|digit| digits.whole(digit))?;
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits(|digit| digits.fraction(digit))?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            let sign = self.byte();
            self.at += usize::from(matches!(sign, Some(b'+' | b'-')));
            let mut exponent = 0_i32;
            self.digits(|digit| exponent = exponent.saturating_mul(10).saturating_add(i32::from(digit)))?;
            digits.shift(if sign == Some(b'-') { -exponent } else { exponent });
        }
        let value = digits.value();
        if value.is_infinite() {
            return Err(start.unexpected("a number below 1.8e308"));
        }
        Ok(if is_negative { -value } else { value })
    }

    /// Passes over a value of any kind.
    pub(super) fn skip(&mut self) -> Result<()> {
        match self.peek() {
            Some(b'{') => self.members(|_, json| json.skip()),
            Some(b'[') => self.elements(Self::skip),
            Some(b'"') => self.string().map(|_| ()),
            Some(b't' | b'f') => self.boolean().map(|_| ()),
            Some(b'n') => self.word("null"),
            _ => self.number().map(|_| ()),
        }
    }

    /// That nothing but white space follows.
    pub(super) fn end(mut self) -> Result<()> {
        if self.peek().is_none() { Ok(()) } else { Err(self.unexpected("the end")) }
    }

    /// What stands here instead of what was expected.
    pub(super) fn unexpected(mut self, expected: &str) -> Error {
        let found = match self.peek() {
            None => "the end; the file may be cut short".to_owned(),
            Some(byte) => format!("\"{}\"", byte.escape_ascii()),
        };
        bad(format!("byte {}: expected {expected}, found {found}", self.at))
    }

    fn byte(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8, name: &str) -> Result<()> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.unexpected(name))
    }

    fn word(&mut self, word: &'static str) -> Result<()> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            return Ok(());
        }
        Err(self.unexpected(word))
    }

    fn sequence(
        &mut self,
        open: u8,
        close: u8,
        name: &str,
        mut visit: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.take(open, name)?;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.unexpected("objects and arrays at most 64 deep"));
        }
        if self.peek() != Some(close) {
            visit(self)?;
            while self.peek() == Some(b',') {
                self.at += 1;
                visit(self)?;
            }
        }
        self.depth -= 1;
        self.take(close, if close == b'}' { "\",\" or \"}\"" } else { "\",\" or \"]\"" })
    }

    fn until_quote_or_escape(&mut self) -> Result<&'a str> {
        let (start, rest) = (self.at, self.text.get(self.at..).unwrap_or_default());
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len());
        self.at += length;
        let not_utf8 = |error: Utf8Error| bad(format!("byte {}: expected UTF-8", start + error.valid_up_to()));
        match self.byte() {
            Some(b'"' | b'\\') => from_utf8(rest.get(..length).unwrap_or_default()).map_err(not_utf8),
            _ => Err(self.unexpected("the end of a string")),
        }
    }

    fn escape(&mut self) -> Result<char> {
        let start = *self;
        let letter = self.text.get(self.at + 1).copied();
        self.at += 2;
        let unknown = || start.unexpected("an escape of JSON");
        match letter {
            Some(b'n') => Ok('\n'),
            Some(b't') => Ok('\t'),
            Some(b'r') => Ok('\r'),
            Some(b'b') => Ok('\u{8}'),
            Some(b'f') => Ok('\u{c}'),
            Some(byte @ (b'"' | b'\\' | b'/')) => Ok(char::from(byte)),
            Some(b'u') => {
                let mut units = vec![self.code_unit().ok_or_else(unknown)?];
                if let Some(0xd800..=0xdbff) = units.first()
                    && self.text.get(self.at..).is_some_and(|rest| rest.starts_with(b"\\u"))
                {
                    self.at += 2;
                    units.push(self.code_unit().ok_or_else(unknown)?);
                }
                char::decode_utf16(units).next().and_then(std::result::Result::ok).ok_or_else(unknown)
            }
            _ => Err(unknown()),
        }
    }

    fn code_unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.iter().all(|&b| b != b'+'))?;
        self.at += 4;
        u16::from_str_radix(from_utf8(digits).ok()?, 16).ok()
    }

    fn digits(&mut self, mut take: impl FnMut(u8)) -> Result<()> {
        let rest = self.text.get(self.at..).unwrap_or_default().iter();
        let count = rest.take_while(|byte| byte.is_ascii_digit()).map(|byte| take(byte - b'0')).count();
        self.at += count;
        if count == 0 { Err(self.unexpected("a digit")) } else { Ok(()) }
    }
}

fn bad(message: String) -> Error {
    Error::new(ErrorKind::BadTokenizer, format!("tokenizer.json: {message}"))
}
