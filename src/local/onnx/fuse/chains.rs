//! Drafts that become one chain: those between which nothing is computed that is not a draft.
//!
//! A draft belongs to the first chain that it can: behind a node of tract's that reads a chain's value, only the next chain can
//! read on, so that no chain waits for itself.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::tract_hir::internal::TypedOp;

use crate::local::onnx::chain::Chain;
use crate::local::onnx::places::Places;
use crate::local::onnx::rewrite::reads;

/// Puts one node for each chain in place of its drafts, whose operators are here by their nodes' places.
pub(super) fn join(graph: &mut GraphProto, mut operators: HashMap<usize, Box<dyn TypedOp>>, places: &mut Places) {
    let mut joined: HashMap<usize, NodeProto> = HashMap::new();
    for members in chains(graph, |at| operators.contains_key(&at)) {
        let (Some(&last), nodes) = (members.last(), members.iter().filter_map(|&at| graph.node.get(at))) else {
            continue;
        };
        let written: HashSet<&str> = nodes.clone().flat_map(|node| &node.output).map(String::as_str).collect();
        // Numbers of values: first what the chain reads, then what it writes.
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut input: Vec<String> = Vec::new();
        for name in nodes.clone().flat_map(|node| &node.input).filter(|name| !written.contains(name.as_str())) {
            if !numbers.contains_key(name.as_str()) {
                numbers.insert(name, numbers.len());
                input.push(name.clone());
            }
        }
        for name in nodes.clone().flat_map(|node| &node.output) {
            numbers.insert(name, numbers.len());
        }
        let elsewhere = graph.node.iter().enumerate().filter(|(at, _)| !members.contains(at));
        let mut leaving: HashSet<&str> = elsewhere.flat_map(|(_, node)| reads(node)).collect();
        leaving.extend(graph.output.iter().map(|output| output.name.as_str()));
        let output = nodes.clone().flat_map(|node| &node.output).filter(|name| leaving.contains(name.as_str()));
        let output: Vec<String> = output.cloned().collect();
        let number = |name: &String| numbers.get(name.as_str()).copied().unwrap_or_default();
        let steps = members
            .iter()
            .zip(nodes)
            .filter_map(|(at, node)| Some((operators.remove(at)?, node.input.iter().map(number).collect())));
        let chain = Chain::new(input.len(), steps.collect(), output.iter().map(number).collect());
        let name = graph.node.get(last).map(|node| node.name.clone()).unwrap_or_default();
        joined.extend(members.iter().map(|&at| (at, NodeProto::default())));
        joined.insert(last, places.keep(chain, name, input, output));
    }
    let nodes = std::mem::take(&mut graph.node).into_iter().enumerate();
    let kept = nodes.map(|(at, node)| joined.remove(&at).unwrap_or(node));
    graph.node = kept.filter(|node| !node.op_type.is_empty()).collect();
}

/// What a value comes from.
#[derive(Clone, Copy)]
enum Origin {
    /// A draft of this chain.
    Chain(usize),
    /// Other nodes, which read values of this chain at most.
    Behind(usize),
}

/// The drafts of each chain, as places in `graph`, in its order; each by itself where nodes read what later ones write.
fn chains(graph: &GraphProto, is_draft: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    let mut origins: HashMap<&str, Origin> = HashMap::new();
    let mut chains: Vec<Vec<usize>> = Vec::new();
    let mut unwritten: HashSet<&str> = graph.node.iter().flat_map(|node| &node.output).map(String::as_str).collect();
    for (at, node) in graph.node.iter().enumerate() {
        if reads(node).any(|name| unwritten.contains(name)) {
            return (0..graph.node.len()).filter(|&at| is_draft(at)).map(|at| vec![at]).collect();
        }
        let read = reads(node).filter_map(|name| origins.get(name));
        let origin = if is_draft(at) {
            let chain = read.map(|origin| match *origin {
                Origin::Chain(chain) => chain,
                Origin::Behind(chain) => chain + 1,
            });
            let chain = chain.max().unwrap_or(0);
            chains.resize_with(chains.len().max(chain + 1), Vec::new);
            chains.get_mut(chain).into_iter().for_each(|members| members.push(at));
            Some(Origin::Chain(chain))
        } else {
            read.map(|(Origin::Chain(chain) | Origin::Behind(chain))| *chain).max().map(Origin::Behind)
        };
        for name in &node.output {
            unwritten.remove(name.as_str());
            origins.extend(origin.map(|origin| (name.as_str(), origin)));
        }
    }
    chains
}

#[cfg(test)]
mod tests {
    use tract_onnx::pb::AttributeProto;

    use super::*;

    /// `output` reads `input`, by a branch where it is "branching"; drafts are those named in capitals.
    fn grouped(lines: &[(&str, &[&str])]) -> Vec<Vec<usize>> {
        let node = |(output, input): &(&str, &[&str])| NodeProto {
            output: vec![(*output).to_owned()],
            input: input.iter().map(|name| (*name).to_owned()).collect(),
            ..NodeProto::default()
        };
        let mut graph = GraphProto { node: lines.iter().map(node).collect(), ..GraphProto::default() };
        for node in graph.node.iter_mut().filter(|node| node.output == ["branching"]) {
            let inner = NodeProto { input: std::mem::take(&mut node.input), ..NodeProto::default() };
            let branch = GraphProto { node: vec![inner], ..GraphProto::default() };
            node.attribute = vec![AttributeProto { g: Some(branch), ..AttributeProto::default() }];
        }
        chains(&graph, |at| graph.node[at].output.concat().as_str() < "a")
    }

    #[test]
    fn drafts_that_read_each_other_are_one_chain() {
        let all = grouped(&[("mask", &["x"]), ("A", &["x"]), ("B", &["A", "mask"]), ("C", &["B", "A"])]);
        assert_eq!(all, [vec![1, 2, 3]]);
    }

    #[test]
    fn behind_another_node_begins_the_next_chain() {
        let all = grouped(&[("A", &["x"]), ("b", &["A"]), ("C", &["b"]), ("D", &["A", "x"]), ("E", &["C", "D"])]);
        assert_eq!(all, [vec![0, 3], vec![2, 4]]);
        let two_apart = grouped(&[("A", &["x"]), ("b", &["A"]), ("c", &["b", "y"]), ("D", &["c"]), ("E", &["y"])]);
        assert_eq!(two_apart, [vec![0, 4], vec![3]]);
        let in_a_branch = grouped(&[("A", &["x"]), ("branching", &["A"]), ("C", &["branching"])]);
        assert_eq!(in_a_branch, [[0], [2]]);
    }

    #[test]
    fn where_nodes_are_out_of_order_each_draft_is_by_itself() {
        assert_eq!(grouped(&[("A", &["B"]), ("B", &["x"]), ("C", &["B"])]), [[0], [1], [2]]);
    }
}
