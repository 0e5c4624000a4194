"""The runs' curves (runs/*.json) as Markdown on standard output, for model/RUNS.md.

    python model/recipe/runs.py head upper …
"""
import json
import sys

from workplace import WORK, stage, wanted


def table(name):
    run = json.loads(wanted(WORK / "runs" / f"{name}.json", f"train.py --name {name}").read_text("utf-8"))
    asked = ", ".join(f"{key} {value}" for key, value in run["asked"].items() if key not in ("name", "start") and value is not None)
    out = [f"`{name}`: {asked}.", "", "| step | minutes | ranking loss | binary loss | development | unseen sets | relevant above 0.5 | ten hardest others below |", "|---:" * 8 + "|"]
    losses = {}
    for point in run["curve"]:
        if "ranking" in point:
            losses = point
            continue
        ranking, binary = (f"{losses[key]:.2f}" if key in losses else "" for key in ("ranking", "binary"))
        right = point["right"]
        out.append(f"| {point['step']} | {point['seconds'] / 60:.1f} | {ranking} | {binary} | {point['ndcg']:.1f} | {point['outside']:.1f} | {right['relevant']:.0f}% | {right['others']:.0f}% |")
    return "\n".join(out)


if __name__ == "__main__":
    with stage("runs"):
        print("\n\n".join(table(name) for name in sys.argv[1:]))
