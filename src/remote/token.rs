//! A token that keys buy, where a service wants one: kept until it expires, bought by one call however many wait for it, and
//! shared through the caller's store where there is one.
//!
//! Who comes first buys; the others wait and take what came of it, be it a token or an error. If the buyer is stopped on the
//! way, the next one in line buys.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::task::{Poll, Waker};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{Transport, whole_number};

/// Cloudflare's KV takes no shorter life.
const LEAST_STORED_SECONDS: f64 = 60.0;

/// A token and its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// The token itself.
    pub value: String,
    /// Milliseconds since 1970 from which on it is not used any more.
    pub until: f64,
}

impl Token {
    /// What the store keeps: the end, a blank, the token.
    fn to_stored(&self) -> String {
        format!("{} {}", self.until as u64, self.value)
    }

    /// `None` for anything `to_stored` did not write.
    fn from_stored(stored: &str) -> Option<Self> {
        let (until, value) = stored.split_once(' ')?;
        Some(Self { value: value.to_owned(), until: whole_number(until)? as f64 }).filter(|it| !it.value.is_empty())
    }
}

/// The token of one reranker, and who waits for it.
#[derive(Default)]
pub struct Tokens {
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// The token and the name of the keys that bought it.
    held: Option<(String, Token)>,
    /// The last one that the service did not take; the store may still hold it.
    refused: Option<String>,
    /// Whether one is being bought.
    is_busy: bool,
    waiting: Vec<Waker>,
    /// How often buying has failed, and with what for whose keys.
    failures: u32,
    failure: Option<(String, Error)>,
}

impl State {
    fn usable(&self, name: &str, now: f64) -> Option<String> {
        let held = self.held.as_ref().filter(|(owner, token)| owner == name && now < token.until);
        held.map(|(_, token)| token.value.clone())
    }
}

impl Tokens {
    /// The token of the keys called `name`; `buy` is only run by the one call that has to.
    ///
    /// # Errors
    /// What `buy` failed with, also where another call ran it.
    pub async fn get(
        &self,
        name: &str,
        transport: &impl Transport,
        buy: impl Future<Output = Result<Token>>,
    ) -> Result<String> {
        let failures = self.state.borrow().failures;
        let turn = poll_fn(|context| {
            let mut state = self.state.borrow_mut();
            if let Some(token) = state.usable(name, transport.now()) {
                return Poll::Ready(Some(Ok(token)));
            }
            match &state.failure {
                Some((owner, error)) if state.failures != failures && owner == name => {
                    return Poll::Ready(Some(Err(error.clone())));
                }
                _ => {}
            }
            if state.is_busy {
                state.waiting.push(context.waker().clone());
                return Poll::Pending;
            }
            state.is_busy = true;
            Poll::Ready(None)
        });
        if let Some(outcome) = turn.await {
            return outcome;
        }
        let turn = Turn(self);
        if let Some(token) = self.recall(name, transport).await {
            return Ok(self.hold(name, &token));
        }
        match buy.await {
            Ok(token) => {
                let value = self.hold(name, &token);
                // Whoever waits need not wait for the store.
                drop(turn);
                let seconds = (token.until - transport.now()) / 1000.0;
                if seconds >= LEAST_STORED_SECONDS {
                    transport.keep(name, &token.to_stored(), Duration::from_secs(seconds as u64)).await;
                }
                Ok(value)
            }
            // A call that was stopped says nothing about the keys: the next in line tries.
            Err(error) if error.kind() == ErrorKind::Aborted => Err(error),
            Err(error) => {
                let mut state = self.state.borrow_mut();
                state.failures = state.failures.wrapping_add(1);
                state.failure = Some((name.to_owned(), error.clone()));
                Err(error)
            }
        }
    }

    fn hold(&self, name: &str, token: &Token) -> String {
        self.state.borrow_mut().held = Some((name.to_owned(), token.clone()));
        token.value.clone()
    }

    /// Lets go of a token that the service did not take, unless another call was faster.
    pub fn refuse(&self, value: &str) {
        let mut state = self.state.borrow_mut();
        if state.held.as_ref().is_some_and(|(_, token)| token.value == value) {
            state.held = None;
        }
        state.refused = Some(value.to_owned());
    }

    /// The store's token, if it is a good one.
    async fn recall(&self, name: &str, transport: &impl Transport) -> Option<Token> {
        let token = Token::from_stored(&transport.recall(name).await?)?;
        let is_refused = self.state.borrow().refused.as_ref() == Some(&token.value);
        (!is_refused && transport.now() < token.until).then_some(token)
    }
}

/// The right to buy; given back however the buying ends.
struct Turn<'a>(&'a Tokens);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.0.state.borrow_mut();
            state.is_busy = false;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }
}
