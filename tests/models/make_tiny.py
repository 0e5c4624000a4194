"""Make tiny_fp32.onnx and tiny_int8.onnx, a consistent pair of one small random BERT cross-encoder, and ../golden/tiny.json, its logits.

    pip install -r tests/golden/requirements.txt
    python tests/models/make_tiny.py

Made with Python 3.11.7, onnx 1.23.2, onnxruntime 1.31.1, tokenizers 0.23.3, numpy 2.4.6. No torch is needed: the graph is the MiniLM-L6 export
beside this file (torch.onnx legacy exporter, opset 14), cut to its first two layers and to hidden 64, 4 heads, FFN 128, the vocabulary of
wordpiece/tokenizer.json and 512 positions; every op stays as it was exported. Unlike in the filled skeletons each bias and each LayerNorm has
values of its own, so that no two can be confused. The classifier is scaled so that the logits of the cases spread over about -5 to 5. Then
onnxruntime.quantization.quantize_dynamic, per tensor, QInt8.
"""
import json
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "../golden"))
from wordpiece_cases import cases, logits  # noqa: E402

LAYERS, HIDDEN, HEADS, FFN, POSITIONS, SEED = 2, 64, 4, 128, 512, 7
HEAD = HIDDEN // HEADS


def cut(model: onnx.ModelProto, vocabulary: int) -> dict[str, list[int]]:
    """Cut the graph to LAYERS layers and drop the shared biases; returns the dims of every weight that the graph now needs."""
    graph = model.graph
    last = re.compile(r"/encoder/layer\.5/output/LayerNorm/Add_1_output_0$")
    identity = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Identity"}
    old = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for node in graph.node:
        for i, name in enumerate(node.input):
            if last.search(name) and "/encoder/layer.5/" not in node.output[0]:
                node.input[i] = name.replace("layer.5", f"layer.{LAYERS - 1}")
    makers = {name: node for node in graph.node if node.op_type != "Identity" for name in node.output}
    alive, todo = set(), [output.name for output in graph.output]
    while todo:
        name = todo.pop()
        if name not in alive:
            alive.add(name)
            todo.extend(makers[name].input if name in makers else [])
    kept = [node for node in graph.node if node.op_type != "Identity" and node.output[0] in alive]
    new_size = {384: HIDDEN, 1536: FFN, 30522: vocabulary, 512: POSITIONS}
    weights = {}
    for node in kept:
        if node.op_type == "Constant" and "/attention/self/" in node.output[0]:
            value = numpy_helper.to_array(node.attribute[0].t)
            if value.tolist() == [384 // 12]:
                node.attribute[0].t.CopyFrom(numpy_helper.from_array(np.array([HEAD], np.int64)))
            elif value.dtype == np.float32:
                assert abs(value - (384 // 12) ** -0.5) < 1e-6
                node.attribute[0].t.CopyFrom(numpy_helper.from_array(np.array(HEAD**-0.5, np.float32)))
        for name in node.input:
            source = identity.get(name, name)
            if source in old:
                weights[name] = [new_size.get(size, size) for size in old[source]]
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(kept)
    return weights


def draw(name: str, dims: list[int], rng: np.random.Generator) -> np.ndarray:
    """Random weights in the proportions of a trained encoder, so that attention is neither flat nor a single peak."""
    if name.endswith("LayerNorm.weight"):
        values = 1 + 0.2 * rng.standard_normal(dims)
    elif name.endswith("bias"):
        values = 0.1 * rng.standard_normal(dims)
    elif "embeddings" in name:
        values = (0.05 if "word" in name else 0.02) * rng.standard_normal(dims)
    else:  # y = x W, or x Wᵀ for the two Gemms: both have the inputs' number as a side, and the square ones do not care
        values = 1.5 / np.sqrt(dims[0] if "MatMul" in name else dims[1]) * rng.standard_normal(dims)
    return values.astype(np.float32)


def main() -> None:
    rows = cases()
    fp32, int8 = HERE / "tiny_fp32.onnx", HERE / "tiny_int8.onnx"
    vocabulary = len(json.loads((HERE / "wordpiece/tokenizer.json").read_text("utf-8"))["model"]["vocab"])
    model = onnx.load(HERE / "minilm-l6_fp32.skeleton.onnx")
    weights, rng = cut(model, vocabulary), np.random.default_rng(SEED)
    values = {name: draw(name, dims, rng) for name, dims in weights.items()}
    with tempfile.TemporaryDirectory() as folder:
        unscaled = Path(folder) / "unscaled.onnx"
        model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in values.items())
        onnx.save(model, unscaled)
        found = np.array(logits(unscaled, rows))
    low, high = found.min(), found.max()
    scale = np.float32(10 / (high - low))
    values["m.classifier.weight"] *= scale
    values["m.classifier.bias"] = (scale * (values["m.classifier.bias"] - (low + high) / 2)).astype(np.float32)
    del model.graph.initializer[:]
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in values.items())
    onnx.checker.check_model(model)
    onnx.save(model, fp32)
    quantize_dynamic(fp32, int8, weight_type=QuantType.QInt8, per_channel=False)
    for kind, file in (("fp32", fp32), ("int8", int8)):
        for row, value in zip(rows, logits(file, rows)):
            row[f"{kind}_logit"] = value
    body = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    (HERE / "../golden/tiny.json").write_text(f'{{"cases": [\n{body}\n]}}\n', "utf-8")
    errors = [abs(row["int8_logit"] - row["fp32_logit"]) for row in rows]
    print(f"{len(rows)} cases, mean |int8 - fp32| {np.mean(errors):.4f}, max {np.max(errors):.4f}")
    for row in rows:
        print(len(row["input_ids"]), round(row["fp32_logit"], 4), round(row["int8_logit"], 4))


if __name__ == "__main__":
    main()
