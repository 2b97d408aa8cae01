"""The REML likelihood-ratio test of nested models."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.errors import VcmodelError
from vcmodel.results.distributions import chi_square_tail

if TYPE_CHECKING:
    from vcmodel.reml.estimate import Estimate
    from vcmodel.reml.parameters import Component

# statistics within this of zero are zero: two converged fits to the same optimum differ by the solver's tolerance (1e-10) and rounding
ZERO = 1e-6


@dataclass(frozen=True)
class LikelihoodRatio:
    """A REML likelihood-ratio test.

    Attributes
    ----------
    statistic : float
        2 (logL of the larger model - logL of the smaller).
    df : int
        Difference in the numbers of parameters, those at a boundary included.
    p_value : float
        Tail of the chi-square distribution with `df`; too large when a variance is tested at zero.
    p_boundary : float
        Tail of the half-and-half mixture of chi-squares with df - 1 and df when the smaller model sets exactly one variance to zero
        (Self & Liang 1987, case 5; Stram & Lee 1994, case 3); NaN otherwise.
    note : str
        What was tested, and which of the two probabilities applies.
    """

    statistic: float
    df: int
    p_value: float
    p_boundary: float
    note: str

    def __getitem__(self, name: str) -> float | int | str:
        if name not in self.__dataclass_fields__:
            raise KeyError(name)
        return getattr(self, name)

    def __str__(self) -> str:
        mixture = "" if isnan(self.p_boundary) else f", on the boundary p = {self.p_boundary:.3g}"
        return f"chi-square {self.statistic:.4f} on {self.df} df, p = {self.p_value:.3g}{mixture}"


def n_parameters(estimate: Estimate) -> int:
    """Reported parameters that are not fixed, each equality group once; those at a boundary count."""
    free = [~fixed for fixed in estimate.wishes.fixed]
    alone = sum(int(np.sum(own & (group < 0))) for own, group in zip(free, estimate.wishes.group, strict=True))
    tied = {int(g) for own, group in zip(free, estimate.wishes.group, strict=True) for g in group[own & (group >= 0)]}
    return alone + len(tied)


def likelihood_ratio(one: Estimate, two: Estimate) -> LikelihoodRatio:
    """The test of two fits to the same cells with the same fixed effects; which of them is the larger is found out.

    Raises
    ------
    VcmodelError
        A fit that did not converge, different data or fixed effects, the same number of parameters, or a larger model with a lower logL.

    References
    ----------
    Self, S. G. & Liang, K.-Y. (1987). Journal of the American Statistical Association 82, 605-610.
    Stram, D. O. & Lee, J. W. (1994). Biometrics 50, 1171-1177.
    """
    for item in (one, two):
        if not item.status.converged:
            raise VcmodelError(f"lrt: a fit did not converge, so that its logL is not a maximum: {item.status.value}")
    _refuse_different(one, two)
    sizes = [n_parameters(item) for item in (one, two)]
    if sizes[0] == sizes[1]:
        raise VcmodelError(f"lrt: both models have {sizes[0]} variance parameters, so neither contains the other; compare their AIC")
    larger, smaller = (one, two) if sizes[0] > sizes[1] else (two, one)
    statistic, df = 2.0 * (larger.loglik - smaller.loglik), abs(sizes[0] - sizes[1])
    if not statistic >= -ZERO:
        raise VcmodelError(
            f"lrt: the model with more parameters has the lower logL ({larger.loglik:.6f} against {smaller.loglik:.6f}): "
            "the models are not nested, or one of the fits is not at its maximum (see fit.status)"
        )
    statistic = statistic if statistic > ZERO else 0.0
    plain = chi_square_tail(statistic, df)
    if df == _one_variance_at_zero(larger, smaller):
        mixture = 0.5 * chi_square_tail(statistic, df - 1) + 0.5 * plain if statistic > 0.0 else 1.0
        note = f"the smaller model sets one variance to zero: p_boundary, half chi-square({df - 1}) and half chi-square({df}), applies"
        return LikelihoodRatio(statistic, df, plain, mixture, note)
    note = "p_value applies where the smaller model sets no variance to zero and no correlation to +-1; it is too large where it does"
    return LikelihoodRatio(statistic, df, plain, nan, note)


def _refuse_different(one: Estimate, two: Estimate) -> None:
    a, b = one.design, two.design
    same = a.spec.responses == b.spec.responses and a.frame.y.shape == b.frame.y.shape
    pairs = [(a.frame.y, b.frame.y), (a.frame.trait, b.frame.trait), (a.weight_root, b.weight_root)]
    if not same or not all(np.array_equal(x, y) for x, y in pairs):
        raise VcmodelError(
            f"lrt: the models were fitted to different data ({a.frame.y.size} and {b.frame.y.size} observations, or other values); "
            "fit both to the same rows in the same order"
        )
    if a.fixed_names != b.fixed_names or (a.fixed_matrix != b.fixed_matrix).nnz:
        raise VcmodelError("lrt: the models have different fixed effects, and REML likelihoods of these cannot be compared; use wald()")


def _one_variance_at_zero(larger: Estimate, smaller: Estimate) -> int:
    """Parameters lost when the smaller model is the larger one with one variance at zero, else -1.

    Either a term of one variance left out (1), or one of two terms under an unstructured str() matrix (2: variance and covariance).
    """
    more, fewer = ({component.label: component for component in item.components} for item in (larger, smaller))
    extra = [component for label, component in more.items() if label not in fewer]
    gone = [component for label, component in fewer.items() if label not in more]
    if any(component.kind != "random" for component in (*extra, *gone)) or len(extra) > 1 or len(gone) > 1:
        return -1
    changed = [label for label in more if label in fewer and not _same(more[label], fewer[label])]
    if extra and not gone:
        return 1 if not changed and extra[0].structure.size == 1 else -1
    if extra and gone:
        return 2 if not changed and _grown(larger, extra[0], gone[0]) else -1
    return -1


def _same(one: Component, two: Component) -> bool:
    return one.structure == two.structure


def _grown(larger: Estimate, extra: Component, gone: Component) -> bool:
    """Whether `extra` is str() with an unstructured matrix over two terms of which `gone` is one."""
    members = [member.label for member in larger.design.terms[extra.index].spec.members]
    return gone.label in members and extra.structure.size == 2 and gone.structure.size == 1 and len(extra.rows) == 3
