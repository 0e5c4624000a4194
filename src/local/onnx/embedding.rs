//! Rows of an eight-bit embedding table as one operator: only the rows that are asked for become numbers.
//!
//! A vocabulary of 250,000 words is two thirds of a model's file; as f32 it would be four times as large.

use tract_onnx::prelude::TractError;
use tract_onnx::tract_hir::internal::{
    Datum, DatumExt, EvalContext, EvalOp, Expansion, InferenceResult, Op, OutletId, Solver, SpecialOps, StaticName,
    TDim, TValue, TVec, Tensor, TensorProxy, ToDim, TractResult, TypedFact, TypedModel, TypedOp, as_op, op_as_typed_op,
    op_out_of_plan, tvec,
};

use crate::local::onnx::rows::Table;

/// Name of the operator.
const NAME: &str = "RerankEmbedding";

/// `ids i64 [...]` → `f32 [..., width]`, each `(table[id] - zero point) × scale`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Embedding {
    table: Table,
    scale: f32,
    zero_point: f32,
}

impl Embedding {
    /// Of a table, a scale f32 of one value, and a zero point of the table's type or none.
    ///
    /// # Errors
    /// Where they are no numbers.
    pub(super) fn new(table: Table, scale: &Tensor, zero_point: Option<&Tensor>) -> TractResult<Self> {
        let number = |tensor: &Tensor| tensor.cast_to_scalar::<f32>();
        Ok(Self { scale: number(scale)?, zero_point: zero_point.map_or(Ok(0.0), number)?, table })
    }
}

impl Eq for Embedding {}

impl Expansion for Embedding {
    fn name(&self) -> StaticName {
        NAME.into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([ids], [rows]) = (inputs, outputs) else { return Err(unexpected("arity")) };
        solver.equals(&rows.datum_type, f32::datum_type())?;
        solver.given(&ids.shape, move |solver, mut shape: TVec<TDim>| {
            shape.push(self.table.width().to_dim());
            solver.equals(&rows.shape, shape)
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl Op for Embedding {
    fn name(&self) -> StaticName {
        NAME.into()
    }

    op_as_typed_op!();
}

impl EvalOp for Embedding {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let ids = inputs.first().ok_or_else(|| unexpected("arity"))?.cast_to::<i64>()?.into_owned();
        let mut rows = Vec::with_capacity(ids.len() * self.table.width());
        for &id in ids.try_as_plain_ram()?.as_slice::<i64>()? {
            self.table.push(id, |value| (value - self.zero_point) * self.scale, &mut rows)?;
        }
        let shape: Vec<usize> = ids.shape().iter().copied().chain([self.table.width()]).collect();
        Ok(tvec!(Tensor::from_shape(&shape, &rows)?.into()))
    }
}

impl TypedOp for Embedding {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let ids = inputs.first().ok_or_else(|| unexpected("arity"))?;
        let mut shape: TVec<TDim> = ids.shape.to_tvec();
        shape.push(self.table.width().to_dim());
        Ok(tvec!(f32::fact(shape)))
    }

    as_op!();
}

fn unexpected(what: &str) -> TractError {
    TractError::msg(format!("{NAME}: unexpected {what}"))
}
