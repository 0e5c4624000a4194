//! Operators of ours that read each other's values, as one node of tract's graph: what tract does with each node when a model is
//! loaded takes longer than all else, and brings nothing to an operator that it knows nothing about.

use std::sync::Arc;

use tract_onnx::prelude::TractError;
use tract_onnx::tract_hir::internal::{
    Datum, DatumTypeExt, EvalContext, EvalOp, Expansion, InferenceResult, Op, OutletId, Solver, SpecialOps, StaticName,
    TDim, TValue, TVec, TensorProxy, TractResult, TypedFact, TypedModel, TypedOp, as_op, op_as_typed_op,
    op_out_of_plan,
};

/// Name of the operator.
const NAME: &str = "RerankChain";

/// Operators one after another. Values have numbers: first those that the chain reads, then what each operator writes.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    steps: Arc<Vec<Step>>,
    /// Values that are read.
    inputs: usize,
    /// Values that leave the chain.
    outputs: Vec<usize>,
}

#[derive(Debug)]
struct Step {
    operator: Box<dyn TypedOp>,
    /// Values, and whether nobody reads them afterwards: an operator may then compute in their memory.
    reads: Vec<(usize, bool)>,
}

impl Chain {
    /// Of operators, each with the numbers of the values that it reads; all that they write are f32, and the `outputs` leave the
    /// chain.
    pub(super) fn new(inputs: usize, operators: Vec<(Box<dyn TypedOp>, Vec<usize>)>, outputs: Vec<usize>) -> Self {
        let mut read_later = outputs.clone();
        let mut steps = Vec::with_capacity(operators.len());
        for (operator, reads) in operators.into_iter().rev() {
            // Of a value read twice at once, the second one is the last.
            let last = |at: usize, value: &usize| {
                !read_later.contains(value) && reads.iter().skip(at + 1).all(|later| later != value)
            };
            let reads: Vec<_> = reads.iter().enumerate().map(|(at, value)| (*value, last(at, value))).collect();
            read_later.extend(reads.iter().map(|(value, _)| *value));
            steps.push(Step { operator, reads });
        }
        steps.reverse();
        Self { steps: Arc::new(steps), inputs, outputs }
    }

    /// What is known of each value, those that are read first.
    fn facts(&self, inputs: &[&TypedFact]) -> TractResult<Vec<TypedFact>> {
        if inputs.len() != self.inputs {
            return Err(unexpected("arity"));
        }
        let mut facts: Vec<TypedFact> = inputs.iter().map(|&it| it.clone()).collect();
        for Step { operator, reads } in self.steps.iter() {
            let read: Option<TVec<&TypedFact>> = reads.iter().map(|&(value, _)| facts.get(value)).collect();
            let written = operator.output_facts(&read.ok_or_else(|| unexpected("order"))?)?;
            facts.extend(written);
        }
        Ok(facts)
    }

    /// The sizes of all that it writes, in bytes.
    pub(super) fn sizes(&self, inputs: &[&TypedFact]) -> TractResult<Vec<TDim>> {
        let facts = self.facts(inputs)?;
        Ok(facts.iter().skip(self.inputs).map(|it| it.shape.volume() * it.datum_type.size_of()).collect())
    }
}

impl Expansion for Chain {
    fn name(&self) -> StaticName {
        NAME.into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.outputs.len())
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        for y in outputs {
            solver.equals(&y.datum_type, f32::datum_type())?;
        }
        solver.given_all(inputs.iter().map(|x| &x.shape), move |solver, shapes| {
            let inputs: Vec<TypedFact> = shapes.into_iter().map(|shape| f32::datum_type().fact(shape)).collect();
            let facts = self.facts(&inputs.iter().collect::<Vec<_>>())?;
            for (y, &value) in outputs.iter().zip(&self.outputs) {
                let fact = facts.get(value).ok_or_else(|| unexpected("order"))?;
                solver.equals(&y.shape, fact.shape.to_tvec())?;
            }
            Ok(())
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        model.wire_node(prefix, self.clone(), inputs)
    }
}

impl PartialEq for Chain {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.steps, &other.steps) && self.outputs == other.outputs
    }
}

impl Eq for Chain {}

impl Op for Chain {
    fn name(&self) -> StaticName {
        NAME.into()
    }

    op_as_typed_op!();
}

impl EvalOp for Chain {
    op_out_of_plan!();

    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let mut values: Vec<Option<TValue>> = inputs.into_iter().map(Some).collect();
        for Step { operator, reads } in self.steps.iter() {
            let mut read = |&(value, is_last): &(usize, bool)| {
                let value = values.get_mut(value)?;
                if is_last { value.take() } else { value.clone() }
            };
            let read: Option<TVec<TValue>> = reads.iter().map(&mut read).collect();
            let written = operator.eval(context, read.ok_or_else(|| unexpected("order"))?)?;
            values.extend(written.into_iter().map(Some));
        }
        let outputs: Option<TVec<TValue>> = self.outputs.iter().map(|&value| values.get(value)?.clone()).collect();
        outputs.ok_or_else(|| unexpected("order"))
    }
}

impl TypedOp for Chain {
    fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
        let facts = self.facts(inputs)?;
        let outputs: Option<TVec<TypedFact>> = self.outputs.iter().map(|&value| facts.get(value).cloned()).collect();
        outputs.ok_or_else(|| unexpected("order"))
    }

    as_op!();
}

fn unexpected(what: &str) -> TractError {
    TractError::msg(format!("{NAME}: unexpected {what}"))
}
