"""Weights on disk: an encoder with its head, written whole or not at all."""
import torch

from encoder import Encoder
from head import Head
from pair import Pair
from workplace import whole_file


def save(path, encoder, head, **more):
    with whole_file(path) as part:
        torch.save({"sizes": encoder.sizes, "encoder": encoder.state_dict(), "head": head.state_dict(), **more}, part)


def load(path):
    """(encoder, head, everything saved)"""
    saved = torch.load(path, weights_only=True)
    encoder, head = Encoder(saved["sizes"]), Head(saved["sizes"]["vocab"])
    encoder.load_state_dict(saved["encoder"])
    head.load_state_dict(saved["head"])
    return encoder, head, saved


def pair(path):
    encoder, head, _ = load(path)
    return Pair(encoder, head)
