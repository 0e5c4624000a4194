"""Stage 6: a checkpoint → model_fp32.onnx and model_int8.onnx in WORK/export.

    python model/recipe/export.py [--checkpoint WORK/model.pt] [--slim]

The fp32 file is torch's own export; int8 is onnxruntime's dynamic quantization of it, symmetric, one scale a column, and the embedding in eight bits too.
--slim leaves out names and shapes that no runtime needs: some 100 kB.
"""
import argparse
import warnings
from pathlib import Path

from workplace import WORK, stage, wanted, whole_file

OPSET = 14
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def torch_export(model, path, inputs, output):
    """By the TorchScript exporter: its graph is the one that every runtime knows of BERT."""
    import torch

    ids = torch.arange(5, 25).repeat(2, 1)
    types = (torch.arange(20) >= 8).long().repeat(2, 1)
    axes = {name: {0: "batch", 1: "length"} for name in inputs} | {output: {0: "batch"}}
    with warnings.catch_warnings(), whole_file(path) as part:
        warnings.simplefilter("ignore")
        examples = (ids, torch.ones_like(ids), types)[: len(inputs)]
        torch.onnx.export(model.eval(), examples, str(part), input_names=list(inputs), output_names=[output], dynamic_axes=axes, opset_version=OPSET, dynamo=False)


def quantize(path, to):
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Products of two activations stay in fp32: quantize_dynamic leaves them alone.
    with whole_file(to) as part:
        quantize_dynamic(str(path), str(part), op_types_to_quantize=["MatMul", "Gather"], per_channel=True, weight_type=QuantType.QInt8, extra_options={"MatMulConstBOnly": True})
    onnx.checker.check_model(str(to))


def slim(path):
    """Short names for what lies between inputs and outputs, none for nodes, no shapes that follow from the rest."""
    import onnx

    model = onnx.load(str(path))
    graph = model.graph
    kept = {it.name for it in [*graph.input, *graph.output]}
    short = {}
    name = lambda old: old if old in kept or not old else short.setdefault(old, f"v{len(short)}")
    for tensor in graph.initializer:
        tensor.name = name(tensor.name)
    for node in graph.node:
        node.ClearField("name")
        node.ClearField("doc_string")
        node.ClearField("metadata_props")
        node.input[:] = [name(it) for it in node.input]
        node.output[:] = [name(it) for it in node.output]
    del graph.value_info[:]
    with whole_file(path) as part:
        onnx.save(model, str(part))
    onnx.checker.check_model(str(path))


def main():
    import checkpoint

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=WORK / "model.pt")
    parser.add_argument("--slim", action="store_true")
    asked = parser.parse_args()
    model = checkpoint.pair(wanted(asked.checkpoint, "calibrate.py"))
    folder = WORK / "export"
    folder.mkdir(exist_ok=True)
    torch_export(model, folder / "model_fp32.onnx", INPUTS, "logits")
    quantize(folder / "model_fp32.onnx", folder / "model_int8.onnx")
    if asked.slim:
        slim(folder / "model_int8.onnx")
    for name in ("model_fp32.onnx", "model_int8.onnx"):
        print(f"{name}: {(folder / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    with stage("export"):
        main()
