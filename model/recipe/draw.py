"""Stage 4: what to train on (draw.json): balanced over the sets, each query with one relevant document and hard ones that BM25 ranks high.

    python model/recipe/draw.py [--most 350] [--more 350]

Relevant ones are drawn anew in each epoch where there are several. A hard document is an irrelevant one of the set's own, else one of BM25's best
that is neither relevant to the query nor the same text. --more draws so many further queries of each set, marked as such, behind the first, which stay as
they are. Where draw.json is there already, only the tokens' weights are made anew.
"""
import argparse
import json
import random

from workplace import WORK, stage, wanted, whole_file

HARD, BEST, POOL, SEED = 1, 24, 3000, 11
LONGEST = 1200


def hard(query, it, pool, words, rng):
    own = [at for at in query.irrelevant if at not in query.relevant]
    rng.shuffle(own)
    if len(own) >= HARD:
        return own[:HARD]
    import numpy as np
    import sets

    scores = words.scores(query.text)
    same = {sets.normal(it.documents[at]) for at in query.relevant}
    best = [pool[at] for at in np.argsort(-scores, kind="stable")[:BEST]]
    # The very best are often right answers that nobody marked.
    found = [at for at in best[2:] if at not in query.relevant and sets.normal(it.documents[at]) not in same]
    return own + rng.sample(found, min(HARD - len(own), len(found)))


def document_frequencies(documents):
    """log(1 + (n - df + ½) / (df + ½)) of each id, nearly 0 for the pair template's own."""
    import math

    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(wanted(WORK / "tokenizer.json", "vocabulary.py")))
    counts, total = [0] * tokenizer.get_vocab_size(), 0
    for encoding in tokenizer.encode_batch(list(documents), add_special_tokens=False):
        total += 1
        for token in set(encoding.ids):
            counts[token] += 1
    idf = [math.log(1 + (total - count + 0.5) / (count + 0.5)) for count in counts]
    for token in tokenizer.encode("", "").ids:
        idf[token] = 0.01
    return [round(it, 4) for it in idf]


def drawn(most, more):
    """{texts, groups}; no query, relevant document or group of the evaluation is among them."""
    import sets

    training, evaluation = sets.split()
    overlap = sets.overlap(training, evaluation)
    print("overlap of training and evaluation:", overlap)
    assert not any(overlap.values()), overlap
    texts, numbers, groups = [], {}, []

    def number(text):
        if text not in numbers:
            numbers[text] = len(texts)
            texts.append(text)
        return numbers[text]

    def draw(it, rng, queries, marks):
        from words import Bm25

        others = [at for at, document in enumerate(it.documents) if document.strip()]
        rng.shuffle(others)
        pool = sorted(set(others[:POOL]) | {at for query in queries for at in query.relevant})
        words = Bm25([it.documents[at][:LONGEST] for at in pool])
        for query in queries:
            documents = lambda some: [number("d" + it.documents[at][:LONGEST]) for at in some]
            relevant = query.relevant[:4]
            groups.append({"set": it.name, "query": number("q" + query.text), "relevant": documents(relevant), "hard": documents(hard(query, it, pool, words, rng)), **marks})
        print(f"{it.name}: {len(queries)}", flush=True)

    rest = []
    for it in training:
        rng = random.Random(f"{SEED} {it.name}")
        queries = [query for query in it.queries if query.relevant and len(query.text) < 600]
        rng.shuffle(queries)
        rest.append((it, queries[most : most + more]))
        draw(it, rng, queries[:most], {})
    for it, queries in rest:
        if queries:
            draw(it, random.Random(f"{SEED} {it.name} more"), queries, {"more": True})
    return {"texts": texts, "groups": groups}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=350)
    parser.add_argument("--more", type=int, default=350)
    asked, path = parser.parse_args(), WORK / "draw.json"
    if not path.exists():
        draw = drawn(asked.most, asked.more)
        with whole_file(path) as part:
            part.write_text(json.dumps(draw, ensure_ascii=False), "utf-8")
    draw = json.loads(path.read_text("utf-8"))
    idf = document_frequencies(text[1:] for text in draw["texts"] if text[0] == "d")
    with whole_file(WORK / "idf.json") as part:
        part.write_text(json.dumps(idf))
    print(f"{len(draw['groups'])} groups, {len(draw['texts'])} texts, {path.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    with stage("draw"):
        main()
