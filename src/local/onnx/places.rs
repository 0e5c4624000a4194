//! Fused operators on their way through tract's parser.
//!
//! The parser makes operators by plain functions from a node's name, so one that owns its weights cannot be made there. A
//! fuse rule makes the operator itself and leaves a node that keeps its place; after parsing, each takes its place.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{AttributeProto, NodeProto, attribute_proto};
use tract_onnx::prelude::{TractError, TractResult};
use tract_onnx::tract_hir::infer::InferenceModel;
use tract_onnx::tract_hir::internal::{
    Expansion, InferenceOp, InferenceResult, OutletId, Solver, StaticName, TVec, TensorProxy, TypedModel, expand,
};

/// Name of the node that keeps a place; no file has it.
pub(super) const NAME: &str = "RerankPlace";

/// Attribute that says which.
const INDEX: &str = "index";

/// Operators waiting for the graph to be parsed.
#[derive(Default)]
pub(super) struct Places {
    operators: Vec<Box<dyn InferenceOp>>,
}

impl Places {
    /// The node that stands for `operator` until [`Places::fill`]: `inputs` are values of the graph, weights are none.
    pub(super) fn keep(
        &mut self,
        operator: impl Expansion,
        name: String,
        input: Vec<String>,
        output: Vec<String>,
    ) -> NodeProto {
        let index = AttributeProto {
            name: INDEX.into(),
            r#type: attribute_proto::AttributeType::Int.into(),
            i: self.operators.len() as i64,
            ..AttributeProto::default()
        };
        self.operators.push(expand(operator));
        NodeProto { op_type: NAME.into(), name, input, output, attribute: vec![index], ..NodeProto::default() }
    }

    /// Puts each operator where its node was parsed.
    pub(super) fn fill(self, model: &mut InferenceModel) -> TractResult<()> {
        for node in model.nodes_mut() {
            let place = node.op_as::<Box<dyn Expansion>>().and_then(|op| op.as_any().downcast_ref::<Place>());
            let Some(&Place(index)) = place else { continue };
            node.op = self.operators.get(index).ok_or_else(nobody)?.clone();
        }
        Ok(())
    }
}

/// Makes the node of a kept place.
pub(super) fn builder(_: &ParsingContext, node: &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(Place(node.get_attr::<usize>(INDEX)?)), vec![]))
}

#[derive(Clone, Debug)]
struct Place(usize);

impl Expansion for Place {
    fn name(&self) -> StaticName {
        NAME.into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        _: &mut Solver<'r>,
        _: &'p [TensorProxy],
        _: &'p [TensorProxy],
    ) -> InferenceResult {
        Err(nobody())
    }

    fn wire(&self, _: &str, _: &mut TypedModel, _: &[OutletId]) -> TractResult<TVec<OutletId>> {
        Err(nobody())
    }
}

fn nobody() -> TractError {
    TractError::msg("a place that was kept for a fused operator is empty")
}
