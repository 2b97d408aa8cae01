"""Time against size, both logarithmic: ``python -m benchmarks.plot results.json [plot.png]`` (needs matplotlib)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def draw(results: dict[str, Any], target: Path) -> None:
    """Best CPU seconds of every job against its observed cells; vcmodel's points of one family are joined.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        No job has a time to draw.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    done = [row for row in results["jobs"] if row.get("cpu")]
    if not done:
        raise ValueError("no job ended with a time")
    ours = [row for row in done if row["program"] == "vcmodel"]
    figure, axes = pyplot.subplots(figsize=(8, 5.5))
    markers = dict(zip(["vcmodel", *sorted({row["program"] for row in done} - {"vcmodel"})], "osD^vP*X", strict=False))
    for program, marker in markers.items():
        own = [row for row in done if row["program"] == program]
        axes.plot([row["cells"] for row in own], [min(row["cpu"]) for row in own], marker, label=program, alpha=0.8)
    for family in sorted({(row["family"], row["variant"]) for row in ours}):
        line = sorted((row["cells"], min(row["cpu"])) for row in ours if (row["family"], row["variant"]) == family)
        axes.plot(*zip(*line, strict=True), "-", color="0.7", zorder=0)
        axes.annotate(" ".join(filter(None, family)), line[-1], textcoords="offset points", xytext=(5, -9), fontsize=8)
    axes.set(xscale="log", yscale="log", xlabel="observed cells", ylabel="CPU seconds of one fit, one thread")
    axes.grid(True, which="major", alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(target, dpi=120)
    pyplot.close(figure)


if __name__ == "__main__":
    source = Path(sys.argv[1])
    draw(json.loads(source.read_text()), Path(sys.argv[2]) if len(sys.argv) > 2 else source.with_suffix(".png"))
