//! How to make one call, and what is told of it on the way.

use std::time::Duration;

use crate::remote::keys::Keys;
use crate::remote::retry::RetryPolicy;

/// One attempt's time where the caller does not say: that of DMXAPI's documented example.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How to make one call.
pub struct Call<'a> {
    /// Keys or token, where there are any.
    pub keys: Keys<'a>,
    /// Of one attempt.
    pub timeout: Duration,
    /// How often to try again.
    pub policy: RetryPolicy,
    /// On top of the provider's own; `None` takes one away. Later ones win.
    pub headers: &'a [(String, Option<String>)],
    /// Errors repeat query and documents where the service's words do.
    pub debug_bodies: bool,
    /// Told of each attempt when it is over.
    pub on_attempt: &'a dyn Fn(&Attempt),
    /// Told how many documents are scored, of how many.
    pub on_progress: &'a dyn Fn(usize, usize),
}

/// One try at one HTTP request, when it is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// From 1, for each request anew.
    pub number: u32,
    /// HTTP status, where a reply came.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// What follows.
    pub decision: &'static str,
}
