//! One value in place of another, wherever it is read.

use std::collections::HashMap;

use tract_onnx::pb::GraphProto;

/// What each value is read as.
#[derive(Default)]
pub(super) struct Renames(HashMap<String, String>);

impl Renames {
    /// Whoever reads `old` shall read `new`, which is written before it.
    pub(super) fn add(&mut self, old: &str, new: &str) {
        let new = self.name(new).to_owned();
        self.0.insert(old.to_owned(), new);
    }

    /// What `name` is read as.
    pub(super) fn name<'a>(&'a self, name: &'a str) -> &'a str {
        self.0.get(name).map_or(name, String::as_str)
    }

    /// Changes what nodes read, those of subgraphs too. A graph's outputs keep their names.
    pub(super) fn apply(&self, graph: &mut GraphProto) {
        for node in &mut graph.node {
            for input in &mut node.input {
                if let Some(new) = self.0.get(input) {
                    input.clone_from(new);
                }
            }
            for inner in
                node.attribute.iter_mut().flat_map(|attribute| attribute.g.iter_mut().chain(&mut attribute.graphs))
            {
                self.apply(inner);
            }
        }
    }
}
