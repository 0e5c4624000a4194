//! Branches taken for sure: the one that runs stands in the place of its If.
//!
//! DeBERTa asks whether there are as many queries as keys, and torch's older exporter writes the question down. tract
//! wants both branches to have one shape, which they have not.

use std::collections::HashSet;

use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto};

use crate::local::onnx::rewrite::renames::Renames;
use crate::local::onnx::rewrite::sizes::{Size, Sizes};

/// Operators in a row of a condition; torch writes four.
const LONGEST: usize = 16;

/// Puts the branch that is taken in the place of each If whose condition compares sizes that are known or the same.
pub(super) fn take(graph: &mut GraphProto) {
    let taken: Vec<Option<bool>> = {
        let sizes = Sizes::of(graph);
        let condition = |node: &NodeProto| node.input.first().and_then(|name| truth(&sizes, name, LONGEST));
        graph.node.iter().map(|node| if node.op_type == "If" { condition(node) } else { None }).collect()
    };
    let is_output: HashSet<String> = graph.output.iter().map(|output| output.name.clone()).collect();
    let mut renames = Renames::default();
    let mut nodes = Vec::with_capacity(graph.node.len());
    for (mut node, taken) in graph.node.drain(..).zip(taken) {
        let name = if taken == Some(true) { "then_branch" } else { "else_branch" };
        let is_it = |attribute: &&mut AttributeProto| taken.is_some() && attribute.name == name;
        let Some(branch) = node.attribute.iter_mut().find(is_it).and_then(|attribute| attribute.g.take()) else {
            nodes.push(node);
            continue;
        };
        nodes.extend(branch.node);
        graph.initializer.extend(branch.initializer);
        for (outer, inner) in node.output.iter().zip(branch.output) {
            if is_output.contains(outer) {
                // It keeps its name, so somebody has to write it.
                nodes.push(identity(inner.name, outer.clone()));
            } else {
                renames.add(outer, &inner.name);
            }
        }
    }
    graph.node = nodes;
    renames.apply(graph);
}

fn identity(from: String, to: String) -> NodeProto {
    // A node of the branch may be called as the output is.
    let (name, op_type) = (format!("{to}_of_branch"), "Identity".to_owned());
    NodeProto { name, op_type, input: vec![from], output: vec![to], ..NodeProto::default() }
}

/// Whether the condition `name` holds, if the graph says.
fn truth(sizes: &Sizes<'_>, name: &str, longest: usize) -> Option<bool> {
    let longest = longest.checked_sub(1)?;
    if let Some(number) = sizes.constants().number(name) {
        return Some(number != 0.0);
    }
    let node = sizes.writer(name)?;
    match node.op_type.as_str() {
        "Cast" | "Identity" => truth(sizes, node.input.first()?, longest),
        "Not" => truth(sizes, node.input.first()?, longest).map(|it| !it),
        "Equal" => match (sizes.held(node.input.first()?)?, sizes.held(node.input.get(1)?)?) {
            (a, b) if a == b => Some(true),
            (Size::Is(_), Size::Is(_)) => Some(false),
            _ => None,
        },
        _ => None,
    }
}
