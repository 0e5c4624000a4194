"""Stage 5: what the frozen lower layers make of every text in draw.json (states/), so that training runs the upper ones only.

    python model/recipe/states.py [--frozen 10] [--of evaluation]

The lower layers run once, in int8 as they will be shipped, in onnxruntime. Parts of 2,048 texts are written as they are done: killed half-way, it goes on.
"""
import argparse
import json

from workplace import WORK, stage, wanted, whole_file

PART = 2048
# Tokens of a text at most: training wants many, evaluation whole ones.
LONGEST = {"draw": 128, "evaluation": 256}


def texts_of(name):
    """Each with `q` or `d` in front, for its side."""
    if name == "draw":
        return json.loads(wanted(WORK / "draw.json", "draw.py").read_text("utf-8"))["texts"]
    sets = json.loads(wanted(WORK / "evaluation.json", "lists.py").read_text("utf-8"))
    return [text for it in sets for text in ["q" + row["query"] for row in it["lists"]] + ["d" + document for document in it["documents"]]]


class States:
    """The parts of one folder: `states[text]` is `[tokens, hidden]`, `ids[text]` its tokens."""

    def __init__(self, frozen, of):
        import numpy as np

        folder = wanted(WORK / f"states{frozen}-{of}", f"states.py --frozen {frozen} --of {of}")
        self.states, self.ids = [], []
        for path in sorted(folder.glob("*.npz")):
            part = np.load(path)
            cuts = np.cumsum(part["lengths"])[:-1]
            self.states += np.split(part["states"], cuts)
            self.ids += np.split(part["ids"], cuts)


def main():
    import numpy as np

    import bi

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frozen", type=int, default=10)
    parser.add_argument("--of", choices=LONGEST, default="draw")
    asked = parser.parse_args()
    frozen, texts = asked.frozen, texts_of(asked.of)
    reader = bi.Reader(bi.cut_tokenizer(), bi.base_session(frozen), longest=LONGEST[asked.of])
    folder = WORK / f"states{frozen}-{asked.of}"
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
        states = [None] * len(rows)
        for at, found in reader.states(rows):
            states[at] = found.astype(np.float16)
        with whole_file(path) as half, open(half, "wb") as file:
            np.savez(file, states=np.concatenate(states), ids=np.concatenate([np.array(row, dtype=np.int32) for row in rows]), lengths=np.array([len(row) for row in rows]))
        print(f"{start + len(part)} of {len(texts)} texts", flush=True)


if __name__ == "__main__":
    with stage("states"):
        main()
