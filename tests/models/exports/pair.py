"""Export a small random one of model/recipe's pairs, as model/recipe/export.py does: step one of what README.md says of `pair`.

    python pair.py OUT      (model/recipe/requirements.txt)

Writes OUT/pair-ts14.onnx, whose head compares the two sides token by token.
"""
import sys
from pathlib import Path

import onnx
import torch

sys.path.insert(0, str(Path(__file__).parents[3] / "model" / "recipe"))
from encoder import Encoder  # noqa: E402
from export import INPUTS, torch_export  # noqa: E402
from head import Head  # noqa: E402
from pair import Pair  # noqa: E402

from rows import VOCABULARY, rows  # noqa: E402

SEED = 7
SIZES = {"vocab": VOCABULARY, "positions": 64, "types": 2, "hidden": 32, "heads": 2, "ffn": 64, "layers": 2, "eps": 1e-12}


def made():
    """Random weights in the proportions of export.py beside this; evidence in standard deviations, as train.py starts; logits spread over −5 to 5."""
    torch.manual_seed(SEED)
    model = Pair(Encoder(SIZES), Head(VOCABULARY, SIZES["hidden"])).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape)
            if name.endswith("bias"):
                weight.copy_(0.1 * noise)
            elif "LayerNorm" in name:
                weight.copy_(1 + 0.2 * noise)
            elif "token_weight" in name:
                weight.copy_(1 + noise.abs())
            elif "embeddings" in name:
                weight.copy_((0.05 if "word" in name else 0.02) * noise)
            elif weight.dim() == 2 and "inner" not in name:
                weight.copy_(1.5 / weight.shape[-1] ** 0.5 * noise)
        head = model.head
        head.context.normal_(0, 0.3)
        head.outer.normal_(0, 0.3)
        found = []
        hook = head.logit
        head.logit = lambda it: found.append(it) or hook(it)
        logits = lambda: torch.tensor([model(*feed(row)).item() for row in rows()])
        logits()
        del head.logit
        found = torch.cat(found)
        head.middle.copy_(found.mean(0))
        head.spread.copy_(found.std(0) + 1e-3)
        before = logits()
        scale = 10 / (before.max() - before.min())
        head.direct.mul_(scale)
        head.outer.mul_(scale)
        head.bias.copy_(scale * (head.bias - (before.max() + before.min()) / 2))
    return model


def feed(row):
    ids = torch.tensor([row["ids"]])
    return ids, torch.ones_like(ids), torch.tensor([row["segments"]])


if __name__ == "__main__":
    path = Path(sys.argv[1]) / "pair-ts14.onnx"
    torch_export(made(), path, INPUTS, "logits")
    file = onnx.load(path)
    del file.graph.value_info[:]
    onnx.save(file, path)
    print(path.name, path.stat().st_size)
