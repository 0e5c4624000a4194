"""Quantize the fp32 exports as onnxruntime.quantization does, and ask onnxruntime for the logits: steps two and three of README.md.

    python quantize.py IN            (after both runs of export.py into IN; requirements-dynamo.txt)

Keeps the files named in KEPT beside this script, and writes logits.json.
"""
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from rows import rows

HERE = Path(__file__).parent
RECIPE = HERE.parents[2] / "model" / "recipe"

# What is committed: EXPORT or EXPORT.ENDING. README.md says what each covers.
KEPT = [
    "bert-ts11-eager",
    "bert-ts11-eager.i8t",
    "bert-ts14-sdpa",
    "bert-ts14-sdpa.u8t",
    "bert-ts14-sdpa.qdqc",
    "bert-ts17-eager.i8c",
    "distilbert-ts17-sdpa.qdqt",
    "bert-ts18-sdpa.u8c",
    "bert-dy18-sdpa",
    "bert-dy18-sdpa.qdqc",
    "roberta-ts11-eager.i8c",
    "roberta-dy18-sdpa.i8t",
    "xlm-roberta-ts14-sdpa.i8t",
    "xlm-roberta-ts17-eager",
    "xlm-roberta-dy20-sdpa",
    "xlm-roberta-dy20-sdpa.i8c",
    "distilbert-ts11-eager",
    "distilbert-dy18-sdpa.i8r",
    "modernbert-ts17-eager.i8t",
    "modernbert-ts17-sdpa",
    "modernbert-dy18-sdpa.i8c",
    "deberta-v2-ts17-eager",
    "deberta-v2-ts17-eager.i8t",
    "deberta-v2-dy18-eager.i8c",
    "gte-dy18-sdpa.i8t",
    "jina-dy18-sdpa",
    "pair-ts14",
    "pair-ts14.i8c",
    "pair-ts14.i8s",
]

# Ending → arguments of quantize_dynamic. transformers.js's q8 files are "i8t".
DYNAMIC = {
    "i8t": {"weight_type": QuantType.QInt8, "per_channel": False},
    "i8c": {"weight_type": QuantType.QInt8, "per_channel": True},
    "u8t": {"weight_type": QuantType.QUInt8, "per_channel": False},
    "u8c": {"weight_type": QuantType.QUInt8, "per_channel": True},
    "i8r": {"weight_type": QuantType.QInt8, "per_channel": True, "reduce_range": True},
}
# Ending → arguments of quantize_static.
STATIC = {
    "qdqc": {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8, "per_channel": True, "op_types_to_quantize": ["MatMul", "Gemm", "Gather"]},
    "qdqt": {"activation_type": QuantType.QInt8, "weight_type": QuantType.QInt8, "per_channel": False},
}


class Calibration(CalibrationDataReader):
    """The rows themselves: what is tested is the graph, not the art of choosing calibration data."""

    def __init__(self, path: Path):
        names = inputs(path)
        self.left = iter([feed(names, row) for row in rows()])

    def get_next(self):
        return next(self.left, None)


def session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def inputs(path: Path) -> list[str]:
    return [value.name for value in session(path).get_inputs()]


def feed(names: list[str], row: dict) -> dict[str, np.ndarray]:
    ids = np.array([row["ids"]], np.int64)
    all_inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.array([row["segments"]], np.int64)}
    return {name: all_inputs[name] for name in names}


def logits(path: Path) -> list[float]:
    run = session(path)
    names = [value.name for value in run.get_inputs()]
    return [float(run.run(["logits"], feed(names, row))[0][0, 0]) for row in rows()]


def quantize(path: Path, ending: str) -> Path:
    to = path.with_name(f"{path.stem}.{ending}.onnx")
    if path.stem.startswith("pair"):
        sys.path.insert(0, str(RECIPE))
        import export

        export.quantize(path, to)
        if ending == "i8s":
            export.slim(to)
    elif ending in DYNAMIC:
        quantize_dynamic(path, to, **DYNAMIC[ending])
    else:
        with tempfile.TemporaryDirectory() as folder:
            prepared = Path(folder) / "prepared.onnx"
            quant_pre_process(path, prepared, skip_symbolic_shape=True, skip_optimization=True)
            quantize_static(prepared, to, Calibration(path), quant_format=QuantFormat.QDQ, **STATIC[ending])
    return to


def keep(path: Path, name: str) -> None:
    """Without what onnxruntime.quantization writes of every value's shape: no engine needs it, and it is a third of the file."""
    file = onnx.load(path)
    del file.graph.value_info[:]
    onnx.save(file, HERE / f"{name}.onnx")


def main(folder: Path) -> None:
    files = {}
    for old in HERE.glob("*.onnx"):
        old.unlink()
    for name in KEPT:
        export, _, ending = name.partition(".")
        path = fp32 = folder / f"{export}.onnx"
        if ending:
            path = quantize(fp32, ending)
        keep(path, name)
        files[name] = {"fp32": logits(fp32)} | ({"onnxruntime": logits(HERE / f"{name}.onnx")} if ending else {})
        size = (HERE / f"{name}.onnx").stat().st_size
        error = np.mean(np.abs(np.subtract(files[name].get("onnxruntime", files[name]["fp32"]), files[name]["fp32"])))
        print(f"{name:28} {size:7} bytes, mean |int8 - fp32| {error:.4f}")
    made_by = {"onnxruntime": ort.__version__, "onnx": onnx.__version__, "numpy": np.__version__}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(file)}" for name, file in files.items())
    body = ",\n".join(json.dumps(row) for row in rows())
    (HERE / "logits.json").write_text(f'{{"made_by": {json.dumps(made_by)}, "rows": [\n{body}\n], "files": {{\n{lines}\n}}}}\n')


if __name__ == "__main__":
    main(Path(sys.argv[1]))
