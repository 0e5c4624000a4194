//! Header names and values, checked here: past this point the host would throw them back with the value in the message.

use crate::error::{Error, Result};
use crate::http;
use crate::remote::pieces::is_any;
use crate::text::text;

/// Puts `changes` over `headers`: a value replaces, `None` takes away. Names come out in lower case.
///
/// # Errors
/// `invalid_request` that names the header and never shows its value.
pub fn merge(headers: &mut Vec<(String, String)>, changes: &[(String, Option<String>)]) -> Result<()> {
    for (name, value) in changes {
        let name = name.to_ascii_lowercase();
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(Error::invalid(
                "headers: expected names of letters, digits and -, found another; check each name",
            ));
        }
        if let Some(value) = value {
            check_value(&text!["headers: the value of ", name], value)?;
        }
        http::set(headers, &name, value.as_deref());
    }
    Ok(())
}

/// Holds a key or token against what a header can carry.
///
/// # Errors
/// `invalid_request` that names the option and never shows the secret.
pub fn check_secret(option: &str, secret: &str) -> Result<()> {
    if secret.trim().is_empty() {
        return Err(Error::invalid(text![option, ": expected a key, found an empty string"]));
    }
    check_value(option, secret)
}

fn check_value(what: &str, value: &str) -> Result<()> {
    let found = |what: &str, found: &str, advice: &str| {
        Err(Error::invalid(text![what, ": expected visible ASCII characters, found ", found, "; ", advice]))
    };
    if value.bytes().any(|byte| is_any(byte, b"\n\r")) {
        return found(what, "a line break", "trim what was read from a file or a secret store");
    }
    if !value.is_ascii() {
        return found(what, "a character beyond ASCII", "check for a placeholder or a full-width character");
    }
    if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
        return found(what, "a control character", "check how it was copied");
    }
    Ok(())
}

/// `tchar` of [RFC 9110 §5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || is_any(byte, b"!#$%&'*+-.^_`|~")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(changes: &[(&str, Option<&str>)]) -> Result<Vec<(String, String)>> {
        let changes: Vec<_> = changes.iter().map(|(name, value)| ((*name).into(), value.map(str::to_owned))).collect();
        let mut headers = vec![("authorization".into(), "k".into())];
        merge(&mut headers, &changes).map(|()| headers)
    }

    #[test]
    fn a_value_replaces_and_none_takes_away() {
        assert_eq!(merged(&[("Authorization", Some("b"))]).expect("merged"), [("authorization".into(), "b".into())]);
        assert_eq!(
            merged(&[("X-A", Some("1")), ("authorization", None)]).expect("merged"),
            [("x-a".into(), "1".into())]
        );
    }

    #[test]
    fn what_no_header_can_carry_is_named_and_not_shown() {
        for bad in ["a\nSECRET", "SECRET\r", "密SECRET", "SECRET\0"] {
            let error = merged(&[("x-a", Some(bad))]).expect_err("refused");
            assert!(error.to_string().starts_with("headers: the value of x-a: expected visible ASCII"), "{error}");
            assert!(!error.to_string().contains("SECRET"), "{error}");
            assert!(check_secret("apiKey", bad).expect_err("refused").to_string().starts_with("apiKey: expected"));
        }
        assert!(merged(&[("a b", Some("1"))]).is_err());
        assert!(merged(&[("", None)]).is_err());
    }
}
