"""Make .tflite files of the bench's MiniLM shape, for LiteRT.js: litert-128.tflite and litert-512.tflite beside its ONNX file.

    pip install -r tests/bench/litert/requirements.txt
    python tests/bench/litert/convert.py .cache/bench/models/minilm

Made with Python 3.11.7, torch 2.15.0. `npm run bench` makes the folder; without these files LiteRT.js is "not run".

The weights are the ONNX file's, as floats, in transformers' own BertForSequenceClassification; litert-torch converts that, and ai-edge-quantizer
stores weights in eight bits a channel, activations quantized as they come: what Google's guide names for CPUs (XNNPACK). A .tflite file has
fixed shapes: one pair of 128 or of 512 tokens, shorter ones padded behind the mask.
"""
import argparse
from pathlib import Path

import litert_torch
import numpy as np
import onnx
import torch
from ai_edge_quantizer import quantizer, recipe
from onnx import numpy_helper
from transformers import BertConfig, BertForSequenceClassification

LENGTHS = (128, 512)
# Of a layer, in the order in which the export numbers its matrices.
LINEAR = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense")
CONFIG = dict(hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536, num_labels=1, max_position_embeddings=512)


class Export:
    """The initializers of an int8 export, as floats by the names of the checkpoint."""

    def __init__(self, path: Path) -> None:
        graph = onnx.load(path).graph
        self.tensors = {it.name: numpy_helper.to_array(it) for it in graph.initializer}
        for node in graph.node:  # biases that are the same are stored once
            if node.op_type == "Identity" and node.input[0] in self.tensors:
                self.tensors[node.output[0]] = self.tensors[node.input[0]]
        numbered = [name.removesuffix("_quantized") for name in self.tensors if name.startswith("onnx::MatMul_") and name.endswith("_quantized")]
        self.matrices = sorted(numbered, key=lambda name: int(name.split("_")[1]))

    def weights(self, name: str) -> np.ndarray:
        numbers, zero, scale = (self.tensors[f"{name}_{part}"] for part in ("quantized", "zero_point", "scale"))
        return (numbers.astype(np.float32) - zero.astype(np.float32)) * scale

    def parameter(self, name: str) -> np.ndarray:
        """`name` as the checkpoint has it; matrices of linear layers turned to [outputs, inputs]."""
        if f"m.{name}" in self.tensors:
            return self.tensors[f"m.{name}"]
        if f"m.{name}_quantized" in self.tensors:
            return self.weights(f"m.{name}") if "embeddings" in name else self.weights(f"m.{name}").T
        _, _, _, layer, *part = name.removesuffix(".weight").split(".")
        return self.weights(self.matrices[int(layer) * len(LINEAR) + LINEAR.index(".".join(part))]).T


class Pair(torch.nn.Module):
    """One pair → its logit, from inputs of 32 bits, which is what LiteRT.js hands over."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        return self.model(input_ids=ids.long(), attention_mask=mask.long(), token_type_ids=types.long()).logits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    export = Export(folder / "onnx" / "model_quantized.onnx")
    model = BertForSequenceClassification(BertConfig(attn_implementation="eager", **CONFIG)).eval()
    model.load_state_dict({name: torch.tensor(np.ascontiguousarray(export.parameter(name))) for name, _ in model.named_parameters()}, strict=False)
    for length in LENGTHS:
        ids, types = torch.full((1, length), 1000, dtype=torch.int32), torch.zeros((1, length), dtype=torch.int32)
        floats = folder / f"litert-{length}.f32.tflite"
        litert_torch.convert(Pair(model).eval(), (ids, torch.ones_like(ids), types)).export(str(floats))
        eight = quantizer.Quantizer(str(floats))
        eight.load_quantization_recipe(recipe.dynamic_wi8_afp32())
        eight.quantize().export_model(str(folder / f"litert-{length}.tflite"), overwrite=True)
        floats.unlink()


if __name__ == "__main__":
    main()
