"""Which responses are fitted together, and the formulas of each such fit.

The left side of a model's fixed formula lists the responses. With ``traits = "each"`` or ``"pairs"`` one fit is made of each response or
pair, and the left side is replaced by them; everything to the right of ``~``, `random` and `residual` stay as written.
"""

from __future__ import annotations

from itertools import combinations

from vcmodel.api import Model
from vcmodel.errors import FormulaError, VcmodelError

TRAITS = ("together", "each", "pairs")


def responses_of(fixed: str) -> tuple[str, ...]:
    """The responses on the left side of a fixed formula, whatever stands on its right."""
    left = split_formula(fixed)[0]
    if not left:
        raise FormulaError(f'{fixed!r} has no response: write it before ~, or list responses = ["…"]')
    return Model(f"{left} ~ 1").spec.responses


def split_formula(fixed: str) -> tuple[str, str]:
    """Left and right side of a formula at its first ``~`` outside backquotes; the left side is empty when there is none.

    >>> split_formula("`a ~ b` + c ~ trait"), split_formula("~ trait")
    (('`a ~ b` + c', 'trait'), ('', 'trait'))
    """
    quoted = False
    for place, character in enumerate(fixed):
        if character == "`":
            quoted = not quoted
        elif character == "~" and not quoted:
            return fixed[:place].strip(), fixed[place + 1 :].strip()
    return "", fixed.strip()


def trait_sets(fixed: str, mode: str, responses: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The responses of every fit of a model with this fixed formula: all of them once, each, or each pair, in the order given.

    Raises
    ------
    VcmodelError
        No responses, or one response and pairs asked for.
    """
    names = responses or responses_of(fixed)
    if mode == "together":
        return [names]
    if mode == "each":
        return [(name,) for name in names]
    if len(names) < 2:
        raise VcmodelError(f'traits = "pairs" needs at least two responses; there is {names[0]!r} only')
    return list(combinations(names, 2))


def with_responses(fixed: str, traits: tuple[str, ...]) -> str:
    """A fixed formula with these responses on its left side."""
    left, right = split_formula(fixed)
    if not left or responses_of(fixed) != traits:
        left = " + ".join(quoted(name) for name in traits)
    return f"{left} ~ {right}"


def quoted(name: str) -> str:
    """A name as it stands in a formula.

    Raises
    ------
    FormulaError
        A name with a backquote.
    """
    if "`" in name:
        raise FormulaError(f"column {name!r}: a name with a backquote cannot stand in a formula; rename it in [columns]")
    return name if name.isidentifier() else f"`{name}`"
