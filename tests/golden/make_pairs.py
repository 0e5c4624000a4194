"""Make pairs.jsonl: logits of the default model, in fp32 and int8, for pairs written for this project.

    pip install -r tests/golden/requirements.txt
    python tests/golden/make_pairs.py [--models .cache/recipe/export] [--fp32 SCALE OFFSET]

Made with Python 3.11.7, onnxruntime 1.32.0, tokenizers 0.23.3, numpy 2.4.6. The folder holds model_fp32.onnx, model_int8.onnx and tokenizer.json
(sha256 in README.md): the recipe in model/recipe puts them there; the fp32 file is not in this repository.

A pair stands as tokenizer.json's pair template says. The query is cut to 384 tokens, then the document at its end to 512 tokens in all (FlagEmbedding's
rule). One pair a run: batch 1, no padding, CPU provider. In pairs.source.json a text "@Q" stands for the first document of the query Q.

--fp32: where calibrate.py gave a model whose fp32 file is no longer at hand another scale and offset (it prints them), and nothing else changed: pairs.jsonl's
own fp32 logits, scaled and shifted alike.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Encoding, Tokenizer

HERE = Path(__file__).parent
MAX_TOKENS, MAX_QUERY = 512, 384


def pair(tokenizer: Tokenizer, query: str, document: str) -> Encoding:
    """The tokens of a pair, cut to MAX_TOKENS."""
    q, d = tokenizer.encode(query, add_special_tokens=False), tokenizer.encode(document, add_special_tokens=False)
    q.truncate(MAX_QUERY)
    d.truncate(MAX_TOKENS - tokenizer.num_special_tokens_to_add(True) - len(q.ids))
    return tokenizer.post_process(q, d)


def logit(session: onnxruntime.InferenceSession, row: Encoding) -> float:
    inputs = {"input_ids": row.ids, "attention_mask": row.attention_mask, "token_type_ids": row.type_ids}
    return float(session.run(None, {name: np.array([value], dtype=np.int64) for name, value in inputs.items()})[0].reshape(-1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=HERE / "../../.cache/recipe/export")
    parser.add_argument("--fp32", type=float, nargs=2, metavar=("SCALE", "OFFSET"))
    asked = parser.parse_args()
    folder = asked.models
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    session = lambda kind: onnxruntime.InferenceSession(folder / f"model_{kind}.onnx", providers=["CPUExecutionProvider"])
    int8, fp32 = session("int8"), None if asked.fp32 else session("fp32")
    before = [json.loads(line)["fp32_logit"] for line in (HERE / "pairs.jsonl").read_text("utf-8").splitlines()] if asked.fp32 else []
    groups = json.loads((HERE / "pairs.source.json").read_text("utf-8"))
    named = {"@" + group["query"]: group["documents"][0] for group in groups}
    lines, errors = [], []
    for group in groups:
        query = named.get(group["query"], group["query"])
        for document in group["documents"]:
            document = named.get(document, document)
            tokens = pair(tokenizer, query, document)
            row = {"set": group["set"], "query": query, "document": document}
            exact = logit(fp32, tokens) if fp32 else asked.fp32[0] * before[len(lines)] + asked.fp32[1]
            row |= {"fp32_logit": exact, "int8_logit": logit(int8, tokens), "tokens": len(tokens.ids)}
            errors.append(abs(row["int8_logit"] - row["fp32_logit"]))
            lines.append(json.dumps(row, ensure_ascii=False))
    (HERE / "pairs.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{len(lines)} pairs, mean |int8 - fp32| {np.mean(errors):.4f}, max {np.max(errors):.4f}")


if __name__ == "__main__":
    main()
