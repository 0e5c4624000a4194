"""Stage 7: a run's layers and head → model.pt, its logit scaled and shifted so that the sigmoid is a probability on training lists.

    python model/recipe/calibrate.py [--run first]        (without --run: e5 itself, untrained, with the head's starting weights)

The order of documents stays as it is. Fitted by logistic regression to relevant documents, BM25's hard ones and random ones of the same set, which
weigh as much as each other: half of the weight lies on relevant documents.
"""
import argparse
import json
import random

from workplace import WORK, stage, wanted

GROUPS, RANDOM, SEED = 20, 3, 5
LONGEST = 128


def logits_by_kind(read, head, draw):
    """{relevant, hard, random: logits} of some groups of each set; `read(texts, side)` gives padded sides."""
    import torch

    import train

    rng, by_set = random.Random(SEED), {}
    for group in draw["groups"]:
        by_set.setdefault(group["set"], []).append(group)
    found = {"relevant": [], "hard": [], "random": []}
    for _, pile in sorted(by_set.items()):
        chosen = [group for group in rng.sample(pile, min(GROUPS, len(pile))) if group["hard"]]
        texts = lambda numbers: [draw["texts"][at][1:] for at in numbers]
        relevant, hard = [group["relevant"][0] for group in chosen], [group["hard"][0] for group in chosen]
        with torch.inference_mode():
            logits = train.all_pairs(head, read(texts([group["query"] for group in chosen]), "query"), read(texts(relevant + hard), "passage"))
        for row, group in enumerate(chosen):
            found["relevant"].append(logits[row, row].item())
            found["hard"].append(logits[row, len(chosen) + row].item())
            others = [at for at, number in enumerate(relevant) if number not in group["relevant"]]
            found["random"] += logits[row, rng.sample(others, min(RANDOM, len(others)))].tolist()
    return found


def fitted(found):
    """(scale, offset) by Newton's method on the weighted log-likelihood."""
    import numpy as np

    share = {"relevant": 0.5, "hard": 0.25, "random": 0.25}
    x = np.concatenate([found[kind] for kind in share])
    y = np.concatenate([np.full(len(found[kind]), float(kind == "relevant")) for kind in share])
    w = np.concatenate([np.full(len(found[kind]), share[kind] / len(found[kind])) for kind in share])
    middle, spread = x.mean(), x.std()
    features = np.stack([(x - middle) / spread, np.ones_like(x)], 1)
    parameters = np.zeros(2)
    for _ in range(50):
        p = 1 / (1 + np.exp(-features @ parameters))
        gradient = features.T @ (w * (p - y))
        hessian = (features * (w * p * (1 - p))[:, None]).T @ features + 1e-9 * np.eye(2)
        parameters -= np.linalg.solve(hessian, gradient)
    scale = parameters[0] / spread
    return scale, parameters[1] - scale * middle


def assembled(run):
    """(encoder, head) of a run, or e5 with the head's starting weights."""
    import torch

    import encoder
    from head import Head, starting_weights

    whole = encoder.base_encoder()
    head = Head(whole.sizes["vocab"])
    head.token_weight.weight.data = starting_weights(whole.sizes["vocab"])
    if run:
        saved = torch.load(wanted(WORK / "runs" / f"{run}.pt", f"train.py --name {run}"))
        whole.encoder.layer[saved["frozen"] :].load_state_dict(saved["layers"])
        head.load_state_dict(saved["head"])
    return whole.eval(), head.eval()


def main():
    import numpy as np
    import torch

    import bi
    import checkpoint
    import export
    import train

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run")
    asked = parser.parse_args()
    whole, head = assembled(asked.run)
    # In int8, as it is shipped.
    fp32, int8 = WORK / "export" / "side_fp32.onnx", WORK / "export" / "side_int8.onnx"
    bi.export_side(whole, len(whole.encoder.layer), fp32)
    export.quantize(fp32, int8)
    reader = bi.Reader(bi.cut_tokenizer(), bi.session(int8), LONGEST)

    def read(texts, side):
        rows = reader.ids(texts, side)
        states = dict(reader.states(rows))
        return train.stack([(torch.from_numpy(states[at]), torch.tensor(rows[at])) for at in range(len(rows))])

    found = logits_by_kind(read, head, json.loads(wanted(WORK / "draw.json", "draw.py").read_text("utf-8")))
    scale, offset = fitted(found)
    with torch.no_grad():
        head.evidence *= scale
        head.bias *= scale
        head.bias += offset
    for kind, logits in found.items():
        p = 1 / (1 + np.exp(-(scale * np.array(logits) + offset)))
        print(f"{kind}: {len(p)} pairs, sigmoid median {np.median(p):.3f}, {np.mean(p > 0.5):.1%} above 0.5")
    checkpoint.save(WORK / "model.pt", whole, head, run=asked.run or "e5")
    print(f"model.pt: scale {scale:.3f}, offset {offset:.3f}; evidence {[round(it, 2) for it in head.evidence.tolist()]}, bias {head.bias.item():.2f}")


if __name__ == "__main__":
    with stage("calibrate"):
        main()
