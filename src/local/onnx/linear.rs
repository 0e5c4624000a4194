//! A linear layer in int8 as one operator: quantize each row, multiply, scale back, add the bias.

use std::sync::Arc;

use tract_onnx::tract_hir::internal::{
    Datum, DatumTypeExt, EvalContext, EvalOp, Expansion, InferenceResult, Op, OutletId, Solver, SpecialOps, StaticName,
    TValue, TVec, Tensor, TensorProxy, TractResult, TypedFact, TypedModel, TypedOp, as_op, op_as_typed_op,
    op_out_of_plan, tvec,
};

use crate::local::kernels::{PackedWeights, QuantizedRows, multiply};

/// Name of the operator.
const NAME: &str = "RerankInt8Linear";

/// `x f32 [..., inputs]` → `f32 [..., outputs]`, before its shapes are known.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    layer: Arc<Layer>,
}

impl Linear {
    /// Of weights i8 `[inputs, outputs]`, scale f32 `[]` or `[outputs]` and bias f32 `[outputs]`.
    ///
    /// # Errors
    /// Where types or sizes differ from that.
    pub(super) fn new(weights: &Tensor, scale: &Tensor, bias: Option<&Tensor>) -> TractResult<Self> {
        let &[inputs, outputs] = weights.shape() else { return Err(unexpected("rank of the weights")) };
        let packed = PackedWeights::new(weights.try_as_plain_ram()?.as_slice::<i8>()?, inputs, outputs);
        let numbers = |tensor: &Tensor| TractResult::Ok(tensor.try_as_plain_ram()?.as_slice::<f32>()?.to_vec());
        let mut scales = numbers(scale)?;
        if let &[scale] = scales.as_slice() {
            scales = vec![scale; outputs];
        }
        let bias = bias.map_or_else(|| Ok(vec![0.0; outputs]), numbers)?;
        let fits = scales.len() == outputs && bias.len() == outputs;
        let weights = packed.filter(|_| fits).ok_or_else(|| unexpected("sizes of weights, scales and bias"))?;
        Ok(Self { layer: Arc::new(Layer { weights, scales, bias }) })
    }
}

impl Expansion for Linear {
    fn name(&self) -> StaticName {
        NAME.into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([x], [y]) = (inputs, outputs) else { return Err(unexpected("arity")) };
        solver.equals(&y.datum_type, f32::datum_type())?;
        solver.equals(&y.rank, &x.rank)?;
        solver.given(&x.shape, move |solver, mut shape| {
            if let Some(last) = shape.last_mut() {
                *last = self.layer.weights.outputs().into();
            }
            solver.equals(&y.shape, shape)
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, TypedLinear { layer: Arc::clone(&self.layer) }, inputs)
    }
}

#[derive(Debug)]
struct Layer {
    weights: PackedWeights,
    scales: Vec<f32>,
    bias: Vec<f32>,
}

#[derive(Clone, Debug)]
struct TypedLinear {
    layer: Arc<Layer>,
}

impl PartialEq for TypedLinear {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.layer, &other.layer)
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

impl TypedOp for TypedLinear {
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
