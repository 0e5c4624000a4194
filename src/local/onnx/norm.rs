//! LayerNorm over the last axis, of one value or of the sum of two, as one operator.

use std::sync::Arc;

use tract_onnx::prelude::TractError;
use tract_onnx::tract_core::broadcast::multi_broadcast;
use tract_onnx::tract_hir::internal::{
    Datum, DatumTypeExt, EvalContext, EvalOp, IntoTensor, Op, StaticName, TValue, TVec, Tensor, TractResult, TypedFact,
    TypedOp, as_op, op_as_typed_op, op_out_of_plan, tvec,
};

use crate::local::kernels::{LayerNorm, add};

/// Name of the operator.
const NAME: &str = "RerankLayerNorm";

/// `x f32 [..., width]`, and maybe a second that is added to it → `f32 [..., width]`.
#[derive(Clone, Debug)]
pub(super) struct Norm {
    norm: Arc<LayerNorm>,
}

impl Norm {
    /// Of gamma and beta f32 `[width]`.
    ///
    /// # Errors
    /// Where types or sizes differ from that.
    pub(super) fn new(gamma: &Tensor, beta: &Tensor, epsilon: f32) -> TractResult<Self> {
        let numbers = |tensor: &Tensor| TractResult::Ok(tensor.try_as_plain_ram()?.as_slice::<f32>()?.to_vec());
        let norm = LayerNorm::new(numbers(gamma)?, numbers(beta)?, epsilon);
        Ok(Self { norm: Arc::new(norm.ok_or_else(|| unexpected("sizes of gamma and beta"))?) })
    }
}

impl PartialEq for Norm {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.norm, &other.norm)
    }
}

impl Eq for Norm {}

impl Op for Norm {
    fn name(&self) -> StaticName {
        NAME.into()
    }

    op_as_typed_op!();
}

impl EvalOp for Norm {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, mut inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut residual = if inputs.len() > 1 { inputs.pop() } else { None };
        let mut y = inputs.pop().ok_or_else(|| unexpected("arity"))?.into_tensor();
        if let Some(other) = residual.as_mut().filter(|it| it.shape() != y.shape()) {
            let shape = multi_broadcast(&[y.shape(), other.shape()])?;
            (y, *other) = (y.broadcast_to_shape(&shape)?, other.broadcast_to_shape(&shape)?.into());
        }
        let mut plain = y.try_as_plain_ram_mut()?;
        let rows = plain.as_slice_mut::<f32>()?;
        if let Some(residual) = residual {
            add(rows, residual.try_as_plain_ram()?.as_slice::<f32>()?);
        }
        self.norm.apply(rows);
        Ok(tvec!(y.into()))
    }
}

impl TypedOp for Norm {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        // As an Add would, which is what stood there: one row may be added to all.
        let shape = multi_broadcast(&inputs.iter().map(|it| it.shape.to_tvec()).collect::<TVec<_>>())?;
        if shape.last().is_none_or(|it| *it != self.norm.width().into()) {
            return Err(unexpected("shape"));
        }
        Ok(tvec!(f32::datum_type().fact(shape)))
    }

    as_op!();
}

fn unexpected(what: &str) -> TractError {
    TractError::msg(format!("{NAME}: unexpected {what}"))
}
