//! What of a file is taken into memory: all of it, or a part of the model; tables perhaps not.

use std::collections::HashSet;
use std::sync::Arc;

use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::prelude::DatumType;

use crate::local::load::Reread;
use crate::local::onnx::parts::{Part, Range};
use crate::local::onnx::rewrite::reads;
use crate::local::onnx::rows::Table;
use crate::local::onnx::tables;

/// What is wanted of a file; more is known of it once the nodes are there.
pub(super) struct Wanted {
    part: Part,
    /// What of the graph the part is, and the names of all it reads.
    range: Option<(Range, HashSet<String>)>,
    /// The file once more, where it can be read again: large tables stay there.
    again: Option<Arc<dyn Reread>>,
    /// Names of tensors that may be such tables.
    tables: HashSet<String>,
    /// Those that only products in eight bits read, as far as the nodes came before them.
    multiplied: HashSet<String>,
}

/// What becomes of a large tensor's bytes.
pub(super) enum Fate {
    /// They are kept in memory.
    Kept,
    /// They are another part's.
    Skipped,
    /// They are read again, row by row.
    Left(Table),
}

impl Wanted {
    pub(super) fn new(part: Part) -> Self {
        Self { part, range: None, again: None, tables: HashSet::new(), multiplied: HashSet::new() }
    }

    pub(super) fn leave_tables(&mut self, again: Arc<dyn Reread>) {
        self.again = Some(again);
    }

    /// Whether it is every byte of the file.
    pub(super) fn is_all(&self) -> bool {
        self.part.of == 1 && self.again.is_none()
    }

    /// Finds out what is of use. Without nodes, as when weights come first, everything is, until the whole graph is there.
    pub(super) fn read_nodes(&mut self, graph: &GraphProto) {
        self.multiplied = only_multiplied(graph);
        if self.again.is_some() {
            self.tables = tables::likely(graph);
        }
        if self.part.of > 1 && !graph.node.is_empty() {
            let range = Range::of(graph, self.part);
            let read = range.reads(graph);
            self.range = Some((range, read));
        }
    }

    /// Whether nothing but products in eight bits reads the tensor `name`.
    pub(super) fn is_multiplied(&self, name: &str) -> bool {
        self.multiplied.contains(name)
    }

    /// What becomes of the tensor `name` whose bytes begin at `offset` of the file.
    pub(super) fn fate(&self, name: &str, shape: &[usize], datum_type: DatumType, offset: u64) -> Fate {
        if self.range.as_ref().is_some_and(|(_, read)| !read.contains(name)) {
            return Fate::Skipped;
        }
        let again = self.again.as_ref().filter(|_| self.tables.contains(name));
        again.and_then(|again| Table::in_file(again, offset, shape, datum_type)).map_or(Fate::Kept, Fate::Left)
    }

    /// The part's range in the whole graph.
    pub(super) fn range(self, graph: &GraphProto) -> Range {
        let mut range = self.range.map_or_else(|| Range::of(graph, self.part), |(range, _)| range);
        range.find_width(graph);
        range
    }
}

/// Names that nodes read as the second factor of a product in eight bits and as nothing else: the product's own, or one that a
/// DequantizeLinear makes numbers of for it alone.
fn only_multiplied(graph: &GraphProto) -> HashSet<String> {
    let dequantized = only_read_by(graph, HashSet::new(), |node, at, _| node.op_type == "MatMul" && at == 1);
    only_read_by(graph, dequantized, |node, at, dequantized| match node.op_type.as_str() {
        "MatMulInteger" => at == 1,
        "DequantizeLinear" => at == 0 && node.output.iter().all(|name| dequantized.contains(name.as_str())),
        _ => false,
    })
    .into_iter()
    .map(str::to_owned)
    .collect()
}

/// Names that are read in such places, `is_such` says, and in no others; the graph's output is another.
fn only_read_by<'a>(
    graph: &'a GraphProto,
    known: HashSet<&'a str>,
    is_such: impl Fn(&NodeProto, usize, &HashSet<&'a str>) -> bool,
) -> HashSet<&'a str> {
    let mut others: HashSet<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    let mut found = HashSet::new();
    for node in &graph.node {
        // First what it reads itself, in the order of its inputs.
        for (at, name) in reads(node).enumerate() {
            let is_such = at < node.input.len() && is_such(node, at, &known);
            if is_such { &mut found } else { &mut others }.insert(name);
        }
    }
    found.retain(|name| !others.contains(name));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(op_type: &str, input: &[&str], output: &str) -> NodeProto {
        let owned = |name: &&str| (*name).to_owned();
        NodeProto {
            op_type: op_type.into(),
            input: input.iter().map(owned).collect(),
            output: vec![output.into()],
            ..NodeProto::default()
        }
    }

    fn multiplied(nodes: &[NodeProto]) -> Vec<String> {
        let mut names: Vec<_> =
            only_multiplied(&GraphProto { node: nodes.to_vec(), ..GraphProto::default() }).into_iter().collect();
        names.sort();
        names
    }

    #[test]
    fn factors_of_products_are_told_however_they_are_quantized() {
        let dynamic = node("MatMulInteger", &["x", "w", "x zero", "w zero"], "y");
        let static_ = [
            node("DequantizeLinear", &["v", "v scale", "v zero"], "v in f32"),
            node("MatMul", &["x", "v in f32"], "z"),
        ];
        assert_eq!(multiplied(&[&[dynamic][..], &static_].concat()), ["v", "w"]);
    }

    #[test]
    fn what_anything_else_reads_too_is_none() {
        let dequantize = node("DequantizeLinear", &["v", "scale", "zero"], "v in f32");
        let product = node("MatMul", &["x", "v in f32"], "y");
        for other in [
            node("Gather", &["v", "ids"], "rows"),
            node("Gather", &["v in f32", "ids"], "rows"),
            node("MatMul", &["v in f32", "x"], "turned"),
            node("DequantizeLinear", &["x", "v", "zero"], "scaled"),
        ] {
            assert_eq!(multiplied(&[dequantize.clone(), product.clone(), other.clone()]), [""; 0], "{other:?}");
        }
    }
}
