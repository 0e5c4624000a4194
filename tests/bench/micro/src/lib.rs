//! What the bench measures and the package does not export: single layers on our kernels, the same layers on stock
//! tract, and the tokenizer alone.
//!
//! A layer has its input, its weights and the place of its result before time counts, and repeats inside wasm: what it
//! takes is the kernel's, not that of a call from JavaScript.

use std::hint::black_box;

use rerank_wasm::local::kernels::{Activation, Attention, Dot, Linear, Panels, Rows};
use rerank_wasm::local::tokens::Tokenizer;
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

// The same layers on stock tract.
#[cfg(feature = "stock")]
mod stock;

/// Sums that stand for a result: each number is in one of them. `FOLDS` of engines/layers.js.
const FOLDS: usize = 64;

/// A linear layer in int8 on our kernels: each row quantized, multiplied, scaled back.
#[wasm_bindgen]
pub struct OurLinear {
    dot: Dot,
    linear: Linear,
    x: Vec<f32>,
    rows: Rows,
    out: Vec<f32>,
}

#[wasm_bindgen]
impl OurLinear {
    /// `weights`: row-major `[inputs, outputs]`, all of one `scale`; `x`: `[rows, inputs]`.
    #[wasm_bindgen(constructor)]
    pub fn new(weights: &[i8], scale: f32, inputs: usize, outputs: usize, x: Vec<f32>) -> Result<OurLinear, JsError> {
        let dot = Dot::of_this_engine();
        let linear = Panels::new(dot, weights, inputs, outputs)
            .and_then(|panels| Linear::new(panels, vec![scale; outputs], vec![0.0; outputs], vec![], Activation::None))
            .ok_or_else(|| JsError::new("the shapes do not fit"))?;
        let rows = Rows::new(dot, &x, inputs);
        // What is never written stays no number.
        let out = vec![f32::NAN; x.len() / inputs.max(1) * outputs];
        Ok(Self { dot, linear, x, rows, out })
    }

    /// The layer, `times` times → its result in sums.
    pub fn run(&mut self, times: usize) -> Vec<f32> {
        for _ in 0..times {
            let rows = Rows::new(self.dot, black_box(&self.x), self.linear.panels().inputs());
            self.linear.apply(&rows, black_box(&mut self.out));
        }
        folded(&self.out)
    }

    /// The same of rows that are quantized already.
    pub fn multiply(&mut self, times: usize) -> Vec<f32> {
        for _ in 0..times {
            self.linear.apply(black_box(&self.rows), black_box(&mut self.out));
        }
        folded(&self.out)
    }
}

/// The heads of one document on our kernels.
#[wasm_bindgen]
pub struct OurAttention {
    heads: usize,
    head: usize,
    x: Vec<f32>,
    out: Vec<f32>,
}

#[wasm_bindgen]
impl OurAttention {
    /// `heads` of `head` numbers each; `x`: queries, keys, values, each `[length, heads × head]`.
    #[wasm_bindgen(constructor)]
    pub fn new(heads: usize, head: usize, x: Vec<f32>) -> OurAttention {
        let out = vec![f32::NAN; x.len() / 3];
        Self { heads, head, x, out }
    }

    /// The layer, `times` times → its result in sums.
    pub fn run(&mut self, times: usize) -> Result<Vec<f32>, JsError> {
        let (heads, head, size) = (self.heads, self.head, self.out.len());
        let scale = (head as f32).sqrt().recip();
        for _ in 0..times {
            let x = black_box(&self.x);
            let part = |at: usize| x.get(at * size..(at + 1) * size).unwrap_or_default();
            let attention =
                Attention { queries: part(0), keys: part(1), values: part(2), mask: &[], heads, head, scale };
            if !attention.apply(black_box(&mut self.out)) {
                return Err(JsError::new("the shapes do not fit"));
            }
        }
        Ok(folded(&self.out))
    }
}

fn folded(numbers: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0; FOLDS];
    for row in numbers.chunks(FOLDS) {
        sums.iter_mut().zip(row).for_each(|(sum, it)| *sum += it);
    }
    sums
}

/// The tokenizer of the package, alone.
#[wasm_bindgen]
pub struct Reader {
    tokenizer: Tokenizer,
}

#[wasm_bindgen]
impl Reader {
    /// `json`: a tokenizer.json.
    #[wasm_bindgen(constructor)]
    pub fn new(json: &[u8]) -> Result<Reader, JsError> {
        Tokenizer::from_json(json).map(|tokenizer| Self { tokenizer }).map_err(failed)
    }

    /// How many tokens `text` is, separators not included.
    pub fn count(&self, text: &str) -> Result<usize, JsError> {
        self.tokenizer.tokens(text).map(|tokens| tokens.ids.len()).map_err(failed)
    }
}

fn failed(reason: impl std::fmt::Display) -> JsError {
    JsError::new(&format!("{reason:#}"))
}
