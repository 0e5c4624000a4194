"""Stage 5: what the frozen lower layers make of every text in draw.json, so that training runs the upper ones only; and e5's own vector of each text.

    python model/recipe/states.py [--frozen 8]        (12: the whole encoder, to train a head alone)
    python model/recipe/states.py --run shipped       (to train that run on: longer texts, further queries)

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


class Few:
    """The same of the texts that some groups need, through a run's layers."""

    def __init__(self, folder):
        import numpy as np

        self.states, self.ids, vectors = {}, {}, {}
        for path in sorted(wanted(folder, "states.py --run shipped").glob("*.npz")):
            part = np.load(path)
            cuts = np.cumsum(part["lengths"])[:-1]
            numbers = part["numbers"].tolist()
            self.states |= zip(numbers, np.split(part["states"], cuts))
            self.ids |= zip(numbers, np.split(part["ids"], cuts))
            vectors |= zip(numbers, part["vectors"])
        self.vectors = np.zeros((max(vectors) + 1, 384), dtype=np.float32)
        for number, vector in vectors.items():
            self.vectors[number] = vector


def of_run(run, frozen, part, longest, share):
    """What a run's first layers make of the texts that `part` and development need, and its own vectors of them: in int8, as it ships."""
    import batches
    import bi
    import calibrate
    import export

    draw = json.loads(wanted(WORK / "draw.json", "draw.py").read_text("utf-8"))
    numbers = sorted({number for groups in batches.parted(draw["groups"], part, share=share) for group in groups for number in [group["query"], *group["relevant"], *group["hard"]]})
    fp32, int8 = (WORK / "export" / f"{run}_keep{frozen}_{kind}.onnx" for kind in ("fp32", "int8"))
    if not int8.exists():
        bi.export_side(calibrate.assembled(run, 0.0)[0].eval(), fp32, frozen)
        export.quantize(fp32, int8)
    reader = bi.Reader(bi.cut_tokenizer(), bi.session(int8), longest)
    run_through(reader, draw["texts"], numbers, WORK / f"states{frozen}_{run}_{part}")


def run_through(reader, texts, numbers, folder):
    """Parts of 1,024 texts, each written when it is whole; what is there already stays."""
    import numpy as np

    folder.mkdir(exist_ok=True)
    done = {number for path in folder.glob("*.npz") for number in np.load(path)["numbers"].tolist()}
    numbers = [number for number in numbers if number not in done]
    for start in range(0, len(numbers), PART):
        path = folder / f"{len(done) + start:06}.npz"
        part = numbers[start : start + PART]
        rows = [None] * len(part)
        for side, letter in (("query", "q"), ("passage", "d")):
            places = [at for at, number in enumerate(part) if texts[number][0] == letter]
            for at, ids in zip(places, reader.ids([texts[part[at]][1:] for at in places], side)):
                rows[at] = ids
        states, vectors = [None] * len(rows), [None] * len(rows)
        for at, found in reader.states(rows):
            lower, last = np.split(found, 2, axis=-1)
            states[at], vectors[at] = lower.astype(np.float16), last.mean(0) / np.linalg.norm(last.mean(0))
        write(path, states, rows, vectors, numbers=np.array(part))
        print(f"{start + len(part)} of {len(numbers)} texts", flush=True)


def write(path, states, rows, vectors, **more):
    import numpy as np

    with whole_file(path) as half, open(half, "wb") as file:
        ids = np.concatenate([np.array(row, dtype=np.int32) for row in rows])
        np.savez(file, states=np.concatenate(states), ids=ids, lengths=np.array([len(row) for row in rows]), vectors=np.stack(vectors).astype(np.float32), **more)


def main():
    import bi

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frozen", type=int, default=8)
    parser.add_argument("--run", help="through this run instead of e5, what batches.parted gives of --part")
    parser.add_argument("--part", choices=("first", "more"), default="more")
    parser.add_argument("--longest", type=int, default=320, help="with --run: tokens of a text at most")
    parser.add_argument("--share", type=float, default=1.0, help="with --run: of each set's training groups; a larger one later adds the rest")
    asked = parser.parse_args()
    frozen = asked.frozen
    if asked.run:
        of_run(asked.run, frozen, asked.part, asked.longest, asked.share)
        return
    texts = json.loads(wanted(WORK / "draw.json", "draw.py").read_text("utf-8"))["texts"]
    reader = bi.Reader(bi.cut_tokenizer(), bi.base_session(keep=frozen), LONGEST)
    run_through(reader, texts, range(len(texts)), WORK / f"states{frozen}")


if __name__ == "__main__":
    with stage("states"):
        main()
