//! Linear layers in int8 that read the same rows, as one operator: quantize each row once, multiply, scale back.

use std::sync::Arc;

use tract_onnx::prelude::TractError;
use tract_onnx::tract_hir::internal::{
    Datum, DatumTypeExt, EvalContext, EvalOp, Op, StaticName, TValue, TVec, Tensor, TractResult, TypedFact, TypedOp,
    as_op, op_as_typed_op, op_out_of_plan,
};

use crate::local::kernels::{self, Activation, Rows};
use crate::local::onnx::home::Packed;

/// Name of the operator.
const NAME: &str = "RerankInt8Linear";

/// `x f32 [..., inputs]` → `f32 [..., outputs]` for each layer.
#[derive(Clone, Debug, Default)]
pub(super) struct Linear {
    layers: Vec<Arc<kernels::Linear>>,
}

impl Linear {
    /// Adds a layer of weights `[inputs, outputs]`; scale f32, where the weights have none of their own, and zero point of the
    /// weights' type, both of one number or `[outputs]`; bias f32 `[outputs]`.
    ///
    /// # Errors
    /// Where types or sizes differ from that.
    pub(super) fn push(
        &mut self,
        weights: Packed,
        scale: Option<&Tensor>,
        zero_point: Option<&Tensor>,
        bias: Option<&Tensor>,
        activation: Activation,
    ) -> TractResult<()> {
        let Packed { panels, is_lowered, scales } = weights;
        let outputs = panels.outputs();
        let by_column = |tensor: Option<&Tensor>, otherwise: f32| match tensor.map(numbers).transpose()? {
            None => Ok(vec![otherwise; outputs]),
            Some(numbers) if numbers.len() == 1 => Ok(numbers.repeat(outputs)),
            Some(numbers) => Ok::<_, TractError>(numbers),
        };
        let scales = scales.map_or_else(|| by_column(scale, 1.0), Ok)?;
        let down = if is_lowered { 128.0 } else { 0.0 };
        let zero_points = by_column(zero_point, 0.0)?.into_iter().map(|it| (it - down) as i32).collect();
        let bias = bias.map_or_else(|| Ok(vec![0.0; outputs]), numbers)?;
        let layer = kernels::Linear::new(panels, scales, bias, zero_points, activation);
        self.layers.push(Arc::new(layer.ok_or_else(|| unexpected("sizes of scales, zero points and bias"))?));
        Ok(())
    }
}

impl PartialEq for Linear {
    fn eq(&self, other: &Self) -> bool {
        self.layers.len() == other.layers.len() && self.layers.iter().zip(&other.layers).all(|(a, b)| Arc::ptr_eq(a, b))
    }
}

impl Eq for Linear {}

impl Op for Linear {
    fn name(&self) -> StaticName {
        NAME.into()
    }

    op_as_typed_op!();
}

impl EvalOp for Linear {
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

impl TypedOp for Linear {
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

fn unexpected(what: &str) -> TractError {
    TractError::msg(format!("{NAME}: unexpected {what}"))
}
