"""Make pairs.jsonl: logits of the default model, in fp32 and int8, for pairs written for this project.

    pip install -r tests/golden/requirements.txt
    python tests/golden/make_pairs.py [--models /work/shared/models/default]

Made with Python 3.11.7, onnxruntime 1.31.1, tokenizers 0.23.3, numpy 2.4.6. The folder holds model_fp32.onnx, model_int8.onnx and tokenizer.json
(sha256 in README.md); the fp32 file is not in this repository.

A pair is <s> query </s></s> document </s>. The query is cut to 384 tokens, then the document at its end to 512 tokens in all (FlagEmbedding's
rule). One pair a run: batch 1, no padding, CPU provider. In pairs.source.json a text "@Q" stands for the first document of the query Q.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

HERE = Path(__file__).parent
BOS, EOS = 0, 2
MAX_TOKENS, MAX_QUERY, SPECIALS = 512, 384, 4


def pair_ids(tokenizer: Tokenizer, query: str, document: str) -> list[int]:
    """Token ids of a pair, cut to MAX_TOKENS."""
    q = tokenizer.encode(query, add_special_tokens=False).ids[:MAX_QUERY]
    d = tokenizer.encode(document, add_special_tokens=False).ids[: MAX_TOKENS - SPECIALS - len(q)]
    return [BOS, *q, EOS, EOS, *d, EOS]


def logit(session: onnxruntime.InferenceSession, ids: list[int]) -> float:
    row = np.array([ids], dtype=np.int64)
    return float(session.run(None, {"input_ids": row, "attention_mask": np.ones_like(row)})[0].reshape(-1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=HERE / "../../../shared/models/default")
    folder = parser.parse_args().models
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    fp32, int8 = (
        onnxruntime.InferenceSession(folder / f"model_{kind}.onnx", providers=["CPUExecutionProvider"]) for kind in ("fp32", "int8")
    )
    groups = json.loads((HERE / "pairs.source.json").read_text("utf-8"))
    named = {"@" + group["query"]: group["documents"][0] for group in groups}
    lines, errors = [], []
    for group in groups:
        query = named.get(group["query"], group["query"])
        for document in group["documents"]:
            document = named.get(document, document)
            ids = pair_ids(tokenizer, query, document)
            row = {"set": group["set"], "query": query, "document": document}
            row |= {"fp32_logit": logit(fp32, ids), "int8_logit": logit(int8, ids), "tokens": len(ids)}
            errors.append(abs(row["int8_logit"] - row["fp32_logit"]))
            lines.append(json.dumps(row, ensure_ascii=False))
    (HERE / "pairs.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{len(lines)} pairs, mean |int8 - fp32| {np.mean(errors):.4f}, max {np.max(errors):.4f}")


if __name__ == "__main__":
    main()
