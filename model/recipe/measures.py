"""nDCG@10, MRR and AUC of one list whose first `relevant` documents are the relevant ones; and means by language."""
import math

from sets import LANGUAGES


def order(scores):
    # Of equal scores the relevant one comes last: a constant scores badly.
    return sorted(range(len(scores)), key=lambda at: (-scores[at], -at))


def ndcg(scores, relevant, depth=10):
    gain = sum(1 / math.log2(place + 2) for place, at in enumerate(order(scores)[:depth]) if at < relevant)
    return gain / sum(1 / math.log2(place + 2) for place in range(min(relevant, depth)))


def mrr(scores, relevant):
    return next(1 / (place + 1) for place, at in enumerate(order(scores)) if at < relevant)


def auc(scores, relevant):
    better = [(a > b) + (a == b) / 2 for a in scores[:relevant] for b in scores[relevant:]]
    return sum(better) / len(better) if better else float("nan")


def by_language(result):
    """`mean 70.1 (zh 74.0 …)` of {set: value}."""
    groups = {name: [result[it] for it in sets if it in result] for name, sets in LANGUAGES.items()}
    means = " ".join(f"{name} {sum(values) / len(values):.1f}" for name, values in groups.items() if values)
    return f"mean {sum(result.values()) / len(result):.1f} ({means})"
