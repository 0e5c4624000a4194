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
    let prefix = format!("bce-auth-v1/{key_id}/{}/{good_for}", date::to_utc(now));
    // Its hexadecimal digits are the next key, not its bytes.
    let signing_key = hmac(secret, &prefix);
    let query = request.query.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
    let query = query.map(|(name, value)| encode(name, false) + "=" + &encode(value, false)).collect();
    let headers = request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim()));
    let headers: Vec<(String, &str)> = headers.filter(|(_, value)| !value.is_empty()).collect();
    let lines = headers.iter().map(|(name, value)| encode(name, false) + ":" + &encode(value, false)).collect();
    let path = if request.path.is_empty() { "/" } else { request.path };
    let canonical =
        [request.method, &encode(path, true), &sorted(query, "&"), &sorted(lines, "\n")].join("\n");
    let names = sorted(headers.into_iter().map(|(name, _)| name).collect(), ";");
    prefix + "/" + &names + "/" + &hmac(&signing_key, &canonical)
}

/// Signs `request`, a POST: adds `x-bce-date`, the session token where there is one, and `authorization`. Of the headers only
/// these and `host` are signed: runtimes rewrite others on the way.
pub(super) fn sign(request: &mut HttpRequest, keys: &Keys<'_>, now: f64) {
    let (host, path, query) = taken_apart(&request.url);
    let mut ours = vec![("x-bce-date".to_owned(), date::to_utc(now))];
    ours.extend(keys.session_token.map(|token| ("x-bce-security-token".to_owned(), token.to_owned())));
    let headers: Vec<_> = ours.iter().cloned().chain([("host".to_owned(), host.to_owned())]).collect();
    let signed = Signed { method: "POST", path: &path, query: &query, headers: &headers };
    let (key_id, secret) = (keys.key.unwrap_or_default(), keys.secret.unwrap_or_default());
    ours.push(("authorization".to_owned(), authorization(&signed, key_id, secret, now, GOOD_FOR)));
    request.headers.retain(|(name, _)| ours.iter().all(|(own, _)| own != name));
    request.headers.extend(ours);
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
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || (is_path && byte == b'/') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend(digits(byte).map(|digit| digit.to_ascii_uppercase()));
        }
    }
    encoded
}

/// Host (with its port), path and query of an address as `URL.href` writes it; path and query decoded.
fn taken_apart(url: &str) -> (&str, String, Vec<(String, String)>) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    (host, decoded(path), pairs.map(|(name, value)| (decoded(name), decoded(value))).collect())
}

/// What `encode` undoes; a `%` that begins no byte stands for itself.
fn decoded(value: &str) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let bytes = value.as_bytes();
    let (mut at, mut found) = (0, Vec::new());
    while let Some(byte) = bytes.get(at) {
        let (high, low) = (digit(bytes.get(at + 1)), digit(bytes.get(at + 2)));
        if let (b'%', Some(high), Some(low)) = (byte, high, low) {
            found.push((high * 16 + low) as u8);
            at += 3;
        } else {
            found.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&found).into_owned()
}

fn sorted(mut lines: Vec<String>, separator: &str) -> String {
    lines.sort_unstable();
    lines.join(separator)
}

/// HMAC-SHA256 in lower-case hexadecimal digits.
fn hmac(key: &str, message: &str) -> String {
    // Keys of any length are good ones: the error cannot happen.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().iter().flat_map(|byte| digits(*byte)).collect()
}

fn digits(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 15].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or_default())
}
