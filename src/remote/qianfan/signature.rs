//! `bce-auth-v1`, Baidu Cloud's signature: a pure function of (request, keys, time). As of
//! [the page](https://cloud.baidu.com/doc/Reference/s/njwvz1yfu); held against its vectors and the official Python signer.
//!
//! Signed are method, path, query and the headers named; not the body. Each call signs anew: a signature is good for half an
//! hour from its date on, by the service's clock.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::http::HttpRequest;
use crate::remote::date;
use crate::remote::keys::Keys;
use crate::remote::pieces::{cut, is_any, pieces};
use crate::text::text;

/// Seconds a signature is good for; the official SDKs' default.
const GOOD_FOR: u32 = 1800;

/// What of a request is signed, nothing encoded yet.
#[derive(Clone, Debug, Default)]
pub struct Signed<'a> {
    /// In capitals.
    pub method: &'a str,
    /// From the first `/`.
    pub path: &'a str,
    /// Names and values; one without a value counts as empty.
    pub query: &'a [(String, String)],
    /// Names and values of the headers to sign; empty values are left out of it.
    pub headers: &'a [(String, String)],
}

/// The `Authorization` of `request`; `now` in milliseconds since 1970, `good_for` in seconds.
pub fn authorization(request: &Signed<'_>, key_id: &str, secret: &str, now: f64, good_for: u32) -> String {
    let prefix = text!["bce-auth-v1/", key_id, "/", date::to_utc(now), "/", good_for];
    // Its hexadecimal digits are the next key, not its bytes.
    let signing_key = hmac(secret, &prefix);
    let (mut query, mut headers, mut names) = (Lines::default(), Lines::default(), Lines::default());
    for (name, value) in request.query {
        if !name.eq_ignore_ascii_case("authorization") {
            query.add(pair(name, '=', value));
        }
    }
    for (name, value) in request.headers {
        let (name, value) = (name.to_ascii_lowercase(), value.trim());
        if !value.is_empty() {
            headers.add(pair(&name, ':', value));
            names.add(name);
        }
    }
    let mut canonical = request.method.to_owned();
    let path = if request.path.is_empty() { "/" } else { request.path };
    for line in [encode(path, true), query.joined('&'), headers.joined('\n')] {
        canonical.push('\n');
        canonical += &line;
    }
    let mut authorization = prefix;
    for end in [names.joined(';'), hmac(&signing_key, &canonical)] {
        authorization.push('/');
        authorization += &end;
    }
    authorization
}

/// Signs `request`, a POST: adds `x-bce-date`, the session token where there is one, and `authorization`. Of the headers only
/// these and `host` are signed: runtimes rewrite others on the way.
pub(super) fn sign(request: &mut HttpRequest, keys: &Keys<'_>, now: f64) {
    let (host, path, query) = taken_apart(&request.url);
    let mut headers = vec![("x-bce-date".to_owned(), date::to_utc(now)), ("host".to_owned(), host)];
    if let Some(token) = keys.session_token {
        headers.push(("x-bce-security-token".to_owned(), token.to_owned()));
    }
    let signed = Signed { method: "POST", path: &path, query: &query, headers: &headers };
    let (key_id, secret) = (keys.key.unwrap_or_default(), keys.secret.unwrap_or_default());
    let authorization = authorization(&signed, key_id, secret, now, GOOD_FOR);
    for (name, value) in &headers {
        if name != "host" {
            request.add(name, value);
        }
    }
    request.add("authorization", &authorization);
}

/// A name for what belongs to these keys that tells nothing about them.
pub(super) fn fingerprint(secret: &str, name: &str) -> String {
    let mut digits = hmac(secret, name);
    digits.truncate(32);
    digits
}

/// Percent-encodes all but letters, digits and `-_.~`, byte by byte; with `is_path` the `/` stays too.
pub fn encode(value: &str, is_path: bool) -> String {
    let mut encoded = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || is_any(byte, b"-_.~") || (is_path && byte == b'/') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for half in [byte >> 4, byte & 15] {
                encoded.push(digit(half).to_ascii_uppercase());
            }
        }
    }
    encoded
}

fn pair(name: &str, separator: char, value: &str) -> String {
    let mut pair = encode(name, false);
    pair.push(separator);
    pair + &encode(value, false)
}

/// Lines in the order of their bytes. The standard sorts and joins would be kilobytes of `remote.wasm`.
#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    fn add(&mut self, line: String) {
        self.0.insert(self.0.partition_point(|other| *other < line), line);
    }

    fn joined(&self, separator: char) -> String {
        let mut joined = String::new();
        for (number, line) in self.0.iter().enumerate() {
            if number > 0 {
                joined.push(separator);
            }
            joined += line;
        }
        joined
    }
}

/// Host (with its port), path and query of an address as `URL.href` writes it; path and query decoded.
fn taken_apart(url: &str) -> (String, String, Vec<(String, String)>) {
    // By characters: to look for a string would take two kilobytes of `remote.wasm`.
    // After `scheme://`.
    let rest = cut(url, b":").and_then(|(_, rest)| rest.get(2..)).unwrap_or(url);
    let (rest, query) = cut(rest, b"?").unwrap_or((rest, ""));
    let (host, path) = cut(rest, b"/").unwrap_or((rest, ""));
    let mut pairs = Vec::new();
    for pair in pieces(query, b"&") {
        let (name, value) = cut(pair, b"=").unwrap_or((pair, ""));
        if !pair.is_empty() {
            pairs.push((decoded(name), decoded(value)));
        }
    }
    (host.to_owned(), decoded(&text!["/", path]), pairs)
}

/// What `encode` undoes; as it is where it is not what `encode` writes.
fn decoded(value: &str) -> String {
    let mut bytes = value.bytes();
    let mut found = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            found.push(byte);
            continue;
        }
        let mut half = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (half(), half()) else { return value.to_owned() };
        found.push((high * 16 + low) as u8);
    }
    String::from_utf8(found).unwrap_or_else(|_| value.to_owned())
}

/// HMAC-SHA256 in lower-case hexadecimal digits.
fn hmac(key: &str, message: &str) -> String {
    // Keys of any length are good ones: the error cannot happen.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(message.as_bytes());
    let mut digits = String::new();
    for byte in mac.finalize().into_bytes() {
        for half in [byte >> 4, byte & 15] {
            digits.push(digit(half));
        }
    }
    digits
}

/// One of sixteen.
fn digit(half: u8) -> char {
    char::from(half + if half < 10 { b'0' } else { b'a' - 10 })
}
