//! A classifier reads the first token alone, so of the last layer only that token's row is computed; keys and values
//! are still those of all tokens.

use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto, attribute_proto};

use crate::local::onnx::fuse::draft::{Drafts, Layer};
use crate::local::onnx::fuse::index::{Index, output, whole};

/// Name of the constant that says which row.
const FIRST: &str = "rerank first row";

/// `TensorProto.DataType` of ONNX.
const INT64: i32 = 7;

/// Rewires the last layer; `false` where it does not end in the first token or is not fused from end to end.
pub(super) fn first_token(graph: &mut GraphProto, drafts: &mut Drafts) -> bool {
    let Some(wide) = wide_inputs(&Index::new(graph), drafts) else { return false };
    for (reader, input) in wide {
        let Some(at) = graph.node.iter().position(|node| node.output.contains(&reader)) else { continue };
        let name = format!("{input} of the first token");
        if let Some(node) = graph.node.get_mut(at) {
            node.input.iter_mut().filter(|it| **it == input).for_each(|it| it.clone_from(&name));
        }
        if !graph.node.iter().any(|node| node.output.contains(&name)) {
            graph.node.insert(at, gather(input, name));
        }
    }
    let first =
        TensorProto { name: FIRST.into(), data_type: INT64, dims: vec![1], int64_data: vec![0], ..Default::default() };
    graph.initializer.push(first);
    true
}

/// What the last layer's queries and residual read, and by which output their readers are known: where rows become one.
fn wide_inputs(index: &Index<'_>, drafts: &Drafts) -> Option<Vec<(String, String)>> {
    let last = index.nodes().find_map(|node| {
        let is_first = node.op_type == "Gather" && whole(node, "axis") == Some(1);
        let [from, row] = node.input.as_slice() else { return None };
        (is_first && index.is_scalar(row, 0.0) && index.readers(from).count() == 1).then_some(from)
    })?;
    let chain = Chain { index, drafts };
    let (ffn_out, middle) = chain.sum(last, 1)?;
    let ffn_in = chain.linear(chain.linear(ffn_out)?)?;
    let (attended, residual) = chain.sum(middle, 2).filter(|_| ffn_in == middle)?;
    let attention =
        chain.draft(chain.linear(attended)?, 1).filter(|(_, layer)| matches!(layer, Layer::Attention { .. }))?.0;
    let queries = attention.input.first()?;
    let wide = chain.linear(queries)?;
    let norm = index.place(middle).and_then(|at| index.nodes().nth(at))?;
    let query_linear = index.place(queries).and_then(|at| index.nodes().nth(at))?;
    Some(vec![(output(query_linear).to_owned(), wide.to_owned()), (output(norm).to_owned(), residual.to_owned())])
}

/// Walks up from reader to writer along drafts that nobody else reads.
struct Chain<'a> {
    index: &'a Index<'a>,
    drafts: &'a Drafts,
}

impl<'a> Chain<'a> {
    /// The draft that writes `name`, which has so many readers.
    fn draft(&self, name: &str, readers: usize) -> Option<(&'a NodeProto, &'a Layer)> {
        let node = self.index.place(name).and_then(|at| self.index.nodes().nth(at))?;
        let layer = self.drafts.of(node)?;
        (self.index.readers(name).count() == readers).then_some((node, layer))
    }

    /// What the linear layer reads that writes `name`.
    fn linear(&self, name: &str) -> Option<&'a str> {
        let (node, layer) = self.draft(name, 1)?;
        matches!(layer, Layer::Linear(_)).then(|| node.input.first().map(String::as_str)).flatten()
    }

    /// What the norm of a sum reads that writes `name`: the layer's value and the residual.
    fn sum(&self, name: &str, readers: usize) -> Option<(&'a str, &'a str)> {
        let (node, layer) = self.draft(name, readers)?;
        match (layer, node.input.as_slice()) {
            (Layer::Norm(_), [value, residual]) => Some((value, residual)),
            _ => None,
        }
    }
}

fn gather(input: String, output: String) -> NodeProto {
    let axis = AttributeProto {
        name: "axis".into(),
        r#type: attribute_proto::AttributeType::Int.into(),
        i: 1,
        ..AttributeProto::default()
    };
    let name = output.clone();
    NodeProto {
        op_type: "Gather".into(),
        name,
        input: vec![input, FIRST.into()],
        output: vec![output],
        attribute: vec![axis],
        ..NodeProto::default()
    }
}
