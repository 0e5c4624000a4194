//! Models on their way in: in pieces of any size, in any order of fields, cut short, and those that cannot run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use prost::Message;
use rerank_wasm::error::{Error, ErrorKind, Result};
use rerank_wasm::local::load::{Destination, IncomingFile, Reread};
use rerank_wasm::local::logits::CrossEncoder;
use rerank_wasm::local::onnx::{Fusing, IncomingModel, OnnxCrossEncoder, Part};
use rerank_wasm::local::pair::Row;
use rerank_wasm::local::room::Room;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};

use crate::files::bytes;

fn tiny() -> Vec<u8> {
    bytes("models/tiny_int8.onnx")
}

fn loaded(chunks: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<OnnxCrossEncoder> {
    let mut model = IncomingModel::new(Room::default());
    for chunk in chunks {
        model.take(chunk.as_ref())?;
    }
    model.build(Fusing::default(), None)
}

fn row() -> Row {
    Row { ids: vec![2, 10, 20, 3, 30, 40, 50, 3], segments: vec![0, 0, 0, 0, 1, 1, 1, 1] }
}

fn logit(model: &OnnxCrossEncoder) -> f32 {
    model.logits(&row()).expect("a logit")
}

/// The small model, changed.
fn changed(change: impl FnOnce(&mut ModelProto, &mut GraphProto)) -> Result<OnnxCrossEncoder> {
    let mut model = ModelProto::decode(&*tiny()).expect("a model");
    let mut graph = model.graph.take().expect("a graph");
    change(&mut model, &mut graph);
    model.graph = Some(graph);
    loaded([model.encode_to_vec()])
}

/// Why the small model, changed, is refused.
fn refused(change: impl FnOnce(&mut ModelProto, &mut GraphProto)) -> String {
    let error = changed(change).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::BadModel, "{error}");
    error.to_string()
}

#[track_caller]
fn says(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "expected \"{word}\" in: {message}");
    }
}

#[test]
fn chunks_of_any_size_make_the_same_model() {
    let file = tiny();
    let whole = logit(&loaded([&file]).expect("a model"));
    for size in [1, 7, 4096, 65_537] {
        assert_eq!(logit(&loaded(file.chunks(size)).expect("a model")), whole, "chunks of {size}");
    }
}

#[test]
fn a_file_cut_anywhere_is_refused_and_never_panics() {
    let file = tiny();
    for size in (0..400).chain((400..file.len()).step_by(4999)) {
        let error = loaded([&file[..size]]).err().unwrap_or_else(|| panic!("{size} bytes make a model"));
        assert_eq!(error.kind(), ErrorKind::BadModel, "{size}: {error}");
    }
}

#[test]
fn a_damaged_file_is_a_model_or_refused_and_never_panics() {
    let file = tiny();
    for at in (0..file.len()).step_by(29_989).chain(0..16) {
        let mut damaged = file.clone();
        damaged[at] ^= 0x55;
        if let Err(error) = loaded([&damaged]) {
            assert_eq!(error.kind(), ErrorKind::BadModel, "byte {at}: {error}");
        }
    }
}

/// The small model, weights before nodes: prost writes fields by their numbers, so the graph is written in two parts.
fn weights_first() -> Vec<u8> {
    let mut model = ModelProto::decode(&*tiny()).expect("a model");
    let mut graph = model.graph.take().expect("a graph");
    let nodes = GraphProto { node: std::mem::take(&mut graph.node), ..GraphProto::default() };
    let body = [graph.encode_to_vec(), nodes.encode_to_vec()].concat();
    let mut file = model.encode_to_vec();
    file.push(7 << 3 | 2);
    prost::encoding::encode_varint(body.len() as u64, &mut file);
    file.extend(body);
    file
}

#[test]
fn weights_may_come_before_the_nodes_that_read_them() {
    let (usual, first) = (loaded([tiny()]).expect("a model"), loaded(weights_first().chunks(1000)).expect("a model"));
    assert_eq!(logit(&first), logit(&usual));
    let says_so = |model: &OnnxCrossEncoder| model.plan().notes.iter().any(|note| note.contains("held until its end"));
    assert!(says_so(&first) && !says_so(&usual));
}

/// A file that writes its weights first cannot be asked what of them a part reads: they are dropped once it is there.
#[test]
fn a_model_comes_in_parts_in_whatever_order_its_fields_come() {
    let expected = logit(&loaded([tiny()]).expect("a model"));
    for file in [tiny(), weights_first()] {
        let parts = (0..3).map(|index| {
            let mut model = IncomingModel::of_part(Room::default(), Part { index, of: 3 });
            file.chunks(1000).try_for_each(|chunk| model.take(chunk)).expect("taken");
            model.build_part(Fusing::default(), None).expect("a part").expect("layers")
        });
        let row = row();
        let through = |hidden: Vec<f32>, part: OnnxCrossEncoder| part.forward(&row, &hidden).expect("hidden states");
        assert_eq!(parts.fold(Vec::new(), through), [expected]);
    }
}

#[test]
fn other_bytes_than_were_asked_for_are_that_first_of_all() {
    let mut file =
        IncomingFile::new("model", IncomingModel::new(Room::default()), Some(&"0".repeat(64))).expect("a file");
    file.push(b"<!doctype html>").expect("hashed");
    assert_eq!(file.finish().err().expect("refused").kind(), ErrorKind::ChecksumMismatch);
}

#[test]
fn what_does_not_fit_is_refused_by_its_header() {
    // 40 bytes of a file that says of itself that it is 5 GB.
    let header = [0x3a, 0x80, 0xe4, 0x97, 0xd0, 0x12];
    let too_large = |room: Room| -> Error { IncomingModel::new(room).take(&header).expect_err("refused") };
    for room in [Room { limit: Some(128 << 20) }, Room { limit: Some(4 << 30) }] {
        let error = too_large(room);
        assert_eq!(error.kind(), ErrorKind::OutOfMemory);
        says(&error.to_string(), &["model: needs 5033554432 bytes", "are available", "RemoteReranker"]);
    }
    loaded([tiny()]).expect("what fits loads afterwards");
}

#[test]
fn a_tensor_whose_size_its_header_denies_is_refused() {
    let message = refused(|_, graph| {
        let large = graph.initializer.iter_mut().find(|it| it.raw_data.len() >= 64 << 10).expect("a large tensor");
        large.dims = vec![1 << 40, 1 << 40];
    });
    says(&message, &["expected data for dims"]);
}

#[test]
fn operators_of_others_are_named() {
    let with = |domain: &str, op_type: &str| {
        let node = NodeProto { domain: domain.into(), op_type: op_type.into(), ..NodeProto::default() };
        refused(|_, graph| graph.node.push(node))
    };
    for op_type in ["Attention", "EmbedLayerNormalization", "DynamicQuantizeMatMul", "QAttention", "Gelu"] {
        says(&with("com.microsoft", op_type), &[&format!("com.microsoft.{op_type}"), "onnxruntime", "optimum-cli"]);
    }
    says(&with("", "Loop"), &["ai.onnx.Loop", "branches"]);
    says(&with("", "Conv"), &["ai.onnx.Conv", "optimum-cli"]);
}

#[test]
fn weights_elsewhere_missing_or_in_half_precision_are_refused() {
    says(
        &refused(|_, graph| graph.initializer[0].data_location = Some(1)),
        &["another file", "weights inside the file"],
    );
    let emptied = |tensor: &mut TensorProto| {
        *tensor = TensorProto { name: tensor.name.clone(), dims: vec![64], data_type: 1, ..TensorProto::default() };
    };
    says(&refused(|_, graph| emptied(&mut graph.initializer[0])), &["missing", "fetch the file again"]);
    for (number, name) in [(10, "float16"), (16, "bfloat16"), (22, "int4")] {
        says(&refused(|_, graph| graph.initializer[0].data_type = number), &[name, "fp32 or int8", "--dtype"]);
    }
}

#[test]
fn an_opset_of_the_future_or_the_past_is_refused() {
    for version in [8, 22, 25] {
        let message = refused(|model, _| model.opset_import.iter_mut().for_each(|opset| opset.version = version));
        says(&message, &["opset 9 to 21", &version.to_string(), "--opset 17"]);
    }
}

#[test]
fn inputs_of_unknown_meaning_are_named() {
    let message = refused(|_, graph| {
        let mut input: ValueInfoProto = graph.input[0].clone();
        input.name = "pixel_values".into();
        graph.input.push(input);
    });
    says(&message, &["pixel_values", "input_ids"]);
}

#[test]
fn embedding_models_are_told_by_their_output() {
    for name in ["last_hidden_state", "sentence_embedding"] {
        let message = refused(|_, graph| rename_output(graph, name));
        says(&message, &[name, "embedding model", "text-classification"]);
    }
    let message = refused(|_, graph| {
        rename_output(graph, "a");
        let other = ValueInfoProto { name: "b".into(), ..graph.output[0].clone() };
        graph.output.push(other);
    });
    says(&message, &["logits", "a, b"]);
}

fn rename_output(graph: &mut GraphProto, name: &str) {
    let old = std::mem::replace(&mut graph.output[0].name, name.into());
    for value in graph.node.iter_mut().flat_map(|node| &mut node.output).filter(|value| **value == old) {
        *value = name.into();
    }
}

/// A head that gives the small model's logit once for each label.
fn widen(graph: &mut GraphProto, labels: usize) {
    let input = vec![graph.output[0].name.clone(); labels];
    let axis = tract_onnx::pb::AttributeProto { name: "axis".into(), r#type: 2, i: 1, ..Default::default() };
    let node = NodeProto {
        op_type: "Concat".into(),
        input,
        output: vec!["wide".into()],
        attribute: vec![axis],
        ..NodeProto::default()
    };
    graph.node.push(node);
    graph.output[0].name = "wide".into();
}

#[test]
fn a_head_of_several_labels_says_how_one_is_chosen() {
    for labels in [2, 3] {
        let message = refused(|_, graph| widen(graph, labels));
        says(&message, &[&format!("[1, {labels}]"), "entailment", "id2label", "option label"]);
    }
}

#[test]
fn a_chosen_label_is_the_score() {
    let mut model = ModelProto::decode(&*tiny()).expect("a model");
    widen(model.graph.as_mut().expect("a graph"), 3);
    let file = model.encode_to_vec();
    let build = |label| {
        let mut model = IncomingModel::new(Room::default());
        model.take(&file)?;
        model.build(Fusing::default(), Some(label))
    };
    // Three equal logits: a softmax of a third, whose log-odds are -ln 2.
    assert!((logit(&build(2).expect("a label")) + 2f32.ln()).abs() < 1e-6);
    let error = build(3).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(error.to_string(), "label: expected 0 to 2, as the model has 3 labels, found 3");
}

/// The file in memory, for what is read again; counts the rows, and is gone once it is told to be.
#[derive(Debug)]
struct FileAgain {
    bytes: Vec<u8>,
    reads: AtomicUsize,
    is_gone: AtomicBool,
}

impl Reread for FileAgain {
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<()> {
        if self.is_gone.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Internal, "the file is gone"));
        }
        self.reads.fetch_add(1, Ordering::Relaxed);
        let start = offset as usize;
        into.copy_from_slice(&self.bytes[start..start + into.len()]);
        Ok(())
    }
}

/// The small model, its word table of 5 MiB.
fn with_large_table() -> Vec<u8> {
    let mut model = ModelProto::decode(&*tiny()).expect("a model");
    let graph = model.graph.as_mut().expect("a graph");
    let is_table = |it: &&mut TensorProto| it.name.contains("word_embeddings") && it.dims.len() == 2;
    let table = graph.initializer.iter_mut().find(is_table).expect("a table");
    table.dims[0] = (5 << 20) / table.dims[1];
    table.raw_data.resize(5 << 20, 7);
    model.encode_to_vec()
}

#[test]
fn rows_of_a_table_left_in_the_file_are_those_of_the_table() {
    let bytes = with_large_table();
    let expected = logit(&loaded([&bytes]).expect("a model"));
    let file = Arc::new(FileAgain { bytes, reads: AtomicUsize::default(), is_gone: AtomicBool::default() });
    for of in [1, 2] {
        let parts = (0..of).map(|index| {
            let again: Arc<dyn Reread> = file.clone();
            let mut model = IncomingModel::of_part(Room::default(), Part { index, of }).leaving_tables(again);
            file.bytes.chunks(1 << 20).try_for_each(|chunk| model.take(chunk)).expect("taken");
            model.build_part(Fusing::default(), None).expect("a part").expect("layers")
        });
        let parts: Vec<_> = parts.collect();
        let row = row();
        let through = |hidden: Vec<f32>, part: &OnnxCrossEncoder| part.forward(&row, &hidden).expect("hidden states");
        assert_eq!(parts.iter().fold(Vec::new(), through), [expected], "{of} parts");
        assert_eq!(file.reads.swap(0, Ordering::Relaxed), row.ids.len(), "{of} parts");
        file.is_gone.store(true, Ordering::Relaxed);
        says(&parts[0].forward(&row, &[]).expect_err("gone").to_string(), &["the file is gone"]);
        file.is_gone.store(false, Ordering::Relaxed);
    }
}
