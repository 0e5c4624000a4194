"""Stage 10: puts WORK/export's int8 model and the tokenizer into model/, with their digests in sha256.js.

    python model/recipe/ship.py [--size tiny]        (into model/tiny)
"""
import argparse
import shutil

from workplace import SHIPPED, WORK, Unusable, sha256, stage, wanted, whole_file

# 36 MiB: what fits a Worker beside its activations. 12 MiB: for slow links.
MOST = {"default": 36 * 2**20, "tiny": 12 * 2**20}
DIGESTS = """// @ts-check
// What the files must hash to: the one place where that stands. model/recipe/ship.py writes it.

export const sha256 = {{
  model: "{model}",
  tokenizer: "{tokenizer}",
}};
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=MOST, default="default")
    size = parser.parse_args().size
    most, folder = MOST[size], SHIPPED if size == "default" else SHIPPED / size
    folder.mkdir(exist_ok=True)
    model, tokenizer = wanted(WORK / "export" / "model_int8.onnx", "export.py"), wanted(WORK / "tokenizer.json", "vocabulary.py")
    if model.stat().st_size > most:
        raise Unusable(f"{model} has {model.stat().st_size:,} bytes, more than {most:,}: cut the vocabulary with vocabulary.py --size")
    for path, name in ((model, "model_int8.onnx"), (tokenizer, "tokenizer.json")):
        with whole_file(folder / name) as part:
            shutil.copyfile(path, part)
        shutil.copyfile(path, WORK / "export" / name) if path.parent != WORK / "export" else None
    digests = {"model": sha256(model), "tokenizer": sha256(tokenizer)}
    with whole_file(folder / "sha256.js") as part:
        part.write_text(DIGESTS.format(**digests), "utf-8")
    print("\n".join(f"{name}: {digest}" for name, digest in digests.items()))


if __name__ == "__main__":
    with stage("ship"):
        main()
