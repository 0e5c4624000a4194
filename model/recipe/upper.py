"""The layers that are trained, and how texts are read through them."""
import numpy as np
import torch
from torch.nn import functional

from encoder import FAR


class Upper(torch.nn.Module):
    """The layers above the frozen ones, and the embeddings where nothing is frozen. Runs in bfloat16 once it is turned into it."""

    def __init__(self, whole, frozen):
        super().__init__()
        self.embeddings = None if frozen else whole.embeddings
        self.layers = whole.encoder.layer[frozen:]

    def forward(self, x, there):
        if self.embeddings is not None:
            x = self.embeddings(x, torch.arange(x.shape[1])[None])
        kind = next(self.parameters()).dtype
        x, mask = x.to(kind), ((1.0 - there) * FAR)[:, None, None, :].to(kind)
        for layer in self.layers:
            x = layer(x, mask)
        return x


def upper_of(whole, frozen):
    """None where every layer is frozen."""
    return Upper(whole, frozen) if frozen < len(whole.encoder.layer) else None


def read(upper, states, numbers, longest=None):
    """(hidden `[texts, length, hidden]`, ids, 1 where a token stands), through the layers in batches of like length."""
    length = lambda at: len(states.ids[at][:longest])
    order = sorted(range(len(numbers)), key=lambda at: length(numbers[at]))
    pieces, most = [], length(numbers[order[-1]])
    for start in range(0, len(order), 16):
        part = [numbers[at] for at in order[start : start + 16]]
        width = length(part[-1])
        ids, there = np.ones((len(part), width), dtype=np.int64), np.zeros((len(part), width), dtype=np.float32)
        for row, at in enumerate(part):
            ids[row, : length(at)], there[row, : length(at)] = states.ids[at][:longest], 1
        if states.states is None:
            x = torch.from_numpy(ids)
        else:
            x = torch.zeros(len(part), width, states.states[part[0]].shape[1])
            for row, at in enumerate(part):
                x[row, : length(at)] = torch.from_numpy(states.states[at][:longest])
        if upper is not None:
            x = upper(x, torch.from_numpy(there)).float()
        pieces.append(functional.pad(x, (0, 0, 0, most - width)))
    ids = np.ones((len(numbers), most), dtype=np.int64)
    for row, at in enumerate(numbers):
        ids[row, : length(at)] = states.ids[at][:longest]
    ids = torch.from_numpy(ids)
    return torch.cat(pieces)[torch.tensor(np.argsort(order))], ids, (ids != 1).float()
