//! The default model's head as one operator: what its hundred small nodes cost is none of their arithmetic.

use std::sync::Arc;

use tract_onnx::prelude::TractError;
use tract_onnx::tract_hir::internal::{
    Datum, DatumTypeExt, EvalContext, EvalOp, Op, StaticName, TValue, TVec, Tensor, TractResult, TypedFact, TypedOp,
    as_op, op_as_typed_op, op_out_of_plan, tvec,
};

use crate::local::kernels::{self, Parameters, Reading};

/// Name of the operator.
const NAME: &str = "RerankEvidence";

/// Ids `[1, length]`, and f32: hidden states `[1, length, width]`, what tokens are compared by `[1, length, numbers]`, what each
/// says by its id `[1, length, 1]`, 1 for each token of the query and of the document `[1, length]` → logit `[1, 1]`.
#[derive(Clone, Debug)]
pub(super) struct Evidence(Arc<kernels::Evidence>);

impl Evidence {
    /// Of tensors in the order of [`Parameters`].
    ///
    /// # Errors
    /// Where types or sizes differ from that.
    pub(super) fn new(parameters: &[Arc<Tensor>]) -> TractResult<Self> {
        let numbers: TractResult<Vec<Vec<f32>>> =
            parameters.iter().map(|it| Ok(it.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())).collect();
        let Ok([context, middle, spread, direct, inner, inner_bias, outer, bias, factor, base]) =
            <[Vec<f32>; 10]>::try_from(numbers?)
        else {
            return Err(unexpected("number of parameters"));
        };
        let ([bias], [factor], [base]) = (bias.as_slice(), factor.as_slice(), base.as_slice()) else {
            return Err(unexpected("sizes of parameters"));
        };
        let length = [*factor, *base];
        let parameters = Parameters { context, middle, spread, direct, inner, inner_bias, outer, bias: *bias, length };
        let evidence = kernels::Evidence::new(parameters).ok_or_else(|| unexpected("sizes of parameters"))?;
        Ok(Self(Arc::new(evidence)))
    }
}

impl PartialEq for Evidence {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Evidence {}

impl Op for Evidence {
    fn name(&self) -> StaticName {
        NAME.into()
    }

    op_as_typed_op!();
}

impl EvalOp for Evidence {
    op_out_of_plan!();

    fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let [ids, floats @ ..] = inputs.as_slice() else { return Err(unexpected("arity")) };
        let ids = ids.cast_to::<i64>()?;
        let floats: TVec<&[f32]> =
            floats.iter().map(|it| it.try_as_plain_ram()?.as_slice::<f32>()).collect::<TractResult<_>>()?;
        let &[hidden, compared, by_id, query, document] = floats.as_slice() else { return Err(unexpected("arity")) };
        let ids = ids.try_as_plain_ram()?.as_slice::<i64>()?;
        let logit = self.0.logit(&Reading { ids, hidden, compared, by_id, query, document });
        let logit = logit.ok_or_else(|| unexpected("sizes"))?;
        Ok(tvec!(Tensor::from_shape(&[1, 1], &[logit])?.into()))
    }
}

impl TypedOp for Evidence {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let [_, hidden, compared, by_id, query, document] = inputs else { return Err(unexpected("arity")) };
        let is_of = |it: &TypedFact, rank: usize| it.rank() == rank && it.datum_type == f32::datum_type();
        let fits = [hidden, compared, by_id].iter().all(|it| is_of(it, 3))
            && [query, document].iter().all(|it| is_of(it, 2))
            && compared.shape.last().is_some_and(|it| *it == self.0.numbers().into());
        if !fits {
            return Err(unexpected("shape"));
        }
        Ok(tvec!(f32::datum_type().fact([1, 1])))
    }

    as_op!();
}

fn unexpected(what: &str) -> TractError {
    TractError::msg(format!("{NAME}: unexpected {what}"))
}
