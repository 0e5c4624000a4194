//! What a caller may know: one key for most services, two and a session's token for some.

use crate::error::Result;

use crate::remote::headers;

/// Keys and tokens of one call, as they are; which of them there are is the provider's to say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keys<'a> {
    /// Key or token; of a pair, the one that names.
    pub key: Option<&'a str>,
    /// Of a pair, the one that proves.
    pub secret: Option<&'a str>,
    /// Of a session with keys for a time.
    pub session_token: Option<&'a str>,
}

impl<'a> Keys<'a> {
    /// The one key there is, or none.
    pub fn one(key: Option<&'a str>) -> Self {
        Self { key, ..Self::default() }
    }

    /// Those that are there.
    pub fn all(&self) -> Vec<&'a str> {
        let mut all = Vec::new();
        for key in [self.key, self.secret, self.session_token] {
            let Some(key) = key else { continue };
            all.push(key);
        }
        all
    }

    /// Holds each against what a header can carry; `names` are the options they come from.
    ///
    /// # Errors
    /// `invalid_request` that names the option and never shows what it holds.
    pub fn check(&self, names: [&str; 3]) -> Result<()> {
        let [first, second, third] = names;
        for (name, key) in [(first, self.key), (second, self.secret), (third, self.session_token)] {
            if let Some(key) = key {
                headers::check_secret(name, key)?;
            }
        }
        Ok(())
    }
}
