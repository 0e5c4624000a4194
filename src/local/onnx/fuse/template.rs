//! A subgraph written down line by line, as its exporter writes it, and whether a graph's value is computed so.
//!
//! ```text
//! sum = ReduceSum(x, [-1]) keepdims=0
//! y = Mul(sum, 2.0)
//! ```
//!
//! A word stands for a value of the graph, the same word for the same value; one that no line makes is free. `2.0` is a constant
//! of that number, `[-1]` one of these whole numbers, `_` an input left out. Attributes that are not written are not asked for.

use std::collections::HashMap;

use tract_onnx::pb::NodeProto;

use crate::local::onnx::fuse::index::{Index, attribute};

/// Which value of the graph each word of a template stands for; none where `name` is computed otherwise than its last line's.
pub(super) fn read<'a>(
    index: &Index<'a>,
    template: &'static str,
    name: &'a str,
) -> Option<HashMap<&'static str, &'a str>> {
    let mut words: HashMap<&'static str, &'a str> = HashMap::new();
    let lines = template.lines().map(str::trim).filter(|line| !line.is_empty());
    // Backwards, so that whoever reads a value has named it.
    for (at, line) in lines.rev().enumerate() {
        let (output, made) = line.split_once(" = ")?;
        let (call, attributes) = made.split_once(')')?;
        let (op_type, inputs) = call.split_once('(')?;
        if at == 0 {
            words.insert(output, name);
        }
        let node = index.written_by(words.get(output)?, op_type)?;
        let inputs: Vec<&'static str> = inputs.split(", ").collect();
        if node.input.len() != inputs.len() || !attributes.split_whitespace().all(|asked| has(node, asked)) {
            return None;
        }
        for (word, name) in inputs.into_iter().zip(&node.input) {
            let is_it = match word.as_bytes().first()? {
                b'_' => name.is_empty(),
                b'[' => index.whole_numbers(name)? == listed(word)?,
                first if first.is_ascii_alphabetic() => *words.entry(word).or_insert(name) == name,
                _ => index.is_scalar(name, word.parse().ok()?),
            };
            if !is_it {
                return None;
            }
        }
    }
    Some(words)
}

/// Whether the node has an attribute as `axis=1` or `axes=[-1]` says.
fn has(node: &NodeProto, asked: &str) -> bool {
    let Some((name, number)) = asked.split_once('=') else { return false };
    attribute(node, name).is_some_and(|found| {
        let is_one = number.parse() == Ok(found.i);
        if number.starts_with('[') { listed(number).is_some_and(|all| all == found.ints) } else { is_one }
    })
}

/// `[1, -1]`, written without blanks.
fn listed(word: &str) -> Option<Vec<i64>> {
    let inner = word.strip_prefix('[')?.strip_suffix(']')?;
    inner.split(',').map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use tract_onnx::pb::{AttributeProto, GraphProto, TensorProto};

    use super::*;

    const TEMPLATE: &str = "
        sum = ReduceSum(x, [-1]) keepdims=0
        y = Mul(sum, 2.0)
        z = Add(y, sum)
    ";

    fn node(op_type: &str, input: &[&str], output: &str, keepdims: i64) -> NodeProto {
        let keepdims = AttributeProto { name: "keepdims".into(), i: keepdims, ..AttributeProto::default() };
        NodeProto {
            op_type: op_type.into(),
            input: input.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.into()],
            attribute: vec![keepdims],
            ..NodeProto::default()
        }
    }

    fn graph() -> GraphProto {
        let last = TensorProto {
            name: "last".into(),
            data_type: 7,
            dims: vec![1],
            int64_data: vec![-1],
            ..TensorProto::default()
        };
        let two = TensorProto { name: "two".into(), data_type: 1, float_data: vec![2.0], ..TensorProto::default() };
        GraphProto {
            node: vec![
                node("ReduceSum", &["a", "last"], "b", 0),
                node("Mul", &["b", "two"], "c", 0),
                node("Add", &["c", "b"], "d", 0),
            ],
            initializer: vec![last, two],
            ..GraphProto::default()
        }
    }

    #[test]
    fn words_stand_for_the_graph_s_values() {
        let graph = graph();
        let found = read(&Index::new(&graph), TEMPLATE, "d").expect("it is so computed");
        assert_eq!((found["x"], found["sum"], found["y"]), ("a", "b", "c"));
    }

    #[test]
    fn whatever_differs_is_another_subgraph() {
        let changes: [fn(&mut GraphProto); 7] = [
            |graph| graph.node[0].op_type = "ReduceMax".into(),
            |graph| graph.node[0].attribute[0].i = 1,
            |graph| graph.node[0].attribute.clear(),
            |graph| graph.initializer[0].int64_data = vec![1],
            |graph| graph.initializer[1].float_data = vec![3.0],
            |graph| graph.node[2].input[1] = "a".into(),
            |graph| graph.node[1].input.push("b".into()),
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut graph = graph();
            change(&mut graph);
            assert_eq!(read(&Index::new(&graph), TEMPLATE, "d"), None, "change {number}");
        }
    }
}
