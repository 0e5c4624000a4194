//! A wiring as an operator: what tract asks of shapes before it wires a node is found by wiring it beside the graph.

use std::sync::Arc;

use tract_onnx::model::optional_inputs;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::{
    DatumType, DatumTypeExt, Expansion, InferenceOp, InferenceResult, OutletId, Solver, SpecialOps, StaticName, TDim,
    TVec, Tensor, TensorProxy, TractError, TractResult, TypedModel, expand,
};

/// Wires a node into the model; its outputs.
pub(super) type Wiring = fn(&Node, &mut TypedModel) -> TractResult<TVec<OutletId>>;

/// A node as `wiring` wires it; the values of inputs `known` must be known before its shapes can be.
pub(super) fn built(
    node: &NodeProto,
    wiring: Wiring,
    known: &[usize],
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let places = optional_inputs(node).take(node.input.len()).collect();
    let operator = Wired {
        proto: Arc::new(NodeProto { input: vec![], ..node.clone() }),
        places,
        outputs: node.output.iter().filter(|name| !name.is_empty()).count(),
        wiring,
        known: known.to_vec(),
    };
    Ok((expand(operator), vec![]))
}

#[derive(Clone, Debug)]
struct Wired {
    proto: Arc<NodeProto>,
    /// Where each of ONNX's inputs is among those that are there.
    places: Vec<Option<usize>>,
    outputs: usize,
    wiring: Wiring,
    known: Vec<usize>,
}

impl Wired {
    fn known_inputs(&self) -> Vec<usize> {
        self.known.iter().filter_map(|&at| self.places.get(at).copied().flatten()).collect()
    }

    /// The outputs for inputs of these types and shapes, wired into a model of their own.
    fn beside(
        &self,
        types: &[DatumType],
        shapes: &[TVec<TDim>],
        values: &[Arc<Tensor>],
    ) -> TractResult<(TypedModel, TVec<OutletId>)> {
        let mut model = TypedModel::default();
        let known = self.known_inputs();
        let mut inputs = Vec::new();
        for (at, (datum_type, shape)) in types.iter().zip(shapes).enumerate() {
            if shape.iter().any(|dim| dim.to_i64().is_ok_and(|dim| dim < 0)) {
                return Err(TractError::msg(format!("{}: expected lengths from 0, found {shape:?}", self.name())));
            }
            let value = known.iter().position(|&known| known == at).and_then(|position| values.get(position));
            inputs.push(match value {
                Some(value) => model.add_const(format!("input-{at}"), Arc::clone(value))?,
                None => model.add_source(format!("input-{at}"), datum_type.fact(shape.clone()))?,
            });
        }
        let outputs = self.wire("beside", &mut model, &inputs)?;
        Ok((model, outputs))
    }
}

impl Expansion for Wired {
    fn name(&self) -> StaticName {
        self.proto.op_type.clone().into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.outputs)
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        solver: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        solver.given_all(inputs.iter().map(|input| &input.datum_type), move |solver, types: Vec<DatumType>| {
            solver.given_all(inputs.iter().map(|input| &input.shape), move |solver, shapes: Vec<TVec<TDim>>| {
                let types = types.clone();
                let known = self.known_inputs().into_iter().filter_map(|at| inputs.get(at));
                solver.given_all(known.map(|input| &input.value), move |solver, values: Vec<Arc<Tensor>>| {
                    let (model, wired) = self.beside(&types, &shapes, &values)?;
                    for (output, outlet) in outputs.iter().zip(wired) {
                        let fact = model.outlet_fact(outlet)?;
                        solver.equals(&output.datum_type, fact.datum_type)?;
                        solver.equals(&output.shape, fact.shape.to_tvec())?;
                        if let Some(value) = &fact.konst {
                            solver.equals(&output.value, Arc::clone(value))?;
                        }
                    }
                    Ok(())
                })
            })
        })
    }

    fn wire(&self, prefix: &str, model: &mut TypedModel, inputs: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let inputs = self.places.iter().map(|place| place.and_then(|at| inputs.get(at).copied())).collect();
        let node = Node { proto: &self.proto, name: prefix, inputs };
        let mut outputs = (self.wiring)(&node, model)?;
        if outputs.len() < self.outputs {
            return Err(node.unexpected(&format!(
                "expected {} outputs at most, found {}",
                outputs.len(),
                self.outputs
            )));
        }
        outputs.truncate(self.outputs);
        Ok(outputs)
    }
}

/// A node whose inputs are wired.
pub(super) struct Node<'a> {
    /// As it stands in the file, for its attributes.
    pub(super) proto: &'a NodeProto,
    /// Not in the model yet.
    pub(super) name: &'a str,
    /// `None`: an optional input left out.
    pub(super) inputs: Vec<Option<OutletId>>,
}

impl Node<'_> {
    /// Input `at`, if it is there.
    pub(super) fn optional(&self, at: usize) -> Option<OutletId> {
        self.inputs.get(at).copied().flatten()
    }

    /// Input `at`.
    pub(super) fn input(&self, at: usize) -> TractResult<OutletId> {
        self.optional(at).ok_or_else(|| self.unexpected(&format!("expected an input {at}")))
    }

    /// A name for a part of what the node becomes.
    pub(super) fn part(&self, part: &str) -> String {
        format!("{}.{part}", self.name)
    }

    /// The integer attribute `name`.
    pub(super) fn int(&self, name: &str) -> TractResult<Option<i64>> {
        self.proto.get_attr_opt(name)
    }

    /// The constant at input `at`, which must be one.
    pub(super) fn constant(&self, model: &TypedModel, at: usize) -> TractResult<Arc<Tensor>> {
        let konst = model.outlet_fact(self.input(at)?)?.konst.clone();
        konst.ok_or_else(|| self.unexpected(&format!("expected input {at} to be known from the shapes alone")))
    }

    /// The integers at input `at`, or in the attribute `name` where older opsets have them.
    pub(super) fn ints(&self, model: &TypedModel, at: usize, name: &str) -> TractResult<Option<Vec<i64>>> {
        if let Some(ints) = self.proto.get_attr_opt_vec(name)? {
            return Ok(Some(ints));
        }
        if self.optional(at).is_none() {
            return Ok(None);
        }
        let ints = self.constant(model, at)?.cast_to::<i64>()?.into_owned();
        Ok(Some(ints.try_as_plain_ram()?.as_slice::<i64>()?.to_vec()))
    }

    /// Number of axes of input `at`.
    pub(super) fn rank(&self, model: &TypedModel, at: usize) -> TractResult<usize> {
        Ok(model.outlet_fact(self.input(at)?)?.rank())
    }

    /// The attribute `axis` among `rank` axes, where -1 is the last.
    pub(super) fn axis(&self, default: i64, rank: usize) -> TractResult<usize> {
        self.resolve(self.int("axis")?.unwrap_or(default), rank)
    }

    /// `axis` among `rank` axes, where -1 is the last.
    pub(super) fn resolve(&self, axis: i64, rank: usize) -> TractResult<usize> {
        let positive = if axis < 0 { axis + rank as i64 } else { axis };
        let found = usize::try_from(positive).ok().filter(|&axis| axis < rank);
        found.ok_or_else(|| self.unexpected(&format!("axis {axis} of {rank}")))
    }

    /// What is wrong with this node.
    pub(super) fn unexpected(&self, what: &str) -> TractError {
        TractError::msg(format!("{} \"{}\": {what}", self.proto.op_type, self.proto.name))
    }
}

/// The first of a node's outputs.
pub(super) fn first(outlets: &TVec<OutletId>) -> TractResult<OutletId> {
    outlets.first().copied().ok_or_else(|| TractError::msg("expected an output, found none"))
}
