//! The JavaScript face: plain data in, plain data out. Convert, call, convert; nothing is decided here.
//!
//! What JavaScript sees is not the package's surface: the facade in `pkg-template/` is. It reads the caller's objects,
//! so every value that arrives here is a string, a number, an array or a plain object of ours.

// A service ranks: the engine step by step, what it wants done, and what goes both ways.
#[cfg(feature = "remote")]
mod desk;
#[cfg(feature = "remote")]
mod remote_engine;
#[cfg(feature = "remote")]
mod shapes;
#[cfg(feature = "remote")]
mod wire;
// A model in this instance ranks.
#[cfg(feature = "local")]
mod local_engine;
// Kind and sentence -> a plain object the facade makes a RerankError of.
#[cfg(feature = "local")]
mod error;
// Fields of plain objects, checked by type.
#[cfg(feature = "local")]
mod reread;
#[cfg(feature = "local")]
mod types;

#[cfg(feature = "local")]
use wasm_bindgen::prelude::wasm_bindgen;

/// Memory for the remote client alone: the standard allocator, made for speed, would be a twentieth of its binary.
#[cfg(all(feature = "remote", not(feature = "local")))]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

#[cfg(feature = "local")]
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(message: &str);
}

/// Says on the console where a fault of ours stands: after a panic the instance is gone and JavaScript sees only a trap.
/// Only the place, never the message: that may hold what was being ranked. In the remote client panics are traps from the
/// start (pkg-template/shrink.mjs).
#[cfg(feature = "local")]
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        console_error(&format!("rerank-wasm: internal fault{place}; please report it"));
    }));
}
