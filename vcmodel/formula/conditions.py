"""``at(f, levels)``: where a term has effects, and the terms for single levels that it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


@dataclass(frozen=True)
class Condition:
    """``at(factor, levels)``; `levels` None means one term per level found in the data."""

    factor: str
    levels: tuple[str, ...] | None

    @property
    def is_single(self) -> bool:
        """Whether it names exactly one level."""
        return self.levels is not None and len(self.levels) == 1


def condition_label(condition: Condition) -> str:
    """``at(R, 'P')``, or ``at(R)`` before the levels are known."""
    levels = "" if condition.levels is None else "".join(f", '{level}'" for level in condition.levels)
    return f"at({condition.factor}{levels})"


def each_level(
    conditions: Sequence[Condition], levels_of: Callable[[Condition], Iterable[str] | None] = lambda condition: condition.levels
) -> list[tuple[Condition, ...]]:
    """The conditions at every combination of single levels, the last one fastest.

    Parameters
    ----------
    conditions : sequence of Condition
    levels_of : function
        The levels of each; None leaves it as it is. Default: those that it names.

    Examples
    --------
    >>> each_level((Condition("site", ("a", "b")), Condition("year", None)))
    [(Condition(factor='site', levels=('a',)), Condition(factor='year', levels=None)), \
(Condition(factor='site', levels=('b',)), Condition(factor='year', levels=None))]
    """
    grown = []
    for condition in conditions:
        levels = levels_of(condition)
        grown.append([condition] if levels is None else [Condition(condition.factor, (level,)) for level in levels])
    return list(product(*grown))
