"""The Markdown table of a run, and whether the programs agree on logL."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

AGREE = 1e-3  # logL of two programs at one optimum
COLUMNS = (
    ("case", "l"), ("cells", "r"), ("program", "l"), ("first s", "r"), ("best s", "r"), ("best CPU s", "r"), ("ratio", "r"), ("iter", "r"),
    ("peak MiB", "r"), ("logL", "r"), ("dlogL", "r"), ("remark", "l"),
)  # fmt: skip


def number(value: float | None, digits: int = 3) -> str:
    """A number with `digits` significant digits, or nothing."""
    if value is None or not isfinite(value):
        return ""
    return f"{value:.0f}" if abs(value) >= 10 ** (digits - 1) else f"{value:.{digits}g}"


def agreement(row: dict[str, Any], ours: dict[str, Any] | None) -> tuple[float | None, str]:
    """The logL of a row minus ours, and a remark where the two do not agree or the program says it has not converged."""
    said = "" if row.get("converged", True) else f"not converged ({row.get('status', '')[:80]})"
    if ours is None or ours.get("loglik_full") is None or row.get("loglik_full") is None or row is ours:
        return None, said
    difference = row["loglik_full"] - ours["loglik_full"]
    tolerance = AGREE + (row.get("resolution") or 0.0)
    if difference > tolerance:
        said = f"**logL above ours** {said}".strip()
    elif difference < -tolerance:
        said = f"short of the maximum {said}".strip()
    elif row.get("resolution"):
        said = f"agrees within its printed digits (± {row['resolution']:g}) {said}".strip()
    return difference, said


def table(rows: Sequence[dict[str, Any]]) -> str:
    """All records as a Markdown table; cases in the order given."""
    rule = "|".join(":--" if side == "l" else "--:" for _, side in COLUMNS)
    lines = ["| " + " | ".join(name for name, _ in COLUMNS) + " |", f"|{rule}|"]
    ours = {row["case"]: row for row in rows if row["program"] == "vcmodel"}
    for row in rows:
        own = ours.get(row["case"])
        name = f"{row['program']} {row.get('version', '')}".strip()
        front = [row["case"], str(row["cells"]), name]
        if "cpu" not in row:
            lines.append("| " + " | ".join([*front, *[""] * (len(COLUMNS) - 4), row["message"]]) + " |")
            continue
        difference, remark = agreement(row, own)
        best = min(row["cpu"])
        ratio = best / min(own["cpu"]) if own and "cpu" in own and own is not row else None
        cells = [
            *front, number(row["wall"][0]), number(min(row["wall"])), number(best), number(ratio), number(row.get("iterations"), 6),
            number(row["peak_mib"]), "" if row["loglik_full"] is None else f"{row['loglik_full']:.4f}",
            "" if difference is None else f"{difference:+.1e}", " ".join(filter(None, [remark, row["message"]])),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def page(results: dict[str, Any]) -> str:
    """The table with the machine it was made on and the peers that were not there."""
    machine = results["machine"]
    head = (
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}, one thread, "
        f"{machine['date']}; load average {machine['load_at_start'][0]:.1f} at the start; {results['settings']['repeats']} repeats, "
        f"limit {results['settings']['limit']:g} s a job."
    )
    absent = [f"{name}: {reason}" for name, reason in results["absent"].items()]
    tail = f"\nNot run: {'; '.join(absent)}.\n" if absent else ""
    return f"{head}\n\n{table(results['jobs'])}{tail}"
