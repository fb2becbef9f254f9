"""The picture of the comparison: processor time on logarithmic axes, the engine's bars in their own colour."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

OWN, OTHER = "#1b6e8a", "#b8b8b8"


def label(ns: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{ns:.0f} ns"


def bars(axis: plt.Axes, title: str, rows: list[tuple[str, float, bool]]) -> None:
    values = [row[1] for row in rows]
    # Bars start where the axis does: a logarithmic one has no zero, and not every viewer clips.
    start = min(values) / 3
    widths = [value - start for value in values]
    colors = [OWN if row[2] else OTHER for row in rows]
    axis.barh(range(len(rows)), widths, left=start, color=colors, height=0.7)
    axis.set_yticks(range(len(rows)), [row[0] for row in rows])
    axis.set_xscale("log")
    axis.set_xlim(start, max(values) * 8)
    axis.invert_yaxis()
    axis.set_title(title, loc="left", fontsize=10)
    for at, value in enumerate(values):
        axis.text(value * 1.15, at, label(value), va="center", fontsize=8)
    axis.tick_params(axis="y", length=0, labelsize=8)
    axis.tick_params(axis="x", labelsize=7, colors="#666666")
    axis.xaxis.set_major_formatter(lambda value, _: label(value))
    axis.spines[["top", "right", "left"]].set_visible(False)


def draw(result: dict[str, Any], target: Path) -> None:
    own, large = result["own"], result["own_large"]
    verdict, prepare = own["decision"]["verdict"], own["decision"]["prepare"]
    decisions = [("ciem", verdict, True), ("ciem\nand the request made ready", verdict + prepare, True)]
    decisions += [(f"{one['peer']}\n{one['way']}".strip(), one["ns"], False) for one in result["decisions"]]
    questions = []
    for one in result["who_can"]:
        name = one["name"].replace(" in a bucket ", ", bucket ")
        questions.append((f"{name}\nciem", one["sets"], True))
        questions.append(("ciem, with rows", one["rows"], True))
        questions.append(("PMapper", one["peer"], False))
    plt.rcParams.update({"svg.hashsalt": "peers", "font.family": "sans-serif"})
    figure, axes = plt.subplots(2, 1, figsize=(7.5, 7.5), layout="constrained", height_ratios=(2, 3))
    bars(axes[0], f"One decision, {own['principals']:,} principals", decisions)
    bars(axes[1], f"Who can do this? {large['principals']:,} principals", questions)
    figure.supxlabel("processor time, logarithmic", fontsize=8, color="#666666")
    figure.savefig(target, metadata={"Date": None})
    plt.close(figure)
