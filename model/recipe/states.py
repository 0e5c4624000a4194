"""Stage 5: what the frozen lower layers make of every text in draw.json, so that training runs the upper ones only; and e5's own vector of each text.

    python model/recipe/states.py [--frozen 8]        (12: the whole encoder, to train a head alone)

All layers run once, in int8 as they will be shipped, in onnxruntime. Parts of 1,024 texts are written as they are done: killed half-way, it goes on.
"""
import argparse
import json

from workplace import WORK, stage, wanted, whole_file

# Tokens of a text at most.
PART, LONGEST = 1024, 160


class States:
    """`states[text]` is `[tokens, hidden]`, `ids[text]` its tokens, `vectors[text]` what e5 says of it, of length 1."""

    def __init__(self, frozen, only_vectors=False):
        import numpy as np

        folder = wanted(WORK / f"states{frozen}", f"states.py --frozen {frozen}")
        self.states, self.ids, vectors = [], [], []
        for path in sorted(folder.glob("*.npz")):
            part = np.load(path)
            vectors.append(part["vectors"])
            if only_vectors:
                continue
            cuts = np.cumsum(part["lengths"])[:-1]
            self.states += np.split(part["states"], cuts)
            self.ids += np.split(part["ids"], cuts)
        self.vectors = np.concatenate(vectors)


class Texts:
    """The same for a model that is trained from its embeddings on, with its own vocabulary: no states, and the vectors of a larger model's folder."""

    def __init__(self, teacher):
        import bi

        texts = json.loads(wanted(WORK / "draw.json", "draw.py").read_text("utf-8"))["texts"]
        reader = bi.Reader(bi.cut_tokenizer(), None, LONGEST)
        self.states, self.vectors = None, States(teacher, only_vectors=True).vectors
        rows = {side: iter(reader.ids([text[1:] for text in texts if text[0] == letter], side)) for side, letter in (("query", "q"), ("passage", "d"))}
        self.ids = [next(rows["query" if text[0] == "q" else "passage"]) for text in texts]


def write(path, states, rows, vectors):
    import numpy as np

    with whole_file(path) as half, open(half, "wb") as file:
        ids = np.concatenate([np.array(row, dtype=np.int32) for row in rows])
        np.savez(file, states=np.concatenate(states), ids=ids, lengths=np.array([len(row) for row in rows]), vectors=np.stack(vectors).astype(np.float32))


def main():
    import numpy as np

    import bi

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frozen", type=int, default=8)
    frozen = parser.parse_args().frozen
    texts = json.loads(wanted(WORK / "draw.json", "draw.py").read_text("utf-8"))["texts"]
    reader = bi.Reader(bi.cut_tokenizer(), bi.base_session(keep=frozen), LONGEST)
    folder = WORK / f"states{frozen}"
    folder.mkdir(exist_ok=True)
    for start in range(0, len(texts), PART):
        path = folder / f"{start:06}.npz"
        if path.exists():
            continue
        part = texts[start : start + PART]
        rows = [None] * len(part)
        for side, letter in (("query", "q"), ("passage", "d")):
            places = [at for at, text in enumerate(part) if text[0] == letter]
            for at, ids in zip(places, reader.ids([part[at][1:] for at in places], side)):
                rows[at] = ids
        states, vectors = [None] * len(rows), [None] * len(rows)
        for at, found in reader.states(rows):
            lower, last = np.split(found, 2, axis=-1)
            states[at], vectors[at] = lower.astype(np.float16), last.mean(0) / np.linalg.norm(last.mean(0))
        write(path, states, rows, vectors)
        print(f"{start + len(part)} of {len(texts)} texts", flush=True)


if __name__ == "__main__":
    with stage("states"):
        main()
