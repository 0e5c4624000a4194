"""Export small random cross-encoders the way people do, in fp32: step one of what README.md of this folder describes.

    python export.py torchscript OUT      (requirements-torchscript.txt: torch's old exporter, as Optimum and transformers.js call it)
    python export.py dynamo OUT           (requirements-dynamo.txt: torch's newer exporter)

Writes OUT/NAME.onnx for each line of TORCHSCRIPT or DYNAMO below.
"""
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
import transformers as hf

from rows import VOCABULARY, rows

SEED, POSITIONS = 7, 64
# (hidden, heads, FFN): as small as keeps the files small and every dimension a multiple of what kernels like. Heads of 16, and of 8:
SIZES = {"bert": (32, 2, 64), "distilbert": (32, 2, 64)}
DEFAULT_SIZE = (32, 4, 64)

# name → (family, attention implementation, opset). What each covers: README.md.
TORCHSCRIPT = {
    "bert-ts11-eager": ("bert", "eager", 11),
    "bert-ts14-sdpa": ("bert", "sdpa", 14),
    "bert-ts17-eager": ("bert", "eager", 17),
    "bert-ts18-sdpa": ("bert", "sdpa", 18),
    "roberta-ts11-eager": ("roberta", "eager", 11),
    "xlm-roberta-ts14-sdpa": ("xlm-roberta", "sdpa", 14),
    "xlm-roberta-ts17-eager": ("xlm-roberta", "eager", 17),
    "distilbert-ts11-eager": ("distilbert", "eager", 11),
    "distilbert-ts17-sdpa": ("distilbert", "sdpa", 17),
    "modernbert-ts17-eager": ("modernbert", "eager", 17),
    "modernbert-ts17-sdpa": ("modernbert", "sdpa", 17),
    "deberta-v2-ts17-eager": ("deberta-v2", "eager", 17),
}
DYNAMO = {
    "bert-dy18-eager": ("bert", "eager", 18),
    "bert-dy18-sdpa": ("bert", "sdpa", 18),
    "roberta-dy18-sdpa": ("roberta", "sdpa", 18),
    "xlm-roberta-dy20-sdpa": ("xlm-roberta", "sdpa", 20),
    "distilbert-dy18-sdpa": ("distilbert", "sdpa", 18),
    "modernbert-dy18-sdpa": ("modernbert", "sdpa", 18),
    "deberta-v2-dy18-eager": ("deberta-v2", "eager", 18),
    "gte-dy18-sdpa": ("gte", "sdpa", 18),
    "jina-dy18-sdpa": ("jina", "sdpa", 18),
}


def config(family: str, attention: str) -> hf.PretrainedConfig:
    hidden, heads, ffn = SIZES.get(family, DEFAULT_SIZE)
    common = {"vocab_size": VOCABULARY, "num_labels": 1, "attn_implementation": attention}
    bert = common | {
        "hidden_size": hidden, "num_attention_heads": heads, "intermediate_size": ffn, "num_hidden_layers": 2, "max_position_embeddings": POSITIONS,
    }
    # RoBERTa's positions start behind its padding id 1.
    roberta = bert | {"max_position_embeddings": POSITIONS + 2, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
    match family:
        case "bert":
            return hf.BertConfig(**bert)
        case "roberta":
            return hf.RobertaConfig(**roberta)
        case "xlm-roberta":
            return hf.XLMRobertaConfig(**roberta)
        case "distilbert":
            return hf.DistilBertConfig(
                **common, dim=hidden, n_heads=heads, hidden_dim=ffn, n_layers=2, max_position_embeddings=POSITIONS
            )
        case "modernbert":  # three layers: the first has no norm before attention, the first and the last attend to everything
            return hf.ModernBertConfig(
                **bert | {"num_hidden_layers": 4}, global_attn_every_n_layers=3, local_attention=16, pad_token_id=0, classifier_pooling="mean",
                reference_compile=False,
            )
        case "deberta-v2":  # mxbai-rerank's settings
            return hf.DebertaV2Config(
                **bert | {"type_vocab_size": 0}, relative_attention=True, position_buckets=16, norm_rel_ebd="layer_norm", share_att_key=True,
                pos_att_type=["p2c", "c2p"], position_biased_input=False, max_relative_positions=-1, layer_norm_eps=1e-7, pooler_hidden_size=hidden,
            )
        case "gte":  # gte-multilingual-reranker: BERT with rotary positions and a gated FFN
            return hf.GteConfig(**bert)
        case "jina":  # XLM-R with rotary positions
            return hf.JinaEmbeddingsV3Config(**bert)
    raise ValueError(family)


def model(family: str, attention: str) -> torch.nn.Module:
    """Random weights in the proportions of a trained encoder, so that attention is neither flat nor a single peak; logits spread over −5 to 5."""
    made = hf.AutoModelForSequenceClassification.from_config(config(family, attention)).eval()
    random = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, weight in made.named_parameters():
            noise = torch.randn(weight.shape, generator=random)
            is_norm = "norm" in name.lower()
            if name.endswith("bias"):
                weight.copy_(0.1 * noise)
            elif is_norm:
                weight.copy_(1 + 0.2 * noise)
            elif "embeddings" in name:
                weight.copy_((0.05 if "word" in name or "tok" in name else 0.02) * noise)
            else:
                weight.copy_(1.5 / np.sqrt(weight.shape[-1]) * noise)
        [head] = [module for module in made.modules() if isinstance(module, torch.nn.Linear) and module.out_features == 1]
        found = torch.tensor([made(**feed(family, [row])).logits.item() for row in rows()])
        scale = 10 / (found.max() - found.min())
        head.weight.mul_(scale)
        head.bias.copy_(scale * (head.bias - (found.max() + found.min()) / 2))
    return made


def feed(family: str, batch: list[dict]) -> dict[str, torch.Tensor]:
    """What Optimum gives each family's graph as inputs."""
    ids = torch.tensor([row["ids"] for row in batch])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if family == "bert":
        inputs["token_type_ids"] = torch.tensor([row["segments"] for row in batch])
    return inputs


class Logits(torch.nn.Module):
    """The exporters go by position, the models have their inputs in different orders; and only the logits leave the graph."""

    def __init__(self, of: torch.nn.Module):
        super().__init__()
        self.m = of

    def forward(self, input_ids, attention_mask, token_type_ids=None):
        segments = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        return self.m(input_ids=input_ids, attention_mask=attention_mask, **segments).logits


def export(name: str, family: str, attention: str, opset: int, dynamo: bool, out: Path) -> None:
    made = model(family, attention)
    example = [row for row in rows() if len(row["ids"]) == 16] * 2
    inputs = feed(family, example)
    axes = {0: "batch_size", 1: "sequence_length"}
    path = out / f"{name}.onnx"
    options = {"input_names": list(inputs), "output_names": ["logits"], "opset_version": opset, "dynamo": dynamo}
    if dynamo:
        dynamic = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
        options |= {"dynamic_shapes": {key: dynamic for key in inputs}, "external_data": False, "verbose": False}
    else:
        options |= {"dynamic_axes": {key: axes for key in inputs} | {"logits": {0: "batch_size"}}, "do_constant_folding": True}
    torch.onnx.export(Logits(made), tuple(inputs.values()), path, **options)
    file = onnx.load(path)
    onnx.checker.check_model(file)
    strip(file)
    onnx.save(file, path)


def strip(file: onnx.ModelProto) -> None:
    """Drops what no engine reads and what would make the files of two runs differ: source lines, stack traces."""
    file.doc_string = ""
    del file.metadata_props[:]
    for node in file.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    del file.graph.metadata_props[:]
    # What the newer exporter says of the shapes breaks quantize_dynamic: it turns Gemm's transposed weights around and keeps the old shape.
    del file.graph.value_info[:]
    for value in [*file.graph.input, *file.graph.output]:
        del value.metadata_props[:]


def main(kind: str, out: Path, only: list[str]) -> None:
    warnings.filterwarnings("ignore")
    out.mkdir(parents=True, exist_ok=True)
    for name, (family, attention, opset) in {"torchscript": TORCHSCRIPT, "dynamo": DYNAMO}[kind].items():
        if only and name not in only:
            continue
        try:
            export(name, family, attention, opset, kind == "dynamo", out)
            print(name, (out / f"{name}.onnx").stat().st_size)
        except Exception as error:  # noqa: BLE001: the others may still work, and the message names the one that did not
            print(name, "FAILED", type(error).__name__, str(error)[:600])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
