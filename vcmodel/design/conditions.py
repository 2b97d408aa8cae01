"""Which observations meet the conditions ``at(f, levels)`` of a term, and the terms that have none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from vcmodel.errors import DataError, choices
from vcmodel.formula.conditions import condition_label, each_level
from vcmodel.spec import Condition, FixedTerm, TermSpec

if TYPE_CHECKING:
    from vcmodel.design.frame import Frame

Term = TypeVar("Term", FixedTerm, TermSpec)


def meets(conditions: Sequence[Condition], frame: Frame) -> NDArray[np.bool_]:
    """Which cells (N,) meet all conditions."""
    active = np.ones(frame.y.size, dtype=bool)
    for condition in conditions:
        factor = frame.cell_factor(condition.factor)
        wanted = [factor.labels.index(level) for level in condition.levels or factor.labels]
        active &= np.isin(factor.codes, wanted)
    return active


def single_conditions(term: Term, part: str, frame: Frame) -> list[tuple[Condition, ...]]:
    """The conditions of the terms that ``at()`` stands for: one for each combination of levels, each condition with one level.

    Raises
    ------
    DataError
        A level that is not in the data.
    """

    def levels_of(condition: Condition) -> tuple[str, ...]:
        present = frame.cell_factor(condition.factor).labels
        known = set(present)
        for level in condition.levels or ():
            if level not in known:
                menu = choices(level, present, "levels")
                raise DataError(f"{condition_label(condition)} in `{part}`: {condition.factor} has no level {level!r}; {menu}")
        return condition.levels or present

    return each_level(term.conditions, levels_of)


def observed(written: Term, singles: list[Term], part: str, frame: Frame) -> tuple[list[Term], list[str]]:
    """Those of the terms `singles`, which `written` stands for, that have an observation; a note on the others.

    Raises
    ------
    DataError
        No observation where every level was named, or nowhere at all.
    """
    empty = [single for single in singles if not all(meets(conditions, frame).any() for conditions in _each(single))]
    if not empty:
        return singles, []
    gone = ", ".join(_named(conditions) for single in empty for conditions in _each(single) if not meets(conditions, frame).any())
    if len(empty) == len(singles) or all(condition.levels is not None for condition in written.conditions):
        raise DataError(f"{written.text!r} in `{part}`: no observation meets {gone}; leave the term out")
    return [single for single in singles if single not in empty], [f"{part}: {written.text}: no observation for {gone}, so no such term"]


def _each(term: FixedTerm | TermSpec) -> list[tuple[Condition, ...]]:
    """The conditions of a term, or of every term that str() joins."""
    members = term.members if isinstance(term, TermSpec) else ()
    return [member.conditions for member in members] or [term.conditions]


def _named(conditions: Sequence[Condition]) -> str:
    return ":".join(condition_label(condition) for condition in conditions)
