//! The attention mask is all ones: what follows from it is followed, and what is work for nothing dropped.
//!
//! Exporters make of the mask a 0 to add to each score, or a "no" to the question which scores to overwrite, in a dozen
//! nodes of which no two exporters write the same. Here nobody asks how: a value that is one number throughout is known,
//! and adding 0 to the scores, multiplying by 1 or choosing by a constant is reading the other operand. A mask that
//! really hides something, as ModernBERT's windows do, is no constant and stays.

use std::collections::HashMap;

use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto};

use crate::local::onnx::rewrite::constants::{Constants, numbers};
use crate::local::onnx::rewrite::renames::Renames;

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    /// The same number throughout.
    All(f64, Shape),
    /// Whole numbers from 0.
    NotNegative,
}

/// Where a number's shape comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    /// No wider than what it is combined with: one constant, or the mask and what is made of it.
    Narrow,
    /// Made to be filled: combining with it may be a broadcast, which must stay.
    Any,
}

/// `TensorProto.DataType` of ONNX.
const BOOL: i64 = 9;

/// Follows the mask through `graph`.
pub(super) fn follow(graph: &mut GraphProto) {
    let constants = Constants::of(graph);
    let mut values = Values { constants, known: HashMap::new(), softmax: HashMap::new() };
    values.known.insert("attention_mask".into(), Known::All(1.0, Shape::Narrow));
    let mut renames = Renames::default();
    for node in &graph.node {
        let Some(output) = node.output.first() else { continue };
        values.softmax.insert(output.clone(), node.op_type == "Softmax");
        if let Some(known) = values.of_output(node) {
            values.known.insert(output.clone(), known);
        } else if let Some(same) = values.same(node) {
            values.softmax.insert(output.clone(), values.softmax.get(same).copied().unwrap_or_default());
            renames.add(output, same);
        }
    }
    renames.apply(graph);
}

struct Values {
    constants: Constants,
    known: HashMap<String, Known>,
    /// Whether a value comes out of a softmax.
    softmax: HashMap<String, bool>,
}

impl Values {
    fn known(&self, name: &str) -> Option<Known> {
        let constant = || self.constants.number(name).map(|number| Known::All(number, Shape::Narrow));
        self.known.get(name).copied().or_else(constant)
    }

    /// What is known of the first output of `node`.
    fn of_output(&self, node: &NodeProto) -> Option<Known> {
        let known = |at: usize| node.input.get(at).and_then(|name| self.known(name));
        match node.op_type.as_str() {
            "Identity" | "Unsqueeze" | "Squeeze" | "Reshape" | "Transpose" | "Slice" | "Gather" | "GatherND" => {
                known(0)
            }
            "Expand" => match known(0)? {
                Known::All(number, _)
                    if node.input.first().is_some_and(|name| self.constants.number(name).is_some()) =>
                {
                    Some(Known::All(number, Shape::Any))
                }
                other => Some(other),
            },
            "Cast" => match known(0)? {
                Known::All(number, shape) if attribute(node, "to").is_some_and(|to| to.i == BOOL) => {
                    Some(truth(number != 0.0, shape))
                }
                other => Some(other),
            },
            "ConstantOfShape" => {
                let value = attribute(node, "value").and_then(|it| it.t.as_ref());
                let number = value.map_or(Some(0.0), |tensor| numbers(tensor)?.first().copied())?;
                Some(Known::All(number, Shape::Any))
            }
            "Not" => match known(0)? {
                Known::All(number, shape) => Some(truth(number == 0.0, shape)),
                Known::NotNegative => None,
            },
            "IsNaN" => {
                let is_softmax = node.input.first().is_some_and(|name| self.softmax.get(name) == Some(&true));
                is_softmax.then_some(truth(false, Shape::Narrow))
            }
            "Where" => match known(0)? {
                Known::All(condition, shape) => match known(if condition != 0.0 { 1 } else { 2 })? {
                    Known::All(number, chosen) => Some(Known::All(number, widest(shape, chosen))),
                    Known::NotNegative => None,
                },
                Known::NotNegative => None,
            },
            "Range" => match (known(0)?, known(2)?) {
                (Known::All(first, _), Known::All(step, _)) => {
                    (first >= 0.0 && step > 0.0).then_some(Known::NotNegative)
                }
                _ => None,
            },
            operator => of_two(operator, known(0), known(1)),
        }
    }

    /// The input that the output of `node` equals.
    fn same<'a>(&self, node: &'a NodeProto) -> Option<&'a String> {
        let all = |at: usize| match node.input.get(at).and_then(|name| self.known(name)) {
            Some(Known::All(number, Shape::Narrow)) => Some(number),
            _ => None,
        };
        let input = |at: usize| node.input.get(at);
        match (node.op_type.as_str(), all(0), all(1)) {
            ("Add" | "Or", Some(0.0), None) | ("Mul" | "And", Some(1.0), None) => input(1),
            ("Add" | "Sub" | "Or", None, Some(0.0)) | ("Mul" | "Div" | "And", None, Some(1.0)) => input(0),
            ("Where", Some(condition), _) => input(if condition != 0.0 { 1 } else { 2 }),
            _ => None,
        }
    }
}

fn of_two(operator: &str, a: Option<Known>, b: Option<Known>) -> Option<Known> {
    let (Known::All(a, from_a), Known::All(b, from_b)) = (match (operator, a?, b?) {
        ("GreaterOrEqual", Known::NotNegative, Known::All(b, _)) if b <= 0.0 => {
            return Some(truth(true, Shape::Narrow));
        }
        (_, a, b) => (a, b),
    }) else {
        return None;
    };
    let shape = widest(from_a, from_b);
    let number = match operator {
        "Add" => a + b,
        "Sub" => a - b,
        "Mul" => a * b,
        "Div" if b != 0.0 => a / b,
        "Equal" => return Some(truth(a == b, shape)),
        "Greater" => return Some(truth(a > b, shape)),
        "GreaterOrEqual" => return Some(truth(a >= b, shape)),
        "Less" => return Some(truth(a < b, shape)),
        "LessOrEqual" => return Some(truth(a <= b, shape)),
        "And" => return Some(truth(a != 0.0 && b != 0.0, shape)),
        "Or" => return Some(truth(a != 0.0 || b != 0.0, shape)),
        _ => return None,
    };
    Some(Known::All(number, shape))
}

fn truth(is_true: bool, shape: Shape) -> Known {
    Known::All(f64::from(u8::from(is_true)), shape)
}

fn widest(a: Shape, b: Shape) -> Shape {
    if a == Shape::Any { a } else { b }
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}
