"""Stage 11: the measured table (evaluation.md) into the card, model/README.md, between its marks.

    python model/recipe/card.py [--size tiny]        (tiny: its nDCG@10 alone)
"""
import argparse

from workplace import SHIPPED, WORK, Unusable, stage, wanted, whole_file

MARKS = {"default": "evaluation", "tiny": "tiny"}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=MARKS, default="default")
    size = parser.parse_args().size
    begin, end = f"<!-- {MARKS[size]} -->", f"<!-- /{MARKS[size]} -->"
    card = (SHIPPED / "README.md").read_text("utf-8")
    before, found, rest = card.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise Unusable(f"model/README.md: expected the marks {begin} and {end}")
    table = wanted(WORK / "evaluation.md", "evaluate.py table").read_text("utf-8")
    if size == "tiny":
        table = table.partition("\n\nMRR")[0].replace("this, int8", "tiny, int8") + "\n"
    with whole_file(SHIPPED / "README.md") as part:
        part.write_text(f"{before}{begin}\n{table}{end}{after}", "utf-8")


if __name__ == "__main__":
    with stage("card"):
        main()
