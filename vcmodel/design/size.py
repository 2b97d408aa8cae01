"""The size of a design before it is built: matrices over levels and columns of interactions can be beyond any memory."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from vcmodel.design.levels import is_number
from vcmodel.errors import StructureError
from vcmodel.memory import require_memory
from vcmodel.spec import StructuredFactor, of_kind
from vcmodel.structures import registry
from vcmodel.structures.kronecker import KroneckerStructure
from vcmodel.structures.separable import LARGE, sparse_levels

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vcmodel.design.frame import Frame
    from vcmodel.spec import FactorSpec, FixedTerm, ModelSpec
    from vcmodel.structures.base import Structure

# levels up to which a structure is simply built to count its parameters
SMALL = 40
# bytes of one column of an interaction until it is found aliased (measured: 270 to 570), and arrays of (parameters, levels, levels) alive
# at once: derivatives of the matrix and of its root, and the basis they come from
COLUMN, DERIVATIVES = 600, 3
# columns of one fixed term beyond which minutes would pass before those that do not occur are found aliased (5 to 10 microseconds each)
MOST_COLUMNS = 4_000_000


def refuse_too_large(spec: ModelSpec, frame: Frame) -> None:
    """Refuse matrices and interactions that do not fit into memory.

    Raises
    ------
    VcmodelError
        Naming the term, its levels and parameters.
    """
    for term in spec.fixed:
        _refuse_columns(term, frame)
    for random in spec.random:
        _refuse_matrix(random.text, "random", random.factors, frame)
    for section in spec.residual.alternatives:
        _refuse_matrix(section.text, "residual", section.factors, frame)


def _refuse_columns(term: FixedTerm, frame: Frame) -> None:
    """A fixed term has a column for every combination of levels, observed or not."""
    names = [*term.factors, *(name for name in term.bare if not is_number(frame.table[name]))]
    levels = [len(frame.factor(name).labels) for name in dict.fromkeys(names)]
    columns = prod(levels) * (len(frame.responses) if term.by_trait else 1)
    subject = f"`fixed`: {term.text!r} has {columns:,} columns ({' x '.join(f'{n:,}' for n in levels)} levels)"
    remedy = "move the interaction to `random`, where only observed combinations count, or leave it out"
    if columns > MOST_COLUMNS:
        raise StructureError(f"{subject}, more than {MOST_COLUMNS:,}; {remedy}")
    require_memory(COLUMN * columns, f"{subject} and", remedy)


def _refuse_matrix(text: str, part: str, factors: Iterable[FactorSpec], frame: Frame) -> None:
    items = of_kind(factors, StructuredFactor)
    every = [item.size or len(item.source.every_level(frame, ()) if item.ordered else item.matrix(frame).labels) for item in items]
    large = prod(every) > LARGE
    size, parameters, words = 1, 0, []
    for item, levels in zip(items, every, strict=True):
        if levels == 0:
            continue  # refused later, with what to do
        if large and _has_sparse_inverse(item):
            continue
        size *= levels
        parameters += parameter_count(item, levels)
        words.append(f"{item.text}: {levels:,} levels")
    if size == 1:
        return
    require_memory(
        8.0 * DERIVATIVES * max(1, parameters) * float(size) ** 2,
        f"`{part}`: {text!r} has a {size:,} x {size:,} matrix with {parameters:,} parameters ({'; '.join(words)}) and",
        "write the factor of many levels without a structure (independent levels), or use one with few levels",
    )


def _built(item: StructuredFactor, levels: int) -> Structure:
    """The structure over so many levels, at equal distances."""
    axes = next(iter(registry.structure_class(item.structure).metric), 0)
    positions = tuple((float(i),) * axes for i in range(levels))
    return registry.build(item.structure, "f", tuple(map(str, range(levels))), *item.arguments, positions=positions)


def _has_sparse_inverse(item: StructuredFactor) -> bool:
    """Whether its matrix is never formed where it is large."""
    try:
        return sparse_levels(KroneckerStructure((_built(item, SMALL),), scaled=False)) > 1
    except StructureError:
        return False  # refused later, with what to do


def parameter_count(item: StructuredFactor, levels: int) -> int:
    """The number of parameters of a structure over so many levels, without building a large one."""
    try:
        if levels <= SMALL:
            return len(_built(item, levels).parameters)
        # every structure has at most w(w + 1)/2 parameters, a polynomial of second degree: three values determine it
        a, b, c = (len(_built(item, SMALL + i).parameters) for i in range(3))
    except StructureError:
        return 0  # refused later, with what to do
    t = levels - SMALL
    return a + t * (b - a) + t * (t - 1) // 2 * (c - 2 * b + a)
