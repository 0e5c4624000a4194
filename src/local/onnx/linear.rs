//! Linear layers in int8 that read the same rows, as one operator: quantize each row once, multiply, scale back.

use std::sync::Arc;

use tract_onnx::prelude::{DatumType, TractError};
use tract_onnx::tract_hir::internal::{
    Datum, DatumTypeExt, EvalContext, EvalOp, Expansion, InferenceResult, Op, OutletId, Solver, SpecialOps, StaticName,
    TValue, TVec, Tensor, TensorProxy, TractResult, TypedFact, TypedModel, TypedOp, as_op, op_as_typed_op,
    op_out_of_plan,
};

use crate::local::kernels::{self, Activation, Dot, Packing, Rows};

/// Name of the operator.
const NAME: &str = "RerankInt8Linear";

/// `x f32 [..., inputs]` → `f32 [..., outputs]` for each layer.
#[derive(Clone, Debug, Default)]
pub(super) struct Linear {
    layers: Vec<Arc<kernels::Linear>>,
}

impl Linear {
    /// Adds a layer of weights i8, u8 or f32 `[inputs, outputs]`; scale f32 and zero point of the weights' type, both of one
    /// number or `[outputs]`; bias f32 `[outputs]`. Weights in f32 are quantized by column.
    ///
    /// # Errors
    /// Where types or sizes differ from that.
    pub(super) fn push(
        &mut self,
        weights: Arc<Tensor>,
        scale: Option<&Tensor>,
        zero_point: Option<&Tensor>,
        bias: Option<&Tensor>,
        activation: Activation,
    ) -> TractResult<()> {
        let &[inputs, outputs] = weights.shape() else { return Err(unexpected("rank of the weights")) };
        let by_column = |numbers: Vec<f32>| match numbers.as_slice() {
            &[number] => vec![number; outputs],
            _ => numbers,
        };
        let packing = || Packing::new(Dot::of_this_engine(), inputs, outputs).ok_or_else(|| unexpected("size"));
        let mut scales = by_column(scale.map_or_else(|| Ok(vec![1.0]), numbers)?);
        let mut zero_points = by_column(zero_point.map_or_else(|| Ok(vec![0.0]), numbers)?);
        let plain = weights.try_as_plain_ram()?;
        let mut packing = packing()?;
        match weights.datum_type().unquantized() {
            DatumType::I8 => packing.push(plain.as_slice::<i8>()?.iter().copied()),
            DatumType::U8 => {
                // Half of the range down, so that they fit into signed bytes; the zero points go along.
                zero_points.iter_mut().for_each(|it| *it -= 128.0);
                packing.push(plain.as_slice::<u8>()?.iter().map(|it| (it ^ 0x80) as i8));
            }
            _ => {
                let weights = plain.as_slice::<f32>()?;
                scales = column_scales(weights, outputs);
                let inverse: Vec<f32> = scales.iter().map(|it| if *it > 0.0 { it.recip() } else { 0.0 }).collect();
                let factors = inverse.iter().cycle();
                packing.push(weights.iter().zip(factors).map(|(it, factor)| (it * factor).round_ties_even() as i8));
            }
        }
        // Before the next matrix is packed: a large model has room for one unpacked at a time.
        drop(weights);
        let panels = packing.finish().ok_or_else(|| unexpected("number of weights"))?;
        let bias = bias.map_or_else(|| Ok(vec![0.0; outputs]), numbers)?;
        let zero_points = zero_points.into_iter().map(|it| it as i32).collect();
        let layer = kernels::Linear::new(panels, scales, bias, zero_points, activation);
        self.layers.push(Arc::new(layer.ok_or_else(|| unexpected("sizes of scales, zero points and bias"))?));
        Ok(())
    }
}

impl Expansion for Linear {
    fn name(&self) -> StaticName {
        NAME.into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.layers.len())
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let [x] = inputs else { return Err(unexpected("arity")) };
        for (y, layer) in outputs.iter().zip(&self.layers) {
            solver.equals(&y.datum_type, f32::datum_type())?;
            solver.equals(&y.rank, &x.rank)?;
            solver.given(&x.shape, move |solver, mut shape| {
                if let Some(last) = shape.last_mut() {
                    *last = layer.panels().outputs().into();
                }
                solver.equals(&y.shape, shape)
            })?;
        }
        Ok(())
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, TypedLinear { layers: self.layers.clone() }, inputs)
    }
}

#[derive(Clone, Debug)]
struct TypedLinear {
    layers: Vec<Arc<kernels::Linear>>,
}

impl PartialEq for TypedLinear {
    fn eq(&self, other: &Self) -> bool {
        self.layers.len() == other.layers.len() && self.layers.iter().zip(&other.layers).all(|(a, b)| Arc::ptr_eq(a, b))
    }
}

impl Eq for TypedLinear {}

impl Op for TypedLinear {
    fn name(&self) -> StaticName {
        NAME.into()
    }

    op_as_typed_op!();
}

impl EvalOp for TypedLinear {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let ([x], Some(first)) = (inputs.as_slice(), self.layers.first()) else { return Err(unexpected("arity")) };
        let rows = Rows::new(first.panels().dot(), x.try_as_plain_ram()?.as_slice::<f32>()?, first.panels().inputs());
        let apply = |layer: &Arc<kernels::Linear>| {
            let mut shape: TVec<usize> = x.shape().into();
            if let Some(last) = shape.last_mut() {
                *last = layer.panels().outputs();
            }
            let mut y = Tensor::zero::<f32>(&shape)?;
            layer.apply(&rows, y.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?);
            Ok(y.into())
        };
        self.layers.iter().map(apply).collect()
    }
}

impl TypedOp for TypedLinear {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [x] = inputs else { return Err(unexpected("arity")) };
        let fact = |layer: &Arc<kernels::Linear>| {
            let mut shape = x.shape.clone();
            shape.set(shape.rank().saturating_sub(1), layer.panels().outputs().into());
            f32::datum_type().fact(shape)
        };
        let matches =
            |layer: &Arc<kernels::Linear>| x.shape.last().is_some_and(|it| *it == layer.panels().inputs().into());
        if !self.layers.iter().all(matches) {
            return Err(unexpected("number of inputs"));
        }
        Ok(self.layers.iter().map(fact).collect())
    }

    as_op!();
}

/// The numbers of a small tensor of any type.
fn numbers(tensor: &Tensor) -> TractResult<Vec<f32>> {
    Ok(tensor.cast_to::<f32>()?.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
}

/// What each column's largest weight is a 127th of, `[outputs]`.
fn column_scales(weights: &[f32], outputs: usize) -> Vec<f32> {
    let mut largest = vec![0f32; outputs];
    for row in weights.chunks_exact(outputs.max(1)) {
        largest.iter_mut().zip(row).for_each(|(most, it)| *most = most.max(it.abs()));
    }
    largest.iter().map(|most| most / 127.0).collect()
}

fn unexpected(what: &str) -> TractError {
    TractError::msg(format!("{NAME}: unexpected {what}"))
}
