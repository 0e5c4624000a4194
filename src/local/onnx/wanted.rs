//! What of a file is taken into memory: all of it, or a part of the model; tables perhaps not.

use std::collections::HashSet;
use std::sync::Arc;

use tract_onnx::pb::GraphProto;
use tract_onnx::prelude::DatumType;

use crate::local::load::Reread;
use crate::local::onnx::parts::{Part, Range};
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

/// Names that nodes read as the second factor of a product in eight bits and as nothing else.
fn only_multiplied(graph: &GraphProto) -> HashSet<String> {
    let reads = graph.node.iter().flat_map(|node| node.input.iter().enumerate().map(move |read| (node, read)));
    let (factors, others): (Vec<_>, Vec<_>) =
        reads.partition(|(node, (at, _))| node.op_type == "MatMulInteger" && *at == 1);
    let others: HashSet<&String> = others.into_iter().map(|(_, (_, name))| name).collect();
    factors.into_iter().map(|(_, (_, name))| name).filter(|name| !others.contains(name)).cloned().collect()
}
