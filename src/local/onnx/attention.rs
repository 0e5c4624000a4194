//! The attention of one layer as one operator, heads side by side as the linear layers leave them.

use std::borrow::Cow;

use tract_onnx::prelude::TractError;
use tract_onnx::tract_hir::internal::{
    Datum, DatumTypeExt, EvalContext, EvalOp, Op, StaticName, TValue, TVec, Tensor, TractResult, TypedFact, TypedOp,
    as_op, op_as_typed_op, op_out_of_plan, tvec,
};

use crate::local::kernels;

/// Name of the operator.
const NAME: &str = "RerankAttention";

/// `queries f32 [1, queries, width]`, `keys` and `values f32 [1, keys, width]`, and maybe a mask f32 that broadcasts to
/// `[1, heads, keys, keys]` → `f32 [1, queries, width]`. Queries are those of the first tokens.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attention {
    head: usize,
    scale: f32,
}

impl Eq for Attention {}

impl Attention {
    /// Heads of `head` numbers, scores multiplied with `scale`.
    pub(super) fn new(head: usize, scale: f32) -> Self {
        Self { head, scale }
    }
}

impl Op for Attention {
    fn name(&self) -> StaticName {
        NAME.into()
    }

    op_as_typed_op!();
}

impl EvalOp for Attention {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let [queries, keys, values, mask @ ..] = inputs.as_slice() else { return Err(unexpected("arity")) };
        let Self { head, scale } = *self;
        let [&[_, queried, width], &[_, length, _]] = [queries.shape(), keys.shape()] else {
            return Err(unexpected("rank"));
        };
        let heads = width / head;
        let mask = mask.first().map(|mask| mask.cast_to::<f32>()).transpose()?;
        let mask = mask
            .as_deref()
            .map_or_else(|| Ok(Cow::Borrowed(&[][..])), |mask| broadcast(mask, heads, queried, length))?;
        let mut y = Tensor::zero::<f32>(queries.shape())?;
        let attention = kernels::Attention {
            queries: queries.try_as_plain_ram()?.as_slice::<f32>()?,
            keys: keys.try_as_plain_ram()?.as_slice::<f32>()?,
            values: values.try_as_plain_ram()?.as_slice::<f32>()?,
            mask: &mask,
            heads,
            head,
            scale,
        };
        if attention.apply(y.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?) {
            Ok(tvec!(y.into()))
        } else {
            Err(unexpected("sizes"))
        }
    }
}

impl TypedOp for Attention {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [queries, keys, values, ..] = inputs else { return Err(unexpected("arity")) };
        if [queries, keys, values].iter().any(|it| it.rank() != 3) || keys.shape != values.shape {
            return Err(unexpected("shape"));
        }
        Ok(tvec!(f32::datum_type().fact(queries.shape.clone())))
    }

    as_op!();
}

/// The mask for each query and key, of all heads or of each; empty where nothing is masked, as ever without padding.
fn broadcast(mask: &Tensor, heads: usize, queries: usize, keys: usize) -> TractResult<Cow<'_, [f32]>> {
    let mut shape = mask.shape().iter().rev().copied().chain(std::iter::repeat(1));
    let mut next = || shape.next().unwrap_or(1);
    let [columns, rows, groups, batch] = [next(), next(), next(), next()];
    let fits = (columns == keys || columns == 1) && (rows == 1 || rows >= queries) && (groups == 1 || groups == heads);
    if !fits || batch != 1 {
        return Err(unexpected("shape of the mask"));
    }
    let numbers = mask.try_as_plain_ram()?.as_slice::<f32>()?;
    if numbers.iter().all(|&it| it == 0.0) {
        return Ok(Cow::Borrowed(&[][..]));
    }
    if columns == keys && groups == 1 && rows >= queries {
        return Ok(Cow::Borrowed(numbers.get(..queries * keys).unwrap_or_default()));
    }
    let at = |group: usize, row: usize, column: usize| {
        let place = (group * rows + row.min(rows - 1)) * columns + column.min(columns - 1);
        numbers.get(place).copied().unwrap_or_default()
    };
    let row = |group, row| (0..keys).map(move |column| at(group, row, column));
    Ok((0..groups).flat_map(|group| (0..queries).flat_map(move |it| row(group, it))).collect())
}

fn unexpected(what: &str) -> TractError {
    TractError::msg(format!("{NAME}: unexpected {what}"))
}
