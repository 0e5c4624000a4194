//! Small models written line by line, for graphs that no exporter in the tree writes.

use prost::Message;
use rerank_wasm::error::Result;
use rerank_wasm::local::logits::CrossEncoder;
use rerank_wasm::local::onnx::{self, OnnxCrossEncoder};
use rerank_wasm::local::pair::Row;
use tract_onnx::pb::tensor_shape_proto::Dimension;
use tract_onnx::pb::type_proto::{Tensor, Value};
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto,
};

/// Ids that the word table has rows for.
const VOCABULARY: i64 = 32;

/// `TensorProto.DataType` of ONNX.
const FLOAT: i32 = 1;
const INT8: i32 = 3;
const INT64: i32 = 7;

/// A model in the making: hidden states of `width` numbers, `x = Gather(table, input_ids)` first.
pub(crate) struct Lines {
    graph: GraphProto,
    opset: i64,
}

impl Lines {
    pub(crate) fn new(width: i64, opset: i64) -> Self {
        let mut lines = Self { graph: GraphProto::default(), opset };
        lines.floats("table", &[VOCABULARY, width], 2.0);
        lines.floats("head", &[width, 1], 2.0 / (width as f32).sqrt());
        lines.numbers("first row", &[0]);
        lines.graph.initializer.iter_mut().filter(|it| it.name == "first row").for_each(|it| it.dims.clear());
        lines.add("x = Gather(table, input_ids)");
        lines
    }

    /// A node as [`node`] reads it.
    pub(crate) fn add(&mut self, line: &str) {
        self.graph.node.push(node(line));
    }

    /// `y = x × weights` in eight bits, named so, of so many outputs: one that the linear rule knows.
    pub(crate) fn linear(&mut self, output: &str, input: &str, [inputs, outputs]: [i64; 2]) {
        self.eight_bits(&format!("{output} matrix"), &[inputs, outputs]);
        self.add(&format!("{output} weights = DequantizeLinear({output} matrix, {output} matrix scale)"));
        self.add(&format!("{output} = MatMul({input}, {output} weights)"));
    }

    /// Random numbers up to `most`.
    pub(crate) fn floats(&mut self, name: &str, dims: &[i64], most: f32) {
        let numbers = noise(dims, name.len() as u64).map(|it| f32::from(it) / 128.0 * most);
        self.constant(name, FLOAT, dims, numbers.flat_map(f32::to_le_bytes).collect());
    }

    /// Random numbers and, as `{name} scale`, one scale that makes a product of them about as large as what it is made of.
    pub(crate) fn eight_bits(&mut self, name: &str, dims: &[i64]) {
        let numbers = noise(dims, name.len() as u64).map(|it| it as u8);
        self.constant(name, INT8, dims, numbers.collect());
        let scale = 1.0 / 74.0 / (dims[0] as f32).sqrt();
        self.number(&format!("{name} scale"), scale);
    }

    pub(crate) fn number(&mut self, name: &str, number: f32) {
        self.constant(name, FLOAT, &[], number.to_le_bytes().to_vec());
    }

    pub(crate) fn numbers(&mut self, name: &str, numbers: &[i64]) {
        let bytes = numbers.iter().flat_map(|it| it.to_le_bytes()).collect();
        self.constant(name, INT64, &[numbers.len() as i64], bytes);
    }

    fn constant(&mut self, name: &str, data_type: i32, dims: &[i64], raw_data: Vec<u8>) {
        let (name, dims) = (name.into(), dims.to_vec());
        self.graph.initializer.push(TensorProto { name, data_type, dims, raw_data, ..TensorProto::default() });
    }

    /// The file, whose logit is made of the first row of `hidden`.
    pub(crate) fn file(mut self, hidden: &str) -> Vec<u8> {
        self.add(&format!("first = Gather({hidden}, first row) axis=1"));
        self.add("logits = MatMul(first, head)");
        let dims = |names: &[&str]| {
            let dim = |name: &&str| Dimension {
                value: Some(tract_onnx::pb::tensor_shape_proto::dimension::Value::DimParam((*name).into())),
                ..Dimension::default()
            };
            names.iter().map(dim).collect()
        };
        let value = |name: &str, elem_type: i32, names: &[&str]| {
            let shape = Some(TensorShapeProto { dim: dims(names) });
            let value = Some(Value::TensorType(Tensor { elem_type, shape }));
            let r#type = Some(TypeProto { value, ..TypeProto::default() });
            ValueInfoProto { name: name.into(), r#type, ..ValueInfoProto::default() }
        };
        self.graph.input.push(value("input_ids", INT64, &["batch", "length"]));
        self.graph.output.push(value("logits", FLOAT, &["batch", "label"]));
        let opset_import = vec![OperatorSetIdProto { version: self.opset, ..OperatorSetIdProto::default() }];
        ModelProto { ir_version: 8, opset_import, graph: Some(self.graph), ..ModelProto::default() }.encode_to_vec()
    }
}

/// The most that logits between −5 and 5 may differ where rows are in eight bits.
const TOLERANCE: f32 = 0.02;

/// The file runs fused as on tract's operators alone, but for rows in eight bits; what of it is fused.
#[track_caller]
pub(crate) fn fused_as_plain(file: &[u8]) -> String {
    let row = Row { ids: vec![2, 10, 20, 3, 30, 4, 5, 3], segments: vec![0; 8] };
    let logit = |model: Result<OnnxCrossEncoder>, plan: &str| {
        let logit = model.and_then(|model| Ok((model.logits(&row)?, model.plan().notes.concat())));
        logit.unwrap_or_else(|error| panic!("{plan}: {error}"))
    };
    let (expected, _) = logit(onnx::plain_cross_encoder(file.to_vec()), "plain");
    let (found, notes) = logit(onnx::cross_encoder(file.to_vec()), "fused");
    assert!((found - expected).abs() <= TOLERANCE, "{found}, plain {expected}");
    notes
}

/// `y, z = Operator(a, b) axis=1 perm=[0,2,1,3] equation=ab->ba`
pub(crate) fn node(line: &str) -> NodeProto {
    let (output, made) = line.split_once(" = ").expect("an output");
    let (call, attributes) = made.split_once(')').expect("inputs");
    let (op_type, input) = call.split_once('(').expect("an operator");
    let named = |text: &str| text.split(", ").filter(|it| !it.is_empty()).map(str::to_owned).collect();
    NodeProto {
        name: output.into(),
        op_type: op_type.into(),
        input: named(input),
        output: named(output),
        attribute: attributes.split_whitespace().map(attribute).collect(),
        ..NodeProto::default()
    }
}

fn attribute(written: &str) -> AttributeProto {
    let (name, value) = written.split_once('=').expect("a value");
    let attribute = AttributeProto { name: name.into(), ..AttributeProto::default() };
    match whole_numbers(value) {
        Some(ints) if value.starts_with('[') => AttributeProto { r#type: 7, ints, ..attribute },
        Some(ints) if ints.len() == 1 => AttributeProto { r#type: 2, i: ints[0], ..attribute },
        _ => AttributeProto { r#type: 3, s: value.into(), ..attribute },
    }
}

/// `3` or `[0,1]`
pub(crate) fn whole_numbers(text: &str) -> Option<Vec<i64>> {
    text.trim_matches(['[', ']']).split(',').filter(|it| !it.is_empty()).map(|it| it.parse().ok()).collect()
}

/// As many numbers of all sizes as `dims` say, the same each time.
fn noise(dims: &[i64], seed: u64) -> impl Iterator<Item = i8> + use<> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..dims.iter().product::<i64>()).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8 as i8
    })
}
