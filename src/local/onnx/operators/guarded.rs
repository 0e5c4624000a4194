//! An operator of tract's behind a look at what it is given: where tract would panic, what is wrong is told instead.

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    EvalContext, EvalOp, Factoid, HashMap, InferenceFact, InferenceModel, InferenceNode, InferenceOp, Op, OutletId,
    StaticName, TDim, TValue, TVec, TractError, TractResult, TypedModel,
};

/// Says what is wrong with a node whose inputs are known that far.
pub(super) type Guard = fn(&Given) -> Result<(), String>;

/// `operator` behind `guard`, which is asked each time more is known of the inputs.
pub(super) fn guarded(
    node: &NodeProto,
    operator: Box<dyn InferenceOp>,
    guard: Guard,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((Box::new(Guarded { proto: node.clone(), operator, guard }), vec![]))
}

#[derive(Clone, Debug)]
struct Guarded {
    proto: NodeProto,
    operator: Box<dyn InferenceOp>,
    guard: Guard,
}

impl PartialEq for Guarded {
    fn eq(&self, _: &Self) -> bool {
        false
    }
}

impl Eq for Guarded {}

/// A node and what is known of its inputs.
pub(super) struct Given<'a> {
    pub(super) proto: &'a NodeProto,
    inputs: &'a [&'a InferenceFact],
}

impl Given<'_> {
    /// Of ONNX's input `at`; those that are left out tract does not count.
    fn fact(&self, at: usize) -> Option<&InferenceFact> {
        self.proto.input.get(at).filter(|name| !name.is_empty())?;
        let before = self.proto.input.iter().take(at).filter(|name| !name.is_empty()).count();
        self.inputs.get(before).copied()
    }

    /// Number of axes of input `at`.
    pub(super) fn rank(&self, at: usize) -> Option<usize> {
        usize::try_from(self.fact(at)?.shape.rank().concretize()?).ok()
    }

    /// Length of an axis of input `at`, which may be negative where it was computed.
    pub(super) fn dim(&self, at: usize, axis: usize) -> Option<TDim> {
        self.fact(at)?.shape.dim(axis)?.concretize()
    }

    /// Numbers of input `at`, none where they are not known; each of them none where it is made of the length.
    pub(super) fn numbers(&self, at: usize) -> Vec<Option<f64>> {
        let known = || {
            let tensor = self.fact(at)?.value.concretize()?;
            if tensor.datum_type().is_tdim() {
                let view = tensor.try_as_plain_ram().ok()?;
                let sizes = view.as_slice::<TDim>().ok()?;
                return Some(sizes.iter().map(|it| it.to_i64().ok().map(|it| it as f64)).collect());
            }
            let tensor = tensor.cast_to::<f64>().ok()?;
            let view = tensor.try_as_plain_ram().ok()?;
            Some(view.as_slice::<f64>().ok()?.iter().copied().map(Some).collect())
        };
        known().unwrap_or_default()
    }

    /// Whether input `at` is of whole numbers.
    pub(super) fn is_whole(&self, at: usize) -> bool {
        let datum_type = self.fact(at).and_then(|fact| fact.datum_type.concretize());
        datum_type.is_some_and(|it| it.is_integer() || it.is_tdim())
    }

    /// Refuses fewer inputs than `least`.
    pub(super) fn has(&self, least: usize) -> Result<(), String> {
        let found = self.inputs.len();
        if found < least { Err(format!("expected {least} inputs, found {found}")) } else { Ok(()) }
    }
}

impl Op for Guarded {
    fn name(&self) -> StaticName {
        self.operator.name()
    }

    fn as_typed(&self) -> Option<&dyn tract_onnx::tract_hir::internal::TypedOp> {
        None
    }
}

impl EvalOp for Guarded {
    fn eval(&self, context: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        self.operator.eval(context, inputs)
    }

    fn eval_out_of_plan(&self, inputs: TVec<TValue>) -> TractResult<Option<TVec<TValue>>> {
        self.operator.eval_out_of_plan(inputs)
    }
}

/// What is known of a node's values: inputs, outputs and what else it asked for.
type Facts = (TVec<InferenceFact>, TVec<InferenceFact>, TVec<InferenceFact>);

impl InferenceOp for Guarded {
    fn infer(
        &mut self,
        inputs: TVec<&InferenceFact>,
        outputs: TVec<&InferenceFact>,
        observed: TVec<&InferenceFact>,
    ) -> TractResult<Facts> {
        (self.guard)(&Given { proto: &self.proto, inputs: &inputs })
            .map_err(|what| TractError::msg(format!("{} \"{}\": {what}", self.proto.op_type, self.proto.name)))?;
        self.operator.infer(inputs, outputs, observed)
    }

    fn infer_facts(
        &mut self,
        inputs: TVec<&InferenceFact>,
        outputs: TVec<&InferenceFact>,
        observed: TVec<&InferenceFact>,
    ) -> TractResult<Facts> {
        self.operator.infer_facts(inputs, outputs, observed)
    }

    fn observe_outlets(&self, model: &InferenceModel, node: &InferenceNode) -> TractResult<Vec<OutletId>> {
        self.operator.observe_outlets(model, node)
    }

    fn nboutputs(&self) -> TractResult<usize> {
        self.operator.nboutputs()
    }

    fn to_typed(
        &self,
        source: &InferenceModel,
        node: &InferenceNode,
        target: &mut TypedModel,
        mapping: &HashMap<OutletId, OutletId>,
    ) -> TractResult<TVec<OutletId>> {
        self.operator.to_typed(source, node, target, mapping)
    }

    fn as_op(&self) -> &dyn Op {
        self
    }

    fn as_op_mut(&mut self) -> &mut dyn Op {
        self
    }
}
