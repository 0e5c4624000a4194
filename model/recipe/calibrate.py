"""Stage 7: a run's layers and head → model.pt, its logit scaled and shifted so that the sigmoid is a probability on texts that training did not see.

    python model/recipe/calibrate.py --run upper [--keep 0.3]        (--keep: how much of e5's own upper layers stays in their weights' mean)

The order of documents stays as it is. Fitted by logistic regression on the development groups: of each query the relevant documents and as many others as fill
a list of 24, those that the model itself ranks highest of its set. So a score is the probability that a document of such a list is relevant, and not of a
random one.
"""
import argparse
import json

from workplace import REPOSITORY, WORK, stage, wanted

LIST, LONGEST = 24, 160


def logits_by_kind(read, head, groups, texts):
    """({relevant, others: logits of the lists}, {set: nDCG@10, relevant documents of all its groups against each other}); `read(texts, side)` gives padded sides."""
    import torch

    import batches
    import measures

    found, ndcg = {"relevant": [], "others": []}, {}
    for name, pile in sorted(batches.by_set(groups).items()):
        numbers = sorted({number for group in pile for number in group["relevant"] + group["hard"]})
        with torch.inference_mode():
            logits, _ = head.all_pairs(read([texts[group["query"]][1:] for group in pile], "query"), read([texts[number][1:] for number in numbers], "passage"))
        values = []
        for group, row in zip(pile, logits.tolist()):
            relevant = [score for score, number in zip(row, numbers) if number in group["relevant"]]
            others = sorted((score for score, number in zip(row, numbers) if number not in group["relevant"]), reverse=True)
            found["relevant"] += relevant
            found["others"] += others[: LIST - len(relevant)]
            values.append(100 * measures.ndcg(relevant + others, len(relevant)))
        ndcg[name] = sum(values) / len(values)
    return found, ndcg


def fitted(found):
    """(scale, offset) by Newton's method on the log-likelihood."""
    import numpy as np

    x = np.concatenate([found["relevant"], found["others"]])
    y = np.concatenate([np.ones(len(found["relevant"])), np.zeros(len(found["others"]))])
    middle, spread = x.mean(), x.std()
    features = np.stack([(x - middle) / spread, np.ones_like(x)], 1)
    parameters = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-features @ parameters))
        hessian = (features * (p * (1 - p))[:, None]).T @ features + 1e-9 * np.eye(2)
        parameters -= np.linalg.solve(hessian, features.T @ (p - y))
    scale = parameters[0] / spread
    return scale, parameters[1] - scale * middle


def examples():
    """[(query, documents)] of the demo."""
    import re

    text = (REPOSITORY / "www" / "examples.js").read_text("utf-8")
    quoted = r'"((?:[^"\\\\]|\\\\.)*)"'
    found = re.findall(rf"query: {quoted},\s*documents: \[(.*?)\]", text, re.DOTALL)
    return [(query, re.findall(quoted, documents)) for query, documents in found]


def assembled(run, keep):
    """(encoder, head) of a run; its layers drawn towards e5's, which costs little where it was trained and helps where it was not."""
    import torch

    import encoder
    from head import Head
    from upper import upper_of

    saved = torch.load(wanted(WORK / "runs" / f"{run}.pt", f"train.py --name {run}"))
    whole = encoder.base_encoder(layers=saved["depth"])
    head = Head(whole.sizes["vocab"])
    head.load_state_dict(saved["head"])
    upper = upper_of(whole, saved["frozen"])
    if upper is not None:
        upper.load_state_dict({name: keep * weight + (1 - keep) * saved["layers"][name] for name, weight in upper.state_dict().items()})
    return whole.eval(), head.eval()


def main():
    import numpy as np
    import torch

    import batches
    import bi
    import checkpoint
    import export

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", required=True)
    parser.add_argument("--keep", type=float, default=0.0)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    whole, head = assembled(asked.run, asked.keep)
    # In int8, as it is shipped.
    fp32, int8 = WORK / "export" / "side_fp32.onnx", WORK / "export" / "side_int8.onnx"
    bi.export_side(whole, fp32)
    export.quantize(fp32, int8)
    reader = bi.Reader(bi.cut_tokenizer(), bi.session(int8), LONGEST)
    draw = json.loads(wanted(WORK / "draw.json", "draw.py").read_text("utf-8"))
    found, ndcg = logits_by_kind(reader.padded, head, batches.parted(draw["groups"])[1], draw["texts"])
    outside = np.mean([ndcg[name] for name in batches.OUTSIDE])
    print(f"development nDCG@10 {np.mean(list(ndcg.values())):.2f}, outside {outside:.2f}: {({name: round(value, 1) for name, value in ndcg.items()})}")
    scale, offset = fitted(found)
    with torch.no_grad():
        for weight in (head.direct, head.outer, head.bias):
            weight *= scale
        head.bias += offset
    for kind, logits in found.items():
        p = 1 / (1 + np.exp(-(scale * np.array(logits) + offset)))
        print(f"{kind}: {len(p)} pairs, sigmoid median {np.median(p):.3f}, {np.mean(p > 0.5):.1%} above 0.5")
    checkpoint.save(WORK / "model.pt", whole, head, run=asked.run, keep=asked.keep)
    with torch.inference_mode():
        for query, documents in examples():
            logits, _ = head.all_pairs(reader.padded([query], "query"), reader.padded(documents, "passage"))
            print(f"{query}: {', '.join(f'{p:.2f}' for p in torch.sigmoid(logits[0]).tolist())}")
    print(f"model.pt: scale {scale:.3f}, offset {offset:.3f}")


if __name__ == "__main__":
    with stage("calibrate"):
        main()
