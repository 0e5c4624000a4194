//! The contract a service's folder fills, and the two values it speaks in: limits and failures.

use crate::error::{Error, ErrorKind, ProviderCode, Result};
use crate::http::{HttpReply, HttpRequest};
use crate::json::Json;

use crate::remote::answer::Answer;
use crate::remote::keys::Keys;
use crate::remote::pieces::{cut, is_any, pieces};
use crate::remote::split::Part;
use crate::remote::token::Token;
use crate::text::text;

/// A service that ranks: what it takes, how to ask it, how to read it. Pure: no clock, no network.
pub trait Provider {
    /// Its name in responses and sentences.
    fn name(&self) -> &'static str;

    /// The model that is asked for.
    fn model(&self) -> &str;

    /// The options that hold its keys, for sentences; `""` where it has none.
    fn key_names(&self) -> [&'static str; 3];

    /// Options of ours it has no field for.
    fn ignores(&self) -> &'static [&'static str];

    /// Whether the caller named a model where the address decides.
    fn ignores_model(&self) -> bool {
        false
    }

    /// What it takes at most.
    fn limits(&self) -> Limits;

    /// The HTTP request for `part`, with the key or token that travels in it.
    fn encode(&self, part: &Part<'_>, key: Option<&str>) -> HttpRequest;

    /// Signs `request`, which is as it goes out but for this. `now` is the service's time, in milliseconds since 1970.
    fn sign(&self, request: &mut HttpRequest, keys: &Keys<'_>, now: f64) {
        let _ = (request, keys, now);
    }

    /// How to buy a token with `keys`; `None` where the keys themselves travel.
    fn token_purchase(&self, keys: &Keys<'_>) -> Option<TokenPurchase> {
        let _ = keys;
        None
    }

    /// The token in a good reply to the purchase.
    ///
    /// # Errors
    /// What a bad reply means.
    fn token(&self, reply: &HttpReply, now: f64) -> std::result::Result<Token, Failure> {
        let _ = now;
        Err(Failure::of_status(reply))
    }

    /// What a good reply holds.
    ///
    /// # Errors
    /// `bad_response` where the reply is not what the service documents.
    fn decode(&self, part: &Part<'_>, reply: &Json) -> Result<Answer>;

    /// What a bad reply means; `None` for a good one.
    fn failure(&self, reply: &HttpReply) -> Option<Failure>;
}

/// How to buy a token.
#[derive(Clone, Debug)]
pub struct TokenPurchase {
    /// What the token is kept under; tells nothing about the keys.
    pub name: String,
    /// The request that buys it.
    pub request: HttpRequest,
}

/// What a service takes at most. Characters are Unicode scalar values: one for a Han character, one or more for an emoji.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Documents of one request.
    pub documents: Option<usize>,
    /// Characters of the query; more are an error.
    pub query_characters: Option<usize>,
    /// Estimated tokens of the query that are read.
    pub query_tokens: Option<usize>,
    /// Characters of each document; more are an error.
    pub document_characters: Option<usize>,
    /// Estimated tokens of each document that are read.
    pub document_tokens: Option<usize>,
}

impl Limits {
    /// Bytes with which a document is within all limits: a character has one at least, a word with its blank two.
    pub fn least(&self) -> usize {
        let [characters, tokens] = [self.document_characters, self.document_tokens].map(|it| it.unwrap_or(usize::MAX));
        characters.min(tokens)
    }

    /// Holds the query against its limit of length.
    ///
    /// # Errors
    /// `too_long` with length and limit.
    pub fn check_query(&self, query: &str) -> Result<()> {
        let most = self.query_characters.unwrap_or(usize::MAX);
        // In UTF-8 every character has one byte that is no continuation.
        let length = query.bytes().filter(|byte| byte & 0xc0 != 0x80).count();
        if length > most { Err(too_long("query", length, most)) } else { Ok(()) }
    }
}

/// The error of a text beyond a limit.
pub fn too_long(field: &str, length: usize, most: usize) -> Error {
    let message = text![field, ": expected at most ", most, " characters, found ", length, "; shorten it"];
    Error::new(ErrorKind::TooLong, message)
}

/// What a bad reply means.
#[derive(Clone, Debug)]
pub struct Failure {
    /// For programs.
    pub kind: ErrorKind,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// What to do, in our words.
    pub advice: &'static str,
    /// The service's own code.
    pub code: Option<ProviderCode>,
    /// The service's own words, unchecked.
    pub words: Option<String>,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// What may be mended before one more attempt at once.
    pub remedy: Option<Remedy>,
}

/// What can be wrong with a request other than what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The token was bought and has expired: buy another.
    NewToken,
    /// The signature is from another time: sign by the service's clock.
    ServiceClock,
}

impl Failure {
    /// What the status of `reply` means by itself.
    pub fn of_status(reply: &HttpReply) -> Self {
        let (kind, retryable, advice) = by_status(reply.status);
        let request_id = header_request_id(reply);
        Self { kind, retryable, advice, code: None, words: None, request_id, remedy: None }
    }

    /// The error of it. Words, code and id of the service's are repeated only where `spares` says that they repeat
    /// nothing of what was sent.
    pub fn into_error(self, provider: &str, status: u16, spares: impl Fn(&str) -> bool) -> Error {
        let mut message = text![provider, " answered status ", status];
        let code =
            self.code.filter(|code| !matches!(code, ProviderCode::Word(word) if !is_plain(word) || !spares(word)));
        match &code {
            Some(ProviderCode::Number(number)) => text![in message; ", code ", *number as i64],
            Some(ProviderCode::Word(word)) => text![in message; ", code ", word],
            None => {}
        }
        if !self.advice.is_empty() {
            text![in message; ": ", self.advice];
        }
        match self.words.as_deref().map(shortened).filter(|words| !words.is_empty()) {
            Some(words) if spares(words) => text![in message; "; it says: ", words],
            Some(_) => message += "; its own words are withheld, since they repeat some of what was sent",
            None => {}
        }
        let mut error = Error::new(self.kind, message).with_status(status).with_retryable(self.retryable);
        if let Some(code) = code {
            error = error.with_provider_code(code);
        }
        match self.request_id.filter(|id| is_plain(id) && spares(id)) {
            Some(id) => error.with_request_id(id),
            None => error,
        }
    }
}

/// What an error means: for programs, whether the same call may succeed later, and what to do.
pub type Meaning = (ErrorKind, bool, &'static str);

/// What `code` means by a table of codes and meanings. Codes that mean the same stand in one string with blanks between them;
/// a `*` at an end stands for anything.
pub fn known(table: &[(&str, Meaning)], code: &str) -> Option<Meaning> {
    let is = |known: &str| match cut(known, b"*") {
        Some((start, end)) => code.starts_with(start) && code.ends_with(end),
        None => known == code,
    };
    table.iter().find(|(codes, _)| pieces(codes, b" ").any(is)).map(|(_, meaning)| *meaning)
}

/// `Bearer key`; a key pasted with its `Bearer` does not get a second one.
pub fn bearer(key: &str) -> String {
    let prefix = "bearer ";
    let pasted = key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if pasted { key.to_owned() } else { text!["Bearer ", key] }
}

/// What is said about a status 3xx.
pub const REDIRECTED: &str = "a redirect came and was not followed, since it could carry key and documents elsewhere; set baseUrl to where it leads";

/// What a status means by itself, where the body says nothing we know.
pub fn by_status(status: u16) -> Meaning {
    match status {
        200..300 => {
            (ErrorKind::BadResponse, false, "an error it does not document; its support knows the request by its id")
        }
        300..400 => (ErrorKind::BadResponse, false, REDIRECTED),
        400 | 405 | 406 | 415 | 422 => (ErrorKind::InvalidRequest, false, "it refuses the request"),
        401 => (ErrorKind::Unauthorized, false, "it does not accept the key; check it"),
        402 => (ErrorKind::QuotaExhausted, false, "the account has nothing left; top it up"),
        403 => (ErrorKind::Forbidden, false, "the key may not do this; check its rights"),
        404 | 410 => (ErrorKind::NotFound, false, "nothing is there; check baseUrl and model"),
        408 => (ErrorKind::Timeout, true, "it gave up waiting; try again"),
        413 => (ErrorKind::TooLong, false, "the request is too large; send fewer or shorter documents"),
        429 => (ErrorKind::RateLimited, true, "too many requests for now; wait and try again"),
        409 | 425 | 500..=599 => (ErrorKind::ProviderUnavailable, true, "it is down or overloaded; try again"),
        _ => (ErrorKind::BadResponse, false, "expected status 200; check baseUrl"),
    }
}

/// The id under which support finds the request, from the headers the two services and their gateways use.
pub fn header_request_id(reply: &HttpReply) -> Option<String> {
    let names = ["x-request-id", "x-oneapi-request-id", "x-baidu-request-id", "x-bce-request-id"];
    names.iter().find_map(|name| reply.header(name)).map(str::to_owned)
}

/// Whether `word` looks like a code or an id, and not like anything else a service may put there.
fn is_plain(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || is_any(byte, b"_-.:/");
    (1..=128).contains(&word.len()) && word.bytes().all(plain)
}

/// Longest quotation of a service's own words, in characters: some send a page.
const LONGEST_WORDS: usize = 300;

fn shortened(words: &str) -> &str {
    let words = words.trim();
    let end = words.char_indices().nth(LONGEST_WORDS).map_or(words.len(), |(at, _)| at);
    words.get(..end).unwrap_or_default()
}
