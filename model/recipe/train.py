"""Stage 6: fine-tunes the upper layers and the head on the frozen layers' states (runs/NAME.pt and runs/NAME.log).

    python model/recipe/train.py --name first [--frozen 10] [--epochs 2] [--rate 1e-4] ...

Each side is read once and compared with every other of the batch: 48 queries of one set against 96 documents are 4,608 pairs for 144 readings.
Softmax cross-entropy over the batch's documents, with what may be relevant too left out, plus binary cross-entropy for a logit whose sigmoid means something.
Writes a checkpoint every few steps: run the same command again to go on.
"""
import argparse
import json
import math
import random
import time

from workplace import WORK, stage, wanted

QUERIES, HARD, CHECKPOINT = 48, 1, 20
# Of the binary cross-entropy beside the softmax.
CALIBRATION = 0.1


def batches(groups, epoch, seed):
    """Groups of one set at a time, three batches of four; of all sets mixed, the fourth."""
    rng = random.Random(f"{seed} {epoch}")
    groups = groups[:]
    rng.shuffle(groups)
    mixed, rest = groups[: len(groups) // 4], groups[len(groups) // 4 :]
    by_set = {}
    for group in rest:
        by_set.setdefault(group["set"], []).append(group)
    found = []
    for pile in [mixed, *by_set.values()]:
        found += [pile[at : at + QUERIES] for at in range(0, len(pile), QUERIES)]
    found = [batch for batch in found if len(batch) >= 8]
    rng.shuffle(found)
    return found, rng


def padded(states, numbers):
    """(hidden `[texts, length, hidden]`, ids, 1 where a token stands)"""
    import numpy as np
    import torch

    length = max(len(states.ids[at]) for at in numbers)
    hidden = np.zeros((len(numbers), length, states.states[0].shape[1]), dtype=np.float32)
    ids = np.ones((len(numbers), length), dtype=np.int64)
    for row, at in enumerate(numbers):
        hidden[row, : len(states.ids[at])] = states.states[at]
        ids[row, : len(states.ids[at])] = states.ids[at]
    ids = torch.from_numpy(ids)
    return torch.from_numpy(hidden), ids, (ids != 1).float()


def upper(layers, hidden, there):
    import encoder

    mask = ((1.0 - there) * encoder.FAR)[:, None, None, :]
    for layer in layers:
        hidden = layer(hidden, mask)
    return hidden


def all_pairs(head, q, d):
    """Logits `[queries, documents]` of two padded sides `(hidden, ids, there)`: what head.forward gives for one row that holds both."""
    import torch

    from head import identity, order, unit

    (qh, qi, qt), (dh, di, dt) = q, d
    mean = lambda x, there: unit((x * there[:, :, None]).sum(1) / there.sum(1, keepdim=True))
    cosine = mean(qh, qt) @ mean(dh, dt).T
    weight = head.weights(qi, qt)
    q_all, d_all = unit(qh).flatten(0, 1), unit(dh)
    columns = []
    for at in range(dh.shape[0]):
        here = dt[at].bool()
        if head.evidence[1] == 0:
            meaning = torch.zeros(len(qi))
        else:
            meaning = ((q_all @ d_all[at][here].T).amax(-1).view(weight.shape) * weight).sum(1)
        equal = (qi[:, :, None] == di[at][here][None, None, :]).float()
        columns.append(torch.stack([cosine[:, at], meaning, identity(equal, weight, here.sum())[:, 0], order(equal, weight)[:, 0]], -1))
    return head.logit(torch.stack(columns, 1))[:, :, 0]


def loss_of(logits, targets, allowed):
    """`targets[row]` is the relevant column; columns not allowed may be relevant too, or are the same text."""
    import torch
    from torch.nn import functional

    masked = logits.masked_fill(~allowed, -1e4)
    ranking = functional.cross_entropy(masked, targets)
    relevant = logits.gather(1, targets[:, None])
    others = allowed.clone().scatter_(1, targets[:, None], False)
    # One relevant document weighs as much as the ten hardest others together.
    hardest = logits.masked_fill(~others, -1e4).topk(min(10, logits.shape[1] - 1), dim=1).values
    binary = functional.softplus(-relevant).mean() + functional.softplus(hardest).mean()
    return ranking + CALIBRATION * binary, ranking


def step_loss(model, states, batch, rng):
    import torch

    layers, head = model
    relevant = [rng.choice(group["relevant"]) for group in batch]
    hard = [at for group in batch for at in rng.sample(group["hard"], min(HARD, len(group["hard"])))]
    documents = list(dict.fromkeys(relevant + hard))
    column = {number: at for at, number in enumerate(documents)}
    allowed = torch.ones(len(batch), len(documents), dtype=torch.bool)
    for row, group in enumerate(batch):
        for number in group["relevant"]:
            if number in column:
                allowed[row, column[number]] = number == relevant[row]
    targets = torch.tensor([column[number] for number in relevant])
    with torch.autocast("cpu", torch.bfloat16):
        sides = []
        for numbers in ([group["query"] for group in batch], documents):
            hidden, ids, there = padded(states, numbers)
            sides.append((upper(layers, hidden, there).float(), ids, there))
    return loss_of(all_pairs(head, *sides), targets, allowed)


def evaluated(model, states, lists):
    """nDCG@10 of each set."""
    import torch

    import measures

    layers, head = model
    result, at = {}, 0
    with torch.inference_mode():
        for it in lists:
            count = len(it["lists"])
            queries, documents = range(at, at + count), range(at + count, at + count + len(it["documents"]))
            at += count + len(it["documents"])
            read = {number: side for numbers in (queries, documents) for number, side in read_all(layers, states, numbers)}
            scores = []
            for row, query in zip(it["lists"], queries):
                chosen = [read[documents[place]] for place in row["documents"]]
                scores.append(all_pairs(head, stack([read[query]]), stack(chosen))[0].tolist())
            result[it["set"]] = 100 * sum(measures.ndcg(row, query["relevant"]) for row, query in zip(scores, it["lists"])) / count
    return result


def read_all(layers, states, numbers):
    import torch

    numbers = sorted(numbers, key=lambda at: len(states.ids[at]))
    for start in range(0, len(numbers), 32):
        part = numbers[start : start + 32]
        hidden, ids, there = padded(states, part)
        with torch.autocast("cpu", torch.bfloat16):
            hidden = upper(layers, hidden, there).float()
        for row, number in enumerate(part):
            length = int(there[row].sum())
            yield number, (hidden[row, :length], ids[row, :length])


def stack(sides):
    import torch

    pad = lambda tensors, value: torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=value)
    ids = pad([ids for _, ids in sides], 1)
    return pad([hidden for hidden, _ in sides], 0.0), ids, (ids != 1).float()


def main():
    import torch

    import encoder
    import measures
    from head import Head, starting_weights
    from states import States

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True)
    parser.add_argument("--frozen", type=int, default=10)
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--head-rate", type=float, default=3e-3)
    parser.add_argument("--evaluate-every", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    runs = WORK / "runs"
    runs.mkdir(exist_ok=True)
    log = open(runs / f"{asked.name}.log", "a", buffering=1)
    say = lambda line: (print(line, flush=True), log.write(line + "\n"))
    groups = json.loads(wanted(WORK / "draw.json", "draw.py").read_text("utf-8"))["groups"]
    states = States(asked.frozen, "draw")
    lists = json.loads(wanted(WORK / "evaluation.json", "lists.py").read_text("utf-8")) if asked.evaluate_every else []
    held_back = States(asked.frozen, "evaluation") if lists else None

    torch.manual_seed(asked.seed)
    whole = encoder.base_encoder()
    layers, head = whole.encoder.layer[asked.frozen :], Head(whole.sizes["vocab"])
    head.token_weight.weight.data = starting_weights(whole.sizes["vocab"])
    model = (layers, head)
    decay = [weight for weight in layers.parameters() if weight.ndim > 1]
    plain = [weight for weight in layers.parameters() if weight.ndim == 1]
    optimizer = torch.optim.AdamW([
        {"params": decay, "lr": asked.rate, "weight_decay": 0.01},
        {"params": plain, "lr": asked.rate, "weight_decay": 0.0},
        {"params": [head.token_weight.weight], "lr": asked.head_rate, "weight_decay": 0.0},
        {"params": [head.evidence, head.bias], "lr": asked.head_rate * 30, "weight_decay": 0.0},
    ])
    for group in optimizer.param_groups:
        group["first"] = group["lr"]
    total = int(asked.epochs * len(batches(groups, 0, asked.seed)[0]))
    path, at = runs / f"{asked.name}.pt", 0
    if path.exists():
        saved = torch.load(path)
        layers.load_state_dict(saved["layers"])
        head.load_state_dict(saved["head"])
        optimizer.load_state_dict(saved["optimizer"])
        at = saved["step"]
        say(f"goes on at step {at}")
    say(f"{asked}; {total} steps, {sum(weight.numel() for weight in layers.parameters()):,} weights in {len(layers)} layers")

    def report():
        result = evaluated(model, held_back, lists)
        say(f"step {at}: {measures.by_language(result)} evidence {[round(it, 2) for it in head.evidence.tolist()]} {round(head.bias.item(), 2)}")
        say("   " + " ".join(f"{name} {value:.1f}" for name, value in result.items()))

    if at == 0 and lists:
        report()
    started, losses = time.time(), []
    while at < total:
        per_epoch, rng = batches(groups, at // max(1, len(batches(groups, 0, asked.seed)[0])), asked.seed)
        for batch in per_epoch[at % len(per_epoch) :]:
            if at >= total:
                break
            warm = min(1.0, (at + 1) / 20)
            for group in optimizer.param_groups:
                group["lr"] = group["first"] * warm * 0.5 * (1 + math.cos(math.pi * at / total))
            loss, ranking = step_loss(model, states, batch, rng)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_([weight for group in optimizer.param_groups for weight in group["params"]], 1.0)
            optimizer.step()
            at += 1
            losses.append(ranking.item())
            if at % CHECKPOINT == 0 or at == total:
                saving(path, layers, head, optimizer, at, asked)
                say(f"step {at} of {total}: loss {sum(losses) / len(losses):.3f}, {(time.time() - started) / len(losses):.2f} s a step")
                started, losses = time.time(), []
            if lists and (at % asked.evaluate_every == 0 or at == total):
                report()
                started = time.time()


def saving(path, layers, head, optimizer, step, asked):
    import torch

    from workplace import whole_file

    with whole_file(path) as part:
        torch.save({"layers": layers.state_dict(), "head": head.state_dict(), "optimizer": optimizer.state_dict(), "step": step, "frozen": asked.frozen}, part)


if __name__ == "__main__":
    with stage("train"):
        main()
