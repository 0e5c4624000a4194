//! A model in parts: contiguous ranges of layers, each with its own weights and nothing of the others'.
//!
//! Where it is cut is known when the nodes are there and no weight is yet, so that those of other parts are let go by. Hidden
//! states `[1, length, width]` cross and nothing else: what is made of the inputs alone, such as the mask, each part makes
//! for itself.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{GraphProto, TensorProto, TypeProto, ValueInfoProto, type_proto};

use crate::error::{Error, ErrorKind, Result};
use crate::local::onnx::check::Input;
use crate::local::onnx::cuts::Nodes;

/// `TensorProto.DataType` of ONNX.
const FLOAT: i32 = 1;

/// A part of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which one, from 0.
    pub index: usize,
    /// Of how many.
    pub of: usize,
}

/// Where a part begins and ends: values of the graph, hidden states `[1, length, width]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Range {
    /// None: the model's own inputs.
    pub(super) from: Option<String>,
    /// None: the model's own output.
    pub(super) to: Option<String>,
    /// The graph has fewer layers than parts were asked for, and nothing is left for this one.
    pub(super) is_empty: bool,
    /// Of the hidden states where it begins.
    width: Option<usize>,
    /// Values before the beginning that are of its shape.
    alike: HashSet<String>,
}

impl Range {
    /// The range of `part` in `graph`, of which the nodes are enough.
    pub(super) fn of(graph: &GraphProto, part: Part) -> Self {
        if part.of == 1 {
            // Most loads are of whole models, where nobody need look for places to cut.
            return Self { is_empty: part.index > 0, ..Self::default() };
        }
        let nodes = Nodes::of(graph);
        let borders = nodes.borders(part.of);
        let border = |at: usize| borders.get(at).map(|&node| nodes.output(node).to_owned());
        let from = part.index.checked_sub(1);
        Self {
            is_empty: part.index > borders.len(),
            from: from.and_then(border),
            to: border(part.index),
            width: None,
            alike: HashSet::new(),
        }
    }

    /// Ends the range at the value `name`, hidden states of `width` numbers a token; the rest of it.
    pub(super) fn split_at(&mut self, name: &str, width: usize) -> Self {
        let to = self.to.replace(name.to_owned());
        Self { from: Some(name.to_owned()), to, width: Some(width), ..Self::default() }
    }

    /// The names of all that the range reads, weights among them.
    pub(super) fn reads(&self, graph: &GraphProto) -> HashSet<String> {
        if self.is_empty {
            return HashSet::new();
        }
        let nodes = Nodes::of(graph);
        let ends = match &self.to {
            Some(name) => nodes.writer.get(name.as_str()).copied().into_iter().collect(),
            None => nodes.ends(),
        };
        let stop = self.from.as_ref().and_then(|name| nodes.writer.get(name.as_str()).copied());
        let reached = nodes.reached(&ends, stop);
        let read = nodes.graph.iter().zip(&reached).filter(|(_, is_reached)| **is_reached);
        read.flat_map(|(node, _)| node.input.iter().cloned()).collect()
    }

    /// Whether it is all of the graph.
    pub(super) fn is_whole(&self) -> bool {
        !self.is_empty && self.from.is_none() && self.to.is_none()
    }

    /// Finds the width of the hidden states where the range begins, once the weights' shapes are there.
    pub(super) fn find_width(&mut self, graph: &GraphProto) {
        self.width = self.first_inputs(graph);
    }

    /// Rows of the weights of the first product behind the beginning.
    fn first_inputs(&self, graph: &GraphProto) -> Option<usize> {
        let from = self.from.as_deref()?;
        let nodes = Nodes::of(graph);
        let from = *nodes.writer.get(from)?;
        let dims: HashMap<&str, &TensorProto> = graph.initializer.iter().map(|it| (it.name.as_str(), it)).collect();
        let mut reaches = vec![false; nodes.graph.len()];
        *reaches.get_mut(from)? = true;
        for (at, node) in nodes.graph.iter().enumerate().skip(from + 1) {
            let before = nodes.before.get(at).map(Vec::as_slice).unwrap_or_default();
            if !before.iter().any(|&it| reaches.get(it) == Some(&true)) {
                continue;
            }
            if nodes.is_product(at) {
                let weights = node.input.get(1)?;
                let behind = nodes.writer.get(weights.as_str()).and_then(|&it| nodes.graph.get(it)?.input.first());
                let tensor = dims.get(weights.as_str()).or_else(|| dims.get(behind?.as_str()))?;
                return usize::try_from(*tensor.dims.first()?).ok();
            }
            *reaches.get_mut(at)? = true;
        }
        None
    }

    /// Finds the values before the beginning that have its shape, as the residual stream has one shape throughout. Exporters
    /// ask the embeddings how long they are to make a mask for every layer; a later part asks its own beginning.
    pub(super) fn find_alike(&mut self, graph: &GraphProto) {
        let Some(from) = self.from.as_deref() else { return };
        let nodes = Nodes::of(graph);
        let mut open = vec![from];
        while let Some(name) = open.pop() {
            let Some(node) = nodes.writer.get(name).and_then(|&at| nodes.graph.get(at)) else { continue };
            let inputs: Vec<&str> = node.input.iter().map(String::as_str).filter(|it| !nodes.is_constant(it)).collect();
            let alike = match (node.op_type.as_str(), inputs.as_slice()) {
                ("Add", all) | ("Mul" | "LayerNormalization" | "Identity" | "Dropout" | "Cast", all @ [_]) => all,
                // A mean or a root of the last axis is narrower.
                ("Sub" | "Div", [first, ..]) => std::slice::from_ref(first),
                _ => &[],
            };
            open.extend(alike.iter().filter(|name| self.alike.insert((**name).to_owned())));
        }
    }

    /// Takes out of `graph` what is not of this range, and adds the input that it begins with; `output` is the name of the
    /// model's own.
    ///
    /// # Errors
    /// `unsupported` where the borders are gone, or the range reads a weight that `is_absent`.
    pub(super) fn cut(
        &self,
        graph: &mut GraphProto,
        output: &str,
        is_absent: impl Fn(&str) -> bool,
    ) -> Result<Option<Input>> {
        let end = self.to.as_deref().unwrap_or(output);
        let is_written = |name: &str| graph.node.iter().any(|node| node.output.iter().any(|it| it == name));
        if let Some(name) = self.from.iter().chain(&self.to).find(|name| !is_written(name)) {
            return Err(cannot_be_cut(&format!("nothing computes \"{name}\" any more")));
        }
        if self.from.is_some() && self.width.is_none() {
            return Err(cannot_be_cut("nothing says how wide its hidden states are"));
        }
        if let Some(from) = &self.from {
            let lengths = graph.node.iter_mut().filter(|node| node.op_type == "Shape");
            let before = lengths.flat_map(|node| &mut node.input).filter(|name| self.alike.contains(*name));
            before.for_each(|name| name.clone_from(from));
        }
        let mut read = HashSet::from([end.to_owned()]);
        let mut kept = Vec::with_capacity(graph.node.len());
        for node in graph.node.drain(..).rev() {
            let is_from = self.from.as_ref().is_some_and(|from| node.output.contains(from));
            if !is_from && node.output.iter().any(|name| read.contains(name)) {
                read.extend(node.input.iter().cloned());
                kept.push(node);
            }
        }
        kept.reverse();
        graph.node = kept;
        if let Some(name) = read.iter().find(|name| is_absent(name)) {
            return Err(cannot_be_cut(&format!("a part reads \"{name}\", which is another's")));
        }
        graph.input.retain(|input| read.contains(&input.name));
        graph.input.extend(self.from.as_deref().map(value));
        graph.output = vec![value(end)];
        Ok(self.width.map(Input::Hidden))
    }
}

/// A value of numbers.
pub(super) fn value(name: &str) -> ValueInfoProto {
    let floats = type_proto::Tensor { elem_type: FLOAT, ..type_proto::Tensor::default() };
    let r#type = TypeProto { value: Some(type_proto::Value::TensorType(floats)), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type), ..ValueInfoProto::default() }
}

fn cannot_be_cut(why: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("this model cannot be split over workers: {why}; pass workers: 1"))
}
