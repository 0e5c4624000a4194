//! Layers that were recognised, standing in the graph as numbered nodes until their operators are made.

use std::collections::HashMap;

use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto, attribute_proto};
use tract_onnx::prelude::TractResult;
use tract_onnx::tract_hir::internal::TypedOp;

use crate::local::kernels::Activation;
use crate::local::onnx::attention::Attention;
use crate::local::onnx::evidence::Evidence;
use crate::local::onnx::fuse::index::{Index, whole};
use crate::local::onnx::fuse::{chains, linear, norm};
use crate::local::onnx::linear::Linear;
use crate::local::onnx::norm::Norm;
use crate::local::onnx::places::Places;
use crate::local::onnx::weights::{Taken, Weights};

/// Name of a node that stands for a draft; no file has it.
const NAME: &str = "RerankDraft";

/// Attribute that says which.
const INDEX: &str = "index";

/// A layer before its operator is made.
#[derive(Clone, Debug)]
pub(super) enum Layer {
    /// One input; as many outputs as there are matrices.
    Linear(Vec<Matrix>),
    /// Queries, keys, values and maybe a mask.
    Attention { head: usize, scale: f32 },
    /// One input, or two whose sum is meant.
    Norm(Box<Parameters>),
    /// Six inputs; parameters as in [`Evidence::new`].
    Evidence(Vec<TensorProto>),
}

/// What a layer does to tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::local::onnx) enum Role {
    /// Something to each by itself.
    Linear,
    /// It lets them meet.
    Attention,
    /// Something to each by itself, of so many numbers.
    Norm { width: usize },
    /// It compares them.
    Head,
}

/// A LayerNorm's parameters, as in [`norm::Norm`].
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    gamma: TensorProto,
    beta: TensorProto,
    epsilon: f32,
}

/// A linear layer's parameters, as in [`linear::Linear`].
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    weights: TensorProto,
    scale: Option<TensorProto>,
    zero_point: Option<TensorProto>,
    bias: Option<TensorProto>,
    activation: Activation,
}

impl Layer {
    pub(super) fn linear(it: &linear::Linear<'_>) -> Self {
        Self::Linear(vec![Matrix {
            weights: it.weights.clone(),
            scale: it.scale.cloned(),
            zero_point: it.zero_point.cloned(),
            bias: it.bias.cloned(),
            activation: it.activation,
        }])
    }

    pub(super) fn evidence(parameters: &[&TensorProto]) -> Self {
        Self::Evidence(parameters.iter().map(|&it| it.clone()).collect())
    }

    pub(super) fn norm(it: &norm::Norm<'_>) -> Self {
        Self::Norm(Box::new(Parameters { gamma: it.gamma.clone(), beta: it.beta.clone(), epsilon: it.epsilon }))
    }

    fn operator(&self, weights: &mut Weights) -> TractResult<Box<dyn TypedOp>> {
        Ok(match self {
            Self::Linear(matrices) => Box::new(linear_operator(matrices, weights)?),
            &Self::Attention { head, scale } => Box::new(Attention::new(head, scale)),
            Self::Norm(it) => Box::new(Norm::new(&*weights.take(&it.gamma)?, &*weights.take(&it.beta)?, it.epsilon)?),
            Self::Evidence(parameters) => {
                let parameters: TractResult<Vec<_>> = parameters.iter().map(|it| weights.take(it)).collect();
                Box::new(Evidence::new(&parameters?)?)
            }
        })
    }

    /// All that its operator will take.
    fn takes(&self) -> Vec<Taken<'_>> {
        match self {
            Self::Linear(matrices) => {
                let of_each = matrices.iter().flat_map(|it| {
                    let others = [&it.scale, &it.zero_point, &it.bias].into_iter().flatten().map(Taken::Plain);
                    others.chain([Taken::Packed(&it.weights)])
                });
                of_each.collect()
            }
            Self::Attention { .. } => vec![],
            Self::Norm(it) => vec![Taken::Plain(&it.gamma), Taken::Plain(&it.beta)],
            Self::Evidence(parameters) => parameters.iter().map(Taken::Plain).collect(),
        }
    }

    pub(super) fn role(&self) -> Role {
        match self {
            Self::Linear(_) => Role::Linear,
            Self::Attention { .. } => Role::Attention,
            Self::Evidence(_) => Role::Head,
            Self::Norm(it) => Role::Norm { width: it.gamma.dims.first().map_or(0, |&it| it.unsigned_abs() as usize) },
        }
    }
}

/// All drafts, by number.
#[derive(Default)]
pub(super) struct Drafts {
    layers: Vec<Layer>,
    /// Each with the place of the node that it replaces: the one that wrote its output.
    nodes: Vec<(usize, NodeProto)>,
    /// Who writes what.
    outputs: HashMap<String, usize>,
}

impl Drafts {
    /// Adds a layer that reads `input` and writes `output`, a value of the graph.
    pub(super) fn push(&mut self, index: &Index<'_>, input: Vec<&str>, output: &str, layer: Layer) {
        let Some(place) = index.place(output) else { return };
        let number = AttributeProto {
            name: INDEX.into(),
            r#type: attribute_proto::AttributeType::Int.into(),
            i: self.layers.len() as i64,
            ..AttributeProto::default()
        };
        let node = NodeProto {
            op_type: NAME.into(),
            name: format!("{output} fused"),
            input: input.into_iter().map(str::to_owned).collect(),
            output: vec![output.to_owned()],
            attribute: vec![number],
            ..NodeProto::default()
        };
        self.outputs.insert(output.to_owned(), self.layers.len());
        self.layers.push(layer);
        self.nodes.push((place, node));
    }

    /// Whether a draft writes `name`.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.outputs.contains_key(name)
    }

    /// Whether a linear layer writes `name`.
    pub(super) fn is_linear(&self, name: &str) -> bool {
        self.width(name).is_some()
    }

    /// How many numbers a row of `name` has, which a linear layer writes.
    pub(super) fn width(&self, name: &str) -> Option<i64> {
        let Layer::Linear(matrices) = self.layers.get(*self.outputs.get(name)?)? else { return None };
        matrices.first()?.weights.dims.last().copied()
    }

    /// The layer that `node` stands for.
    pub(super) fn of(&self, node: &NodeProto) -> Option<&Layer> {
        self.layers.get(number(node)?)
    }

    /// Puts each draft's node where the last node of its pattern stood.
    pub(super) fn stand_in(&mut self, graph: &mut GraphProto) {
        for (place, node) in self.nodes.drain(..) {
            if let Some(last) = graph.node.get_mut(place) {
                *last = node;
            }
        }
    }

    /// Makes one layer of the linear ones that read the same value, which is then quantized once: queries, keys and values.
    pub(super) fn join_siblings(&mut self, graph: &mut GraphProto) {
        let mut first: HashMap<String, usize> = HashMap::new();
        let mut joined: Vec<NodeProto> = Vec::with_capacity(graph.node.len());
        for node in graph.node.drain(..) {
            let (Some(at), [input]) = (number(&node), node.input.as_slice()) else {
                joined.push(node);
                continue;
            };
            let Some(Layer::Linear(matrices)) = self.layers.get(at).cloned() else {
                joined.push(node);
                continue;
            };
            let elder = first.get(input).and_then(|&elder| joined.get_mut(elder));
            let Some(elder) = elder else {
                first.insert(input.clone(), joined.len());
                joined.push(node);
                continue;
            };
            if let Some(Layer::Linear(all)) = number(elder).and_then(|at| self.layers.get_mut(at)) {
                elder.output.extend(node.output);
                all.extend(matrices);
            }
        }
        graph.node = joined;
    }

    /// All that the operators of those left among `nodes` will take.
    pub(super) fn takes<'a>(&'a self, nodes: impl Iterator<Item = &'a NodeProto>) -> impl Iterator<Item = Taken<'a>> {
        nodes.filter_map(|node| self.of(node)).flat_map(Layer::takes)
    }

    /// Makes the operators, which take their weights, those that read each other's values as one.
    pub(super) fn build(&self, graph: &mut GraphProto, weights: &mut Weights, places: &mut Places) -> TractResult<()> {
        let mut operators = HashMap::new();
        for (at, node) in graph.node.iter().enumerate() {
            if let Some(layer) = self.of(node) {
                operators.insert(at, layer.operator(weights)?);
            }
        }
        chains::join(graph, operators, places);
        Ok(())
    }
}

fn linear_operator(matrices: &[Matrix], weights: &mut Weights) -> TractResult<Linear> {
    let mut linear = Linear::default();
    for Matrix { weights: matrix, scale, zero_point, bias, activation } in matrices {
        let mut take = |tensor: &Option<TensorProto>| tensor.as_ref().map(|it| weights.take(it)).transpose();
        let (scale, zero_point, bias) = (take(scale)?, take(zero_point)?, take(bias)?);
        let matrix = weights.take_packed(matrix)?;
        linear.push(matrix, scale.as_deref(), zero_point.as_deref(), bias.as_deref(), *activation)?;
    }
    Ok(linear)
}

fn number(node: &NodeProto) -> Option<usize> {
    let number = whole(node, INDEX).filter(|_| node.op_type == NAME)?;
    usize::try_from(number).ok()
}
