//! Which dot product of bytes the engine below has, and so how rows and panels are laid out.

use crate::local::kernels::lanes::{BYTES, LANES};
use crate::local::kernels::tile::STEP;

/// How eight-bit activations meet eight-bit weights. The sums are exact and the same with each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dot {
    /// Activations widened to sixteen bits, in pairs: `i32x4.dot_i16x8_s`, which every engine has.
    #[default]
    Pairs,
    /// Unsigned bytes, in quads: a relaxed dot that reads its second operand as AVX-VNNI's VPDPBUSD does.
    UnsignedQuads,
    /// Signed bytes, in quads: a relaxed dot that reads its second operand as ARM's SDOT does.
    SignedQuads,
}

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
    return crate::local::kernels::relaxed::probe();
    #[cfg(not(all(feature = "relaxed", target_arch = "wasm32")))]
    None
}

impl Dot {
    /// The fastest that is exact here.
    pub fn of_this_engine() -> Self {
        match relaxed_dot() {
            Some(RelaxedDot::Unsigned) => Self::UnsignedQuads,
            Some(RelaxedDot::Signed) => Self::SignedQuads,
            // Pairs of products that stick would need activations of seven bits.
            Some(RelaxedDot::Saturating) | None => Self::Pairs,
        }
    }

    /// Inputs that lie side by side in a panel.
    pub(super) fn group(self) -> usize {
        match self {
            Self::Pairs => 2,
            Self::UnsignedQuads | Self::SignedQuads => 4,
        }
    }

    /// Inputs are filled up to a multiple.
    pub(super) fn step(self) -> usize {
        match self {
            Self::Pairs => STEP,
            Self::UnsignedQuads | Self::SignedQuads => BYTES,
        }
    }

    /// The group of inputs that one belongs to, and its place there: of sixteen inputs, each fourth one is in the same quad.
    pub(super) fn place(self, input: usize) -> [usize; 2] {
        match self {
            Self::Pairs => [input / 2, input % 2],
            Self::UnsignedQuads | Self::SignedQuads => [input / BYTES * LANES + input % LANES, input % BYTES / LANES],
        }
    }
}
