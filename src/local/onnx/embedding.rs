//! Rows of an eight-bit embedding table as one operator: only the rows that are asked for become numbers.
//!
//! A vocabulary of 250,000 words is two thirds of a model's file; as f32 it would be four times as large.

use std::sync::Arc;

use tract_onnx::prelude::TractError;
use tract_onnx::tract_hir::internal::{
    Datum, DatumExt, DatumType, EvalContext, EvalOp, Expansion, InferenceResult, Op, OutletId, Solver, SpecialOps,
    StaticName, TDim, TValue, TVec, Tensor, TensorProxy, ToDim, TractResult, TypedFact, TypedModel, TypedOp, as_op,
    op_as_typed_op, op_out_of_plan, tvec,
};

/// Name of the operator.
const NAME: &str = "RerankEmbedding";

/// `ids i64 [...]` → `f32 [..., width]`, each `(table[id] - zero point) × scale`.
#[derive(Clone, Debug)]
pub(super) struct Embedding {
    /// u8 or i8, `[rows, width]`, as it stood in the file.
    table: Arc<Tensor>,
    width: usize,
    scale: f32,
    zero_point: f32,
}

impl Embedding {
    /// Of a table u8 or i8 `[rows, width]`, a scale f32 of one value, and a zero point of the table's type or none.
    ///
    /// # Errors
    /// Where types or sizes differ from that.
    pub(super) fn new(table: Arc<Tensor>, scale: &Tensor, zero_point: Option<&Tensor>) -> TractResult<Self> {
        let &[_, width] = table.shape() else { return Err(unexpected("rank of the table")) };
        if !is_eight_bits(table.datum_type()) {
            return Err(unexpected("type of the table"));
        }
        let number = |tensor: &Tensor| tensor.cast_to_scalar::<f32>();
        let zero_point = zero_point.map_or(Ok(0.0), number)?;
        Ok(Self { width, scale: number(scale)?, zero_point, table })
    }

    fn push_row(&self, id: i64, to: &mut Vec<f32>) -> TractResult<()> {
        let rows = self.table.shape().first().copied().unwrap_or_default();
        let start = usize::try_from(id).ok().filter(|&row| row < rows).map(|row| row * self.width);
        let range = start
            .map(|start| start..start + self.width)
            .ok_or_else(|| TractError::msg(format!("token id {id} is beyond the table's {rows} rows")))?;
        let view = self.table.try_as_plain_ram()?;
        if self.table.datum_type() == u8::datum_type() {
            let row = view.as_slice::<u8>()?.get(range).unwrap_or_default();
            to.extend(row.iter().map(|&value| (f32::from(value) - self.zero_point) * self.scale));
        } else {
            let row = view.as_slice::<i8>()?.get(range).unwrap_or_default();
            to.extend(row.iter().map(|&value| (f32::from(value) - self.zero_point) * self.scale));
        }
        Ok(())
    }
}

/// Whether a table of this type stays as it is.
pub(super) fn is_eight_bits(datum_type: DatumType) -> bool {
    datum_type == u8::datum_type() || datum_type == i8::datum_type()
}

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
            shape.push(self.width.to_dim());
            solver.equals(&rows.shape, shape)
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl PartialEq for Embedding {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.table, &other.table) && self.scale == other.scale && self.zero_point == other.zero_point
    }
}

impl Eq for Embedding {}

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
        let mut rows = Vec::with_capacity(ids.len() * self.width);
        for &id in ids.try_as_plain_ram()?.as_slice::<i64>()? {
            self.push_row(id, &mut rows)?;
        }
        let shape: Vec<usize> = ids.shape().iter().copied().chain([self.width]).collect();
        Ok(tvec!(Tensor::from_shape(&shape, &rows)?.into()))
    }
}

impl TypedOp for Embedding {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let ids = inputs.first().ok_or_else(|| unexpected("arity"))?;
        let mut shape: TVec<TDim> = ids.shape.to_tvec();
        shape.push(self.width.to_dim());
        Ok(tvec!(f32::fact(shape)))
    }

    as_op!();
}

fn unexpected(what: &str) -> TractError {
    TractError::msg(format!("{NAME}: unexpected {what}"))
}
