//! Small constants by name: scalars, axes, sizes.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb::{GraphProto, TensorProto};

/// Constants of more numbers are weights.
const SMALL: usize = 8;

/// `TensorProto.DataType` of ONNX.
pub(super) const FLOAT: i32 = 1;
const UINT8: i32 = 2;
const INT8: i32 = 3;
const INT32: i32 = 6;
const INT64: i32 = 7;
const BOOL: i32 = 9;

/// The numbers of each small constant, and the dims of every one.
#[derive(Default)]
pub(in crate::local::onnx) struct Constants {
    numbers: HashMap<String, Vec<f64>>,
    dims: HashMap<String, Vec<i64>>,
    unsigned: HashSet<String>,
}

impl Constants {
    /// Of initializers and Constant nodes.
    pub(in crate::local::onnx) fn of(graph: &GraphProto) -> Self {
        let mut constants = Self::default();
        for tensor in &graph.initializer {
            constants.add(&tensor.name, tensor);
        }
        for node in &graph.node {
            let Some(name) = node.output.first() else { continue };
            match (node.op_type.as_str(), node.attribute.first()) {
                ("Constant", Some(attribute)) => match &attribute.t {
                    Some(tensor) => constants.add(name, tensor),
                    None if attribute.name == "value_float" => {
                        constants.put(name, vec![f64::from(attribute.f)], vec![])
                    }
                    None if attribute.name == "value_int" => constants.put(name, vec![attribute.i as f64], vec![]),
                    None => {}
                },
                ("Identity", _) => {
                    let Some(of) = node.input.first() else { continue };
                    if let Some(numbers) = constants.numbers.get(of).cloned() {
                        constants.numbers.insert(name.clone(), numbers);
                    }
                    if let Some(dims) = constants.dims.get(of).cloned() {
                        constants.dims.insert(name.clone(), dims);
                    }
                }
                _ => {}
            }
        }
        constants
    }

    /// All numbers of a small constant.
    pub(super) fn numbers(&self, name: &str) -> Option<&[f64]> {
        self.numbers.get(name).map(Vec::as_slice)
    }

    /// The number of a constant that has one.
    pub(in crate::local::onnx) fn number(&self, name: &str) -> Option<f64> {
        self.numbers(name).and_then(|numbers| if let [number] = numbers { Some(*number) } else { None })
    }

    /// The dims of a constant, small or large.
    pub(super) fn dims(&self, name: &str) -> Option<&[i64]> {
        self.dims.get(name).map(Vec::as_slice)
    }

    /// Whether a constant is of uint8.
    pub(super) fn is_uint8(&self, name: &str) -> bool {
        self.unsigned.contains(name)
    }

    fn add(&mut self, name: &str, tensor: &TensorProto) {
        if tensor.data_type == UINT8 {
            self.unsigned.insert(name.to_owned());
        }
        self.dims.insert(name.to_owned(), tensor.dims.clone());
        let length = tensor.dims.iter().try_fold(1i64, |length, &dim| length.checked_mul(dim));
        let numbers = numbers(tensor).filter(|numbers| Some(numbers.len() as i64) == length);
        if let Some(numbers) = numbers {
            self.numbers.insert(name.to_owned(), numbers);
        }
    }

    fn put(&mut self, name: &str, numbers: Vec<f64>, dims: Vec<i64>) {
        self.numbers.insert(name.to_owned(), numbers);
        self.dims.insert(name.to_owned(), dims);
    }
}

/// The numbers of a small tensor.
pub(super) fn numbers(tensor: &TensorProto) -> Option<Vec<f64>> {
    let raw = &tensor.raw_data;
    if raw.len() > SMALL * size_of::<i64>() {
        return None;
    }
    let numbers: Vec<f64> = match tensor.data_type {
        FLOAT if raw.is_empty() => tensor.float_data.iter().map(|&it| it.into()).collect(),
        FLOAT => raw.as_chunks().0.iter().map(|&it| f32::from_le_bytes(it).into()).collect(),
        INT64 if raw.is_empty() => tensor.int64_data.iter().map(|&it| it as f64).collect(),
        INT64 => raw.as_chunks().0.iter().map(|&it| i64::from_le_bytes(it) as f64).collect(),
        INT32 if !raw.is_empty() => raw.as_chunks().0.iter().map(|&it| i32::from_le_bytes(it).into()).collect(),
        UINT8 | BOOL if !raw.is_empty() => raw.iter().map(|&it| it.into()).collect(),
        INT8 if !raw.is_empty() => raw.iter().map(|&it| f64::from(it as i8)).collect(),
        UINT8 | INT8 | INT32 | BOOL => tensor.int32_data.iter().map(|&it| it.into()).collect(),
        _ => return None,
    };
    (numbers.len() <= SMALL).then_some(numbers)
}
