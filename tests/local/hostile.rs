//! Graphs that no exporter writes: refused with what is wrong, or run, and never a panic, which in a page ends the engine.

use prost::Message;
use rerank_wasm::error::{ErrorKind, Result};
use rerank_wasm::local::load::Destination;
use rerank_wasm::local::logits::CrossEncoder;
use rerank_wasm::local::onnx::{Fusing, IncomingModel};
use rerank_wasm::local::pair::Row;
use rerank_wasm::local::room::Room;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, ValueInfoProto,
};

use crate::graphs::{node, whole_numbers};

/// A model of `output = Operator(inputs) attribute=1 attribute=[1,2]` lines, which make `y`, `[1, length, 4]`, of `x`, of the same
/// shape; then comes the head. Names that are numbers are constants: `3` and `[0,1]` int64, `2.0` f32.
fn model(lines: &[&str]) -> ModelProto {
    let mut graph = GraphProto::default();
    let head = ["m = ReduceMean(y) axes=[1] keepdims=0", "logits = MatMul(m, w)"];
    let lines = ["x = Gather(table, input_ids)"].iter().chain(lines).chain(&head);
    graph.node = lines.filter(|line| !line.is_empty()).map(|line| node(line)).collect();
    let read: std::collections::BTreeSet<&String> = graph.node.iter().flat_map(|node| &node.input).collect();
    graph.initializer = read.into_iter().filter_map(|name| constant(name)).collect();
    graph.initializer.extend([numbers("table", &[8, 4], 1), numbers("w", &[4, 1], 1)]);
    let value = |name: &str| ValueInfoProto { name: name.into(), ..ValueInfoProto::default() };
    graph.input = vec![ValueInfoProto { r#type: Some(of_int64()), ..value("input_ids") }];
    graph.output = vec![value("logits")];
    let opset_import = vec![OperatorSetIdProto { version: 17, ..OperatorSetIdProto::default() }];
    ModelProto { graph: Some(graph), ir_version: 8, opset_import, ..ModelProto::default() }
}

fn of_int64() -> tract_onnx::pb::TypeProto {
    let tensor = tract_onnx::pb::type_proto::Tensor { elem_type: 7, shape: None };
    tract_onnx::pb::TypeProto {
        value: Some(tract_onnx::pb::type_proto::Value::TensorType(tensor)),
        ..Default::default()
    }
}

fn numbers(name: &str, dims: &[i64], data_type: i32) -> TensorProto {
    let count = dims.iter().product::<i64>() as usize;
    TensorProto {
        name: name.into(),
        dims: dims.into(),
        data_type,
        float_data: vec![0.5; count],
        ..TensorProto::default()
    }
}

fn constant(name: &str) -> Option<TensorProto> {
    let tensor = TensorProto { name: name.into(), ..TensorProto::default() };
    if let Some(ints) = whole_numbers(name).filter(|_| !name.is_empty()) {
        let dims = if name.starts_with('[') { vec![ints.len() as i64] } else { vec![] };
        return Some(TensorProto { data_type: 7, dims, int64_data: ints, ..tensor });
    }
    name.parse().ok().map(|number| TensorProto { data_type: 1, float_data: vec![number], ..tensor })
}

fn logit(model: &ModelProto, fusing: Fusing) -> Result<f32> {
    let mut incoming = IncomingModel::new(Room::default());
    incoming.take(&model.encode_to_vec())?;
    let row = Row { ids: vec![1, 2, 3], segments: vec![0; 3] };
    incoming.build(fusing, None)?.logits(&row)
}

/// Why a model is refused, whether it is fused or not.
#[track_caller]
fn refused(model: &ModelProto, words: &str) {
    for fusing in [Fusing::default(), Fusing::Nothing] {
        let error = logit(model, fusing).expect_err(words);
        assert_eq!(error.kind(), ErrorKind::BadModel, "{error}");
        assert!(error.to_string().contains(words), "expected \"{words}\" in: {error}");
    }
}

/// `word | lines` each, in which `c` is a number that is added.
#[track_caller]
fn all_refused(cases: &[&str]) {
    for case in cases {
        let (words, lines) = case.split_once(" | ").expect("words");
        let lines: Vec<&str> = lines.split("; ").collect();
        refused(&model(&lines), words);
    }
}

#[test]
fn the_plain_graph_runs() {
    let runs = |lines: &[&str]| logit(&model(lines), Fusing::default()).expect("a logit");
    assert_eq!(runs(&["y = Mul(x, 2.0)"]), 2.0);
    // What is close to what is refused.
    assert_eq!(runs(&["f = Flatten(x) axis=3", "y = Reshape(f, [1,-1,4])"]), 1.0);
    assert_eq!(runs(&["f = Flatten(x) axis=-3", "y = Reshape(f, [1,-1,4])"]), 1.0);
    assert_eq!(runs(&["u = Unsqueeze(x, [3])", "y = Squeeze(u, [-1])"]), 1.0);
    assert_eq!(runs(&["r = Range(0, 4, 1)", "c = Cast(r) to=1", "y = Add(x, c)"]), 4.0);
    assert_eq!(runs(&["g = Gather(x, [-4,3,0,1]) axis=-1", "y = Slice(g, [-9], [9], [2])"]), 1.0);
    assert_eq!(runs(&["t = Transpose(x) perm=[0,2,1]", "y = Transpose(t) perm=[0,2,1]"]), 1.0);
    // As torch's exporter writes it.
    let norm = runs(&["y = LayerNormalization(x, 2.0)"]);
    assert_eq!(runs(&["y, mean, inverse = LayerNormalization(x, 2.0)"]), norm);
}

#[test]
fn an_axis_that_is_not_there_is_refused() {
    all_refused(&[
        "axis 3 of 3 | y = ReduceSum(x, [3])",
        "axis 3 of 3 | y = ReduceMean(x) axes=[3]",
        "axis 3 of 3 | y = ReduceMax(x) axes=[3]",
        "axis 3 of 3 | y = ReduceMin(x) axes=[3]",
        "axis 3 of 3 | y = ReduceL2(x) axes=[3]",
        "axis 3 of 3 | y, z = Split(x, [1,3]) axis=3",
        "axis 3 of 3 | y, z = Split(x) axis=3",
        "axis 3 of 3 | y = CumSum(x, 3)",
        "axis 3 of 3 | y = Squeeze(x, [3])",
        "axis 9 of 3 | y = Softmax(x) axis=9",
        "axis 4 of 4 | y = Unsqueeze(x, [4])",
        "axis 3 of 3 | y = LayerNormalization(x, 2.0) axis=3",
        "axis 4 of 3 | f = Flatten(x) axis=4; y = Reshape(f, [1,-1,4])",
        "axis -4 of 3 | f = Flatten(x) axis=-4; y = Reshape(f, [1,-1,4])",
    ]);
}

#[test]
fn attributes_that_mean_nothing_are_refused() {
    all_refused(&[
        "found perm [0, 2, 9] | y = Transpose(x) perm=[0,2,9]",
        "found perm [0, 1, 1] | y = Transpose(x) perm=[0,1,1]",
        "expected 1 inputs, found 0 | f = Transpose() perm=[0,1,2]; y = Add(x, f)",
        "expected 1 inputs, found 0 | f = Flatten() axis=1; y = Add(x, f)",
        "expected 2 inputs, found 1 | y = MatMul(x)",
        "an equation of other than 1 inputs | y = Einsum(x) equation=abc,abc->abc",
        "at most, found 2 | z, y = Shape(x)",
        "at most, found 2 | z, y = LayerNormalization(x, 2.0)",
    ]);
}

#[test]
fn numbers_that_cannot_be_computed_with_are_refused() {
    all_refused(&[
        "a whole step, found 0 | r = Range(0, 4, 0); c = Cast(r) to=1; y = Add(x, c)",
        "a whole step, found 0 | s = Shape(x); l = Gather(s, 1); r = Range(0, l, 0); c = Cast(r) to=1; y = Add(x, c)",
        "a step, found 0 | y = Slice(x, [0], [9], [2], [0])",
        "found 3 to 1 | y = Slice(x, [3], [1], [1])",
        "found -1 to -3 | y = Slice(x, [-1], [-3], [2])",
        "divided by 0 | d = Div([1,2], 0); c = Cast(d) to=1; y = Add(x, c)",
        "divided by 0 | d = Div(input_ids, 0); u = Unsqueeze(d, [2]); c = Cast(u) to=1; y = Add(x, c)",
        "index 5 on an axis of 2 | g = Gather([1,2], 5); c = Cast(g) to=1; y = Add(x, c)",
        "index -5 on an axis of 4 | y = Gather(x, [-5]) axis=2",
        "index 9 on an axis of 3 | s = Shape(x); l = Gather(s, 9); c = Cast(l) to=1; y = Add(x, c)",
        "index 9 on an axis of 4 | i = Reshape([9,9], [1,1,2]); y = GatherElements(x, i) axis=2",
        "found 9 on axis 2 | y = GatherND(x, [0,0,9])",
        "found -1 on axis 1 | y = GatherND(x, [0,-1])",
        "in a list | y = GatherND(x, 0)",
        "in a list | y = ScatterND(x, 0, 2.0)",
        "out of bounds | i = Reshape([0,0,9], [1,3]); u = Reshape(2.0, [1]); y = ScatterND(x, i, u)",
        "lengths from 0 | z = ConstantOfShape([-1]); y = Add(x, z)",
        "numbers at most | z = ConstantOfShape([99999999999]); y = Add(x, z)",
        "numbers at most | z = Expand(2.0, [99999999999]); y = Add(x, z)",
        "numbers at most | z = Tile(x, [1,1,99999999999]); y = Add(x, z)",
        "numbers at most | r = Range(0, 99999999999, 1); c = Cast(r) to=1; y = Add(x, c)",
        "expected matrices | y = MatMul(x, 2.0)",
        "expected matrices | y = Trilu(2.0)",
        "sums over 4 and | y = MatMul(x, x)",
        "sums over | c = Concat(x, x) axis=1; y = MatMul(x, c)",
        "sums over 4 and 8 numbers | f = Reshape(x, [-1,4]); g = Gemm(f, table); y = Reshape(g, [1,-1,4])",
        "sums over 4 and 8 numbers | y = Einsum(x, table) equation=abc,cd->abd",
        "expected a whole step, found 0.5 | r = Range(0.0, 4.0, 0.5); y = Add(x, r)",
        "without elements | z = ConstantOfShape([0]); r = ReduceMean(z, [0]); y = Add(x, r)",
    ]);
}

#[test]
fn an_output_that_no_node_writes_is_refused() {
    let mut model = model(&["y = Mul(x, 2.0)"]);
    model.graph.as_mut().expect("a graph").output[0].name = "score".into();
    refused(&model, "no node writes \"score\"");
}

/// torch's older exporter may end in one: a squeeze asks first whether there is one label.
#[test]
fn a_branch_that_is_taken_may_write_the_output() {
    let mut model = model(&["y = Mul(x, 2.0)"]);
    let graph = model.graph.as_mut().expect("a graph");
    let mut product = graph.node.pop().expect("the head");
    product.output = vec!["product".into()];
    let value = |name: &str| ValueInfoProto { name: name.into(), ..ValueInfoProto::default() };
    let branches = ["then_branch", "else_branch"].map(|name| {
        let branch =
            GraphProto { node: vec![product.clone()], output: vec![value("product")], ..GraphProto::default() };
        AttributeProto { name: name.into(), r#type: 5, g: Some(branch), ..AttributeProto::default() }
    });
    graph.initializer.extend(constant("1"));
    graph.node.push(NodeProto { attribute: branches.into(), ..node("logits = If(1)") });
    for fusing in [Fusing::default(), Fusing::Nothing] {
        assert_eq!(logit(&model, fusing).expect("a logit"), 2.0, "{fusing:?}");
    }
}

#[test]
fn weights_of_a_type_that_is_no_number_are_refused() {
    for (data_type, name) in [(8, "string"), (14, "complex64"), (15, "complex128"), (20, "float8"), (99, "type 99")] {
        let mut model = model(&["y = Mul(x, factor)"]);
        model.graph.as_mut().expect("a graph").initializer.push(TensorProto {
            name: "factor".into(),
            data_type,
            raw_data: vec![1; 8],
            ..TensorProto::default()
        });
        refused(&model, &format!("found {name} (\"factor\")"));
    }
}

/// Scales made of a size that a rule might take for another: `√size` of a value, by which 1 is multiplied.
#[test]
fn a_scale_is_of_the_size_it_asks_for() {
    let cases: [(&str, &[&str], f32); 9] = [
        (
            "a split from the end",
            &["p = MatMul(x, wide)", "z, k, v = Split(p, [4,4,4]) axis=-1", "d = Gather(s, -1)"],
            4.0,
        ),
        (
            "a split of the first axis",
            &["t = Transpose(x) perm=[2,1,0]", "z, k = Split(t, [1,3])", "d = Gather(s, 0)"],
            1.0,
        ),
        (
            "another of its outputs",
            &["t = Transpose(x) perm=[2,1,0]", "k, z = Split(t, [1,3])", "d = Gather(s, 0)"],
            3.0,
        ),
        ("two axes gone", &["u = Reshape(x, [1,1,-1,4])", "z = Squeeze(u, [0,1])", "d = Gather(s, 0)"], 3.0),
        ("the last axis gone", &["u = Reshape(x, [1,-1,4,1])", "z = Squeeze(u, [-1])", "d = Gather(s, 2)"], 4.0),
        (
            "two sizes in one part of a list",
            &[
                "h = Shape(x)",
                "b = Slice(h, [0], [2])",
                "l = Concat(b, [4]) axis=0",
                "z = Reshape(x, l)",
                "d = Gather(s, 1)",
            ],
            3.0,
        ),
        ("a size kept", &["z = Reshape(x, [0,0,4])", "d = Gather(s, 1)"], 3.0),
        (
            "what is broadcast",
            &["m1 = ReduceMean(x) axes=[2]", "n = Reshape(m1, [1,-1,1])", "z = Add(n, x)", "d = Gather(s, 2)"],
            4.0,
        ),
        ("two tokens' products", &["t = Transpose(x) perm=[0,2,1]", "z = MatMul(x, t)", "d = Gather(s, -1)"], 3.0),
    ];
    for (name, lines, size) in cases {
        let (last, before) = lines.split_last().expect("lines");
        let mut lines = before.to_vec();
        lines.extend(["s = Shape(z)", *last, "f = Cast(d) to=1", "r = Sqrt(f)", "y = Mul(x, r)"]);
        let mut model = model(&lines);
        model.graph.as_mut().expect("a graph").initializer.push(numbers("wide", &[4, 12], 1));
        for fusing in [Fusing::default(), Fusing::Nothing] {
            let found = logit(&model, fusing).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!((found - size.sqrt()).abs() < 1e-6, "{name}, {fusing:?}: {found} of √{size}");
        }
    }
}

#[test]
fn a_number_for_each_token_is_no_score() {
    let mut model = model(&["y = Mul(x, 2.0)"]);
    let graph = model.graph.as_mut().expect("a graph");
    graph.node.truncate(graph.node.len() - 2);
    graph.node.push(node("tokens = Reshape(y, [-1,4])"));
    graph.node.push(node("logits = MatMul(tokens, w)"));
    graph.initializer.extend(constant("[-1,4]"));
    refused(&model, "[batch, 1], found [length, 1]");
}

#[test]
fn a_tensor_of_more_numbers_than_can_be_counted_is_refused() {
    for dims in [vec![1 << 40, 1 << 40], vec![-4]] {
        let mut model = model(&["y = Mul(x, factor)"]);
        let tensor = TensorProto { dims, float_data: vec![1.0; 4], ..numbers("factor", &[], 1) };
        model.graph.as_mut().expect("a graph").initializer.push(tensor);
        refused(&model, "expected data for dims");
    }
}
