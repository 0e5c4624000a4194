//! Who writes and who reads each value of a graph, and what its constants are.

use std::collections::HashMap;

use tract_onnx::data_resolver::MmapDataResolver;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};
use tract_onnx::prelude::Tensor;

/// Questions to a graph.
pub(super) struct Index<'a> {
    graph: &'a GraphProto,
    writer: HashMap<&'a str, usize>,
    readers: HashMap<&'a str, Vec<usize>>,
    constants: HashMap<&'a str, &'a TensorProto>,
}

impl<'a> Index<'a> {
    pub(super) fn new(graph: &'a GraphProto) -> Self {
        let mut index = Self { graph, writer: HashMap::new(), readers: HashMap::new(), constants: HashMap::new() };
        index.constants.extend(graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)));
        for (at, node) in graph.node.iter().enumerate() {
            index.writer.extend(node.output.iter().map(|name| (name.as_str(), at)));
            for name in &node.input {
                index.readers.entry(name).or_default().push(at);
            }
            let value = attribute(node, "value").and_then(|value| value.t.as_ref());
            if let (Some(value), [name]) = (value.filter(|_| node.op_type == "Constant"), node.output.as_slice()) {
                index.constants.insert(name, value);
            }
        }
        index
    }

    /// All nodes, in the file's order.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &'a NodeProto> {
        self.graph.node.iter()
    }

    /// Where the node that writes `name` stands.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.writer.get(name).copied()
    }

    /// The node that writes `name`, if it is an `op`.
    pub(super) fn written_by(&self, name: &str, op: &str) -> Option<&'a NodeProto> {
        self.graph.node.get(self.place(name)?).filter(|node| node.op_type == op)
    }

    /// The nodes that read `name`; the graph's end does not count.
    pub(super) fn readers(&self, name: &str) -> impl Iterator<Item = &'a NodeProto> {
        let readers = self.readers.get(name).map(Vec::as_slice).unwrap_or_default();
        readers.iter().filter_map(|&at| self.graph.node.get(at))
    }

    /// The one node that reads `name`, if it is an `op` and `name` is no output of the graph. Who asks for the shape alone does
    /// not count.
    pub(super) fn only_reader(&self, name: &str, op: &str) -> Option<&'a NodeProto> {
        let mut readers = self.readers(name).filter(|node| node.op_type != "Shape");
        let (reader, None) = (readers.next()?, readers.next()) else { return None };
        let is_output = self.graph.output.iter().any(|output| output.name == name);
        (reader.op_type == op && !is_output).then_some(reader)
    }

    /// The initializer or Constant behind `name`: exporters share equal ones through Identity nodes.
    pub(super) fn constant(&self, name: &str) -> Option<&'a TensorProto> {
        if let Some(tensor) = self.constants.get(name) {
            return Some(tensor);
        }
        let identity = self.written_by(name, "Identity")?;
        self.constants.get(identity.input.first()?.as_str()).copied()
    }

    /// The one number of a constant.
    pub(super) fn scalar(&self, name: &str) -> Option<f32> {
        let tensor = self.constant(name).filter(|tensor| tensor.dims.iter().product::<i64>() == 1)?;
        let value = value(tensor)?.cast_to::<f32>().ok()?.into_owned();
        value.try_as_plain_ram().ok()?.as_slice::<f32>().ok()?.first().copied()
    }

    /// Whether `name` is a constant of one number, about this one.
    pub(super) fn is_scalar(&self, name: &str, expected: f32) -> bool {
        self.scalar(name).is_some_and(|found| (found - expected).abs() <= expected.abs() * 1e-5)
    }

    /// The whole numbers of a constant.
    pub(super) fn whole_numbers(&self, name: &str) -> Option<Vec<i64>> {
        Some(value(self.constant(name)?)?.try_as_plain_ram().ok()?.as_slice::<i64>().ok()?.to_vec())
    }

    /// The dimensions of a shape that is constant or put together at run time, one by one; none where one is not constant.
    pub(super) fn dimensions(&self, shape: &str) -> Option<Vec<Option<i64>>> {
        let known = |name: &str| self.whole_numbers(name).map(|all| all.into_iter().map(Some).collect());
        known(shape).or_else(|| {
            let concat = self.written_by(shape, "Concat")?;
            Some(concat.input.iter().flat_map(|name| known(name).unwrap_or_else(|| vec![None])).collect())
        })
    }
}

/// The attribute of that name.
pub(super) fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

/// A whole-number attribute.
pub(super) fn whole(node: &NodeProto, name: &str) -> Option<i64> {
    attribute(node, name).map(|attribute| attribute.i)
}

/// Whether the node permutes axes like this.
pub(super) fn permutes(node: &NodeProto, axes: &[i64]) -> bool {
    attribute(node, "perm").is_some_and(|perm| perm.ints == axes)
}

/// The first output of a node.
pub(super) fn output(node: &NodeProto) -> &str {
    node.output.first().map_or("", String::as_str)
}

/// The input of a node of two that is not `name`.
pub(super) fn other<'a>(node: &'a NodeProto, name: &str) -> Option<&'a str> {
    match node.input.as_slice() {
        [one, two] if one == name => Some(two),
        [one, two] if two == name => Some(one),
        _ => None,
    }
}

/// The values of a small constant; those of a large one are kept elsewhere.
pub(super) fn value(tensor: &TensorProto) -> Option<Tensor> {
    tract_onnx::tensor::load_tensor(&MmapDataResolver, tensor, None).ok()
}
