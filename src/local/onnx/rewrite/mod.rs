//! The file's own nodes → fewer and plainer ones that mean the same here, before fusion rules and tract see them.
//!
//! Here means: one pair a run, at its own length, so that no token is padding and every sequence of a graph has one
//! length. Some of it tract could not run or would run wrong; most of it is work for nothing.

// Small constants by name.
mod constants;
// One value in place of another.
mod renames;
// Rounding of activations in static quantization.
mod rounding;
// Sizes of values, as far as the graph tells.
mod sizes;
// Branches taken for sure.
mod branches;
// Scales computed from a size.
mod scales;
// The attention mask, which is all ones.
mod mask;
// Positions counted in int64.
mod positions;

use std::collections::HashSet;

use tract_onnx::pb::GraphProto;

/// Rewrites `graph`; the logits stay what they are, but for the rounding of activations, which goes.
pub(super) fn simplify(graph: &mut GraphProto) {
    rounding::drop_from_activations(graph);
    branches::take(graph);
    scales::fold(graph);
    mask::follow(graph);
    positions::count_in_int32(graph);
    drop_unread(graph);
}

/// Nodes whose values reach no output go, as in graphs that branches were taken out of.
fn drop_unread(graph: &mut GraphProto) {
    let mut read: HashSet<String> = graph.output.iter().map(|output| output.name.clone()).collect();
    let mut kept: Vec<_> = graph.node.drain(..).rev().collect();
    kept.retain(|node| {
        let is_read = node.output.iter().any(|name| read.contains(name));
        if is_read {
            read.extend(node.input.iter().cloned());
            read.extend(inner_reads(&node.attribute));
        }
        is_read
    });
    kept.reverse();
    graph.node = kept;
}

/// What the subgraphs of a node read, of their own values too.
fn inner_reads(attributes: &[tract_onnx::pb::AttributeProto]) -> Vec<String> {
    let graphs = attributes.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs));
    let nodes = graphs.flat_map(|graph| {
        let outputs = graph.output.iter().map(|output| output.name.clone());
        let nodes = graph.node.iter();
        nodes.flat_map(|node| node.input.iter().cloned().chain(inner_reads(&node.attribute))).chain(outputs)
    });
    nodes.collect()
}
