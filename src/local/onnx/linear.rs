//! A linear layer in int8 as one operator: quantize each row, multiply, scale back, add the bias.

use std::sync::Arc;

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    Datum, DatumTypeExt, EvalContext, EvalOp, Expansion, InferenceOp, InferenceResult, Op, OutletId, Solver,
    SpecialOps, StaticName, TValue, TVec, Tensor, TensorProxy, TractResult, TypedFact, TypedModel, TypedOp, as_op,
    expand, op_as_typed_op, op_out_of_plan, tvec,
};

use crate::local::kernels::{PackedWeights, QuantizedRows, multiply};

/// Name of the operator in the rewritten file; no other file has it.
pub(super) const NAME: &str = "RerankInt8Linear";

/// As ONNX sees it: `(x f32 [..., inputs], weights i8 [inputs, outputs], scale f32 [] or [outputs], bias? f32 [outputs])`
/// → `f32 [..., outputs]`. All but `x` are constants.
pub(super) fn builder(_: &ParsingContext, _: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(OnnxLinear), vec![]))
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct OnnxLinear;

impl Expansion for OnnxLinear {
    fn name(&self) -> StaticName {
        NAME.into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([x, weights, ..], [y]) = (inputs, outputs) else { return Err(unexpected("arity")) };
        solver.equals(&y.datum_type, f32::datum_type())?;
        solver.equals(&y.rank, &x.rank)?;
        solver.given_2(&x.shape, &weights.shape, move |solver, mut shape, weights| {
            if let (Some(last), Some(outputs)) = (shape.last_mut(), weights.last()) {
                *last = outputs.clone();
            }
            solver.equals(&y.shape, shape)
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let constant = |at: usize| {
            let outlet = inputs.get(at).ok_or_else(|| unexpected("arity"))?;
            model.outlet_fact(*outlet)?.konst.clone().ok_or_else(|| unexpected("weights that are not constant"))
        };
        let weights = constant(1)?;
        let &[rows, columns] = weights.shape() else { return Err(unexpected("rank of the weights")) };
        let packed = PackedWeights::new(weights.try_as_plain_ram()?.as_slice::<i8>()?, rows, columns);
        let numbers = |tensor: &Tensor| TractResult::Ok(tensor.try_as_plain_ram()?.as_slice::<f32>()?.to_vec());
        let mut scales = numbers(&*constant(2)?)?;
        if let &[scale] = scales.as_slice() {
            scales = vec![scale; columns];
        }
        let bias = if inputs.len() > 3 { numbers(&*constant(3)?)? } else { vec![0.0; columns] };
        let fits = scales.len() == columns && bias.len() == columns;
        let weights = packed.filter(|_| fits).ok_or_else(|| unexpected("sizes of weights, scales and bias"))?;
        let x = inputs.first().copied().ok_or_else(|| unexpected("arity"))?;
        model.wire_node(prefix, Linear { layer: Arc::new(Layer { weights, scales, bias }) }, &[x])
    }
}

#[derive(Debug)]
struct Layer {
    weights: PackedWeights,
    scales: Vec<f32>,
    bias: Vec<f32>,
}

#[derive(Clone, Debug)]
struct Linear {
    layer: Arc<Layer>,
}

impl PartialEq for Linear {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.layer, &other.layer)
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
        let x = inputs.first().ok_or_else(|| unexpected("arity"))?;
        let Layer { weights, scales, bias } = &*self.layer;
        let mut shape: TVec<usize> = x.shape().into();
        if let Some(last) = shape.last_mut() {
            *last = weights.outputs();
        }
        let rows = QuantizedRows::new(x.try_as_plain_ram()?.as_slice::<f32>()?, weights.inputs());
        let mut y = Tensor::zero::<f32>(&shape)?;
        multiply(&rows, weights, scales, bias, y.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?);
        Ok(tvec!(y.into()))
    }
}

impl TypedOp for Linear {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let x = inputs.first().ok_or_else(|| unexpected("arity"))?;
        let mut shape = x.shape.clone();
        shape.set(shape.rank().saturating_sub(1), self.layer.weights.outputs().into());
        Ok(tvec!(f32::datum_type().fact(shape)))
    }

    as_op!();
}

fn unexpected(what: &str) -> tract_onnx::prelude::TractError {
    tract_onnx::prelude::TractError::msg(format!("{NAME}: unexpected {what}"))
}
