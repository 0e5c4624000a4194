"""The model in torch: multilingual-e5-small, read twice in one row (query and document do not see each other), and a head that compares the two readings.

The modules carry BERT's names and the attention is written out, so that the export is the graph that runtimes know from BERT.
"""
import json
import math

import torch
from torch import nn
from torch.nn import functional

from workplace import WORK, wanted

# Added to the attention of what a token must not see: far below any real score, and harmless in half precision.
FAR = -10000.0


class Embeddings(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        h = sizes["hidden"]
        self.word_embeddings = nn.Embedding(sizes["vocab"], h)
        self.position_embeddings = nn.Embedding(sizes["positions"], h)
        self.token_type_embeddings = nn.Embedding(sizes["types"], h)
        self.LayerNorm = nn.LayerNorm(h, eps=sizes["eps"])

    def forward(self, ids, positions):
        # e5 reads each side alone, so both carry token type 0.
        return self.LayerNorm(self.word_embeddings(ids) + self.position_embeddings(positions) + self.token_type_embeddings.weight[0])


class SelfAttention(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        h = sizes["hidden"]
        self.hidden, self.heads, self.head = h, sizes["heads"], h // sizes["heads"]
        self.query, self.key, self.value = nn.Linear(h, h), nn.Linear(h, h), nn.Linear(h, h)

    def forward(self, x, mask):
        batch, length, _ = x.shape
        split = lambda y: y.view(batch, length, self.heads, self.head).transpose(1, 2)
        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = torch.matmul(q, k.transpose(2, 3)) * (1 / math.sqrt(self.head)) + mask
        mixed = torch.matmul(functional.softmax(scores, dim=-1), v).transpose(1, 2)
        return mixed.reshape(batch, length, self.hidden)


class Output(nn.Module):
    def __init__(self, inputs, outputs, eps):
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)
        self.LayerNorm = nn.LayerNorm(outputs, eps=eps)

    def forward(self, x, residual):
        return self.LayerNorm(self.dense(x) + residual)


class Attention(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.self = SelfAttention(sizes)
        self.output = Output(sizes["hidden"], sizes["hidden"], sizes["eps"])

    def forward(self, x, mask):
        return self.output(self.self(x, mask), x)


class Intermediate(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.dense = nn.Linear(sizes["hidden"], sizes["ffn"])

    def forward(self, x):
        return functional.gelu(self.dense(x))


class Layer(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.attention = Attention(sizes)
        self.intermediate = Intermediate(sizes)
        self.output = Output(sizes["ffn"], sizes["hidden"], sizes["eps"])

    def forward(self, x, mask):
        x = self.attention(x, mask)
        return self.output(self.intermediate(x), x)


class Layers(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layer = nn.ModuleList(Layer(sizes) for _ in range(sizes["layers"]))


class Encoder(nn.Module):
    """Token ids, positions and an additive mask → hidden states of every layer asked for."""

    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes
        self.embeddings = Embeddings(sizes)
        self.encoder = Layers(sizes)

    def forward(self, ids, positions, mask, keep=()):
        """The last hidden states `[batch, length, hidden]`, and those after the layers in `keep`."""
        x = self.embeddings(ids, positions)
        kept = []
        for at, layer in enumerate(self.encoder.layer):
            x = layer(x, mask)
            if at + 1 in keep:
                kept.append(x)
        return x, kept


def base_encoder(vocabulary=True, layers=12):
    """e5's first layers, with the rows of its embedding that vocabulary.json keeps."""
    saved = torch.load(wanted(WORK / "base.pt", "base.py"))
    beyond = lambda name: name.startswith("encoder.layer.") and int(name.split(".")[2]) >= layers
    sizes, weights = saved["sizes"] | {"layers": layers}, {name: weight for name, weight in saved["weights"].items() if not beyond(name)}
    if vocabulary:
        kept = json.loads(wanted(WORK / "vocabulary.json", "vocabulary.py").read_text())
        weights["embeddings.word_embeddings.weight"] = weights["embeddings.word_embeddings.weight"][kept]
        sizes["vocab"] = len(kept)
    encoder = Encoder(sizes)
    encoder.load_state_dict(weights)
    return encoder
