"""The rows of a pedigree: individuals, their parents, and what was taken for what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vcmodel.design.matching import Directory, canonical, folded, matched, spelled
from vcmodel.errors import ModelWarning, RelationshipError, row_list, warn
from vcmodel.linalg import _kernels
from vcmodel.tables.missing import is_unknown
from vcmodel.text import counted, few

Parents = NDArray[np.int64]

# share of the first generation that has one and the same undeclared parent twice, from which on it is more likely a code than a parent
NEARLY_ALL = 0.9
# full sibs from one cross that are the parents of all others; beyond it the two parents are more likely codes than a cross
ONE_FAMILY = 20


@dataclass
class Parentage:
    """Who is whose parent, in the order of the rows; parents without a row of their own stand behind them.

    Attributes
    ----------
    names : list of str
        The n individuals.
    own : int
        How many of them have a row.
    parents : (n, 2) int array
        Positions in `names`, -1 for unknown.
    notes : list of str
    """

    names: list[str]
    own: int
    parents: Parents
    notes: list[str] = field(default_factory=list)


def read_parentage(ids: pd.Series, sides: Sequence[pd.Series], codes: Iterable[str] = ()) -> Parentage:
    """The parentage in a column of individuals and one or two of their parents; `codes` are further codes for an unknown parent.

    Raises
    ------
    RelationshipError
        No rows, a missing identifier, two different rows for one individual, an individual that is its own parent.
    """
    individual, names = spelled(ids, f"pedigree: column {ids.name!r}")
    if len(individual) == 0:
        raise RelationshipError("pedigree: the table has no rows")
    blank = np.flatnonzero(individual < 0)
    if blank.size:
        raise RelationshipError(f"pedigree: no identifier in {row_list(blank)}: give every individual a name in column {ids.name!r}")
    own = len(names)
    found = Directory(names)
    notes = [f"{a!r} and {b!r} each have a row of their own and count as two individuals" for a, b in found.twins()[:3]]
    founders: dict[str, int] = {}
    unknown: dict[str, int] = {}
    columns = [_parents(side, found, founders, own, tuple(codes), unknown) for side in sides]
    if len(columns) == 1:
        columns.append(np.full(len(individual), -1, dtype=np.int64))
    parents = np.column_stack(columns)
    if any(unknown):
        listed = ", ".join(f"{repr(code) if code else 'empty'} ({count:,})" for code, count in unknown.items())
        notes.append(f"unknown parents: {listed}")
    parents, repeats = _one_row_each(individual, parents, [*names, *founders])
    if repeats:
        notes.append(f"{counted(repeats, 'repeated identical row')} counted once")
    names = [*names, *founders]
    result = Parentage(names, own, np.vstack([parents, np.full((len(founders), 2), -1)]), notes)
    if founders:
        notes.append(f"{counted(len(founders), 'parent')} without a row of their own added as founders")
        notes.extend(_founders_spelled_otherwise(names[own:], names[:own]))
    _note_both_sides(result)
    _warn_of_a_common_founder(result)
    return result


def _founders_spelled_otherwise(founders: Sequence[str], individuals: Sequence[str]) -> list[str]:
    """A note where founders differ from an individual in case or leading zeros only, which may be one individual spelled in two ways."""
    known = {folded(name): name for name in reversed(individuals)}
    pairs = [f"{name!r} beside {known[folded(name)]!r}" for name in founders if folded(name) in known]
    if not pairs:
        return []
    return [
        f"founders spelled nearly as an individual with a row, and another than it: {few(pairs, 3)}; "
        "correct the pedigree where one is meant"
    ]


def _parents(
    side: pd.Series, found: Directory, founders: dict[str, int], own: int, codes: tuple[str, ...], unknown: dict[str, int]
) -> NDArray[np.int64]:
    """Positions (n,) of one column of parents; new founders and codes for unknown are entered where they belong."""
    raw, texts = spelled(side, f"pedigree: column {side.name!r}")
    places = matched(found, texts)
    count = np.bincount(raw[raw >= 0], minlength=len(texts))
    for i in np.flatnonzero(places < 0):
        if is_unknown(texts[i], codes):
            unknown[texts[i]] = unknown.get(texts[i], 0) + int(count[i])
        else:
            places[i] = own + founders.setdefault(canonical(texts[i]), len(founders))
    if np.any(raw < 0):
        unknown[""] = unknown.get("", 0) + int(np.sum(raw < 0))
    return np.append(places, -1)[raw]


def _one_row_each(individual: NDArray[np.int64], parents: Parents, names: Sequence[str]) -> tuple[Parents, int]:
    """Parents in the order in which individuals appear, and how many rows repeat another."""
    _, first = np.unique(individual, return_index=True)
    differ = np.flatnonzero((parents != parents[first[individual]]).any(axis=1))
    own_parent = np.flatnonzero((parents == individual[:, None]).any(axis=1))
    # the first of the mistakes in the table
    if own_parent.size and not (differ.size and differ[0] < own_parent[0]):
        i = own_parent[0]
        name = names[individual[i]]
        hint = f"; if {name!r} stands for an unknown parent, remove the row" if is_unknown(name) else ""
        raise RelationshipError(f"pedigree: row {i + 1} names individual {name!r} as its own parent: correct its sire or dam{hint}")
    if differ.size:
        i = differ[0]
        raise RelationshipError(
            f"pedigree: individual {names[individual[i]]!r} has different parents in rows {first[individual[i]] + 1} and {i + 1}: "
            "keep the right one of the rows"
        )
    return parents[first], len(individual) - len(first)


def _note_both_sides(parentage: Parentage) -> None:
    sire, dam = parentage.parents.T
    both = np.intersect1d(sire[sire >= 0], dam[dam >= 0])
    if both.size:
        shown = few(sorted(parentage.names[i] for i in both), 3)
        parentage.notes.append(f"{both.size} individual{'s are' if both.size > 1 else ' is'} used both as sire and as dam: {shown}")


def _warn_of_a_common_founder(parentage: Parentage) -> None:
    """Warn of a parent of (nearly) the whole first generation that nobody declared: as often as not it means unknown.

    The first generation are the rows without a parent that has a row; such a parent is their sire and dam, or the only parent known.
    """
    own, parents = parentage.own, parentage.parents[: parentage.own]
    suspect = np.ones(len(parentage.names), dtype=bool)
    suspect[:own] = False
    alone = np.setdiff1d(parents, np.flatnonzero((parents >= 0).any(axis=1)))  # parents without a known parent
    suspect[[i for i in alone[alone >= 0] if is_unknown(parentage.names[i])]] = True
    first = ~((parents >= 0) & ~suspect[parents]).any(axis=1) & ~suspect[:own]
    if first.sum() < 2:
        return
    sire, dam = parents[first].T
    common = np.where((sire == dam) | (np.minimum(sire, dam) < 0), np.maximum(sire, dam), -1)
    counts = np.bincount(common[common >= 0], minlength=1)
    founder, count = int(np.argmax(counts)), int(counts.max())
    if count >= max(2, NEARLY_ALL * len(sire)):
        name, twice = parentage.names[founder], bool(np.any((sire == founder) & (dam == founder)))
        text = (
            f"{name!r}, {'though it has a row' if founder < own else 'which has no row of its own'}, is the "
            f"{'sire and dam' if twice else 'only known parent'} of {count:,} of the {len(sire):,} individuals of the first generation, "
            f"which makes them {'inbred full sibs' if twice else 'half sibs'}; if it stands for an unknown parent, "
            + ("remove its row" if founder < own else f"say so: missing=[{name!r}], --missing {name}")
        )
        parentage.notes.append(text)
        warn(f"pedigree: {text}", ModelWarning)
    elif count == 0:
        _note_common_parents(parentage, sire, dam)


def _note_common_parents(parentage: Parentage, sire: NDArray[np.int64], dam: NDArray[np.int64]) -> None:
    """One pair of undeclared parents of the whole first generation: a cross, or a code for each sex; many such parents are warned of."""
    a, b = int(sire[0]), int(dam[0])
    if len(sire) < 3 or min(a, b) < 0 or np.any(sire != a) or np.any(dam != b):
        return
    names = parentage.names
    text = (
        f"all {len(sire):,} individuals of the first generation are full sibs from {names[a]!r} and {names[b]!r}, which have no rows of "
        f"their own; if these stand for unknown parents, say so: missing=[{names[a]!r}, {names[b]!r}]"
    )
    parentage.notes.append(text)
    if len(sire) > ONE_FAMILY and len(sire) < parentage.own:
        warn(f"pedigree: {text}", ModelWarning)


def parents_first(parentage: Parentage) -> NDArray[np.int64]:
    """Order (n,) by generations, as given within a generation.

    Raises
    ------
    RelationshipError
        Individuals that are their own ancestors, with the cycle.
    """
    sire, dam = (np.ascontiguousarray(parentage.parents[:, j], dtype=np.int32) for j in (0, 1))
    generation = _kernels.generations(sire, dam)
    lost = np.flatnonzero(generation < 0)
    if lost.size:
        cycle = _cycle(parentage, generation >= 0, int(lost[0]))
        shown = [repr(name) for name in cycle]
        if len(shown) > 12:
            shown = [*shown[:6], f"… ({len(shown) - 9} more) …", *shown[-3:]]
        raise RelationshipError(
            f"pedigree: individuals are their own ancestors: {' <- '.join(shown)} "
            "(each a parent of the one before it); correct a sire or dam of one of them"
        )
    return np.argsort(generation, kind="stable")


def _cycle(parentage: Parentage, placed: NDArray[np.bool_], start: int) -> list[str]:
    """Members of a cycle, first and last the same: every individual not placed has a parent not placed, so walking up must return."""
    seen: dict[int, int] = {}
    path: list[int] = []
    at = start
    while at not in seen:
        seen[at] = len(path)
        path.append(at)
        at = int(next(p for p in parentage.parents[at] if p >= 0 and not placed[p]))
    return [parentage.names[i] for i in (*path[seen[at] :], at)]
