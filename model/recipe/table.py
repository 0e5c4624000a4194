"""Scores on disk → the evaluation table as Markdown: each measure by language and set, bootstrapped over queries; int8 against fp32; reliability."""
import json
import math
import random

import measures
from sets import LANGUAGES

RESAMPLES, SEED, SHARE = 2000, 3, 0.95
NAMES = {
    "bm25": "BM25", "e5int8": "e5 bi-encoder, int8", "apart": "this, int8", "e5": "e5 bi-encoder, fp32", "previous": "previous version", "fp32": "this, fp32", "int8": "this, int8 (onnxruntime)", "package": "this, int8 (package)",
    "hybrid": "small-hybrid-reranker",
}


def load(lists, folder):
    """{system: {set: scores of its lists}} of whatever has been scored."""
    found = {}
    for system in NAMES:
        there = {it["set"]: folder / f"{system}.{it['set']}.json" for it in lists}
        if all(path.exists() for path in there.values()):
            found[system] = {name: json.loads(path.read_text()) for name, path in there.items()}
    return found


def measured(lists, scores, measure, first=None):
    """{set: one value a list}"""
    return {it["set"]: [100 * measure(row, query["relevant"]) for row, query in zip(scores[it["set"]][:first], it["lists"])] for it in lists}


def groups(values):
    """{mean, language: the sets in it}"""
    languages = {language: [name for name in sets if name in values] for language, sets in LANGUAGES.items()}
    return {"mean": list(values)} | {language: sets for language, sets in languages.items() if sets}


def mean(values, sets):
    """Over sets, each as heavy as the others."""
    return sum(sum(values[name]) / len(values[name]) for name in sets) / len(sets)


def interval(values, others, sets):
    """Of the difference of two systems on the same lists: resampled within each set."""
    rng = random.Random(SEED)
    found = []
    for _ in range(RESAMPLES):
        total = 0.0
        for name in sets:
            a, b = values[name], others[name]
            drawn = rng.choices(range(len(a)), k=len(a))
            total += sum(a[at] - b[at] for at in drawn) / len(drawn)
        found.append(total / len(sets))
    found.sort()
    cut = int(RESAMPLES * (1 - SHARE) / 2)
    return found[cut], found[-1 - cut]


def row(cells):
    return "| " + " | ".join(cells) + " |"


def by_language(lists, systems, measure, title, first=None):
    names = list(groups({it["set"]: [] for it in lists}))
    out = [f"{title}:", "", row(["", *names]), row(["---", *["---:"] * len(names)])]
    for system, scores in systems.items():
        values = measured(lists, scores, measure, first)
        out.append(row([NAMES[system], *(f"{mean(values, sets):.1f}" for sets in groups(values).values())]))
    return "\n".join(out)


def by_set(lists, systems, e5, ours):
    values = {name: measured(lists, scores, measures.ndcg) for name, scores in systems.items()}
    shown = ["bm25", e5, ours]
    out = ["nDCG@10 of each set, and by how much ours leads (95 % of resamples):", "", row(["set", "lists", *(NAMES[it] for it in shown), "over BM25", "over e5"]), row(["---", *["---:"] * (len(shown) + 3)])]
    everything = [(it["set"], [it["set"]]) for it in lists] + [(f"**{name}**", sets) for name, sets in groups(values[ours]).items()]
    for name, sets in everything:
        leads = []
        for other in ("bm25", e5):
            low, high = interval(values[ours], values[other], sets)
            leads.append(f"{mean(values[ours], sets) - mean(values[other], sets):+.1f} ({low:+.1f} … {high:+.1f})")
        out.append(row([name, str(sum(len(values[ours][it]) for it in sets)), *(f"{mean(values[it], sets):.1f}" for it in shown), *leads]))
    return "\n".join(out)


def drop(lists, package, exact, first):
    """What eight bits cost."""
    ours, theirs = (measured(lists, scores, measures.ndcg, first) for scores in (package, exact))
    low, high = interval(ours, theirs, list(ours))
    logits = [(a, b) for it in lists for ours, theirs in zip(package[it["set"]][:first], exact[it["set"]]) for a, b in zip(ours, theirs)]
    off = sum(abs(a - b) for a, b in logits) / len(logits)
    return f"int8 through the package against fp32: {mean(ours, list(ours)) - mean(theirs, list(theirs)):+.2f} nDCG@10 ({low:+.2f} … {high:+.2f}); logits of {len(logits)} pairs differ by {off:.3f} on average."


def reliability(lists, scores):
    """How many of the pairs of each score are relevant, and what lies on which side of 0.5."""
    sides = {}
    bins = [[0, 0] for _ in range(10)]
    for it in lists:
        relevant, others = sides.setdefault(it["set"], ([], []))
        for logits, query in zip(scores[it["set"]], it["lists"]):
            for at, logit in enumerate(logits):
                p = 1 / (1 + math.exp(-logit))
                is_relevant = at < query["relevant"]
                cell = bins[min(9, int(10 * p))]
                cell[0] += 1
                cell[1] += is_relevant
                (relevant if is_relevant else others).append(p > 0.5)
    out = ["Reliability, of all pairs of the lists:", "", row(["score", "pairs", "of these relevant", ""]), row(["---", "---:", "---:", "---"])]
    for at, (count, hits) in enumerate(bins):
        share = hits / count if count else 0.0
        out.append(row([f"{at / 10:.1f} – {(at + 1) / 10:.1f}", str(count), f"{share:.0%}", "█" * round(20 * share)]))
    of = {"all": list(sides)} | {name: sets for name, sets in groups(sides).items() if name != "mean"}
    out += ["", "What 0.5 divides, of the same pairs:", "", row(["", *of]), row(["---", *["---:"] * len(of)])]
    both = {name: [[above for it in sets for above in sides[it][kind]] for kind in (0, 1)] for name, sets in of.items()}
    out.append(row(["relevant documents above", *(f"{sum(relevant) / len(relevant):.0%} of {len(relevant)}" for relevant, _ in both.values())]))
    out.append(row(["others below", *(f"{1 - sum(others) / len(others):.1%} of {len(others)}" for _, others in both.values())]))
    out.append(row(["relevant, of those above", *(f"{sum(relevant) / max(1, sum(relevant) + sum(others)):.0%}" for relevant, others in both.values())]))
    return "\n".join(out)


def markdown(lists, folder):
    # Sets that are not scored yet stay out, of every row alike.
    lists = [it for it in lists if all((folder / f"{name}.{it['set']}.json").exists() for name in ("bm25", "e5int8", "apart"))]
    systems = load(lists, folder)
    e5, ours = "e5int8", "apart"
    exact = {name: systems[name] for name in ("bm25", e5, ours)}
    count = sum(len(it["lists"]) for it in lists)
    parts = [by_language(lists, exact, measure, f"{title}, {count} lists") for title, measure in (("nDCG@10", measures.ndcg), ("MRR", measures.mrr), ("AUC", measures.auc))]
    parts.append(by_set(lists, exact, e5, ours))
    paired = {name: scores for name, scores in systems.items() if name not in exact}
    if paired:
        first = min(len(rows) for scores in paired.values() for rows in scores.values())
        parts.append(by_language(lists, exact | paired, measures.ndcg, f"nDCG@10 of the first {first} lists of each set, {first * len(lists)} in all, for what costs more", first))
    if "fp32" in paired and "package" in paired:
        parts.append(drop(lists, paired["package"], paired["fp32"], first))
    parts.append(reliability(lists, exact[ours]))
    return "\n\n".join(parts) + "\n"
