"""What of a fit needs a look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

# beyond this two traits are one but for noise, or the data say little
NEAR_ONE = 0.99


@dataclass(frozen=True)
class Flag:
    """A short mark with its reason."""

    mark: str
    reason: str


def flags(record: Mapping[str, Any]) -> list[Flag]:
    """The flags of a fit (its :meth:`to_dict`), the gravest first."""
    found = []
    if not record["converged"]:
        found.append(Flag("not converged", _after(record["status"]["message"])))
    elif record["status"]["name"] != "converged":
        found.append(Flag("residual boundary", _after(record["status"]["message"])))
    for code, mark in (("S", "no information"), ("B", "boundary")):
        rows = [item["row"] for item in record["varcomp"] if item["bound"] == code]
        if rows:
            found.append(Flag(mark, ", ".join(rows)))
    variances = {term for term, matrix in record["correlation"].items() if len(matrix["levels"]) == 1}
    singular = [term for term in record["certificate"]["multipliers"] if term not in variances]
    if singular:
        found.append(Flag("singular matrix", f"reduced rank of {', '.join(singular)}"))
    near = [
        f"{item['term']} {item['row']}:{item['column']} {item['correlation']:.3f}"
        for item in record["correlations"]
        if item["correlation"] is not None and abs(item["correlation"]) > NEAR_ONE and item["term"] not in singular
    ]
    if near:
        found.append(Flag("correlation near ±1", ", ".join(near)))
    return found


def _after(message: str) -> str:
    """A status message without its first words, which the mark repeats."""
    return message.split(": ", 1)[-1]


class State(NamedTuple):
    """How a fit ended, for the eye: a sign and a word, so that colour is not needed."""

    css: str
    sign: str
    text: str
    order: int


FAILED, NOT_CONVERGED = State("bad", "\u2716", "failed", 0), State("bad", "\u2716", "not converged", 1)
LEFT_OUT = State("left", "\u2013", "left out", 4)
LOOK, GOOD = State("look", "\u25b2", "needs a look", 2), State("good", "\u2714", "converged", 3)


def state(record: Mapping[str, Any] | None, left_out: bool = False) -> State:
    """The state of a fit, or of one that failed (None) or was left out of a ladder."""
    if record is None:
        return LEFT_OUT if left_out else FAILED
    return NOT_CONVERGED if not record["converged"] else LOOK if flags(record) else GOOD
