"""What one step of training reads: queries with a relevant document and a hard one each, and every other document of the batch as an irrelevant one."""
import math
import random

QUERIES = 32
# Of each set that is large enough, so many groups are kept for the curves, the choice between runs and calibration; nothing is chosen on the evaluation lists.
DEVELOPMENT = 24
# A set with fewer further queries than this is read a second time.
FEW = 100
# Sets that training never sees, so that the curves show what becomes of texts unlike it.
OUTSIDE = ("stard", "covid_faqs_deepset")
# A document that e5 puts as high as the marked one is likely relevant too.
MINED, MARGIN = 8, 0.005


def by_set(groups):
    """{set: its groups}, sets and groups in their order."""
    found = {}
    for group in groups:
        found.setdefault(group["set"], []).append(group)
    return found


def parted(groups, part="first", seed=1, share=1.0):
    """(training, development) groups; of a set of 28 nothing is taken away.

    `first`: what draw.py --most drew; `more`: what its --more drew, and of sets that have no more the first again. What is for development is always of the first.
    `share`: of each set's training groups, in the order in which they were drawn."""
    training, development = [], []
    more = by_set(group for group in groups if "more" in group)
    for name, pile in sorted(by_set(group for group in groups if "more" not in group).items()):
        random.Random(f"{seed} {name}").shuffle(pile)
        cut = DEVELOPMENT if len(pile) >= 2 * DEVELOPMENT else 0
        development += pile[:cut]
        rest = pile[cut:]
        if part == "more":
            further = more.get(name, [])
            rest = further + (rest if len(further) < FEW else [])
        training += [] if name in OUTSIDE else rest[: math.ceil(share * len(rest))]
    # What is relevant to development is not shown as relevant in training, nor is its query asked.
    seen = {number for group in development for number in group["relevant"]}
    asked = {group["query"] for group in development}
    return [group for group in training if not seen & set(group["relevant"]) and group["query"] not in asked], development


def mine(groups, vectors):
    """Adds to each group `mined`: the documents of its set that e5 ranks highest of the irrelevant ones."""
    import numpy as np

    for pile in by_set(groups).values():
        documents = np.array(sorted({number for group in pile for number in group["relevant"] + group["hard"]}))
        cosines = vectors[[group["query"] for group in pile]] @ vectors[documents].T
        for group, row in zip(pile, cosines):
            limit = max(float(vectors[group["query"]] @ vectors[number]) for number in group["relevant"]) - MARGIN
            best = [int(documents[at]) for at in np.argsort(-row)[: 4 * MINED] if row[at] < limit]
            group["mined"] = [number for number in best if number not in group["relevant"]][:MINED]


def batches(groups, epoch, seed):
    """Groups of one set at a time, three batches of four; of all sets mixed, the fourth. And the generator that draws their documents."""
    rng = random.Random(f"{seed} {epoch}")
    groups = groups[:]
    rng.shuffle(groups)
    mixed, rest = groups[: len(groups) // 4], groups[len(groups) // 4 :]
    found = []
    for pile in [mixed, *by_set(rest).values()]:
        found += [pile[at : at + QUERIES] for at in range(0, len(pile), QUERIES)]
    found = [batch for batch in found if len(batch) >= 8]
    rng.shuffle(found)
    return found


def drawn(batch, rng):
    """(documents, column of each query's relevant one, `allowed[query][document]`: false where the document may be relevant too)."""
    relevant = [rng.choice(group["relevant"]) for group in batch]
    hard = []
    for group in batch:
        pile = group["mined"] if rng.random() < 0.5 and group["mined"] else group["hard"] or group["mined"]
        hard += rng.sample(pile, min(1, len(pile)))
    documents = list(dict.fromkeys(relevant + hard))
    column = {number: at for at, number in enumerate(documents)}
    allowed = [[True] * len(documents) for _ in batch]
    for row, group in enumerate(batch):
        for number in group["relevant"]:
            if number in column:
                allowed[row][column[number]] = number == relevant[row]
    return documents, [column[number] for number in relevant], allowed
