//! Sizes of values, as far as the graph tells: a number, or "as long as that axis of that value".

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto};

use crate::local::onnx::rewrite::constants::Constants;

/// Nodes that are followed back for one answer: a whole encoder of 24 layers takes some 600, and each takes stack.
const FURTHEST: usize = 1000;

/// How long an axis is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// So long.
    Is(i64),
    /// As long as this axis of this value, of which the graph says no more.
    Of(String, usize),
}

/// Follows sizes back through a graph.
pub(super) struct Sizes<'a> {
    writers: HashMap<&'a str, &'a NodeProto>,
    constants: Constants,
    ranks: RefCell<HashMap<String, Option<usize>>>,
    depth: Cell<usize>,
}

impl<'a> Sizes<'a> {
    pub(super) fn of(graph: &'a GraphProto) -> Self {
        let mut unwritten: HashSet<&str> =
            graph.node.iter().flat_map(|node| &node.output).map(String::as_str).collect();
        let mut writers = HashMap::new();
        for node in &graph.node {
            // Only backwards: a file whose nodes read each other in a circle must not send us round.
            if !node.input.iter().any(|name| unwritten.contains(name.as_str())) {
                for name in &node.output {
                    writers.entry(name.as_str()).or_insert(node);
                }
            }
            for name in &node.output {
                unwritten.remove(name.as_str());
            }
        }
        Self { writers, constants: Constants::of(graph), ranks: RefCell::default(), depth: Cell::new(0) }
    }

    /// Its constants.
    pub(super) fn constants(&self) -> &Constants {
        &self.constants
    }

    /// Who writes `name`.
    pub(super) fn writer(&self, name: &str) -> Option<&'a NodeProto> {
        self.writers.get(name).copied()
    }

    /// The size that the integer `name` holds: an element of a Shape, or a constant.
    pub(super) fn held(&self, name: &str) -> Option<Size> {
        self.deeper(|| self.held_behind(name))
    }

    fn held_behind(&self, name: &str) -> Option<Size> {
        if let Some(number) = self.constants.number(name) {
            return Some(Size::Is(number as i64));
        }
        let node = self.writer(name)?;
        let first = node.input.first()?;
        match node.op_type.as_str() {
            "Cast" | "Squeeze" | "Unsqueeze" | "Identity" => self.held(first),
            "Gather" => self.size(self.shaped(first)?, self.constants.number(node.input.get(1)?)? as i64),
            "Slice" => {
                let (start, end) =
                    (self.constants.number(node.input.get(1)?)?, self.constants.number(node.input.get(2)?)?);
                let is_one = end - start == 1.0 || (start == -1.0 && end > 0.0);
                let shaped = self.shaped(first)?;
                if is_one { self.size(shaped, start as i64) } else { None }
            }
            _ => None,
        }
    }

    /// The value whose whole Shape `name` is.
    fn shaped(&self, name: &str) -> Option<&'a str> {
        let node = self.writer(name).filter(|node| node.op_type == "Shape" && node.attribute.is_empty())?;
        node.input.first().map(String::as_str)
    }

    /// The length of an axis of `name`, from its end where negative.
    pub(super) fn size(&self, name: &str, axis: i64) -> Option<Size> {
        self.deeper(|| self.size_behind(name, axis))
    }

    /// Answers nothing where the way back is too long.
    fn deeper<T>(&self, answer: impl FnOnce() -> Option<T>) -> Option<T> {
        self.depth.set(self.depth.get() + 1);
        let answer = if self.depth.get() <= FURTHEST { answer() } else { None };
        self.depth.set(self.depth.get() - 1);
        answer
    }

    fn size_behind(&self, name: &str, axis: i64) -> Option<Size> {
        let axis = usize::try_from(if axis < 0 { axis + self.rank(name)? as i64 } else { axis }).ok()?;
        let unknown = || Some(Size::Of(name.to_owned(), axis));
        let Some(node) = self.writer(name) else { return unknown() };
        let first = node.input.first()?;
        match node.op_type.as_str() {
            "Reshape" => match self.element(node.input.get(1)?, axis) {
                Some(Size::Is(-1)) | None => unknown(),
                known => known,
            },
            "Transpose" => self.size(first, *ints(node, "perm")?.get(axis)?),
            "Cast"
            | "Identity"
            | "DynamicQuantizeLinear"
            | "Softmax"
            | "LayerNormalization"
            | "DequantizeLinear"
            | "QuantizeLinear"
            | "Neg" => self.size(first, axis as i64),
            "Add" | "Sub" | "Mul" | "Div" => {
                let is_constant = self.constants.dims(first).is_some();
                self.size(if is_constant { node.input.get(1)? } else { first }, axis as i64)
            }
            "MatMul" | "MatMulInteger" if axis + 1 < self.rank(first)? => self.size(first, axis as i64),
            "MatMul" | "MatMulInteger" => Some(Size::Is(*self.constants.dims(node.input.get(1)?)?.last()?)),
            "Split" if int(node, "axis") != Some(axis as i64) => self.size(first, axis as i64),
            "Squeeze" => {
                let dropped = self.constants.numbers(node.input.get(1)?)?;
                let before = dropped.iter().filter(|&&dropped| dropped as usize <= axis).count();
                self.size(first, (axis + before) as i64)
            }
            _ => unknown(),
        }
    }

    /// One element of the list of sizes `name`.
    fn element(&self, name: &str, at: usize) -> Option<Size> {
        if let Some(numbers) = self.constants.numbers(name) {
            return numbers.get(at).map(|&number| Size::Is(number as i64));
        }
        let list = self.writer(name).filter(|node| node.op_type == "Concat")?;
        self.held(list.input.get(at)?)
    }

    fn rank(&self, name: &str) -> Option<usize> {
        if let Some(rank) = self.ranks.borrow().get(name) {
            return *rank;
        }
        let rank = self.deeper(|| self.rank_behind(name));
        self.ranks.borrow_mut().insert(name.to_owned(), rank);
        rank
    }

    fn rank_behind(&self, name: &str) -> Option<usize> {
        if let Some(dims) = self.constants.dims(name) {
            return Some(dims.len());
        }
        let node = self.writer(name)?;
        let first = node.input.first()?;
        match node.op_type.as_str() {
            "Reshape" => {
                let shape = node.input.get(1)?;
                let list = self.writer(shape).filter(|node| node.op_type == "Concat").map(|list| list.input.len());
                self.constants.numbers(shape).map(<[f64]>::len).or(list)
            }
            "Transpose" => ints(node, "perm").map(<[i64]>::len),
            "Add" | "Sub" | "Mul" | "Div" if self.constants.dims(first).is_some() => self.rank(node.input.get(1)?),
            "Squeeze" => self.rank(first)?.checked_sub(self.constants.numbers(node.input.get(1)?)?.len()),
            "Cast"
            | "Identity"
            | "DynamicQuantizeLinear"
            | "Softmax"
            | "LayerNormalization"
            | "DequantizeLinear"
            | "QuantizeLinear"
            | "Neg"
            | "Add"
            | "Sub"
            | "Mul"
            | "Div"
            | "MatMul"
            | "MatMulInteger"
            | "Split" => self.rank(first),
            "Gather" => Some(self.constants.dims(first)?.len() + 1),
            _ => None,
        }
    }
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

fn int(node: &NodeProto, name: &str) -> Option<i64> {
    attribute(node, name).map(|attribute| attribute.i)
}

fn ints<'a>(node: &'a NodeProto, name: &str) -> Option<&'a [i64]> {
    attribute(node, name).map(|attribute| attribute.ints.as_slice())
}
