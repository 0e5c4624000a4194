//! Models that read query and document apart: each token sees the tokens of its own side alone, and a head compares the two
//! readings. There the query's reading is the same beside every document, so it is made once.
//!
//! Whether a model is one its nodes say: all is done token by token but attention, and attention has a mask. How mask and
//! positions are made nobody reads off the nodes, of which no two exporters write the same: they are run on a few token types,
//! and their answer counts.

use std::collections::BTreeSet;

use tract_onnx::Onnx;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto};
use tract_onnx::prelude::{InferenceFact, InferenceModelExt, IntoRunnable, TValue, TVec, ToDim, TractResult, tvec};

use crate::local::onnx::check::{self, Input};
use crate::local::onnx::cuts::Nodes;
use crate::local::onnx::fuse::{Drafted, Role};
use crate::local::onnx::graph::{Inputs, LENGTH, tensor};
use crate::local::onnx::parts::value;
use crate::local::pair::Row;

/// What hides a token adds as much to its score or less: of its weight nothing is left.
const FAR: f32 = -1000.0;

/// Token types of one side alone and of pairs, to ask with.
const ASKED: [&[i64]; 4] = [&[0, 0, 0], &[1, 1], &[0, 0, 0, 1, 1], &[0, 1, 1, 1]];

/// Where the two readings end: hidden states `[1, length, width]` behind the last layer that reads each side alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Readings {
    pub(super) name: String,
    pub(super) width: usize,
}

impl Readings {
    /// Those of `graph`, a model's with its layers drafted; `None` where tokens of both sides meet before.
    pub(super) fn of(
        onnx: &Onnx,
        file: &ModelProto,
        graph: &GraphProto,
        drafted: &Drafted,
        inputs: &Inputs,
    ) -> Option<Self> {
        if !inputs.iter().any(|(input, _)| *input == Input::Segments) {
            return None;
        }
        let nodes = Nodes::of(graph);
        let last_attention = graph.node.iter().rposition(|node| drafted.role(node) == Some(Role::Attention))?;
        let behind = graph.node.iter().enumerate().skip(last_attention);
        let mut norms = behind.filter(|(_, node)| matches!(drafted.role(node), Some(Role::Norm { .. })));
        let (at, node) = norms.next_back()?;
        let Some(Role::Norm { width }) = drafted.role(node) else { return None };
        let meeting = Meeting::before(&nodes, drafted, at)?;
        let is_apart = meeting.is_all_that_is_read(&nodes, drafted, at)
            && meeting.is_within_sides(onnx, file, graph, &nodes, inputs).ok()?;
        is_apart.then(|| Self { name: node.output.first().cloned().unwrap_or_default(), width })
    }
}

/// By what tokens meet, where everything else is done token by token.
struct Meeting<'a> {
    /// Added to scores.
    masks: BTreeSet<&'a str>,
    /// Rows of position tables.
    positions: BTreeSet<&'a str>,
    /// The nodes from the inputs on.
    nodes: Vec<bool>,
}

impl<'a> Meeting<'a> {
    /// Of all that leads to the node at `end`; `None` where tokens meet otherwise.
    fn before(nodes: &Nodes<'a>, drafted: &Drafted, end: usize) -> Option<Self> {
        let (masks, positions) = (BTreeSet::new(), BTreeSet::new());
        let mut meeting = Self { masks, positions, nodes: vec![false; nodes.graph.len()] };
        let mut open = vec![end];
        while let Some(at) = open.pop() {
            if std::mem::replace(meeting.nodes.get_mut(at)?, true) {
                continue;
            }
            for name in meeting.same_token(nodes, drafted, nodes.graph.get(at)?)? {
                open.push(*nodes.writer.get(name.as_str())?);
            }
        }
        Some(meeting)
    }

    /// Values of which `node` makes one token's from the same token's.
    fn same_token(&mut self, nodes: &Nodes<'a>, drafted: &Drafted, node: &'a NodeProto) -> Option<Vec<&'a String>> {
        match (drafted.role(node), node.op_type.as_str(), node.input.as_slice()) {
            (Some(Role::Attention), _, [queries, keys, values, mask]) => {
                self.masks.insert(mask);
                Some(vec![queries, keys, values])
            }
            (Some(Role::Linear | Role::Norm { .. }), ..) | (None, "Add" | "Cast" | "DequantizeLinear", _) => {
                Some(node.input.iter().filter(|name| !name.is_empty() && !nodes.is_constant(name)).collect())
            }
            (None, "Gather", [table, rows]) if nodes.is_constant(table) => {
                if rows != "input_ids" && !nodes.is_constant(rows) {
                    self.positions.insert(rows);
                }
                Some(vec![])
            }
            _ => None,
        }
    }

    /// Whether what comes behind the node at `end` reads no layer before it.
    fn is_all_that_is_read(&self, nodes: &Nodes<'_>, drafted: &Drafted, end: usize) -> bool {
        let behind = nodes.reached(&nodes.ends(), Some(end));
        let mut shared =
            self.nodes.iter().zip(behind).zip(nodes.graph).filter(|((before, behind), _)| **before && *behind);
        !shared.any(|(_, node)| drafted.role(node).is_some())
    }

    /// Whether masks hide the other side and nothing else, and positions start again with it, whatever the ids are.
    fn is_within_sides(
        &self,
        onnx: &Onnx,
        file: &ModelProto,
        graph: &GraphProto,
        nodes: &Nodes<'_>,
        inputs: &Inputs,
    ) -> TractResult<bool> {
        let asked = self.makers(graph, nodes);
        let reads_ids = |node: &NodeProto| node.op_type != "Shape" && node.input.iter().any(|it| it == "input_ids");
        if asked.node.iter().any(reads_ids) {
            return Ok(false);
        }
        let inputs = check::left(inputs.clone(), &asked);
        let (ir_version, opset_import) = (file.ir_version, file.opset_import.clone());
        let proto = ModelProto { graph: Some(asked), ir_version, opset_import, ..ModelProto::default() };
        let mut model = onnx.parse(&proto, None)?.model;
        let length = model.symbols.sym(LENGTH);
        for (index, (_, datum_type)) in inputs.iter().enumerate() {
            model.set_input_fact(index, InferenceFact::dt_shape(*datum_type, tvec!(1.to_dim(), length.to_dim())))?;
        }
        let model = model.into_typed()?.into_decluttered()?.into_runnable()?;
        for types in ASKED {
            let row = Row { ids: vec![0; types.len()], segments: types.to_vec() };
            let rows = inputs.iter().map(|(input, datum_type)| {
                TractResult::Ok(tensor(input, &row, &[])?.cast_to_dt(*datum_type)?.into_owned().into())
            });
            let found = model.run(rows.collect::<TractResult<TVec<TValue>>>()?)?;
            let (masks, positions) = found.split_at(self.masks.len().min(found.len()));
            for mask in masks {
                if !hides_the_other_side(mask.cast_to::<f32>()?.try_as_plain_ram()?.as_slice::<f32>()?, types) {
                    return Ok(false);
                }
            }
            for positions in positions {
                if !starts_again(positions.cast_to::<i64>()?.try_as_plain_ram()?.as_slice::<i64>()?, types) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// The nodes that make masks and positions, as a graph: masks first.
    fn makers(&self, graph: &GraphProto, nodes: &Nodes<'_>) -> GraphProto {
        let names = || self.masks.iter().chain(&self.positions);
        let ends: Vec<usize> = names().filter_map(|name| nodes.writer.get(name).copied()).collect();
        let made = graph.node.iter().zip(nodes.reached(&ends, None)).filter(|(_, is_reached)| *is_reached);
        let node: Vec<NodeProto> = made.map(|(node, _)| node.clone()).collect();
        let read: BTreeSet<&String> = node.iter().flat_map(|node| &node.input).collect();
        GraphProto {
            initializer: graph.initializer.iter().filter(|it| read.contains(&it.name)).cloned().collect(),
            input: graph.input.iter().filter(|it| read.contains(&it.name)).cloned().collect(),
            output: names().map(|name| value(name)).collect(),
            node,
            ..GraphProto::default()
        }
    }
}

/// Whether a mask `[…, length, length]` adds nothing to scores within a side, and hides the other.
fn hides_the_other_side(mask: &[f32], types: &[i64]) -> bool {
    let pairs = types.iter().flat_map(|query| types.iter().map(move |key| query == key));
    mask.len() == types.len() * types.len()
        && mask.iter().zip(pairs).all(|(&added, is_same)| if is_same { added == 0.0 } else { added <= FAR })
}

/// Whether positions, `[…, length]`, count from 0 in each side.
fn starts_again(positions: &[i64], types: &[i64]) -> bool {
    let before = |at: usize| types.iter().take(at).filter(|it| types.get(at) == Some(it)).count() as i64;
    positions.len() == types.len() && positions.iter().enumerate().all(|(at, &it)| it == before(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_hides_the_other_side_and_nothing_else() {
        let mask = |other| [0.0, 0.0, other, 0.0, 0.0, other, other, other, 0.0];
        assert!(hides_the_other_side(&mask(-10_000.0), &[0, 0, 1]));
        assert!(!hides_the_other_side(&mask(-1.0), &[0, 0, 1]), "seen a little");
        assert!(!hides_the_other_side(&mask(-10_000.0), &[0, 0, 0]), "windows within a side");
        assert!(!hides_the_other_side(&[0.0; 9], &[0, 0, 1]));
        assert!(!hides_the_other_side(&[0.0; 3], &[0, 0, 0]), "of another shape");
    }

    #[test]
    fn positions_count_from_zero_in_each_side() {
        assert!(starts_again(&[0, 1, 0, 1, 2], &[0, 0, 1, 1, 1]));
        assert!(!starts_again(&[0, 1, 2, 3, 4], &[0, 0, 1, 1, 1]));
        assert!(!starts_again(&[2, 3], &[0, 0]));
    }
}
