//! The remote engine, step by step: a call begins, goes on with what came of each action, and ends. Each step gives the
//! actions that JavaScript is to perform next.
//!
//! One engine in an instance: a fault takes all its calls with it in any case.

#![expect(unreachable_pub, reason = "wasm-bindgen exports what is pub, and nobody in Rust imports it")]

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Result;
use crate::remote::RemoteReranker;
use crate::remote::split::Ranked;
use crate::wasm::desk::{Desk, Host};
use crate::wasm::shapes::{Order, reranker, write_error, write_ranked};
use crate::wasm::wire::{Reader, Writer};

/// A call that waits for the outcome of an action.
struct Running {
    call: u32,
    name: &'static str,
    desk: Rc<Desk>,
    future: Pin<Box<dyn Future<Output = Result<Ranked>>>>,
}

/// All there is.
#[derive(Default)]
struct Engine {
    reranker: Option<Rc<RemoteReranker>>,
    has_store: bool,
    running: Vec<Running>,
}

thread_local! {
    /// Not here while a step is under way: after a fault it stays away, and so does the instance.
    static ENGINE: RefCell<Engine> = const { RefCell::new(Engine { reranker: None, has_store: false, running: Vec::new() }) };
}

/// In place of a call: the engine is made.
const OPEN: u32 = 0;
/// In place of an action: the call begins, or ends without a word, since what it waits for is JavaScript's to stop.
const BEGIN: u32 = 0;
const ABORT: u32 = u32::MAX;

/// One step of `call`, with what came of `action`. Gives what JavaScript is to do next.
///
/// One way in for all, since each costs its own glue. `OPEN` takes whether there is a token store and `shapes::reranker`'s options;
/// `BEGIN` takes a `shapes::Order`.
#[wasm_bindgen]
pub fn step(call: u32, action: u32, input: Vec<u8>) -> Vec<u8> {
    let mut engine = ENGINE.with_borrow_mut(std::mem::take);
    let mut actions = Writer::default();
    if call == OPEN {
        engine.open(&mut Reader(&input), &mut actions);
    } else if action == BEGIN {
        if let Some(running) = engine.begin(call, &mut Reader(&input)) {
            engine.go_on(running, &mut actions);
        }
    } else if let Some(running) = engine.taken(call)
        && action != ABORT
    {
        running.desk.outcome.replace(Some((action, input)));
        engine.go_on(running, &mut actions);
    }
    ENGINE.with_borrow_mut(|kept| *kept = engine);
    actions.0
}

impl Engine {
    fn open(&mut self, options: &mut Reader<'_>, actions: &mut Writer) {
        self.has_store = options.flag() == Some(true);
        match reranker(options) {
            Ok(reranker) => self.reranker = Some(Rc::new(reranker)),
            Err(error) => write_error(actions, &error),
        }
    }

    fn begin(&self, call: u32, order: &mut Reader<'_>) -> Option<Running> {
        let reranker = Rc::clone(self.reranker.as_ref()?);
        let order = Order::read(order);
        let desk = Rc::<Desk>::default();
        let host = Host { desk: Rc::clone(&desk), has_store: self.has_store };
        let name = reranker.provider().name();
        Some(Running { call, name, desk, future: Box::pin(async move { order.rank(&reranker, &host).await }) })
    }

    fn taken(&mut self, call: u32) -> Option<Running> {
        let at = self.running.iter().position(|running| running.call == call)?;
        Some(self.running.swap_remove(at))
    }

    /// Lets a call go on until it waits or ends.
    fn go_on(&mut self, mut running: Running, actions: &mut Writer) {
        // Nothing wakes it but the outcome of an action.
        let polled = running.future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        *actions = running.desk.actions.take();
        match polled {
            Poll::Pending => self.running.push(running),
            Poll::Ready(Ok(ranked)) => write_ranked(actions, running.name, &ranked),
            Poll::Ready(Err(error)) => write_error(actions, &error),
        }
    }
}
