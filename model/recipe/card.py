"""Stage 11: the measured table (evaluation.md) into the card, model/README.md, between its marks.

    python model/recipe/card.py
"""
from workplace import SHIPPED, WORK, Unusable, stage, wanted, whole_file

BEGIN, END = "<!-- evaluation -->", "<!-- /evaluation -->"


def main():
    card = (SHIPPED / "README.md").read_text("utf-8")
    before, found, rest = card.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise Unusable(f"model/README.md: expected the marks {BEGIN} and {END}")
    table = wanted(WORK / "evaluation.md", "evaluate.py table").read_text("utf-8")
    with whole_file(SHIPPED / "README.md") as part:
        part.write_text(f"{before}{BEGIN}\n{table}{END}{after}", "utf-8")


if __name__ == "__main__":
    with stage("card"):
        main()
