//! A graph that runs.

use std::sync::Arc;

use tract_onnx::Onnx;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::{
    DatumType, InferenceFact, InferenceModelExt, IntoRunnable, Symbol, TDim, TValue, TVec, Tensor, ToDim, TractResult,
    TypedRunnableModel, tvec,
};
use tract_onnx::tract_hir::infer::InferenceModel;

use crate::error::Result;
use crate::local::onnx::cannot_run;
use crate::local::onnx::check::Input;
use crate::local::onnx::memory::Memory;
use crate::local::onnx::places::Places;
use crate::local::onnx::weights::Weights;
use crate::local::pair::Row;

/// Symbol of a row's tokens.
const LENGTH: &str = "length";

/// What a graph reads, in its order.
pub(super) type Inputs = Vec<(Input, DatumType)>;

/// A graph for one row of any length.
pub(super) struct Graph {
    model: Arc<TypedRunnableModel>,
    inputs: Inputs,
    memory: Memory,
    /// Of its output.
    pub(super) shape: TVec<TDim>,
}

impl Graph {
    /// Of the nodes of `file`, those that keep places among them; takes its weights.
    ///
    /// The graph is simplified once for one row of any length: the batch is 1 and the length stays a symbol, because tract
    /// cannot flatten the classifier's token when both are unknown, and because a row must not depend on its neighbours.
    ///
    /// # Errors
    /// `bad_model` where tract has a reason against it.
    pub(super) fn new(
        onnx: &Onnx,
        file: ModelProto,
        inputs: Inputs,
        places: Places,
        weights: &mut Weights,
    ) -> Result<Self> {
        let built = || {
            let mut model = onnx.parse(&file, None)?.model;
            drop(file);
            places.fill(&mut model)?;
            weights.give_constants(&mut model)?;
            let length = tell_shapes(&mut model, &inputs)?;
            let mut typed = model.into_typed()?.into_decluttered()?;
            let shape = typed.output_fact(0)?.shape.to_tvec();
            let memory = Memory::of(&typed, length);
            // Not into_optimized, which would declutter once more.
            typed.optimize()?;
            Ok(Self { model: typed.into_runnable()?, inputs, memory, shape })
        };
        built().map_err(|error| cannot_run(&error))
    }

    /// What it makes of a row, in f32; `hidden`: what came before made of it, none where that is nothing.
    pub(super) fn run(&self, row: &Row, hidden: &[f32]) -> TractResult<Vec<f32>> {
        let outputs = self.model.run(values(&self.inputs, row, hidden)?)?;
        let Some(output) = outputs.first() else { return Ok(Vec::new()) };
        Ok(output.cast_to::<f32>()?.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
    }

    /// Bytes that a row of so many tokens takes while it is computed, about.
    pub(super) fn bytes(&self, length: usize) -> u64 {
        self.memory.bytes(length)
    }
}

/// Tells `model` the types and shapes of its inputs; the symbol that is a row's length.
pub(super) fn tell_shapes(model: &mut InferenceModel, inputs: &Inputs) -> TractResult<Symbol> {
    let length = model.symbols.sym(LENGTH);
    for (index, (input, datum_type)) in inputs.iter().enumerate() {
        let mut shape: TVec<TDim> = tvec!(1.to_dim(), length.to_dim());
        if let Input::Hidden(width) = input {
            shape.push(width.to_dim());
        }
        model.set_input_fact(index, InferenceFact::dt_shape(*datum_type, shape))?;
    }
    Ok(length)
}

/// What `inputs` are for a row.
pub(super) fn values(inputs: &Inputs, row: &Row, hidden: &[f32]) -> TractResult<TVec<TValue>> {
    let value = |(input, datum_type): &(Input, DatumType)| {
        tensor(input, row, hidden).and_then(|it| Ok(it.cast_to_dt(*datum_type)?.into_owned().into()))
    };
    inputs.iter().map(value).collect()
}

/// `[1, length]`, and of hidden states `[1, length, width]`
fn tensor(input: &Input, row: &Row, hidden: &[f32]) -> TractResult<Tensor> {
    let length = row.ids.len();
    match *input {
        Input::Ids => Tensor::from_shape(&[1, length], &row.ids),
        Input::Mask => Tensor::from_shape(&[1, length], &vec![1_i64; length]),
        Input::Segments => Tensor::from_shape(&[1, length], &row.segments),
        Input::Positions => Tensor::from_shape(&[1, length], &(0..length as i64).collect::<Vec<_>>()),
        Input::Hidden(width) => Tensor::from_shape(&[1, length, width], hidden),
    }
}
