//! A layer as tract lowers it, without the rules and kernels of the package.

use std::hint::black_box;
use std::sync::Arc;

use tract_onnx::prelude::{
    Datum, Framework, InferenceFact, InferenceModelExt, IntoRunnable, TValue, Tensor, TypedRunnableModel, tvec,
};
use wasm_bindgen::JsError;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{failed, folded};

/// A model of one input, as tract runs it without our rules.
#[wasm_bindgen]
pub struct StockModel {
    plan: Arc<TypedRunnableModel>,
    input: TValue,
}

#[wasm_bindgen]
impl StockModel {
    /// `onnx`: the file; `shape` and `x`: of its input.
    #[wasm_bindgen(constructor)]
    pub fn new(onnx: &[u8], shape: Vec<usize>, x: &[f32]) -> Result<StockModel, JsError> {
        let plan = tract_onnx::onnx()
            .model_for_read(&mut &*onnx)
            .and_then(|model| model.with_input_fact(0, InferenceFact::dt_shape(f32::datum_type(), &shape)))
            .and_then(|model| model.into_optimized())
            .and_then(|model| model.into_runnable())
            .map_err(failed)?;
        let input = Tensor::from_shape(&shape, x).map_err(failed)?.into();
        Ok(Self { plan, input })
    }

    /// The model, `times` times → its first output in sums.
    pub fn run(&self, times: usize) -> Result<Vec<f32>, JsError> {
        let mut sums = vec![];
        for time in 1..=times {
            let output = self.plan.run(tvec!(black_box(&self.input).clone())).map_err(failed)?;
            let first = black_box(&output).first().ok_or_else(|| JsError::new("the model gave no output"))?;
            if time == times {
                sums = first.try_as_plain_ram().and_then(|it| Ok(folded(it.as_slice::<f32>()?))).map_err(failed)?;
            }
        }
        Ok(sums)
    }
}
