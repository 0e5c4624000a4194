//! What the bench measures and the package does not export: single layers on our kernels, the same layers on stock
//! tract, and the tokenizer alone.

use std::sync::Arc;

use rerank_wasm::local::kernels::{Activation, Attention, Dot, Linear, Panels, Rows};
use rerank_wasm::local::tokens::Tokenizer;
use tract_onnx::prelude::{
    Datum, Framework, InferenceFact, InferenceModelExt, IntoRunnable, Tensor, TypedRunnableModel, tvec,
};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

/// A linear layer in int8 on our kernels: each row quantized, multiplied, scaled back.
#[wasm_bindgen]
pub struct OurLinear {
    dot: Dot,
    linear: Linear,
    inputs: usize,
}

#[wasm_bindgen]
impl OurLinear {
    /// `weights`: row-major `[inputs, outputs]`, all of one `scale`.
    #[wasm_bindgen(constructor)]
    pub fn new(weights: &[i8], scale: f32, inputs: usize, outputs: usize) -> Result<OurLinear, JsError> {
        let dot = Dot::of_this_engine();
        let linear = Panels::new(dot, weights, inputs, outputs)
            .and_then(|panels| Linear::new(panels, vec![scale; outputs], vec![0.0; outputs], vec![], Activation::None))
            .ok_or_else(|| JsError::new("the shapes do not fit"))?;
        Ok(Self { dot, linear, inputs })
    }

    /// `x`: row-major `[rows, inputs]` → `[rows, outputs]`.
    pub fn run(&self, x: &[f32]) -> Vec<f32> {
        let rows = Rows::new(self.dot, x, self.inputs);
        let mut out = vec![0.0; x.len() / self.inputs.max(1) * self.linear.panels().outputs()];
        self.linear.apply(&rows, &mut out);
        out
    }
}

/// The heads of one document on our kernels.
#[wasm_bindgen]
pub struct OurAttention {
    heads: usize,
    head: usize,
}

#[wasm_bindgen]
impl OurAttention {
    /// `heads` of `head` numbers each.
    #[wasm_bindgen(constructor)]
    pub fn new(heads: usize, head: usize) -> OurAttention {
        Self { heads, head }
    }

    /// `x`: queries, keys, values, each `[length, heads × head]` → `[length, heads × head]`.
    pub fn run(&self, x: &[f32]) -> Result<Vec<f32>, JsError> {
        let size = x.len() / 3;
        let part = |at: usize| x.get(at * size..(at + 1) * size).unwrap_or_default();
        let (heads, head) = (self.heads, self.head);
        let scale = (head as f32).sqrt().recip();
        let attention = Attention { queries: part(0), keys: part(1), values: part(2), mask: &[], heads, head, scale };
        let mut out = vec![0.0; size];
        attention.apply(&mut out).then_some(out).ok_or_else(|| JsError::new("the shapes do not fit"))
    }
}

/// A model of one input, as tract runs it without our rules.
#[wasm_bindgen]
pub struct StockModel {
    plan: Arc<TypedRunnableModel>,
    shape: Vec<usize>,
}

#[wasm_bindgen]
impl StockModel {
    /// `onnx`: the file; `shape`: of its input.
    #[wasm_bindgen(constructor)]
    pub fn new(onnx: &[u8], shape: Vec<usize>) -> Result<StockModel, JsError> {
        let plan = tract_onnx::onnx()
            .model_for_read(&mut &*onnx)
            .and_then(|model| model.with_input_fact(0, InferenceFact::dt_shape(f32::datum_type(), &shape)))
            .and_then(|model| model.into_optimized())
            .and_then(|model| model.into_runnable());
        plan.map(|plan| Self { plan, shape }).map_err(failed)
    }

    /// The input's numbers → the output's.
    pub fn run(&self, x: &[f32]) -> Result<Vec<f32>, JsError> {
        let input = Tensor::from_shape(&self.shape, x).map_err(failed)?;
        let output = self.plan.run(tvec!(input.into())).map_err(failed)?;
        let first = output.first().ok_or_else(|| JsError::new("the model gave no output"))?;
        first.try_as_plain_ram().and_then(|it| Ok(it.as_slice::<f32>()?.to_vec())).map_err(failed)
    }
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
