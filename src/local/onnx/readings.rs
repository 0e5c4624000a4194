//! Models that read query and document apart: each token sees the tokens of its own side alone, and a head compares the two
//! readings. There the query's reading is the same beside every document, so it is made once.
//!
//! Whether a model is one its nodes say: all is done token by token but attention, and attention has a mask. How mask and
//! positions are made nobody reads off the nodes, of which no two exporters write the same: they are run on a few token types,
//! and their answer counts.

use std::collections::BTreeSet;

use tract_onnx::Onnx;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto};

use crate::local::onnx::asked::Asked;
use crate::local::onnx::check::Input;
use crate::local::onnx::cuts::Nodes;
use crate::local::onnx::fuse::{Drafted, Role};
use crate::local::onnx::graph::Inputs;

/// Where the two readings end: hidden states `[1, length, width]` behind the last layer that reads each side alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Readings {
    pub(super) name: String,
    pub(super) width: usize,
    /// The values from which they come, themselves among them, each of one side alone.
    values: BTreeSet<String>,
}

impl Readings {
    /// Those of `graph`, a model's with its layers drafted; `None` where tokens of both sides meet before.
    pub(super) fn of(
        onnx: &Onnx,
        file: &ModelProto,
        graph: &GraphProto,
        drafted: &Drafted,
        inputs: &Inputs,
        is_large: impl Fn(&str) -> bool,
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
        let is_apart = meeting.is_all_that_is_read(&nodes, at, is_large)
            && meeting.asked.is_within_sides(onnx, file, graph, &nodes, inputs).ok()?;
        let before = graph.node.iter().zip(&meeting.nodes).filter(|(_, is_before)| **is_before);
        let values = before.flat_map(|(node, _)| node.output.iter().cloned()).collect();
        is_apart.then(|| Self { name: node.output.first().cloned().unwrap_or_default(), width, values })
    }

    /// Whether the value `name` stands before their end or at it.
    pub(super) fn reach(&self, name: &str) -> bool {
        self.values.contains(name)
    }
}

/// What leads to a value.
struct Meeting<'a> {
    /// By what tokens meet there.
    asked: Asked<'a>,
    /// The nodes that do all else, token by token.
    nodes: Vec<bool>,
}

impl<'a> Meeting<'a> {
    /// Of all that leads to the node at `end`; `None` where tokens meet otherwise.
    fn before(nodes: &Nodes<'a>, drafted: &Drafted, end: usize) -> Option<Self> {
        let mut meeting = Self { asked: Asked::default(), nodes: vec![false; nodes.graph.len()] };
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
                // One that no node makes cannot be asked.
                nodes.writer.get(mask.as_str())?;
                self.asked.masks.insert(mask);
                Some(vec![queries, keys, values])
            }
            (Some(Role::Linear | Role::Norm { .. }), ..) | (None, "Add" | "Cast" | "DequantizeLinear", _) => {
                Some(node.input.iter().filter(|name| !name.is_empty() && !nodes.is_constant(name)).collect())
            }
            (None, "Gather", [table, rows]) if nodes.is_constant(table) => {
                let is_of_token = ["input_ids", "token_type_ids"].contains(&rows.as_str()) || nodes.is_constant(rows);
                if !is_of_token {
                    // An input that says positions does not start again.
                    nodes.writer.get(rows.as_str())?;
                    self.asked.positions.insert(rows);
                    self.asked.tables.insert(table);
                }
                Some(vec![])
            }
            _ => None,
        }
    }

    /// Whether what comes behind the node at `end` reads nothing from before it, not even a shape or weights that `is_large` says
    /// are in memory once.
    fn is_all_that_is_read(&self, nodes: &Nodes<'_>, end: usize, is_large: impl Fn(&str) -> bool) -> bool {
        let mut behind = vec![false; nodes.graph.len()];
        let mut open = nodes.ends();
        while let Some(at) = open.pop() {
            let Some(is_behind) = behind.get_mut(at).filter(|it| !**it && at != end) else { continue };
            *is_behind = true;
            let read = nodes.graph.get(at).into_iter().flat_map(|node| &node.input);
            open.extend(read.filter_map(|name| nodes.writer.get(name.as_str())));
        }
        let reads = |of: &[bool]| -> BTreeSet<&str> {
            let read = nodes.graph.iter().zip(of).filter(|(_, is_of)| **is_of).flat_map(|(node, _)| &node.input);
            read.map(String::as_str).filter(|name| is_large(name)).collect()
        };
        let is_shared = self.nodes.iter().zip(&behind).any(|(before, behind)| *before && *behind);
        !is_shared && reads(&self.nodes).is_disjoint(&reads(&behind))
    }
}

#[cfg(test)]
mod tests {
    use tract_onnx::pb::TensorProto;
    use tract_onnx::prelude::Framework;

    use super::*;
    use crate::local::onnx::fuse::{self, Fusing};
    use crate::local::onnx::{check, operators, rewrite};

    /// Of a small pair, to whose head `behind` may add nodes, by the names of hidden states between its layers and of its logits;
    /// large is what is called so.
    fn readings(behind: impl Fn(&str, &str) -> Vec<NodeProto>, large: &str) -> Option<Readings> {
        changed(|_| (), behind, large)
    }

    /// As [`readings`], of the pair changed.
    fn changed(
        change: impl Fn(&mut GraphProto),
        behind: impl Fn(&str, &str) -> Vec<NodeProto>,
        large: &str,
    ) -> Option<Readings> {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/exports/pair-ts14.i8c.onnx");
        let onnx = Onnx { op_register: operators::register(), ..Onnx::default() };
        let onnx = onnx.with_ignore_output_shapes(true).with_ignore_value_info(true);
        let mut file = onnx.proto_model_for_path(file).expect("a model");
        let mut graph = file.graph.take().expect("a graph");
        rewrite::simplify(&mut graph);
        change(&mut graph);
        let inputs = check::inputs(&graph).expect("inputs");
        let is_norm = |node: &&NodeProto| {
            node.op_type == "Add" && node.output.iter().any(|it| it.contains("layer.0/output/LayerNorm"))
        };
        let inner = graph.node.iter().rfind(is_norm).expect("a layer").output.concat();
        let logits = graph.output.iter().map(|output| output.name.clone()).collect::<String>();
        for node in behind(&inner, &logits) {
            graph.output.iter_mut().for_each(|output| output.name = node.output.concat());
            graph.node.push(node);
        }
        let drafted = fuse::draft(&mut graph, Fusing::default());
        Readings::of(&onnx, &file, &graph, &drafted, &inputs, |name| name == large)
    }

    fn node(op_type: &str, input: &[&str], output: &str) -> NodeProto {
        let input = input.iter().map(|&name| name.to_owned()).collect();
        NodeProto { op_type: op_type.into(), input, output: vec![output.into()], ..NodeProto::default() }
    }

    #[test]
    fn a_head_that_reads_the_last_layer_alone_reads_sides() {
        let found = readings(|_, _| vec![], "").expect("apart");
        assert!(found.name.contains("LayerNorm") && found.reach(&found.name) && !found.reach("logits"));
    }

    #[test]
    fn a_head_that_reads_more_does_not() {
        let rows = |_: &str, logits: &str| {
            let gather = node("Gather", &["bert.embeddings.word_embeddings.weight_quantized", "input_ids"], "rows");
            vec![gather, node("Add", &[logits, "rows"], "sum")]
        };
        assert!(readings(rows, "").is_some(), "a table of its own");
        assert!(readings(rows, "bert.embeddings.word_embeddings.weight_quantized").is_none(), "one that is taken once");
        let shape =
            |inner: &str, logits: &str| vec![node("Shape", &[inner], "shape"), node("Add", &[logits, "shape"], "sum")];
        assert!(readings(shape, "").is_none());
        let hidden = |inner: &str, logits: &str| vec![node("Add", &[logits, inner], "sum")];
        assert!(readings(hidden, "").is_none());
    }

    #[test]
    fn a_mask_that_no_node_makes_keeps_nothing_apart() {
        let constant = |graph: &mut GraphProto| {
            let softmax = |node: &&NodeProto| node.op_type == "Softmax";
            let scores: Vec<String> = graph.node.iter().filter(softmax).map(|node| node.input.concat()).collect();
            assert!(!scores.is_empty());
            for node in graph.node.iter_mut().filter(|node| node.output.iter().any(|name| scores.contains(name))) {
                assert_eq!(node.op_type, "Add");
                node.input[1] = "mask".into();
            }
            graph.initializer.push(TensorProto {
                name: "mask".into(),
                data_type: 1,
                float_data: vec![0.5],
                ..TensorProto::default()
            });
        };
        assert!(changed(constant, |_, _| vec![], "").is_none());
    }
}
