//! Masks and positions, run on a few token types: whether they keep the two sides of a pair apart.

use std::collections::BTreeSet;

use tract_onnx::Onnx;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto};
use tract_onnx::prelude::{InferenceModelExt, IntoRunnable, TractResult};

use crate::local::onnx::check;
use crate::local::onnx::cuts::Nodes;
use crate::local::onnx::graph::{Inputs, tell_shapes, values};
use crate::local::onnx::parts::value;
use crate::local::pair::Row;

/// What hides a token adds as much to its score or less: of its weight nothing is left.
const FAR: f32 = -1000.0;

/// Tokens of each side to ask with.
const ASKED: [[usize; 2]; 4] = [[3, 0], [0, 2], [3, 2], [1, 3]];

/// Tokens of the longest pair to ask with, where there are positions for them, an eighth of them in its query: in its document of 199
/// windows and blocks show that hide tokens of the same side. Its mask has the square of it, computed by code that runs once.
const LONGEST: usize = 227;

/// By what tokens meet, where everything else is done token by token.
#[derive(Default)]
pub(super) struct Asked<'a> {
    /// Added to scores.
    pub(super) masks: BTreeSet<&'a str>,
    /// Rows of position tables.
    pub(super) positions: BTreeSet<&'a str>,
    /// These tables.
    pub(super) tables: BTreeSet<&'a str>,
}

impl Asked<'_> {
    /// Whether masks hide the other side and nothing else, and positions start again with it, whatever the ids are.
    pub(super) fn is_within_sides(
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
        tell_shapes(&mut model, &inputs)?;
        let model = model.into_typed()?.into_decluttered()?.into_runnable()?;
        let longest = self.longest(graph).min(LONGEST);
        for sides in ASKED.into_iter().chain([[longest / 8, longest - longest / 8]]) {
            let [query, document] = sides;
            let types = [vec![0; query], vec![1; document]].concat();
            let row = Row { ids: vec![0; types.len()], segments: types };
            let found = model.run(values(&inputs, &row, &[])?)?;
            let (masks, positions) = found.split_at(self.masks.len().min(found.len()));
            for mask in masks {
                if !hides_the_other_side(mask.cast_to::<f32>()?.try_as_plain_ram()?.as_slice::<f32>()?, sides) {
                    return Ok(false);
                }
            }
            for positions in positions {
                if !starts_again(positions.cast_to::<i64>()?.try_as_plain_ram()?.as_slice::<i64>()?, sides) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Tokens for which there are positions, as far as their tables stand in the file as they are.
    fn longest(&self, graph: &GraphProto) -> usize {
        let tables = graph.initializer.iter().filter(|it| self.tables.contains(it.name.as_str()));
        let rows = tables.filter_map(|it| usize::try_from(*it.dims.first()?).ok());
        rows.min().unwrap_or(usize::MAX)
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
fn hides_the_other_side(mask: &[f32], [query, document]: [usize; 2]) -> bool {
    let length = query + document;
    let is_so = |(at, &added): (usize, &f32)| {
        let is_same = (at / length < query) == (at % length < query);
        if is_same { added == 0.0 } else { added <= FAR }
    };
    mask.len() == length * length && mask.iter().enumerate().all(is_so)
}

/// Whether positions, `[…, length]`, count from 0 in each side.
fn starts_again(positions: &[i64], [query, document]: [usize; 2]) -> bool {
    positions.iter().copied().eq((0..query as i64).chain(0..document as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_hides_the_other_side_and_nothing_else() {
        let mask = |other| [0.0, 0.0, other, 0.0, 0.0, other, other, other, 0.0];
        assert!(hides_the_other_side(&mask(-10_000.0), [2, 1]));
        assert!(!hides_the_other_side(&mask(-1.0), [2, 1]), "seen a little");
        assert!(!hides_the_other_side(&mask(-10_000.0), [3, 0]), "windows within a side");
        assert!(!hides_the_other_side(&[0.0; 9], [2, 1]));
        assert!(!hides_the_other_side(&[0.0; 3], [3, 0]), "of another shape");
    }

    #[test]
    fn positions_count_from_zero_in_each_side() {
        assert!(starts_again(&[0, 1, 0, 1, 2], [2, 3]));
        assert!(!starts_again(&[0, 1, 2, 3, 4], [2, 3]));
        assert!(!starts_again(&[2, 3], [2, 0]));
    }
}
