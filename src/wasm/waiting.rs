//! Waiting for a promise, but not beyond a time limit and not after the caller has stopped the call.
//!
//! No listener and no closure is made for it: a timer and a stop are promises whose `resolve` the host itself calls, so
//! there is nothing to leave behind but the timer, and that is cleared when it goes out of scope.

use std::cell::Cell;
use std::time::Duration;

use js_sys::{Array, Function, Object, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(resolve: &Function, milliseconds: i32, value: &JsValue) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// What ended a wait.
pub(crate) enum End {
    /// The promise was fulfilled.
    Fulfilled(JsValue),
    /// The promise was rejected, with anything.
    Rejected(JsValue),
    /// Time is up.
    Late,
    /// The caller has stopped the call.
    Stopped,
}

/// A promise that is fulfilled from outside, with a value that nobody else has.
struct Signal {
    promise: Promise,
    /// There, since promises hand it out as they are made.
    resolve: Option<Function>,
    token: JsValue,
}

impl Signal {
    fn new() -> Self {
        // Not Function::default(): that is `new Function`, which workerd and content security policies refuse.
        let mut resolve = None;
        let promise = Promise::new(&mut |fulfil, _| resolve = Some(fulfil));
        Self { promise, resolve, token: Object::new().into() }
    }
}

/// The caller's way to stop a call.
pub(crate) struct Stop {
    signal: Signal,
    stopped: Cell<bool>,
}

impl Stop {
    pub(crate) fn new() -> Self {
        Self { signal: Signal::new(), stopped: Cell::new(false) }
    }

    /// Ends every wait of the call, now and later.
    pub(crate) fn stop(&self) {
        self.stopped.set(true);
        if let Some(resolve) = &self.signal.resolve {
            // Cannot throw: it is the host's own function.
            let _ = resolve.call1(&JsValue::UNDEFINED, &self.signal.token);
        }
    }

    /// Whether the call was stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.get()
    }

    /// Waits for `promise`, no longer than `timer` says.
    pub(crate) async fn wait(&self, promise: &Promise, timer: &Timer) -> End {
        let contenders = Array::of3(promise, &self.signal.promise, &timer.signal.promise);
        match JsFuture::from(Promise::race(&contenders)).await {
            _ if self.is_stopped() => End::Stopped,
            Ok(value) if value == timer.signal.token => End::Late,
            Ok(value) => End::Fulfilled(value),
            Err(reason) => End::Rejected(reason),
        }
    }

    /// Waits for `timer`; whether it ran to its end.
    pub(crate) async fn sleep(&self, timer: &Timer) -> bool {
        let contenders = Array::of2(&self.signal.promise, &timer.signal.promise);
        // A race of promises that are never rejected.
        let _ = JsFuture::from(Promise::race(&contenders)).await;
        !self.is_stopped()
    }
}

/// A timer of the host; cleared when dropped.
pub(crate) struct Timer {
    signal: Signal,
    id: Option<JsValue>,
}

impl Timer {
    pub(crate) fn start(time: Duration) -> Self {
        let signal = Signal::new();
        // The host counts in 32 bits: a longer timer would fire at once, so it never fires.
        let milliseconds = i32::try_from(time.as_millis()).ok();
        let id = milliseconds.zip(signal.resolve.as_ref()).map(|(ms, resolve)| set_timeout(resolve, ms, &signal.token));
        Self { signal, id }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(id) = &self.id {
            clear_timeout(id);
        }
    }
}
