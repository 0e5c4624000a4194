"""Stage 9: the evaluation table (evaluation.md), from lists of evaluation.json.

    python model/recipe/evaluate.py score SYSTEM...      bm25 e5int8 e5 apart fp32 int8 previous package hybrid; resumable, one file a system and set in WORK/scores
    python model/recipe/evaluate.py table                nDCG@10, MRR and AUC with bootstrapped intervals; reliability diagram

`apart` and `fp32` are model.pt in int8 and fp32, `e5int8` and `e5` the bi-encoder with all its pieces: they read query and document apart, which gives what the pair's graph gives at a
tenth of its cost. `int8` is model_int8.onnx in onnxruntime, `package` the same file in the wasm of pkg/ under Node, `previous` the model before this one in WORK/previous; these read
pairs, so `--lists 5` keeps them to the first lists of each set. All read as many tokens as the package does.
"""
import argparse
import json
import os
import subprocess
from pathlib import Path

import measures
from workplace import REPOSITORY, WORK, Unusable, stage, wanted, whole_file

# Of one side, when sides are read apart: with the other they stay below the 512 of a pair.
LONGEST = 448
MAX_TOKENS, MAX_QUERY = 512, 384


def e5(int8):
    """Cosine of e5's two readings, all 250,002 pieces."""
    import bi

    reader = bi.Reader(bi.original_tokenizer(), bi.base_session(original=True, int8=int8), LONGEST)

    def score(it, lists):
        documents = sorted({at for row in lists for at in row["documents"]})
        q = reader.vectors([row["query"] for row in lists], "query")
        d = dict(zip(documents, reader.vectors([it["documents"][at] for at in documents], "passage")))
        return [[float(vector @ d[at]) for at in row["documents"]] for row, vector in zip(lists, q)]

    return score


def bm25():
    """What lists.py already knows."""
    return lambda it, lists: [row["bm25"] for row in lists]


def apart(kind):
    """model.pt in fp32 or int8: each side read once, compared by the head."""
    import torch

    import bi
    import checkpoint

    _, head, _ = checkpoint.load(wanted(WORK / "model.pt", "calibrate.py"))
    reader = bi.Reader(bi.cut_tokenizer(), bi.session(wanted(WORK / "export" / f"side_{kind}.onnx", "calibrate.py")), LONGEST)

    def score(it, lists):
        documents = sorted({at for row in lists for at in row["documents"]})
        place = {at: number for number, at in enumerate(documents)}
        d, di, dt = reader.padded([it["documents"][at] for at in documents], "passage")
        found = []
        with torch.inference_mode():
            for row in lists:
                chosen = torch.tensor([place[at] for at in row["documents"]])
                found.append(head.all_pairs(reader.padded([row["query"]], "query"), (d[chosen], di[chosen], dt[chosen]))[0][0].tolist())
        return found

    return score


def pairs(path, tokenizer_path):
    """Logits of an exported graph, one pair a run, cut as the package cuts."""
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(tokenizer_path))
    names = {it.name for it in session.get_inputs()}

    def logit(query, document):
        query.truncate(min(MAX_QUERY, len(query.ids)))
        specials = tokenizer.num_special_tokens_to_add(True)
        document.truncate(min(MAX_TOKENS - specials - len(query.ids), len(document.ids)))
        row = tokenizer.post_process(query, document)
        inputs = {"input_ids": row.ids, "attention_mask": row.attention_mask, "token_type_ids": row.type_ids}
        return float(session.run(None, {name: np.array([value], dtype=np.int64) for name, value in inputs.items() if name in names})[0].reshape(-1)[0])

    encode = lambda text: tokenizer.encode(text, add_special_tokens=False)

    def score(it, lists):
        return [[logit(encode(row["query"]), encode(it["documents"][at])) for at in row["documents"]] for row in lists]

    return score


def package(it, lists):
    """Through the built package under Node, as a user would."""
    script = Path(__file__).with_name("package.mjs")
    asked = [{"query": row["query"], "documents": [it["documents"][at] for at in row["documents"]]} for row in lists]
    folder = WORK / "export"
    node = os.environ.get("NODE", "node")
    try:
        run = subprocess.run([node, script, REPOSITORY / "pkg" / "local.js", folder / "model_int8.onnx", WORK / "tokenizer.json"], input=json.dumps(asked), capture_output=True, text=True)
    except FileNotFoundError:
        raise Unusable(f"{node} is not here: install Node 20 or later, or set NODE") from None
    if run.returncode != 0:
        raise Unusable(f"the package could not score (is it built? npm run build): {run.stderr.strip()[-500:]}")
    return json.loads(run.stdout)


def hybrid():
    """PyPI small-hybrid-reranker."""
    try:
        from small_hybrid_reranker import HybridReranker

        reranker = HybridReranker()
    except Exception as reason:  # it fetches its embedding from a hub when it starts
        raise Unusable(f"small-hybrid-reranker does not run here: {type(reason).__name__}: {str(reason)[:200]}") from reason

    def score(it, lists):
        found = []
        for row in lists:
            texts = [it["documents"][at] for at in row["documents"]]
            by_text = {result["passage"]: result["score"] for result in reranker.rerank(row["query"], texts)}
            found.append([by_text[text] for text in texts])
        return found

    return score


def system(name):
    export = WORK / "export"
    made = {
        "bm25": bm25,
        "e5int8": lambda: e5(int8=True),
        "e5": lambda: e5(int8=False),
        "apart": lambda: apart("int8"),
        "fp32": lambda: apart("fp32"),
        "int8": lambda: pairs(wanted(export / "model_int8.onnx", "export.py"), WORK / "tokenizer.json"),
        "previous": lambda: pairs(wanted(WORK / "previous" / "model_int8.onnx", "README: git show the version before into WORK/previous"), WORK / "previous" / "tokenizer.json"),
        "package": lambda: package,
        "hybrid": hybrid,
    }
    return made[name]()


def score(names, most):
    lists = json.loads(wanted(WORK / "evaluation.json", "lists.py").read_text("utf-8"))
    folder = WORK / "scores"
    folder.mkdir(exist_ok=True)
    for name in names:
        run = None
        for it in lists:
            path = folder / f"{name}.{it['set']}.json"
            chosen = it["lists"][:most]
            if path.exists() and len(json.loads(path.read_text())) >= len(chosen):
                continue
            run = run or system(name)
            with whole_file(path) as part:
                part.write_text(json.dumps(run(it, chosen)))
            print(f"{name} {it['set']}: {len(chosen)} lists", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("score", "table"))
    parser.add_argument("systems", nargs="*")
    parser.add_argument("--lists", type=int, default=10_000)
    asked = parser.parse_intermixed_args()
    if asked.what == "score":
        score(asked.systems, asked.lists)
    else:
        import table

        text = table.markdown(json.loads(wanted(WORK / "evaluation.json", "lists.py").read_text("utf-8")), WORK / "scores")
        with whole_file(WORK / "evaluation.md") as part:
            part.write_text(text, "utf-8")
        print(text)


if __name__ == "__main__":
    with stage("evaluate"):
        main()
