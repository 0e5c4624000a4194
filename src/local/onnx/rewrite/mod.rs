//! The file's own nodes → fewer and plainer ones that mean the same here, before fusion rules and tract see them.
//!
//! Here means: one pair a run, at its own length, so that no token is padding and every sequence of a graph has one
//! length. Some of it tract could not run or would run wrong; most of it is work for nothing.

// Small constants by name.
pub(super) mod constants;
// One value in place of another.
mod renames;
// Rounding of activations in static quantization.
mod rounding;
// Sizes of values, as far as the graph tells.
pub(super) mod sizes;
// Numbers of their axes.
mod ranks;
// Branches taken for sure.
mod branches;
// Scales computed from a size.
mod scales;
// The attention mask, which is all ones.
mod mask;
// Positions counted in int64.
mod positions;

use std::collections::HashSet;

use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

/// Rewrites `graph`; the logits stay what they are, but for the rounding of activations, which goes.
pub(super) fn simplify(graph: &mut GraphProto) {
    rounding::drop_from_activations(graph);
    branches::take(graph);
    scales::fold(graph);
    mask::follow(graph);
    positions::count_in_int32(graph);
    drop_unread(graph);
}

/// What these write beside their first output is for training; torch's exporter names it all the same.
const WITH_MORE: [&str; 2] = ["LayerNormalization", "Dropout"];

/// Nodes whose values reach no output go, as in graphs that branches were taken out of; of some, outputs that nobody reads.
pub(super) fn drop_unread(graph: &mut GraphProto) {
    let mut read: HashSet<&str> = graph.output.iter().map(|output| output.name.as_str()).collect();
    // How many outputs of each node stay.
    let mut kept = vec![0; graph.node.len()];
    // The file's order is topological: backwards, a node comes after all of its readers.
    for (node, kept) in graph.node.iter().zip(&mut kept).rev() {
        let Some(last) = node.output.iter().rposition(|name| read.contains(name.as_str())) else { continue };
        *kept = if WITH_MORE.contains(&node.op_type.as_str()) { last + 1 } else { node.output.len() };
        read.extend(reads(node));
    }
    for (node, &kept) in graph.node.iter_mut().zip(&kept) {
        node.output.truncate(kept);
    }
    graph.node.retain(|node| !node.output.is_empty());
}

/// Initializers that no node reads any more go, as those of nodes that became operators of ours: tract would make a constant of
/// each.
pub(super) fn drop_unread_constants(graph: &mut GraphProto) {
    let outputs = graph.output.iter().map(|output| output.name.as_str());
    let read: HashSet<&str> = graph.node.iter().flat_map(reads).chain(outputs).collect();
    let is_read = |it: &TensorProto| read.contains(it.name.as_str());
    let unread: HashSet<String> =
        graph.initializer.iter().filter(|it| !is_read(it)).map(|it| it.name.clone()).collect();
    graph.initializer.retain(|it| !unread.contains(&it.name));
    // Files of old list them as inputs too.
    graph.input.retain(|input| !unread.contains(&input.name));
}

/// What a node reads, and what the nodes of its subgraphs read, of their own values too.
pub(super) fn reads(node: &NodeProto) -> Box<dyn Iterator<Item = &str> + '_> {
    let graphs = node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs));
    let inner = graphs.flat_map(|graph| {
        let outputs = graph.output.iter().map(|output| output.name.as_str());
        graph.node.iter().flat_map(reads).chain(outputs)
    });
    Box::new(node.input.iter().map(String::as_str).chain(inner))
}

#[cfg(test)]
mod tests {
    use tract_onnx::pb::{AttributeProto, ValueInfoProto};

    use super::*;

    /// `y = operator(inputs)` lines → a graph whose last value is its output; `c0`, `c1` … are f32 constants of that number.
    fn graph(lines: &[&str]) -> GraphProto {
        let mut graph = GraphProto::default();
        for line in lines {
            let mut words = line.split([' ', '=', '(', ')', ',']).filter(|word| !word.is_empty());
            let output = words.next().expect("an output").to_owned();
            let op_type = words.next().expect("an operator").to_owned();
            let input = words.map(str::to_owned).collect();
            graph.node.push(NodeProto { op_type, input, output: vec![output], ..NodeProto::default() });
        }
        for number in [0.0, 1.0, -128.0] {
            let name = format!("c{number}");
            graph.initializer.push(TensorProto {
                name,
                data_type: 1,
                float_data: vec![number],
                ..TensorProto::default()
            });
        }
        let name = graph.node.last().expect("a node").output.concat();
        graph.output.push(ValueInfoProto { name, ..ValueInfoProto::default() });
        graph
    }

    fn simplified(lines: &[&str]) -> Vec<String> {
        let mut graph = graph(lines);
        simplify(&mut graph);
        let line = |node: &NodeProto| format!("{} = {}({})", node.output.concat(), node.op_type, node.input.join(", "));
        graph.node.iter().map(line).collect()
    }

    #[test]
    fn constants_that_nobody_reads_go_from_the_inputs_too() {
        let mut graph = graph(&["y = Mul(x, c1)"]);
        let named = |name: &str| ValueInfoProto { name: name.into(), ..ValueInfoProto::default() };
        graph.input = ["x", "c0", "c1"].map(named).to_vec();
        drop_unread_constants(&mut graph);
        assert_eq!(graph.initializer.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["c1"]);
        assert_eq!(graph.input.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["x", "c1"]);
    }

    #[test]
    fn what_an_all_ones_mask_adds_or_hides_goes() {
        let added = [
            "m = Unsqueeze(attention_mask, axes)",
            "n = Sub(c1, m)",
            "b = Mul(n, low)",
            "s = Add(x, n)",
            "p = Softmax(s)",
        ];
        assert_eq!(simplified(&added), ["p = Softmax(x)"]);
        let hidden =
            ["e = Equal(attention_mask, c0)", "w = Expand(e, shape)", "s = Where(w, low, x)", "p = Softmax(s)"];
        assert_eq!(simplified(&hidden), ["p = Softmax(x)"]);
        let guarded = ["p = Softmax(x)", "i = IsNaN(p)", "w = Where(i, c0, p)", "y = MatMul(w, v)"];
        assert_eq!(simplified(&guarded), ["p = Softmax(x)", "y = MatMul(p, v)"]);
    }

    #[test]
    fn a_mask_that_hides_something_and_a_broadcast_stay() {
        let window = ["n = Not(inside)", "w = Where(n, low, c0)", "s = Add(x, w)"];
        assert_eq!(simplified(&window), window);
        let filled = ["z = ConstantOfShape(shape)", "s = Add(x, z)"];
        assert_eq!(simplified(&filled), filled);
        let expanded = ["z = Expand(c0, shape)", "s = Add(x, z)"];
        assert_eq!(simplified(&expanded), expanded);
        let of_something_else = ["i = IsNaN(x)", "w = Where(i, c0, x)"];
        assert_eq!(simplified(&of_something_else), of_something_else);
    }

    #[test]
    fn rounding_goes_and_the_relu_it_stood_for_comes_back() {
        let pair = [
            "x = MatMul(a, b)",
            "q = QuantizeLinear(x, scale, zero)",
            "d = DequantizeLinear(q, scale, zero)",
            "y = Tanh(d)",
        ];
        assert_eq!(simplified(&pair), ["x = MatMul(a, b)", "y = Tanh(x)"]);
        let from_zero = pair.map(|line| line.replace("zero", "c-128"));
        let from_zero = from_zero.each_ref().map(String::as_str);
        assert_eq!(simplified(&from_zero), ["x = MatMul(a, b)", "d = Relu(x)", "y = Tanh(d)"]);
        let output = ["x = MatMul(a, b)", "q = QuantizeLinear(x, scale, zero)", "d = DequantizeLinear(q, scale, zero)"];
        assert_eq!(simplified(&output), ["x = MatMul(a, b)", "d = Identity(x)"]);
        let weights = ["d = DequantizeLinear(w, scale, zero)", "y = MatMul(x, d)"];
        assert_eq!(simplified(&weights), weights);
    }

    #[test]
    fn a_branch_is_taken_only_for_sure() {
        let branching = |condition: &str| {
            let mut graph = graph(&["e = Equal(k, q)", "y = If(condition)", "z = Neg(y)"]);
            graph.node[1].input = vec![condition.to_owned()];
            for (name, op_type) in [("then_branch", "Abs"), ("else_branch", "Sign")] {
                let inner = self::graph(&[&format!("{name}_y = {op_type}(x)")]);
                let attribute = AttributeProto { name: name.into(), g: Some(inner), ..AttributeProto::default() };
                graph.node[1].attribute.push(attribute);
            }
            simplify(&mut graph);
            graph.node.iter().map(|node| node.op_type.clone()).collect::<Vec<_>>()
        };
        assert_eq!(branching("c1"), ["Abs", "Neg"]);
        assert_eq!(branching("c0"), ["Sign", "Neg"]);
        assert_eq!(branching("e"), ["Equal", "If", "Neg"]);
    }

    #[test]
    fn nodes_in_a_circle_or_in_an_endless_row_are_left_alone() {
        let circle = [
            "a = Add(b, c1)",
            "b = Mul(a, a)",
            "s = Shape(b)",
            "d = Gather(s, c0)",
            "r = Sqrt(d)",
            "y = Mul(x, r)",
            "z = Add(y, b)",
        ];
        assert_eq!(simplified(&circle).last().map(String::as_str), Some("z = Add(y, b)"));
        let rows = [
            ("Neg(v)", 20_000),
            ("Add(v, c-128)", 20_000),
            ("Add(v, c-128)", 390),
            ("MatMul(v, v)", 390),
            ("Cast(v)", 20_000),
        ];
        for (node, length) in rows {
            let line = |at: usize| format!("v{} = {}", at + 1, node.replace('v', &format!("v{at}")));
            let mut row: Vec<String> = (0..length).map(line).collect();
            row.insert(0, "v0 = Neg(input_ids)".into());
            // A list of sizes, one part of which is far behind.
            row.push(format!("l = Concat(v{length}, c1)"));
            row.push(format!("t = Reshape(v{length}, l)"));
            row.push("s = Shape(t)".to_owned());
            row.extend(["d = Gather(s, c0)", "r = Sqrt(d)", "y = Mul(x, r)"].map(Into::into));
            // In a page the stack has 1 MiB.
            let simplify = move || simplified(&row.iter().map(String::as_str).collect::<Vec<_>>());
            let simplified = std::thread::Builder::new().stack_size(1 << 20).spawn(simplify).expect("a thread").join();
            assert_eq!(simplified.expect("a graph").last().map(String::as_str), Some("y = Mul(x, r)"));
        }
    }

    #[test]
    fn a_scale_far_behind_what_tells_its_size_is_a_constant_where_one_before_it_was() {
        let mut lines = vec!["v0 = Reshape(x, c1)".to_owned()];
        for at in 0..2000 {
            lines.push(format!("v{} = Neg(v{at})", at + 1));
            if at % 100 == 99 {
                lines.push(format!("s{at} = Shape(v{at})"));
                lines.push(format!("d{at} = Gather(s{at}, c0)"));
                lines.push(format!("r{at} = Sqrt(d{at})"));
                lines.push(format!("y{at} = Mul(x, r{at})"));
            }
        }
        let mut graph = graph(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        scales::fold(&mut graph);
        let is_folded = |it: &&TensorProto| it.name.ends_with("_number");
        assert_eq!(graph.initializer.iter().filter(is_folded).count(), 20);
    }
}
