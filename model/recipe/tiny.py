"""The second size: a workplace of its own beside the large model's, WORK/tiny, where the same stages make the small one.

    python model/recipe/tiny.py                      after base, lists, draw and states
    export RECIPE_WORK=.cache/recipe/tiny
    python model/recipe/vocabulary.py --size 13000 --characters 5000
    python model/recipe/draw.py                      only the tokens' weights are new
    python model/recipe/train.py --name tiny --frozen 0 --layers 4 --rate 3e-4 --epochs 0.57
    python model/recipe/calibrate.py --run tiny
    python model/recipe/export.py --slim
    python model/recipe/evaluate.py score bm25 apart
    python model/recipe/ship.py --size tiny && python model/recipe/card.py --size tiny
"""
from workplace import WORK, stage, wanted

# What both sizes share, and which stage makes it.
SHARED = {"base.pt": "base.py", "pieces.json": "base.py", "evaluation.json": "lists.py", "draw.json": "draw.py", "states8": "states.py"}


def main():
    folder = WORK / "tiny"
    folder.mkdir(exist_ok=True)
    for name, made_by in SHARED.items():
        link = folder / name
        if not link.exists():
            link.symlink_to(wanted(WORK / name, made_by).resolve())
    print(f"export RECIPE_WORK={folder}")


if __name__ == "__main__":
    with stage("tiny"):
        main()
