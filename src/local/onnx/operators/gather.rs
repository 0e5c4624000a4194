//! Gather, with a look at the indices first: tract's own reads beyond its data where a tokenizer's ids do.

use tract_onnx::tract_core::ops::array::Gather;
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_hir::internal::{
    Datum, DimLike, EvalContext, EvalOp, Op, OutletId, SpecialOps, StaticName, TValue, TVec, Tensor, TractError,
    TractResult, TypedFact, TypedModel, TypedOp, as_op, op_as_typed_op, op_out_of_plan,
};

use crate::local::onnx::operators::wired::{Node, first};

/// Rows of input 0, as input 1 says; indices are from the end where they are negative.
pub(super) fn gather(node: &Node, model: &mut TypedModel) -> TractResult<TVec<OutletId>> {
    let data = node.input(0)?;
    let shape = &model.outlet_fact(data)?.shape;
    let axis = node.axis(0, shape.rank())?;
    let axis_size = shape.get(axis).ok_or_else(|| node.unexpected("expected an axis of the data"))?.to_usize().ok();
    let mut indices = first(&model.wire_node(node.part("cast"), cast(i64::datum_type()), &[node.input(1)?])?)?;
    if let Some(size) = axis_size {
        let within = Within { size };
        match &model.outlet_fact(indices)?.konst {
            Some(known) => within.check(known)?,
            None => indices = first(&model.wire_node(node.part("within"), within, &[indices])?)?,
        }
    }
    model.wire_node(node.name, Gather::new(axis), &[data, indices])
}

/// The indices as they are, if there is something at each.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Within {
    /// Of the axis they go along.
    size: usize,
}

impl Within {
    fn check(&self, indices: &Tensor) -> TractResult<()> {
        let size = self.size as i64;
        let beyond = |index: &&i64| !(-size..size).contains(*index);
        let Some(index) = indices.try_as_plain_ram()?.as_slice::<i64>()?.iter().find(beyond) else { return Ok(()) };
        Err(TractError::msg(format!(
            "index {index} is beyond a table of {size} rows; take the model's own tokenizer.json, and a smaller maxTokens"
        )))
    }
}

impl Op for Within {
    fn name(&self) -> StaticName {
        "RerankWithin".into()
    }

    op_as_typed_op!();
}

impl EvalOp for Within {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        inputs.iter().try_for_each(|indices| self.check(indices))?;
        Ok(inputs)
    }
}

impl TypedOp for Within {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        Ok(inputs.iter().map(|&fact| TypedFact::dt_shape(fact.datum_type, fact.shape.clone())).collect())
    }

    as_op!();
}
