//! Values on their way between Rust and JavaScript, as bytes; pkg-template/wire.js is the other end.
//!
//! A value is a tag and a number (f64, little endian), and after it what the tag counts: a string's UTF-8, an array's
//! elements, an object's members as arrays of two. What both ends agree on by place needs no names.

use crate::json::Json;

/// `undefined`, `null`, `false`, `true`, by the number.
const CONSTANT: u8 = 0;
const NUMBER: u8 = 1;
const STRING: u8 = 2;
const ARRAY: u8 = 3;
const OBJECT: u8 = 4;

/// Values that JavaScript sent, one after the other; `undefined` past their end.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl Reader<'_> {
    /// The next value, whatever it is; `undefined` is null.
    pub(crate) fn json(&mut self) -> Json {
        let (tag, number) = self.head();
        match tag {
            NUMBER => Json::Number(number),
            STRING => {
                let (text, rest) = self.0.split_at_checked(number as usize).unwrap_or_default();
                self.0 = rest;
                Json::String(String::from_utf8(text.to_vec()).unwrap_or_default())
            }
            ARRAY => Json::Array(self.many(number as usize, Self::json)),
            OBJECT => Json::Object(self.many(number as usize, Self::member)),
            _ if number < 2.0 => Json::Null,
            _ => Json::Bool(number > 2.0),
        }
    }

    /// The next value, if it is a string.
    pub(crate) fn string(&mut self) -> Option<String> {
        if let Json::String(string) = self.json() { Some(string) } else { None }
    }

    /// The next value, if it is a number.
    pub(crate) fn number(&mut self) -> Option<f64> {
        self.json().as_number()
    }

    /// The next value, if it is `true` or `false`.
    pub(crate) fn flag(&mut self) -> Option<bool> {
        if let Json::Bool(flag) = self.json() { Some(flag) } else { None }
    }

    /// The next array, each element of which `read` reads.
    pub(crate) fn array<T>(&mut self, read: fn(&mut Self) -> T) -> Vec<T> {
        let length = self.head().1 as usize;
        self.many(length, read)
    }

    /// The next array of two strings, the second of which may be missing.
    pub(crate) fn pair(&mut self) -> (String, Option<String>) {
        self.head();
        (self.string().unwrap_or_default(), self.string())
    }

    fn member(&mut self) -> (String, Json) {
        self.head();
        (self.string().unwrap_or_default(), self.json())
    }

    // A loop: each `collect` would be three functions of `remote.wasm`.
    fn many<T>(&mut self, length: usize, read: fn(&mut Self) -> T) -> Vec<T> {
        let mut many = Vec::new();
        for _ in 0..length {
            many.push(read(self));
        }
        many
    }

    fn head(&mut self) -> (u8, f64) {
        let Some(([tag, number @ ..], rest)) = self.0.split_first_chunk::<9>() else { return (CONSTANT, 0.0) };
        self.0 = rest;
        (*tag, f64::from_le_bytes(*number))
    }
}

/// Values for JavaScript, one after the other.
#[derive(Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    /// A number.
    pub(crate) fn number(&mut self, number: f64) {
        self.head(NUMBER, number);
    }

    /// A string.
    pub(crate) fn string(&mut self, string: &str) {
        self.head(STRING, string.len() as f64);
        self.0.extend_from_slice(string.as_bytes());
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, flag: bool) {
        self.head(CONSTANT, if flag { 3.0 } else { 2.0 });
    }

    /// An array of as many elements, which are the next values.
    pub(crate) fn array(&mut self, length: usize) {
        self.head(ARRAY, length as f64);
    }

    /// Nothing: `undefined`.
    pub(crate) fn nothing(&mut self) {
        self.head(CONSTANT, 0.0);
    }

    /// A number, or nothing.
    pub(crate) fn number_if(&mut self, number: Option<f64>) {
        match number {
            Some(number) => self.number(number),
            None => self.nothing(),
        }
    }

    /// A string, or nothing.
    pub(crate) fn string_if(&mut self, string: Option<&str>) {
        match string {
            Some(string) => self.string(string),
            None => self.nothing(),
        }
    }

    /// Strings in pairs.
    pub(crate) fn pairs(&mut self, pairs: &[(String, String)]) {
        self.array(pairs.len());
        for (name, value) in pairs {
            self.array(2);
            self.string(name);
            self.string(value);
        }
    }

    /// Any value.
    pub(crate) fn json(&mut self, json: &Json) {
        match json {
            Json::Null => self.head(CONSTANT, 1.0),
            Json::Bool(flag) => self.flag(*flag),
            Json::Number(number) => self.number(*number),
            Json::String(string) => self.string(string),
            Json::Array(elements) => {
                self.array(elements.len());
                for element in elements {
                    self.json(element);
                }
            }
            Json::Object(members) => self.object(members),
        }
    }

    /// An object.
    pub(crate) fn object(&mut self, members: &[(String, Json)]) {
        self.head(OBJECT, members.len() as f64);
        for (name, value) in members {
            self.array(2);
            self.string(name);
            self.json(value);
        }
    }

    fn head(&mut self, tag: u8, number: f64) {
        self.0.push(tag);
        self.0.extend_from_slice(&number.to_le_bytes());
    }
}
