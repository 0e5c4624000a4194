r"""Make windows.json: what BCEmbedding and FlagEmbedding make of documents around every boundary, by running their own code.

    pip install -r tests/golden/requirements.windows.txt
    pip download --no-deps BCEmbedding==0.1.5 FlagEmbedding==1.4.2 -d peers      # then unzip both wheels into peers/
    python tests/golden/make_windows.py --peers peers

Made with Python 3.11.7, torch 2.6.0, transformers 4.49.0, tokenizers 0.21.4, BCEmbedding 0.1.5, FlagEmbedding 1.4.2 (the two need not be installed, which
would ask for fifty other packages: their modules are imported from the unpacked wheels).

What runs is theirs from the text to the scores: `RerankerModel.rerank` and `BaseReranker.compute_score_single_gpu`, on tokenizers of
tests/models. Only the network is not: the "model" answers with a checksum of the row it is given, so that an equal score is an equal row. A query or
document is words that are one token each, `words(seed, count)` below; tests/local/windows.rs makes the same ones.
"""
import argparse
import importlib
import json
import sys
import types
import zlib
from pathlib import Path

import torch
from transformers import BertTokenizerFast, XLMRobertaTokenizerFast

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
parser = argparse.ArgumentParser()
parser.add_argument("--peers", required=True, type=Path)
PEERS = parser.parse_args().peers.resolve()


def load(module):
    """A module of an unpacked wheel, without what the packages above it pull in."""
    parts = module.split(".")
    for depth in range(1, len(parts)):
        parent = types.ModuleType(".".join(parts[:depth]))
        parent.__path__ = [str(PEERS.joinpath(*parts[:depth]))]
        sys.modules.setdefault(parent.__name__, parent)
    return importlib.import_module(module)


# Each is one token in both tokenizers, whatever stands beside it.
WORDS = ["the", "water", "rank", "document", "of", "light", "mountain", "every", "is", "window", "line", "a", "score"]


def words(seed, count):
    """`count` words drawn by a linear congruential generator (Numerical Recipes)."""
    drawn = []
    for _ in range(count):
        seed = (seed * 1664525 + 1013904223) % 2**32
        drawn.append(WORDS[seed // 65536 % len(WORDS)])
    return " ".join(drawn)


def logit(ids, segments):
    """Between -10 and 10, by CRC-32 of ids and segments as comma-separated decimals."""
    text = ",".join(map(str, ids)) + ";" + ",".join(map(str, segments))
    return zlib.crc32(text.encode()) % 2001 / 100 - 10


class Checksum(torch.nn.Module):
    def forward(self, input_ids, attention_mask, token_type_ids=None, return_dict=True):
        if token_type_ids is None:
            token_type_ids = torch.zeros_like(input_ids)
        rows = [
            logit(ids[mask == 1].tolist(), types_[mask == 1].tolist())
            for ids, mask, types_ in zip(input_ids, attention_mask, token_type_ids)
        ]
        return types.SimpleNamespace(logits=torch.tensor(rows, dtype=torch.float64).view(-1, 1))


TOKENIZERS = {
    "unigram": XLMRobertaTokenizerFast(tokenizer_file=str(ROOT / "tests/models/tokenizers/unigram.json")),
    "wordpiece": BertTokenizerFast(tokenizer_file=str(ROOT / "tests/models/wordpiece/tokenizer.json")),
}
for name, tokenizer in TOKENIZERS.items():
    for word in WORDS:
        assert len(tokenizer.encode(f"a {word} a", add_special_tokens=False)) == 3, (name, word)


def bcembedding():
    reranker_of = load("BCEmbedding.models.reranker").RerankerModel
    tokenizer = TOKENIZERS["unigram"]
    cases = []
    for max_tokens, overlap in [(512, 80), (512, 0), (512, 79), (256, 80), (128, 80), (128, 10)]:
        reranker = reranker_of.__new__(reranker_of)
        reranker.tokenizer, reranker.model, reranker.device, reranker.num_gpus = tokenizer, Checksum(), "cpu", 0
        reranker.max_length, reranker.overlap_tokens = max_tokens, overlap
        for query in [1, 2, 7, max_tokens - 104 - 1 - 320 + 101, 188, 189, 384, max_tokens * 3 // 4 - 1]:
            # A query keeps at most three quarters with us; the original stops where it leaves 100 tokens or fewer.
            if not 0 < query <= max_tokens * 3 // 4 or max_tokens - query - 4 <= 100:
                continue
            room = max_tokens - query - 4
            stride = room - min(overlap, room // 4)
            lengths = {1, room - 1, room, room + 1, 2 * room}
            lengths |= {room + count * stride + off for count in (1, 2, 5) for off in (-1, 0, 1)}
            documents = [{"seed": seed, "words": length} for seed, length in enumerate(sorted(lengths), query)]
            ranked = reranker.rerank(words(3, query), [words(it["seed"], it["words"]) for it in documents])
            for document, score in zip(ranked["rerank_ids"], ranked["rerank_scores"]):
                documents[document]["score"] = score
            cases.append({"maxTokens": max_tokens, "overlapTokens": overlap, "query": {"seed": 3, "words": query}, "documents": documents})
    return cases


def flagembedding():
    reranker_of = load("FlagEmbedding.inference.reranker.encoder_only.base").BaseReranker
    cases = []
    for name, separators in [("unigram", 4), ("wordpiece", 3)]:
        reranker = reranker_of.__new__(reranker_of)
        reranker.tokenizer, reranker.model, reranker.target_devices = TOKENIZERS[name], Checksum(), ["cpu"]
        reranker.query_max_length, reranker.normalize, reranker.batch_size = None, False, 128
        for max_tokens in [32, 33, 64, 127, 512]:
            share = max_tokens * 3 // 4
            for query in [1, 5, share - 1, share, share + 1, max_tokens, 2 * max_tokens]:
                room = max_tokens - min(query, share) - separators
                lengths = sorted({1, room - 1, room, room + 1, room + 2, max_tokens, 3 * max_tokens} - {0})
                documents = [{"seed": seed, "words": length} for seed, length in enumerate(lengths, query)]
                pairs = [(words(3, query), words(it["seed"], it["words"])) for it in documents]
                scores = reranker.compute_score_single_gpu(pairs, max_length=max_tokens)
                for document, score in zip(documents, scores):
                    document["score"] = round(score, 2)
                cases.append({"tokenizer": name, "maxTokens": max_tokens, "query": {"seed": 3, "words": query}, "documents": documents})
    return cases


goldens = {"bcembedding": bcembedding(), "flagembedding": flagembedding()}
lines = [f'"{name}": [\n' + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]" for name, cases in goldens.items()]
(HERE / "windows.json").write_text("{" + ",\n".join(lines) + "}\n", "utf-8")
print({name: sum(len(case["documents"]) for case in cases) for name, cases in goldens.items()}, "documents")
