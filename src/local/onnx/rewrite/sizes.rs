//! Sizes of values, as far as the graph tells: a number, or "as long as that axis of that value".

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto};

use crate::local::onnx::rewrite::constants::Constants;
use crate::local::onnx::rewrite::ranks::KEEPING;

/// Nodes that are followed back for one answer, as each takes stack: some layers, and what was answered before is known.
const FURTHEST: usize = 400;

/// How long an axis is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// So long.
    Is(i64),
    /// As long as this axis of this value, of which the graph says no more.
    Of(String, usize),
}

/// Follows sizes back through a graph.
pub(in crate::local::onnx) struct Sizes<'a> {
    writers: HashMap<&'a str, &'a NodeProto>,
    constants: Constants,
    pub(super) ranks: RefCell<HashMap<String, Option<usize>>>,
    /// Known once: the values of a residual stream are reached in two ways from each layer.
    sizes: RefCell<HashMap<(String, usize), Option<Size>>>,
    depth: Cell<usize>,
}

impl<'a> Sizes<'a> {
    pub(in crate::local::onnx) fn of(graph: &'a GraphProto) -> Self {
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
        let sizes = Self {
            writers,
            constants: Constants::of(graph),
            ranks: RefCell::default(),
            sizes: RefCell::default(),
            depth: Cell::new(0),
        };
        // From the front, where each asks the one before: from the end the way back may be too long.
        for name in graph.node.iter().flat_map(|node| &node.output) {
            sizes.rank(name);
        }
        sizes
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
            return (number.fract() == 0.0).then_some(Size::Is(number as i64));
        }
        let node = self.writer(name)?;
        let first = node.input.first()?;
        let number = |at: usize| self.constants.number(node.input.get(at)?);
        match node.op_type.as_str() {
            "Cast" | "Squeeze" | "Unsqueeze" | "Identity" => self.held(first),
            "Gather" => self.size(self.shaped(first)?, number(1)? as i64),
            "Slice" if node.input.get(4).is_none() || number(4) == Some(1.0) => {
                let shaped = self.shaped(first)?;
                let (start, end) = (number(1)?, number(2)?);
                let is_to_end =
                    || end >= f64::from(i32::MAX) || self.rank(shaped).is_some_and(|rank| end >= rank as f64);
                let is_one = if start == -1.0 && end >= 0.0 {
                    is_to_end()
                } else {
                    end - start == 1.0 && (start < 0.0) == (end < 0.0)
                };
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
    pub(super) fn deeper<T>(&self, answer: impl FnOnce() -> Option<T>) -> Option<T> {
        self.depth.set(self.depth.get() + 1);
        let answer = if self.depth.get() <= FURTHEST { answer() } else { None };
        self.depth.set(self.depth.get() - 1);
        answer
    }

    fn size_behind(&self, name: &str, axis: i64) -> Option<Size> {
        let axis = self.resolved(name, axis)?;
        if let Some(dims) = self.constants.dims(name) {
            return dims.get(axis).map(|&dim| Size::Is(dim));
        }
        let key = (name.to_owned(), axis);
        if let Some(size) = self.sizes.borrow().get(&key) {
            return size.clone();
        }
        let size = self.size_by(name, axis);
        self.sizes.borrow_mut().insert(key, size.clone());
        size
    }

    fn size_by(&self, name: &str, axis: usize) -> Option<Size> {
        let unknown = || Some(Size::Of(name.to_owned(), axis));
        let Some(node) = self.writer(name) else { return unknown() };
        let first = node.input.first()?;
        if node.op_type != "Split" && node.output.first().is_none_or(|output| output != name) {
            return unknown();
        }
        match node.op_type.as_str() {
            "Reshape" => match self.element(node.input.get(1)?, axis) {
                Some(Size::Is(0)) if int(node, "allowzero") != Some(1) => self.size(first, axis as i64),
                Some(Size::Is(-1)) | None => unknown(),
                known => known,
            },
            "Transpose" => self.size(first, *ints(node, "perm")?.get(axis)?),
            "Add" | "Sub" | "Mul" | "Div" => self.broadcast(name, axis, node).or_else(unknown),
            "MatMul" | "MatMulInteger" => {
                let second = node.input.get(1)?;
                match self.rank(name).and_then(|rank| rank.checked_sub(axis)) {
                    None | Some(0) => unknown(),
                    Some(1) => self.size(second, -1),
                    Some(2) => self.size(first, -2),
                    _ => self.broadcast(name, axis, node).or_else(unknown),
                }
            }
            "Split" if self.resolved(first, int(node, "axis").unwrap_or(0))? == axis => unknown(),
            "Squeeze" => self.size(first, self.before_squeeze(node, axis)? as i64),
            operator if operator == "Split" || KEEPING.contains(&operator) => self.size(first, axis as i64),
            _ => unknown(),
        }
    }

    /// The size of an axis of what two operands make: of one that has this axis, or has it longer than 1.
    fn broadcast(&self, name: &str, axis: usize, node: &NodeProto) -> Option<Size> {
        let from_end = axis as i64 - self.rank(name)? as i64;
        let mut found = Size::Is(1);
        for operand in node.input.iter().take(2) {
            if (self.rank(operand)? as i64) < -from_end {
                continue;
            }
            match (found, self.size(operand, from_end)?) {
                // Longer than 1, so the other is as long or 1.
                (_, Size::Is(length)) if length != 1 => return Some(Size::Is(length)),
                (Size::Is(1), size) | (size, Size::Is(1)) => found = size,
                (size, other) if size == other => found = size,
                _ => return None,
            }
        }
        Some(found)
    }

    /// Where an axis behind a Squeeze was before it.
    fn before_squeeze(&self, node: &NodeProto, axis: usize) -> Option<usize> {
        Some(self.dropped(node)?.into_iter().fold(axis, |axis, dropped| axis + usize::from(dropped <= axis)))
    }

    /// One element of the list of sizes `name`.
    fn element(&self, name: &str, at: usize) -> Option<Size> {
        if let Some(numbers) = self.constants.numbers(name) {
            return numbers.get(at).map(|&number| Size::Is(number as i64));
        }
        let list = self.writer(name).filter(|node| node.op_type == "Concat")?;
        let mut before = 0;
        for part in &list.input {
            let count = self.count(part)?;
            if at < before + count {
                let numbers = self.constants.numbers(part);
                let number = numbers.and_then(|numbers| numbers.get(at - before));
                return number
                    .map(|&number| Size::Is(number as i64))
                    .or_else(|| self.held(part).filter(|_| count == 1));
            }
            before += count;
        }
        None
    }
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

pub(super) fn int(node: &NodeProto, name: &str) -> Option<i64> {
    attribute(node, name).map(|attribute| attribute.i)
}

pub(super) fn ints<'a>(node: &'a NodeProto, name: &str) -> Option<&'a [i64]> {
    attribute(node, name).map(|attribute| attribute.ints.as_slice())
}
