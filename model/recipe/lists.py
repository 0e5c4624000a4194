"""Stage 3: what to rank when evaluating (evaluation.json): lists of 24 documents a query, most of them hard.

    python model/recipe/lists.py [--queries 40]

Of each set some queries and a pool of 200 documents or more around them are drawn (seeded). A list holds the relevant documents, the set's own irrelevant
ones, then by turns what BM25 and what e5 rank highest of the pool, so that neither is favoured, and a few at random.
"""
import argparse
import json
import random

from workplace import WORK, stage, wanted, whole_file

LIST, OWN, RANDOM, POOL, SEED = 24, 8, 4, 200, 7
LONGEST = 3000


def draw(it, count, rng):
    queries = [query for query in it.queries if query.relevant and len(query.text) < 1000]
    rng.shuffle(queries)
    queries = queries[:count]
    pool = sorted({at for query in queries for at in query.relevant + query.irrelevant[:OWN]})
    others = [at for at, document in enumerate(it.documents) if document.strip()]
    rng.shuffle(others)
    return queries, list(dict.fromkeys(pool + others))[: max(POOL, len(pool))]


def candidates(query, pool, by_words, by_meaning, rng):
    """Relevant ones first."""
    chosen = list(dict.fromkeys(query.relevant[:OWN] + query.irrelevant[:OWN]))
    forbidden = set(query.relevant)
    turns = [at for pair in zip(by_words, by_meaning) for at in pair]
    for at in turns:
        if len(chosen) >= LIST - RANDOM:
            break
        if at not in forbidden and at not in chosen:
            chosen.append(at)
    rest = [at for at in pool if at not in chosen and at not in forbidden]
    return chosen + rng.sample(rest, min(LIST - len(chosen), len(rest)))


def main():
    import numpy as np

    import bi
    import sets
    from words import Bm25

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=40)
    count = parser.parse_args().queries
    training, evaluation = sets.split()
    overlap = sets.overlap(training, evaluation)
    print("overlap of training and evaluation:", overlap)
    assert not any(overlap.values()), overlap
    reader = bi.Reader(bi.original_tokenizer(), bi.base_session(original=True))
    found = []
    for it in evaluation:
        rng = random.Random(f"{SEED} {it.name}")
        queries, pool = draw(it, count, rng)
        documents = [it.documents[at][:LONGEST] for at in pool]
        words = Bm25(documents)
        cosine = reader.vectors([query.text for query in queries], "query") @ reader.vectors(documents, "passage").T
        lists = []
        for row, query in enumerate(queries):
            by_words, by_meaning = words.scores(query.text), cosine[row]
            orders = ([pool[at] for at in np.argsort(-scores, kind="stable")] for scores in (by_words, by_meaning))
            chosen = candidates(query, pool, *orders, rng)
            at = {number: place for place, number in enumerate(pool)}
            lists.append({
                "query": query.text,
                "documents": [at[number] for number in chosen],
                "relevant": sum(number in set(query.relevant) for number in chosen),
                "bm25": [round(float(by_words[at[number]]), 4) for number in chosen],
                "e5": [round(float(by_meaning[at[number]]), 5) for number in chosen],
            })
        found.append({"set": it.name, "documents": documents, "lists": lists})
        print(f"{it.name}: {len(lists)} lists", flush=True)
    with whole_file(WORK / "evaluation.json") as part:
        part.write_text(json.dumps(found, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    with stage("lists"):
        main()
