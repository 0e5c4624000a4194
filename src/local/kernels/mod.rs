//! Numbers in, numbers out: the arithmetic that decides how fast a model runs. No tract, no JavaScript.
//!
//! A linear layer in int8: each row of activations is quantized by itself to eight bits, multiplied with packed int8
//! weights in exact integers, and scaled back. Exact integers are the same in every engine, and a row's result does not
//! depend on the rows beside it. What is left in f32 is done in one order everywhere, so scores are the same bits.

// Which dot product the engine has.
mod dot;
// Four numbers side by side.
mod lanes;
// Weights, packed.
mod packing;
mod panels;
mod quads;
// Activations, quantized.
mod rows;
// Exact sums of rows × panels.
mod tile;
// The obvious version of their dot products, the oracle of the others.
#[cfg(not(all(feature = "relaxed", target_arch = "wasm32")))]
mod scalar;
// 128-bit vectors, which every supported browser has.
#[cfg(target_arch = "wasm32")]
mod simd128;
// What only some engines have.
#[cfg(all(feature = "relaxed", target_arch = "wasm32"))]
mod relaxed;
// Seven products of halves for eight.
mod halves;
// What follows a linear layer.
mod activation;
// x × weights + bias.
mod linear;
// Exponentials of scores.
mod softmax;
// Activations in sixteen bits.
mod wide;
// Heads of one document.
mod attention;
// Rows of mean 0 and variance 1.
mod norm;
// The default model's head.
mod evidence;
mod near;
// Numbers for tests.
#[cfg(test)]
mod noise;

pub use activation::Activation;
pub use attention::Attention;
pub use dot::{Dot, RelaxedDot, relaxed_dot};
pub use evidence::{Evidence, Parameters, Reading};
pub use linear::Linear;
pub use norm::{LayerNorm, add};
pub use packing::Packing;
pub use panels::Panels;
pub use rows::Rows;
