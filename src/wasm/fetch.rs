//! [`Transport`] over the host's `fetch`.
//!
//! gloo-net reads the Response (`reply`), but does not send: its `send` knows only the global fetch, panics on a rejection that
//! is no Error (`abort("x")`) and on a Response of another class (a mock, node-fetch). Any fetch gets an address and a plain init:
//! npm's undici and node-fetch refuse a Request that is not theirs.

use std::rc::Rc;
use std::time::Duration;

use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::AbortController;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{HttpReply, HttpRequest, Transport};
use crate::text::text;
use crate::wasm::json::{print, strings_to_js};
use crate::wasm::reply;
use crate::wasm::types::object;
use crate::wasm::waiting::{End, Stop, Timer};

/// A store that takes longer is done without: buying a token takes about as long.
const STORE_PATIENCE: Duration = Duration::from_secs(3);

/// The host, for one call.
pub(crate) struct Host {
    /// The caller's fetch; `None`: the global one of the moment.
    pub(crate) fetch: Option<Function>,
    /// The facade's face of the caller's token store: `{ get, set }`, which give promises that are never rejected.
    pub(crate) store: Option<JsValue>,
    /// Ends the call.
    pub(crate) stop: Rc<Stop>,
}

/// One attempt: its time and its way to be cut off. Dropped before its end, it cuts off.
pub(crate) struct Attempt<'a> {
    stop: &'a Stop,
    timer: Timer,
    timeout: Duration,
    controller: AbortController,
    done: bool,
}

impl Transport for Host {
    async fn send(&self, request: &HttpRequest, timeout: Duration) -> Result<HttpReply> {
        if self.stop.is_stopped() {
            return Err(aborted());
        }
        let controller = AbortController::new().map_err(|_| no_fetch("AbortController"))?;
        let init = init(request, &controller);
        let timer = Timer::start(timeout);
        let mut attempt = Attempt { stop: &self.stop, timer, timeout, controller, done: false };
        let response = match attempt.wait(&self.call_fetch(&request.url, &init)?).await? {
            Ok(response) => response,
            Err(reason) => return Err(no_answer(&reason)),
        };
        let reply = reply::read(&response, &attempt).await?;
        attempt.done = true;
        Ok(reply)
    }

    async fn sleep(&self, wait: Duration) -> Result<()> {
        if self.stop.sleep(&Timer::start(wait)).await { Ok(()) } else { Err(aborted()) }
    }

    async fn recall(&self, name: &str) -> Option<String> {
        self.ask_store("get", &Array::of1(&JsValue::from_str(name))).await?.as_string()
    }

    async fn keep(&self, name: &str, value: &str, life: Duration) {
        let life = JsValue::from_f64(life.as_secs() as f64);
        self.ask_store("set", &Array::of3(&JsValue::from_str(name), &JsValue::from_str(value), &life)).await;
    }

    fn now(&self) -> f64 {
        js_sys::Date::now()
    }

    fn random(&self) -> f64 {
        js_sys::Math::random()
    }
}

impl Host {
    /// What the store's method came to, if there is a store and it is quick enough.
    async fn ask_store(&self, name: &str, arguments: &Array) -> Option<JsValue> {
        let method = Reflect::get(self.store.as_ref()?, &JsValue::from_str(name)).ok()?;
        let method: Function = method.dyn_into().ok()?;
        let promise = Promise::resolve(&method.apply(&JsValue::UNDEFINED, arguments).ok()?);
        match self.stop.wait(&promise, &Timer::start(STORE_PATIENCE)).await {
            End::Fulfilled(value) => Some(value),
            _ => None,
        }
    }

    /// A promise of a Response, whatever fetch gives back or throws.
    fn call_fetch(&self, url: &str, init: &JsValue) -> Result<Promise> {
        let global = js_sys::global();
        let fetch = match &self.fetch {
            Some(fetch) => fetch.clone(),
            None => global_function("fetch")?,
        };
        // With the global object as `this`: Workers call a detached fetch illegal.
        fetch
            .call2(&global, &JsValue::from_str(url), init)
            .map(|answer| Promise::resolve(&answer))
            .map_err(|reason| no_answer(&reason))
    }
}

impl Attempt<'_> {
    /// Waits for `promise` within the attempt's time: what it came to, or why the wait ended without it.
    pub(crate) async fn wait(&self, promise: &Promise) -> Result<std::result::Result<JsValue, JsValue>> {
        match self.stop.wait(promise, &self.timer).await {
            End::Fulfilled(value) => Ok(Ok(value)),
            End::Rejected(reason) => Ok(Err(reason)),
            End::Stopped => Err(aborted()),
            End::Late => {
                let message = text!["no complete answer within timeoutMs = ", self.timeout.as_millis() as u64, " ms"];
                Err(Error::new(ErrorKind::Timeout, message).with_retryable(true))
            }
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.controller.abort();
        }
    }
}

/// What fetch is called with beside the address: a plain init. Names and values of headers were checked (`remote::headers`).
fn init(request: &HttpRequest, controller: &AbortController) -> Object {
    object([
        ("method", JsValue::from_str("POST")),
        ("headers", strings_to_js(&request.headers)),
        ("body", request.body.as_ref().and_then(print).map_or(JsValue::UNDEFINED, JsValue::from)),
        ("signal", controller.signal().into()),
        // A redirect could carry key and documents to another host. Not "error": workerd has no such mode.
        ("redirect", JsValue::from_str("manual")),
    ])
}

fn global_function(name: &'static str) -> Result<Function> {
    let value = Reflect::get(&js_sys::global(), &JsValue::from_str(name)).ok();
    value.and_then(|value| value.dyn_into().ok()).ok_or_else(|| no_fetch(name))
}

fn no_fetch(name: &str) -> Error {
    let message = text!["this runtime has no ", name, "; use one with the fetch API, as Node 20, or add it"];
    Error::new(ErrorKind::Unsupported, message)
}

fn aborted() -> Error {
    Error::new(ErrorKind::Aborted, "the call was aborted")
}

/// The error of a rejected fetch or body. Its own message is left out: it often holds the address, and with it the token.
pub(crate) fn no_answer(reason: &JsValue) -> Error {
    let get = |value: &JsValue, name: &str| Reflect::get(value, &JsValue::from_str(name)).ok();
    let name = get(reason, "name").and_then(|name| name.as_string()).filter(|name| is_identifier(name));
    if name.as_deref() == Some("AbortError") {
        // Not by us, whose waits end first: by the caller's fetch.
        return Error::new(ErrorKind::Aborted, "fetch aborted the call by itself");
    }
    let code = get(reason, "cause").and_then(|cause| get(&cause, "code")).or_else(|| get(reason, "code"));
    let code = code.and_then(|code| code.as_string()).filter(|code| is_identifier(code));
    let found = code.or(name).map_or_else(String::new, |word| text![" (", word, ")"]);
    let advice = "check the connection and baseUrl, in a page also that the service allows CORS";
    Error::new(ErrorKind::Network, text!["no answer arrived", found, "; ", advice]).with_retryable(true)
}

fn is_identifier(word: &str) -> bool {
    (1..=40).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
