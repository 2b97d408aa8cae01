"""Which equations a design gets: the general sparse ones, or a reduction that gives the same numbers for less work."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from vcmodel.equations.balanced import BalancedForm, NotBalancedError, balanced_form
from vcmodel.equations.canonical import CanonicalEquations
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.equations.single_trait import SparseSystems
from vcmodel.equations.spectral import SpectralSystems, require_one_level
from vcmodel.errors import VcmodelError

if TYPE_CHECKING:
    from vcmodel.control import Control
    from vcmodel.design.design import Design
    from vcmodel.equations.base import Equations

# work of a fit in multiply-adds of a matrix product: iterations of a usual fit, factorisations an iteration is worth (factor, selected
# inverse, solves), and n^3 of an eigendecomposition with vectors (measured 6 to 14)
ITERATIONS, FACTORISATIONS, EIGEN = 10, 3, 9
# a relationship whose precision has more than this share of nonzeros is dense, and so is its factor
DENSE = 0.25


def choose(design: Design, control: Control) -> tuple[Equations, str]:
    """The equations of a design and a sentence on how they are solved.

    Raises
    ------
    VcmodelError
        ``Control(reductions=...)`` asks for a reduction that the design does not have.
    """
    decided = decide(design, control)
    return _spectral(design, decided) if isinstance(decided, BalancedForm) else decided


def decide(design: Design, control: Control) -> tuple[Equations, str] | BalancedForm:
    """What :func:`choose` will return, analysed but not factorised; a balanced form stands for the spectral form, not decomposed yet.

    Raises
    ------
    VcmodelError
        As :func:`choose`.
    """
    wanted = control.reductions
    if wanted == "off":
        return _general(design, control)
    try:
        form = balanced_form(design)
        if wanted == "canonical":
            return _canonical(design, form, control)
        if wanted == "spectral":
            require_one_level(form)
            return form
    except NotBalancedError as reason:
        if wanted != "auto":
            raise VcmodelError(f"Control(reductions={wanted!r}) does not apply: {reason}; use 'auto' or 'off'") from None
        return _general(design, control)
    return _cheapest(design, form, control)


def _cheapest(design: Design, form: BalancedForm, control: Control) -> tuple[Equations, str] | BalancedForm:
    """The implementation with the least estimated work."""
    diagonal_work = _spectral_work(form)
    if _is_dense(form):
        # no analysis is needed to know the work, and it would cost time
        if diagonal_work < _iterated(form, (form.term.n_columns + form.x.shape[1]) ** 3 / 3):
            return form
        return _canonical(design, form, control) if form.n_columns > 1 else _general(design, control)
    if form.n_columns == 1:
        general, sentence = _general(design, control)
        return form if diagonal_work < _iterated(form, general.factor.flops) else (general, sentence)
    equations, sentence = _canonical(design, form, control)
    if diagonal_work < _iterated(form, equations.systems.flops):
        return form
    return equations, sentence


def _iterated(form: BalancedForm, flops: float) -> float:
    """Work of a fit with one sparse factorisation of `flops` per column."""
    return ITERATIONS * FACTORISATIONS * form.n_columns * flops


def _spectral_work(form: BalancedForm) -> float:
    """Work of a fit in spectral form; infinite where there is none."""
    try:
        require_one_level(form)
    except NotBalancedError:
        return float("inf")
    term, size, p = form.term, form.n_columns, form.x.shape[1]
    q = min(term.n_levels, form.incidence.shape[0])
    shorter = q if term.relationship.dense_root is None else min(q, term.n_columns)
    inversion = float(term.n_levels) ** 3 if term.relationship.dense_root is None else 0.0
    return EIGEN * float(q) ** 2 * shorter + inversion + ITERATIONS * size * (shorter + p + size) * float(p + 2 * size + 1) ** 2


def _is_dense(form: BalancedForm) -> bool:
    term = form.term
    known = term.relationship
    return known.dense_root is not None or (known.precision is not None and known.precision.nnz > DENSE * known.n_columns**2)


def _general(design: Design, control: Control) -> tuple[MixedModelEquations, str]:
    equations = MixedModelEquations(design, factorization=control.factorization, threads=control.granted_threads)
    return equations, f"mixed-model equations: one sparse system of {equations.factor.size:,}"


def _order(design: Design) -> int:
    """Number of equations of the general form."""
    return design.x.shape[1] + sum(term.structure.size * term.n_columns for term in design.terms)


def _canonical(design: Design, form: BalancedForm, control: Control) -> tuple[CanonicalEquations[SparseSystems], str]:
    size = form.n_columns
    if size == 1:
        raise NotBalancedError("the model has a single trait, so that there is nothing to transform")
    equations = CanonicalEquations(
        design, form, partial(SparseSystems, factorization=control.factorization, threads=control.granted_threads)
    )
    order = equations.systems.n_fixed + form.term.n_columns
    return equations, f"canonical transformation: {size} single-trait systems of {order:,} equations instead of one of {_order(design):,}"


def _spectral(design: Design, form: BalancedForm) -> tuple[CanonicalEquations[SpectralSystems], str]:
    size = form.n_columns
    equations = CanonicalEquations(design, form, SpectralSystems)
    diagonal = "a diagonal system" if size == 1 else f"{size} diagonal systems"
    order = equations.systems.observed.size
    return equations, (
        f"spectral form: {diagonal} after one eigendecomposition of {order:,} levels, instead of {_order(design):,} equations"
    )
