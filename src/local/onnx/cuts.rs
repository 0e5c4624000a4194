//! Where a graph may be cut, which its nodes alone say.
//!
//! A value is a cut if whatever is read behind it is read nowhere else: the products and tables behind it and those between
//! it and the graph's end are all there are. Of a transformer that leaves the residual stream, and of the values of one
//! place in it the last is taken: behind a layer's norm.

use std::collections::HashMap;

use tract_onnx::pb::{GraphProto, NodeProto};

use crate::local::onnx::check::INPUTS;

/// Nodes and what they read of each other.
pub(super) struct Nodes<'a> {
    pub(super) graph: &'a [NodeProto],
    pub(super) writer: HashMap<&'a str, usize>,
    /// Of each node, those that write what it reads. A Shape reads none: each part knows the length.
    pub(super) before: Vec<Vec<usize>>,
    /// Whether a node's value is the same for every row.
    pub(super) is_constant: Vec<bool>,
    is_read: Vec<bool>,
}

impl<'a> Nodes<'a> {
    pub(super) fn of(graph: &'a GraphProto) -> Self {
        let count = graph.node.len();
        let mut nodes = Self {
            graph: &graph.node,
            writer: HashMap::new(),
            before: Vec::with_capacity(count),
            is_constant: Vec::with_capacity(count),
            is_read: vec![false; count],
        };
        for (at, node) in graph.node.iter().enumerate() {
            // Only backwards, as the file's order has to be.
            let writers: Vec<usize> =
                node.input.iter().filter_map(|it| nodes.writer.get(it.as_str()).copied()).collect();
            for &writer in &writers {
                nodes.is_read.get_mut(writer).into_iter().for_each(|it| *it = true);
            }
            let is_constant = node.input.iter().all(|name| nodes.is_constant(name));
            nodes.is_constant.push(is_constant);
            nodes.before.push(if node.op_type == "Shape" { Vec::new() } else { writers });
            nodes.writer.extend(node.output.iter().map(|name| (name.as_str(), at)));
        }
        nodes
    }

    pub(super) fn is_constant(&self, name: &str) -> bool {
        let written = self.writer.get(name).map(|&at| self.is_constant.get(at) == Some(&true));
        written.unwrap_or_else(|| !INPUTS.iter().any(|(input, _)| *input == name))
    }

    pub(super) fn output(&self, at: usize) -> &'a str {
        self.graph.get(at).and_then(|node| node.output.first()).map_or("", String::as_str)
    }

    /// Whether the node multiplies by weights.
    pub(super) fn is_product(&self, at: usize) -> bool {
        let Some(node) = self.graph.get(at) else { return false };
        let is_one = matches!(node.op_type.as_str(), "MatMul" | "MatMulInteger" | "Gemm");
        is_one && self.is_constant.get(at) == Some(&false) && node.input.get(1).is_some_and(|it| self.is_constant(it))
    }

    /// Whether the node reads rows of a table.
    fn is_lookup(&self, at: usize) -> bool {
        let Some(node) = self.graph.get(at) else { return false };
        let of_constant = node.input.first().is_some_and(|it| self.is_constant(it));
        node.op_type == "Gather" && of_constant && self.is_constant.get(at) == Some(&false)
    }

    /// Nodes whose values nobody reads.
    pub(super) fn ends(&self) -> Vec<usize> {
        (0..self.graph.len()).filter(|&at| self.is_read.get(at) == Some(&false)).collect()
    }

    /// The nodes that `ends` come from, themselves among them; `stop` is neither entered nor passed.
    pub(super) fn reached(&self, ends: &[usize], stop: Option<usize>) -> Vec<bool> {
        let mut reached = vec![false; self.graph.len()];
        let mut open = ends.to_vec();
        while let Some(at) = open.pop() {
            let Some(is_reached) = reached.get_mut(at).filter(|it| !**it && stop != Some(at)) else { continue };
            *is_reached = true;
            open.extend(self.before.get(at).into_iter().flatten());
        }
        reached
    }

    /// Where a range of equal work begins, in the graph's order: one fewer than `parts`, or as many as there are.
    pub(super) fn borders(&self, parts: usize) -> Vec<usize> {
        let (cuts, products) = self.cuts();
        let mut borders: Vec<usize> = Vec::new();
        let mut last = 0;
        for part in 1..parts {
            let wanted = products * part / parts;
            let rest = cuts.iter().filter(|(behind, _)| *behind > last);
            let Some(&(behind, node)) = rest.min_by_key(|(behind, _)| behind.abs_diff(wanted)) else { break };
            last = behind;
            borders.push(node);
        }
        borders
    }

    /// Nodes whose value alone connects what is before and behind them, each with the number of products before it, which
    /// no two share; and the number of all products.
    fn cuts(&self) -> (Vec<(usize, usize)>, usize) {
        let is_branching = self.graph.iter().flat_map(|node| &node.attribute).any(|it| it.g.is_some());
        if is_branching {
            return (Vec::new(), 0);
        }
        let (products, lookups): (Vec<bool>, Vec<bool>) =
            (0..self.graph.len()).map(|at| (self.is_product(at), self.is_lookup(at))).unzip();
        let count = |reached: &[bool], of: &[bool]| reached.iter().zip(of).filter(|(a, b)| **a && **b).count();
        let heavy = |reached: &[bool]| count(reached, &products) + count(reached, &lookups);
        let softmax: Vec<bool> = self.graph.iter().map(|node| node.op_type == "Softmax").collect();
        let ends = self.ends();
        let all = self.reached(&ends, None);
        let mut cuts: Vec<(usize, usize)> = Vec::new();
        for (at, node) in self.graph.iter().enumerate() {
            if !matches!(node.op_type.as_str(), "Add" | "LayerNormalization") || self.is_constant.get(at) == Some(&true)
            {
                continue;
            }
            let behind = self.reached(&[at], None);
            let ahead = self.reached(&ends, Some(at));
            // Behind the last attention the first token alone goes on.
            let is_cut = heavy(&behind) + heavy(&ahead) == heavy(&all) && count(&ahead, &softmax) > 0;
            let before = count(&behind, &products);
            if is_cut && before > 0 {
                cuts.retain(|(other, _)| *other != before);
                cuts.push((before, at));
            }
        }
        (cuts, count(&all, &products))
    }
}
