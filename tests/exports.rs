//! Small random cross-encoders in every export in the tree: against onnxruntime, and fused against plain.
//!
//! What each file covers and how it was made: tests/models/exports/README.md.

#![cfg(feature = "local")]

use std::path::{Path, PathBuf};

use rerank_wasm::error::Result;
use rerank_wasm::local::logits::CrossEncoder;
use rerank_wasm::local::onnx;
use rerank_wasm::local::pair::Row;
use serde_json::Value;

/// The most that fp32 may differ from onnxruntime, on logits between −5 and 5: other orders of summation, nothing else.
const FP32_TOLERANCE: f64 = 1e-4;

/// What runs, and what of it is fused: a rule that stops matching shows here.
const PLANS: &[(&str, &str)] = &[
    ("bert-ts11-eager", "0 of 0 int8 linear layers"),
    ("bert-ts11-eager.i8t", "14 of 14 int8 linear layers"),
    ("bert-ts14-sdpa", "0 of 0 int8 linear layers"),
    ("bert-ts14-sdpa.u8t", "0 of 14 int8 linear layers"),
    ("bert-ts14-sdpa.qdqc", "0 of 0 int8 linear layers"),
    ("bert-ts17-eager.i8c", "14 of 14 int8 linear layers"),
    ("bert-ts18-sdpa.u8c", "0 of 14 int8 linear layers"),
    ("roberta-ts11-eager.i8c", "14 of 14 int8 linear layers"),
    ("xlm-roberta-ts14-sdpa.i8t", "14 of 14 int8 linear layers"),
    ("xlm-roberta-ts17-eager", "0 of 0 int8 linear layers"),
    ("distilbert-ts11-eager", "0 of 0 int8 linear layers"),
    ("modernbert-ts17-eager.i8t", "18 of 18 int8 linear layers"),
    ("modernbert-ts17-sdpa", "0 of 0 int8 linear layers"),
    ("deberta-v2-dy18-eager.i8c", "18 of 18 int8 linear layers"),
];

/// What does not run yet, and how it says so.
const NOT_YET: &[(&str, &str)] = &[
    ("distilbert-ts17-sdpa.qdqt", "wrong"),
    ("bert-dy18-sdpa", "Iff"),
    ("bert-dy18-sdpa.qdqc", "Iff"),
    ("roberta-dy18-sdpa.i8t", "CumSum"),
    ("xlm-roberta-dy20-sdpa", "CumSum"),
    ("xlm-roberta-dy20-sdpa.i8c", "CumSum"),
    ("distilbert-dy18-sdpa.i8r", "Iff"),
    ("modernbert-dy18-sdpa.i8c", "Iff"),
    ("deberta-v2-ts17-eager", "If"),
    ("deberta-v2-ts17-eager.i8t", "If"),
    ("gte-dy18-sdpa.i8t", "Iff"),
    ("jina-dy18-sdpa", "Iff"),
];

#[test]
fn bert() {
    check("bert-");
}

#[test]
fn roberta() {
    check("roberta-");
    check("xlm-roberta-");
}

#[test]
fn distilbert() {
    check("distilbert-");
}

#[test]
fn modernbert() {
    check("modernbert-");
}

#[test]
fn deberta() {
    check("deberta-");
}

#[test]
fn rotary() {
    check("gte-");
    check("jina-");
}

#[test]
fn every_export_is_listed() {
    let golden = golden();
    let files = golden["files"].as_object().expect("files");
    let listed: Vec<&str> = PLANS.iter().chain(NOT_YET).map(|(name, _)| *name).collect();
    for name in files.keys() {
        assert!(listed.contains(&name.as_str()), "{name}");
    }
    assert_eq!(listed.len(), files.len());
}

/// Everything about the exports of one family.
fn check(family: &str) {
    let golden = golden();
    for (name, plan) in PLANS.iter().filter(|(name, _)| name.starts_with(family)) {
        let start = std::time::Instant::now();
        let file = &golden["files"][name];
        let (fp32, onnxruntime) = (numbers(&file["fp32"]), numbers(&file["onnxruntime"]));
        let fused = run(name, onnx::cross_encoder, &golden).unwrap_or_else(|error| panic!("{name}: {error}"));
        let plain = run(name, onnx::plain_cross_encoder, &golden).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(fused.note.starts_with(plan), "{name}: {}", fused.note);
        if onnxruntime.is_empty() {
            for logits in [&fused.logits, &plain.logits] {
                let furthest = logits.iter().zip(&fp32).map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f64::max);
                assert!(furthest <= FP32_TOLERANCE, "{name}: {furthest}");
            }
        } else {
            check_int8(name, &fused.logits, &plain.logits, &onnxruntime, &fp32);
        }
        println!("{name}: {:?}", start.elapsed());
    }
    for (name, reason) in NOT_YET.iter().filter(|(name, _)| name.starts_with(family)) {
        match run(name, onnx::cross_encoder, &golden) {
            Err(error) => assert!(error.to_string().contains(reason), "{name}: {error}"),
            Ok(Run { logits, .. }) => {
                let error = distance(&logits, &numbers(&golden["files"][name]["fp32"]));
                assert!(*reason == "wrong" && error > 1.0, "{name} runs, with a mean error of {error}: list it");
            }
        }
    }
}

/// The plain plan does onnxruntime's arithmetic; the fused one quantizes by the row, which no export does.
fn check_int8(name: &str, fused: &[f64], plain: &[f64], onnxruntime: &[f64], fp32: &[f64]) {
    let theirs = distance(onnxruntime, fp32);
    // The same integers but where a float that differs in its last bit is rounded to the next one.
    assert!(distance(plain, onnxruntime) <= 0.05 * theirs, "{name}: {plain:?} against {onnxruntime:?}");
    // Eight rows of a random model are few: an error of the same distribution is up to about twice theirs, on one file. That it is no worse on the
    // whole is what tests/golden is for.
    assert!(distance(fused, fp32) <= 2.0 * theirs, "{name}: {} against {theirs}", distance(fused, fp32));
    // Two independent errors of this size differ by √2 of it.
    assert!(distance(fused, plain) <= 2.0 * theirs, "{name}: {} of {theirs}", distance(fused, plain));
}

struct Run {
    note: String,
    logits: Vec<f64>,
}

fn run<M: CrossEncoder>(name: &str, load: impl Fn(Vec<u8>) -> Result<M>, golden: &Value) -> Result<Run> {
    let model = load(std::fs::read(folder().join(format!("{name}.onnx"))).expect("a file"))?;
    let logits: Result<Vec<f64>> = rows(golden).iter().map(|row| model.logits(row).map(f64::from)).collect();
    Ok(Run { note: model.plan().notes.first().cloned().unwrap_or_default(), logits: logits? })
}

/// mean |a − b|
fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>() / a.len() as f64
}

fn rows(golden: &Value) -> Vec<Row> {
    let integers = |value: &Value| numbers(value).into_iter().map(|number| number as i64).collect();
    let row = |row: &Value| Row { ids: integers(&row["ids"]), segments: integers(&row["segments"]) };
    golden["rows"].as_array().expect("rows").iter().map(row).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

fn golden() -> Value {
    serde_json::from_slice(&std::fs::read(folder().join("logits.json")).expect("a file")).expect("JSON")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/exports")
}
