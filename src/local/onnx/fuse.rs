//! Subgraph → fused operator, on the file's own nodes before tract sees them.
//!
//! Exporters all write a quantized linear layer in the same six nodes (onnxruntime.quantization.quantize_dynamic):
//!
//! ```text
//! x ─ DynamicQuantizeLinear ─┬─ MatMulInteger(weights) ─ Cast ─ Mul ─ Add(bias) ─ y
//!                            └─ scale ─ Mul(weight scale) ───────┘
//! ```

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};
use tract_onnx::prelude::TractResult;

use crate::local::onnx::linear::Linear;
use crate::local::onnx::places::Places;
use crate::local::onnx::weights::Weights;

/// `TensorProto.DataType` of ONNX.
const INT8: i32 = 3;

/// Replaces each quantized linear layer by one node; how many there were, and how many it knew.
///
/// # Errors
/// Where weights, scales and bias are of sizes that do not fit together.
pub(super) fn linears(
    graph: &mut GraphProto,
    weights: &mut Weights,
    places: &mut Places,
) -> TractResult<(usize, usize)> {
    let is_product = |node: &&NodeProto| node.op_type == "MatMulInteger";
    let all = graph.node.iter().filter(is_product).count();
    let found: Vec<Found> = {
        let index = Index::new(graph);
        (0..graph.node.len()).filter_map(|at| index.linear(at)).collect()
    };
    for Found { at, input, weights: matrix, scale, bias, .. } in &found {
        let Some(last) = graph.node.get_mut(*at) else { continue };
        let bias = bias.as_ref().map(|bias| weights.take(bias)).transpose()?;
        let linear = Linear::new(&*weights.take(matrix)?, &*weights.take(scale)?, bias.as_deref())?;
        *last = places.keep(linear, last.name.clone(), vec![input.clone()], last.output.clone());
    }
    let gone: HashSet<usize> = found.iter().flat_map(|found| found.inner.iter().copied()).collect();
    let mut at = 0..;
    graph.node.retain(|_| at.next().is_some_and(|at| !gone.contains(&at)));
    drop_unread_quantizers(graph);
    Ok((all, found.len()))
}

/// A layer that was recognised.
struct Found {
    /// Where its last node stands, which the new one replaces: order stays topological.
    at: usize,
    /// What it reads.
    input: String,
    weights: TensorProto,
    scale: TensorProto,
    bias: Option<TensorProto>,
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
        let mut at = scaled;
        let bias = self.bias(scaling.output.first()?, *weights.dims.get(1)?);
        if let Some((_, adding)) = bias {
            inner.push(scaled);
            at = adding;
        }
        Some(Found {
            at,
            input: quantizer.input.first()?.clone(),
            weights: weights.clone(),
            scale: scale.clone(),
            bias: bias.map(|(bias, _)| bias.clone()),
            inner,
        })
    }

    /// The bias added to `product` and to nothing else.
    fn bias(&self, product: &str, outputs: i64) -> Option<(&'a TensorProto, usize)> {
        let (at, adding) = self.only_reader(product, "Add")?;
        let bias = self.constant(other(adding, product)?).filter(|bias| bias.dims == [outputs])?;
        Some((bias, at))
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
