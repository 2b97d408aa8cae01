"""How a design can be solved: general sparse equations, or a reduction that gives the same numbers for less work.

One cost model for all: the choice, the pre-flight and the notes of a fit ask the same objects. Work is counted in floating-point
operations of a large matrix product; what runs slower counts more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np

from vcmodel.equations.absorbed import AbsorbedEquations, nuggets
from vcmodel.equations.balanced import BalancedForm, NotBalancedError, balanced_form
from vcmodel.equations.blocks import loading_width
from vcmodel.equations.canonical import CanonicalEquations
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.equations.single_trait import SparseSystems
from vcmodel.equations.spectral import SpectralSystems, require_one_level
from vcmodel.errors import VcmodelError

if TYPE_CHECKING:
    from vcmodel.control import Control
    from vcmodel.design.design import Design
    from vcmodel.equations.base import Equations
    from vcmodel.linalg.cholesky import SparseCholesky

# iterations of a usual fit
ITERATIONS = 10
# an iteration does this many times the operations of a factorisation (factor, selected inverse, solves), at less than full speed; an
# eigendecomposition with vectors this many times n^3 (measured 12 to 28); solves with few right-hand sides run at a ninth of the speed
FACTORISATIONS, EIGEN, SOLVES = 6.5, 19.5, 9.0
# a relationship whose precision has more than this share of nonzeros is dense, and so is its factor
DENSE = 0.25


@dataclass(frozen=True)
class Work:
    """What a way to solve costs.

    Attributes
    ----------
    once, iteration : float
        Operations before the iterations and in each of them, at the speed of a large matrix product.
    flops : float
        Operations as such: of the factorisations of an iteration, or of the eigendecomposition.
    systems, size, nonzeros, fill : int
        Sparse systems of an iteration, their equations, and the nonzeros of one triangle and of the factor of each; 0 without any.
    memory : float
        Bytes of factors and of dense matrices.
    """

    once: float
    iteration: float
    flops: float
    systems: int = 0
    size: int = 0
    nonzeros: int = 0
    fill: int = 0
    memory: float = 0.0

    @classmethod
    def factorised(cls, factor: SparseCholesky, nonzeros: int, systems: int) -> Work:
        """That of `systems` sparse factorisations an iteration."""
        flops = float(factor.flops) * systems
        return cls(0.0, FACTORISATIONS * flops, flops, systems, factor.size, nonzeros, int(factor.fill), systems * factor.memory)

    @property
    def total(self) -> float:
        """Operations of a usual fit."""
        return self.once + ITERATIONS * self.iteration


class Front(NamedTuple):
    """A dense matrix on the way to the factor: how many equations it joins, and how many of them are of the term with the most."""

    size: int
    term: str
    of_term: int


class Method(ABC):
    """A way to solve the equations of a design, not yet at work: nothing is factorised or decomposed."""

    name: ClassVar[str]  # of Control(reductions=...)

    def __init__(self, design: Design, control: Control) -> None:
        self.design, self.control = design, control

    @abstractmethod
    def work(self) -> Work:
        """What it costs."""

    @abstractmethod
    def describe(self) -> str:
        """A sentence for the notes of a fit."""

    def announce(self) -> str:
        """A sentence for the plan of a fit."""
        return self.describe()

    @abstractmethod
    def build(self) -> Equations:
        """The equations."""

    def costliest_front(self) -> Front | None:
        """The dense matrix that takes most of the factorisation; None where there is no factorisation to speak of."""
        return None

    @property
    def order(self) -> int:
        """Number of equations of the general form."""
        return self.design.x.shape[1] + sum(loading_width(term) * term.n_columns for term in self.design.terms)


class General(Method):
    """One sparse system."""

    name = "off"

    @cached_property
    def equations(self) -> MixedModelEquations:
        """Pattern and analysis made."""
        found, how, threads = nuggets(self.design), self.control.factorization, self.control.granted_threads
        if found:
            return AbsorbedEquations(self.design, found, factorization=how, threads=threads)
        return MixedModelEquations(self.design, factorization=how, threads=threads)

    def work(self) -> Work:
        """A factorisation an iteration."""
        return Work.factorised(self.equations.factor, int(self.equations.layout.pattern.nnz), 1)

    def costliest_front(self) -> Front | None:
        """With the term that most of its equations belong to."""
        columns = self.equations.factor.costliest_front()
        blocks = self.equations.unknowns.blocks
        of_block = np.searchsorted([block.first for block in blocks], columns, side="right") - 1
        count = np.bincount([blocks[i].term + 1 for i in of_block])
        term = int(np.argmax(count))
        return Front(columns.size, self.design.terms[term - 1].label if term else "fixed effects", int(count[term]))

    def describe(self) -> str:
        """The order of the system."""
        return f"mixed-model equations: one sparse system of {self.equations.layout.n_equations:,}"

    def build(self) -> MixedModelEquations:
        """The equations analysed."""
        return self.equations


class Canonical(Method):
    """One sparse single-trait system for each trait.

    Raises
    ------
    NotBalancedError
        There is a single trait.
    """

    name = "canonical"

    def __init__(self, design: Design, control: Control, form: BalancedForm) -> None:
        super().__init__(design, control)
        self.form = form
        if form.n_columns == 1:
            raise NotBalancedError("the model has a single trait, so that there is nothing to transform")

    @cached_property
    def equations(self) -> CanonicalEquations[SparseSystems]:
        """Pattern and analysis made."""
        systems = partial(SparseSystems, factorization=self.control.factorization, threads=self.control.granted_threads)
        return CanonicalEquations(self.design, self.form, systems)

    def work(self) -> Work:
        """A factorisation of every system an iteration."""
        systems = self.equations.systems
        return Work.factorised(systems.factors[0], int(systems.pattern.nnz), self.form.n_columns)

    def describe(self) -> str:
        """The orders of the systems."""
        order = self.form.x.shape[1] + self.form.term.n_columns
        return (
            f"canonical transformation: {self.form.n_columns} single-trait systems of {order:,} equations instead of one of {self.order:,}"
        )

    def build(self) -> CanonicalEquations[SparseSystems]:
        """The equations analysed."""
        return self.equations


class Spectral(Method):
    """Diagonal systems after one eigendecomposition.

    Raises
    ------
    NotBalancedError
        An observation has effects of several levels.
    """

    name = "spectral"

    def __init__(self, design: Design, control: Control, form: BalancedForm) -> None:
        super().__init__(design, control)
        self.form = form
        require_one_level(form)

    def work(self) -> Work:
        """The eigendecomposition once, products with the coordinates of the rows in every iteration."""
        term, size, p = self.form.term, self.form.n_columns, self.form.x.shape[1]
        known = term.relationship
        q = min(term.n_levels, self.form.incidence.shape[0])
        shorter = q if known.dense_root is None else min(q, term.n_columns)
        inversion = 2.0 * float(term.n_levels) ** 3 if known.dense_root is None else 0.0
        iteration = 2.0 * size * (shorter + p + size) * float(p + 2 * size + 1) ** 2
        return Work(EIGEN * float(q) ** 2 * shorter + inversion, iteration, 6.0 * float(q) ** 2 * shorter, memory=32.0 * float(q) ** 2)

    def describe(self) -> str:
        """The number of systems and the levels decomposed."""
        diagonal = "a diagonal system" if self.form.n_columns == 1 else f"{self.form.n_columns} diagonal systems"
        levels = np.unique(self.form.incidence.indices).size
        return f"spectral form: {diagonal} after one eigendecomposition of {levels:,} levels, instead of {self.order:,} equations"

    def announce(self) -> str:
        """What is to be decomposed."""
        levels = self.form.term.n_columns
        return f"spectral form: one eigendecomposition of {levels:,} levels, then diagonal systems instead of {self.order:,} equations"

    def build(self) -> CanonicalEquations[SpectralSystems]:
        """The relationship decomposed."""
        return CanonicalEquations(self.design, self.form, SpectralSystems)


def choose(design: Design, control: Control) -> Method:
    """The way to solve a design.

    Raises
    ------
    VcmodelError
        ``Control(reductions=...)`` asks for a reduction that the design does not have.
    """
    wanted, general = control.reductions, General(design, control)
    if wanted == General.name:
        return general
    try:
        form = balanced_form(design)
        for reduction in (Canonical, Spectral):
            if wanted == reduction.name:
                return reduction(design, control, form)
    except NotBalancedError as reason:
        if wanted != "auto":
            raise VcmodelError(f"Control(reductions={wanted!r}) does not apply: {reason}; use 'auto' or 'off'") from None
        return general
    return _cheapest(general, form)


def _cheapest(general: General, form: BalancedForm) -> Method:
    """The way with the least work."""
    design, control = general.design, general.control
    other: Method = Canonical(design, control, form) if form.n_columns > 1 else general
    try:
        spectral = Spectral(design, control, form)
    except NotBalancedError:
        return other
    if _is_dense(form):
        # no analysis is needed to know the work, and it would cost time
        flops = form.n_columns * (form.term.n_columns + form.x.shape[1]) ** 3 / 3
        least = ITERATIONS * FACTORISATIONS * flops
    else:
        least = other.work().total
    return spectral if spectral.work().total < least else other


def _is_dense(form: BalancedForm) -> bool:
    known = form.term.relationship
    return known.dense_root is not None or (known.precision is not None and known.precision.nnz > DENSE * known.n_columns**2)
