//! [`Transport`] by a desk that things go over: what one call wants done goes out, what came of it comes in.
//!
//! Rust decides and JavaScript performs (pkg-template/remote-instance.js), so no promise, closure or listener of the host's is held
//! here, and dropping a future says by itself that its fetch is to be cut off.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{HttpReply, HttpRequest, ReplyBody, Transport};
use crate::json::Json;
use crate::remote::provider::REDIRECTED;
use crate::wasm::wire::{Reader, Writer};

// Not js-sys: its executor of promises would be linked, though nobody uses it.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;
    #[wasm_bindgen(js_namespace = Math, js_name = random)]
    fn math_random() -> f64;
}

/// What goes over the desk for one call.
#[derive(Default)]
pub(crate) struct Desk {
    /// What JavaScript is to do: arrays of the action's name and what it needs.
    pub(crate) actions: RefCell<Writer>,
    /// What came of the action with this number.
    pub(crate) outcome: RefCell<Option<(u32, Vec<u8>)>>,
    /// The last number that was given out.
    last: Cell<u32>,
}

impl Desk {
    /// Has `name` done and waits for what comes of it. `write` writes so many further arguments.
    fn ask(&self, name: &str, arguments: usize, write: impl FnOnce(&mut Writer)) -> Asked<'_> {
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        let mut actions = self.actions.borrow_mut();
        actions.array(arguments + 2);
        actions.string(name);
        actions.number(f64::from(number));
        write(&mut actions);
        Asked { desk: self, number, is_over: false }
    }
}

/// What comes of an action. Dropped before that, it has the action stopped.
struct Asked<'a> {
    desk: &'a Desk,
    number: u32,
    is_over: bool,
}

impl Future for Asked<'_> {
    type Output = Vec<u8>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Vec<u8>> {
        let mut slot = self.desk.outcome.borrow_mut();
        match slot.take() {
            Some((number, outcome)) if number == self.number => {
                drop(slot);
                self.is_over = true;
                Poll::Ready(outcome)
            }
            other => {
                *slot = other;
                Poll::Pending
            }
        }
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let mut actions = self.desk.actions.borrow_mut();
            actions.array(2);
            actions.string("stop");
            actions.number(f64::from(self.number));
        }
    }
}

/// The host, for one call.
pub(crate) struct Host {
    pub(crate) desk: Rc<Desk>,
    /// Whether the caller keeps tokens.
    pub(crate) has_store: bool,
}

impl Transport for Host {
    async fn send(&self, request: &HttpRequest, timeout: Duration) -> Result<HttpReply> {
        let outcome = self.desk.ask("send", 4, |action| {
            action.string(&request.url);
            action.pairs(&request.headers);
            match &request.body {
                Some(body) => action.json(body),
                None => action.nothing(),
            }
            action.number(timeout.as_millis() as u64 as f64);
        });
        reply(&mut Reader(&outcome.await))
    }

    async fn sleep(&self, wait: Duration) -> Result<()> {
        self.desk.ask("sleep", 1, |action| action.number(wait.as_millis() as u64 as f64)).await;
        Ok(())
    }

    async fn recall(&self, name: &str) -> Option<String> {
        if !self.has_store {
            return None;
        }
        let outcome = self.desk.ask("recall", 1, |action| action.string(name));
        Reader(&outcome.await).string()
    }

    async fn keep(&self, name: &str, value: &str, life: Duration) {
        if self.has_store {
            let outcome = self.desk.ask("keep", 3, |action| {
                action.string(name);
                action.string(value);
                action.number(life.as_secs() as f64);
            });
            outcome.await;
        }
    }

    fn now(&self) -> f64 {
        date_now()
    }

    fn random(&self) -> f64 {
        math_random()
    }
}

/// `status, headers, isJson, body | size`, `0` for a redirect, or `code, message, retryable, status?` of what went wrong.
fn reply(outcome: &mut Reader<'_>) -> Result<HttpReply> {
    let status = match outcome.json() {
        Json::Number(0.0) => return Err(Error::bad_response(REDIRECTED)),
        Json::Number(status) => status as u16,
        code => return Err(failure(&code, outcome)),
    };
    let headers = outcome.array(|outcome| {
        let (name, value) = outcome.pair();
        (name, value.unwrap_or_default())
    });
    let is_json = outcome.flag();
    let body = match outcome.json() {
        Json::Number(size) if is_json != Some(true) => ReplyBody::Other { size: size as usize },
        json => ReplyBody::Json(json),
    };
    Ok(HttpReply { status, headers, body })
}

fn failure(code: &Json, outcome: &mut Reader<'_>) -> Error {
    let kind = code.as_str().and_then(ErrorKind::of);
    let message = outcome.string().unwrap_or_default();
    let error = Error::new(kind.unwrap_or(ErrorKind::Internal), message);
    let error = error.with_retryable(outcome.flag() == Some(true));
    match outcome.number() {
        Some(status) => error.with_status(status as u16),
        None => error,
    }
}
