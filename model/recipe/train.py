"""Stage 6: fine-tunes the upper layers and the head on the frozen layers' states (runs/NAME.pt; its curve in runs/NAME.json and NAME.log).

    python model/recipe/train.py --name head --frozen 12 --epochs 3        (no layer: the head alone)
    python model/recipe/train.py --name upper --frozen 8
    python model/recipe/train.py --name again --start shipped --again --part more --rate 5e-5 --head-rate 2e-3
    python model/recipe/train.py --name tiny --frozen 0 --layers 4         (embeddings too; see tiny.py)

Each side is read once and compared with every other of the batch: 32 queries against 64 documents are 2,048 pairs for 96 readings. Softmax cross-entropy over
the batch's documents, with what may be relevant too left out; binary cross-entropy, so that the logit's sigmoid means something; and e5's own cosines as a
teacher, so that what e5 knows of other texts stays. Layers run in bfloat16 with fp32 masters. Checkpoints every few steps: run the same command again to go on.
"""
import argparse
import functools
import json
import math
import random
import time

from workplace import WORK, stage, wanted, whole_file

CHECKPOINT, REPORT, WARM = 20, 60, 20
# Beside the softmax: of the binary cross-entropy and of e5's cosines.
CALIBRATION, TEACHER = 0.2, 0.3
# Tokens of a document and of a query; what a cosine is multiplied by where it is compared with e5's.
LONGEST, LONGEST_QUERY, SHARPNESS = 160, 64, 40.0


def loss_of(logits, targets, allowed):
    """`targets[row]` is the relevant column."""
    import torch
    from torch.nn import functional

    ranking = functional.cross_entropy(logits.masked_fill(~allowed, -1e4), targets)
    relevant = logits.gather(1, targets[:, None])
    others = allowed.clone().scatter_(1, targets[:, None], False)
    # One relevant document weighs as much as the ten hardest others together.
    hardest = logits.masked_fill(~others, -1e4).topk(min(10, logits.shape[1] - 1), dim=1).values
    binary = functional.softplus(-relevant).mean() + functional.softplus(hardest).mean()
    return ranking, binary


def step_loss(upper, head, states, batch, rng):
    import torch
    from torch.nn import functional

    import batches
    from head import mean
    from upper import read

    documents, targets, allowed = batches.drawn(batch, rng)
    queries = [group["query"] for group in batch]
    q, d = read(upper, states, queries, LONGEST_QUERY), read(upper, states, documents, None if rng.random() < 1 / 3 else LONGEST)
    logits, _ = head.all_pairs(q, d)
    ranking, binary = loss_of(logits, torch.tensor(targets), torch.tensor(allowed))
    loss = ranking + CALIBRATION * binary
    if upper is not None:
        cosines = mean(q[0], q[2]) @ mean(d[0], d[2]).T
        teacher = torch.from_numpy(states.vectors[queries] @ states.vectors[documents].T)
        student = functional.log_softmax(SHARPNESS * cosines, -1)
        loss = loss + TEACHER * functional.kl_div(student, functional.softmax(SHARPNESS * teacher, -1), reduction="batchmean")
    return loss, ranking, binary


def developed(upper, head, states, development):
    """{set: nDCG@10 of its development groups against each other's documents}, and how many scores lie on the right side of 0.5."""
    import torch

    import batches
    import measures
    from upper import read

    found, right = {}, {"relevant": [], "others": []}
    with torch.inference_mode():
        for name, pile in batches.by_set(development).items():
            documents = sorted({number for group in pile for number in group["relevant"] + group["hard"]})
            logits, _ = head.all_pairs(read(upper, states, [group["query"] for group in pile], LONGEST_QUERY), read(upper, states, documents, LONGEST))
            values = []
            for group, row in zip(pile, logits.tolist()):
                relevant = [score for score, number in zip(row, documents) if number in group["relevant"]]
                others = [score for score, number in zip(row, documents) if number not in group["relevant"]]
                values.append(100 * measures.ndcg(relevant + others, len(relevant)))
                right["relevant"] += [score > 0 for score in relevant]
                # As many as a page shows.
                right["others"] += [score < 0 for score in sorted(others)[-10:]]
            found[name] = sum(values) / len(values)
    return found, {kind: 100 * sum(values) / len(values) for kind, values in right.items()}


def prepared(head, upper, states, groups, seed):
    """Before the first step: tokens are compared by the main directions of their states; evidence is counted in standard deviations."""
    import numpy as np
    import torch

    import batches
    from upper import read

    rng = random.Random(seed)
    with torch.no_grad():
        texts = rng.sample(range(len(states.ids)), 400)
        tokens = torch.cat([hidden[there > 0] for hidden, _, there in (read(upper, states, texts[at : at + 16]) for at in range(0, 400, 16))])
        middle = tokens.mean(0)
        values, directions = torch.linalg.eigh(torch.cov((tokens - middle).T))
        main = directions[:, -head.near.out_features :] * (values[-1] / values[-head.near.out_features :]).sqrt().clamp(max=4.0)
        head.near.weight.copy_(main.T)
        head.near.bias.copy_(-middle @ main)
        seen = []
        for batch in batches.batches(groups, 0, seed)[:30]:
            documents, _, _ = batches.drawn(batch, rng)
            q, d = read(upper, states, [group["query"] for group in batch], LONGEST_QUERY), read(upper, states, documents, LONGEST)
            seen.append(head.all_pairs(q, d)[1].flatten(0, 1))
        seen = torch.cat(seen)
        head.middle.copy_(seen.mean(0))
        head.spread.copy_(seen.std(0).clamp(min=1e-3))
        # Relevant documents are the highest few.
        head.bias.fill_(-float(np.quantile((((seen - head.middle) / head.spread) * head.direct).sum(-1), 0.98)))


class Run:
    """What is trained: the upper layers (None for a head alone), the head, and their optimizer."""

    def __init__(self, asked):
        import copy

        import torch

        import encoder
        from head import Head, starting_weights
        from upper import upper_of

        whole = encoder.base_encoder(layers=asked.layers)
        self.frozen = asked.frozen
        self.layers = upper_of(whole, asked.frozen)
        self.head = Head(whole.sizes["vocab"])
        self.head.token_weight.weight.data = starting_weights(whole.sizes["vocab"])
        self.worked = copy.deepcopy(self.layers).bfloat16() if self.layers is not None else None
        head = {name: weight for name, weight in self.head.named_parameters()}
        token = head.pop("token_weight.weight")
        near = [head.pop("near.weight"), head.pop("near.bias")]
        self.trained = list(self.layers.parameters()) if self.layers is not None else []
        of_layers = [
            {"params": [weight for weight in self.trained if weight.ndim > 1], "lr": asked.rate, "weight_decay": 0.01},
            {"params": [weight for weight in self.trained if weight.ndim == 1], "lr": asked.rate},
        ]
        self.optimizer = torch.optim.AdamW([
            *(of_layers if self.trained else []),
            {"params": near, "lr": asked.head_rate / 10},
            {"params": [token], "lr": asked.head_rate * 3},
            {"params": list(head.values()), "lr": asked.head_rate},
        ], weight_decay=0.0)
        self.first = [group["lr"] for group in self.optimizer.param_groups]

    def spread(self):
        """Masters → the bfloat16 layers that run."""
        if self.layers is not None:
            for worked, master in zip(self.worked.parameters(), self.layers.parameters()):
                worked.data.copy_(master.data)

    def step(self, loss, at, total):
        import torch

        loss.backward()
        if self.layers is not None:
            for worked, master in zip(self.worked.parameters(), self.layers.parameters()):
                master.grad, worked.grad = worked.grad.float(), None
        factor = min(1.0, (at + 1) / WARM) * 0.5 * (1 + math.cos(math.pi * at / total))
        for group, first in zip(self.optimizer.param_groups, self.first):
            group["lr"] = first * factor
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.spread()

    def load(self, saved, optimizer=True):
        if self.layers is not None and saved["layers"] is not None:
            above = self.frozen - saved["frozen"]
            name = lambda old: f"layers.{int(old.split('.')[1]) - above}." + old.split(".", 2)[2] if old.startswith("layers.") and above else old
            layers = {name(old): weight for old, weight in saved["layers"].items()}
            self.layers.load_state_dict({name: weight for name, weight in layers.items() if not above or not name.startswith(("layers.-", "embeddings."))})
        self.head.load_state_dict(saved["head"])
        if optimizer:
            self.optimizer.load_state_dict(saved["optimizer"])
        self.spread()

    def save(self, path, **more):
        import torch

        with whole_file(path) as part:
            torch.save({"layers": self.layers and self.layers.state_dict(), "head": self.head.state_dict(), "optimizer": self.optimizer.state_dict(), **more}, part)


def asked_for():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True)
    parser.add_argument("--start", help="a run whose head (and layers, where it has them) to start from")
    parser.add_argument("--frozen", type=int, default=8)
    parser.add_argument("--layers", type=int, default=12, help="in all")
    parser.add_argument("--teacher", type=int, default=8, help="with --frozen 0: the folder of states whose vectors are the teacher's")
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--rate", type=float, default=1e-4, help="of the layers")
    parser.add_argument("--part", choices=("first", "more"), default="first", help="of the draw, what to train on")
    parser.add_argument("--share", type=float, default=1.0, help="of each set's training groups")
    parser.add_argument("--again", action="store_true", help="on the states of states.py --run START, whose vectors are the teacher's and choose the hard ones")
    parser.add_argument("--head-rate", type=float, default=5e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="two threads of one core are slower than one")
    return parser.parse_args()


def main():
    import torch

    import batches
    from states import Few, States, Texts

    asked = asked_for()
    torch.set_num_threads(asked.threads)
    torch.manual_seed(asked.seed)
    runs = WORK / "runs"
    runs.mkdir(exist_ok=True)
    log = open(runs / f"{asked.name}.log", "a", buffering=1)
    say = lambda line: (print(line, flush=True), log.write(line + "\n"))
    if asked.again:
        states = Few(WORK / f"states{asked.frozen}_{asked.start}_{asked.part}")
    else:
        states = States(asked.frozen) if asked.frozen else Texts(asked.teacher)
    groups = [group for group in json.loads(wanted(WORK / "draw.json", "draw.py").read_text("utf-8"))["groups"] if asked.part == "more" or "more" not in group]
    training, development = batches.parted(groups, asked.part, share=asked.share)
    batches.mine(training if asked.again else groups, states.vectors)
    epoch = functools.cache(lambda number: batches.batches(training, number, asked.seed))
    per_epoch = len(epoch(0))
    total = int(asked.epochs * per_epoch)
    run, path, at, curve, seconds = Run(asked), runs / f"{asked.name}.pt", 0, [], 0.0
    if path.exists():
        saved = torch.load(path)
        run.load(saved)
        at, curve, seconds = saved["step"], saved["curve"], saved["seconds"]
        say(f"goes on at step {at}")
    elif asked.start:
        run.load(torch.load(wanted(runs / f"{asked.start}.pt", f"train.py --name {asked.start}")), optimizer=False)
    else:
        prepared(run.head, run.worked, states, training, asked.seed)
    say(f"{vars(asked)}; {len(training)} groups, {total} steps, {len(development)} development groups")

    def report():
        found, right = developed(run.worked, run.head, states, development)
        mean = sum(found.values()) / len(found)
        outside = sum(found[name] for name in batches.OUTSIDE) / len(batches.OUTSIDE)
        curve.append({"step": at, "seconds": round(seconds), "ndcg": round(mean, 2), "outside": round(outside, 2), "right": {kind: round(value, 1) for kind, value in right.items()}, "sets": {name: round(value, 1) for name, value in found.items()}})
        with whole_file(runs / f"{asked.name}.json") as part:
            part.write_text(json.dumps({"asked": vars(asked), "curve": curve}, indent=1))
        say(f"step {at}: development nDCG@10 {mean:.1f}, outside {outside:.1f}, right side of 0.5 {right}; direct {[round(it, 2) for it in run.head.direct.tolist()]}")

    if not curve:
        report()
    began, losses = time.time(), []
    while at < total:
        batch = epoch(at // per_epoch)[at % per_epoch]
        loss, ranking, binary = step_loss(run.worked, run.head, states, batch, random.Random(f"{asked.seed} step {at}"))
        run.step(loss, at, total)
        at += 1
        losses.append((ranking.item(), binary.item()))
        if at % CHECKPOINT == 0 or at == total:
            took = time.time() - began
            seconds += took
            ranking, binary = (sum(it) / len(losses) for it in zip(*losses))
            curve.append({"step": at, "seconds": round(seconds), "ranking": round(ranking, 4), "binary": round(binary, 4)})
            say(f"step {at} of {total}: ranking {ranking:.3f}, binary {binary:.3f}, {took / len(losses):.2f} s a step")
            if at % REPORT == 0 or at == total:
                report()
            run.save(path, step=at, curve=curve, seconds=seconds, frozen=asked.frozen, depth=asked.layers)
            began, losses = time.time(), []


if __name__ == "__main__":
    with stage("train"):
        main()
