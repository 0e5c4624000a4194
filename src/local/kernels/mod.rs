//! Numbers in, numbers out: what the processor below this WebAssembly engine can do. No tract, no JavaScript.

#[cfg(all(feature = "relaxed", target_arch = "wasm32"))]
mod relaxed;

/// What `i32x4.relaxed_dot_i8x16_i7x16_add` makes of a second operand above 127, which the specification leaves open.
///
/// Within 0..=127 every engine gives the same, exact sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelaxedDot {
    /// It is a negative number, as ARM's SDOT reads it.
    Signed,
    /// It is a number above 127, summed exactly, as AVX-VNNI's VPDPBUSD does.
    Unsigned,
    /// It is a number above 127, and pairs of products stick at 32,767, as SSSE3's PMADDUBSW does.
    Saturating,
}

/// Asks the engine; `None` in binaries without relaxed SIMD.
pub fn relaxed_dot() -> Option<RelaxedDot> {
    #[cfg(all(feature = "relaxed", target_arch = "wasm32"))]
    return relaxed::probe();
    #[cfg(not(all(feature = "relaxed", target_arch = "wasm32")))]
    None
}
