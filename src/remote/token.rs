//! A token that keys buy, where a service wants one: kept until it expires, bought by one call however many wait for it, and
//! shared through the caller's store where there is one.
//!
//! Who comes first buys; the others wait and take what came of it, be it a token or an error. If the buyer is stopped on the
//! way, another one buys.
//!
//! Who waits looks again by a timer of its own, and is not woken by the buyer: a Worker serves many requests with one instance,
//! what one of them wakes runs as part of it and ends with it, and a buyer whose request was cut off never comes back.

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{Transport, whole_number};
use crate::remote::pieces::cut;
use crate::text::text;

/// Between two looks at whether a token was bought.
const LOOK: Duration = Duration::from_millis(20);
/// What the caller's store may take in all.
const STORE_PATIENCE: Duration = Duration::from_secs(5);
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
        text![self.until as u64, " ", self.value]
    }

    /// `None` for anything `to_stored` did not write.
    fn from_stored(stored: &str) -> Option<Self> {
        let (until, value) = cut(stored, b" ")?;
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
    /// Who buys one, by the number of the turn, and until when (milliseconds since 1970) the others wait for that.
    buyer: Option<(u32, f64)>,
    turns: u32,
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
    /// The token of the keys called `name`; `buy` is only run by the one call that has to, and takes `patience` at most.
    ///
    /// # Errors
    /// What `buy` failed with, also where another call ran it; `aborted` where the wait is.
    pub async fn get(
        &self,
        name: &str,
        patience: Duration,
        transport: &impl Transport,
        buy: impl Future<Output = Result<Token>>,
    ) -> Result<String> {
        let failures = self.state.borrow().failures;
        let turn = loop {
            if let Some(turn) = self.turn(name, failures, patience, transport.now())? {
                break turn;
            }
            transport.sleep(LOOK).await?;
        };
        let lease = match turn {
            Turn::Held(token) => return Ok(token),
            Turn::Mine(lease) => lease,
        };
        if let Some(token) = self.recall(name, transport).await {
            return Ok(self.hold(name, &token));
        }
        match buy.await {
            Ok(token) => {
                let value = self.hold(name, &token);
                // Whoever waits need not wait for the store.
                drop(lease);
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

    /// What a call may do now; `None`: wait. `failures` is how many there were when it came.
    fn turn(&self, name: &str, failures: u32, patience: Duration, now: f64) -> Result<Option<Turn<'_>>> {
        let mut state = self.state.borrow_mut();
        if let Some(token) = state.usable(name, now) {
            return Ok(Some(Turn::Held(token)));
        }
        match &state.failure {
            Some((owner, error)) if state.failures != failures && owner == name => return Err(error.clone()),
            _ => {}
        }
        if state.buyer.is_some_and(|(_, until)| now < until) {
            return Ok(None);
        }
        state.turns = state.turns.wrapping_add(1);
        let number = state.turns;
        state.buyer = Some((number, now + (patience + STORE_PATIENCE).as_millis() as u64 as f64));
        Ok(Some(Turn::Mine(Lease { tokens: self, number })))
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

/// What a call may do for a token.
enum Turn<'a> {
    /// Take this one.
    Held(String),
    /// Buy one.
    Mine(Lease<'a>),
}

/// The right to buy; given back however the buying ends.
struct Lease<'a> {
    tokens: &'a Tokens,
    number: u32,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut state = self.tokens.state.borrow_mut();
        if state.buyer.is_some_and(|(number, _)| number == self.number) {
            state.buyer = None;
        }
    }
}
