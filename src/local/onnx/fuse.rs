//! Subgraph → fused operator, on the file's own nodes before tract sees them.
//!
//! Exporters all write a quantized linear layer in the same six nodes (onnxruntime.quantization.quantize_dynamic):
//!
//! ```text
//! x ─ DynamicQuantizeLinear ─┬─ MatMulInteger(weights) ─ Cast ─ Mul ─ Add(bias) ─ y
//!                            └─ scale ─ Mul(weight scale) ───────┘
//! ```

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto};

use crate::local::onnx::linear;

/// `TensorProto.DataType` of ONNX.
const INT8: i32 = 3;

/// Replaces each quantized linear layer by one node; how many there were, and how many it knew.
pub(super) fn linears(proto: &mut ModelProto) -> (usize, usize) {
    let Some(graph) = proto.graph.as_mut() else { return (0, 0) };
    let is_product = |node: &&NodeProto| node.op_type == "MatMulInteger";
    let all = graph.node.iter().filter(is_product).count();
    let found: Vec<Found> = {
        let index = Index::new(graph);
        (0..graph.node.len()).filter_map(|at| index.linear(at)).collect()
    };
    for Found { at, node, .. } in &found {
        if let Some(place) = graph.node.get_mut(*at) {
            *place = node.clone();
        }
    }
    let gone: HashSet<usize> = found.iter().flat_map(|found| found.inner.iter().copied()).collect();
    let mut at = 0..;
    graph.node.retain(|_| at.next().is_some_and(|at| !gone.contains(&at)));
    drop_unread_quantizers(graph);
    (all, found.len())
}

/// A layer that was recognised.
struct Found {
    /// Where its last node stands, which the new one replaces: order stays topological.
    at: usize,
    /// The new node.
    node: NodeProto,
    /// Nodes that nobody reads any more.
    inner: Vec<usize>,
}

/// Who writes and who reads each value.
struct Index<'a> {
    graph: &'a GraphProto,
    writer: HashMap<&'a str, usize>,
    readers: HashMap<&'a str, Vec<usize>>,
    weights: HashMap<&'a str, &'a TensorProto>,
}

impl<'a> Index<'a> {
    fn new(graph: &'a GraphProto) -> Self {
        let mut index = Self { graph, writer: HashMap::new(), readers: HashMap::new(), weights: HashMap::new() };
        for (at, node) in graph.node.iter().enumerate() {
            index.writer.extend(node.output.iter().map(|name| (name.as_str(), at)));
            for name in &node.input {
                index.readers.entry(name).or_default().push(at);
            }
        }
        index.weights.extend(graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor)));
        index
    }

    /// The linear layer whose product stands at `product`.
    fn linear(&self, product: usize) -> Option<Found> {
        let node = self.node(product).filter(|node| node.op_type == "MatMulInteger")?;
        let quantizer = self.written_by(node.input.first()?, "DynamicQuantizeLinear")?.1;
        let weights = self.constant(node.input.get(1)?).filter(|it| it.data_type == INT8 && it.dims.len() == 2)?;
        let is_shifted = node.input.get(2) == quantizer.output.get(2);
        let is_symmetric = node.input.get(3).is_none_or(|name| self.constant(name).is_some_and(is_zero));
        let (cast, _) = self.only_reader(node.output.first()?, "Cast")?;
        let (scaled, scaling) = self.only_reader(self.node(cast)?.output.first()?, "Mul")?;
        let factor = other(scaling, self.node(cast)?.output.first()?)?;
        let (scales, scale_product) = self.written_by(factor, "Mul")?;
        let scale = self.constant(other(scale_product, quantizer.output.get(1)?)?)?;
        if !is_shifted || !is_symmetric || self.readers.get(factor.as_str())?.len() != 1 {
            return None;
        }
        let mut inner = vec![product, cast, scales];
        let mut input = vec![quantizer.input.first()?.clone(), weights.name.clone(), scale.name.clone()];
        let mut last = (scaled, scaling);
        if let Some((bias, at, adding)) = self.bias(scaling.output.first()?, *weights.dims.get(1)?) {
            inner.push(scaled);
            input.push(bias.name.clone());
            last = (at, adding);
        }
        let name = last.1.name.clone();
        let node = NodeProto {
            input,
            output: last.1.output.clone(),
            name,
            op_type: linear::NAME.into(),
            ..NodeProto::default()
        };
        Some(Found { at: last.0, node, inner })
    }

    /// The bias added to `product` and to nothing else.
    fn bias(&self, product: &str, outputs: i64) -> Option<(&'a TensorProto, usize, &'a NodeProto)> {
        let (at, adding) = self.only_reader(product, "Add")?;
        let bias = self.constant(other(adding, product)?).filter(|bias| bias.dims == [outputs])?;
        Some((bias, at, adding))
    }

    fn node(&self, at: usize) -> Option<&'a NodeProto> {
        self.graph.node.get(at)
    }

    fn written_by(&self, name: &str, op: &str) -> Option<(usize, &'a NodeProto)> {
        let at = *self.writer.get(name)?;
        self.node(at).filter(|node| node.op_type == op).map(|node| (at, node))
    }

    /// The one node that reads `name`, if it is an `op` and `name` is no output of the graph.
    fn only_reader(&self, name: &str, op: &str) -> Option<(usize, &'a NodeProto)> {
        let &[at] = self.readers.get(name)?.as_slice() else { return None };
        let is_output = self.graph.output.iter().any(|output| output.name == name);
        self.node(at).filter(|node| node.op_type == op && !is_output).map(|node| (at, node))
    }

    /// The initializer behind `name`: exporters share equal ones through Identity nodes.
    fn constant(&self, name: &str) -> Option<&'a TensorProto> {
        if let Some(tensor) = self.weights.get(name) {
            return Some(tensor);
        }
        let (_, identity) = self.written_by(name, "Identity")?;
        self.weights.get(identity.input.first()?.as_str()).copied()
    }
}

/// The input of a node of two that is not `name`.
fn other<'a>(node: &'a NodeProto, name: &str) -> Option<&'a String> {
    match node.input.as_slice() {
        [one, two] if one == name => Some(two),
        [one, two] if two == name => Some(one),
        _ => None,
    }
}

fn is_zero(tensor: &TensorProto) -> bool {
    tensor.raw_data.iter().all(|&byte| byte == 0) && tensor.int32_data.iter().all(|&number| number == 0)
}

fn drop_unread_quantizers(graph: &mut GraphProto) {
    let read: HashSet<String> = graph.node.iter().flat_map(|node| node.input.iter().cloned()).collect();
    graph
        .node
        .retain(|node| node.op_type != "DynamicQuantizeLinear" || node.output.iter().any(|name| read.contains(name)));
}
