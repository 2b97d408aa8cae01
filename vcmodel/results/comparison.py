"""The REML likelihood-ratio test of nested models: the one rule for fits and for the records of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.errors import VcmodelError
from vcmodel.results.distributions import chi_square_tail, mixture_tail
from vcmodel.results.nesting import mixture

if TYPE_CHECKING:
    from vcmodel.results.comparable import Comparable
    from vcmodel.results.nesting import Mixture

# statistics within this of zero are zero: two converged fits to the same optimum differ by the solver's tolerance (1e-10) and rounding
ZERO = 1e-6
# weights below this are not worth a word
SMALL = 5e-4


@dataclass(frozen=True)
class LikelihoodRatio:
    """A REML likelihood-ratio test.

    Attributes
    ----------
    statistic : float
        2 (logL of the larger model - logL of the smaller).
    df : int
        Difference in the numbers of parameters, those at a boundary included.
    p : float
        The probability of a larger statistic under the smaller model: `p_boundary` where the smaller model lies on the boundary of the
        larger one (a variance at zero, a correlation at +-1), else `p_value`.
    p_value : float
        Tail of the chi-square distribution with `df`; too large on a boundary.
    p_boundary : float
        Tail of the mixture of chi-squares on a boundary; NaN where there is none.
    weights : tuple of float
        Of chi-squares with 0, 1, ... degrees of freedom in the distribution that `p` is of.
    simulated : bool
        Whether the weights were simulated (with a fixed seed: the same models give the same weights).
    note : str
        What was tested and assumed.
    """

    statistic: float
    df: int
    p: float
    p_value: float
    p_boundary: float
    weights: tuple[float, ...]
    simulated: bool
    note: str

    def __getitem__(self, name: str) -> float | int | str | tuple[float, ...]:
        if name not in self.__dataclass_fields__:
            raise KeyError(name)
        return getattr(self, name)

    @property
    def boundary(self) -> bool:
        """Whether the smaller model lies on the boundary of the larger one."""
        return not isnan(self.p_boundary)

    @property
    def distribution(self) -> str:
        """The distribution that `p` is of, in words."""
        return described_mixture(self.weights, self.simulated)

    def __str__(self) -> str:
        mixed = f" ({self.distribution})" if self.boundary else ""
        return f"chi-square {self.statistic:.4f} on {self.df} df, p = {self.p:.3g}{mixed}"


def described_mixture(weights: tuple[float, ...], simulated: bool) -> str:
    """Weights in words.

    >>> described_mixture((0.25, 0.5, 0.25), True)
    'mixture 0.25:0.5:0.25 of chi-square 0, 1, 2 df, simulated'
    >>> described_mixture((0.0, 0.0, 1.0), False)
    'chi-square 2 df'
    """
    used = [df for df, weight in enumerate(weights) if weight > SMALL]
    dfs = ", ".join(map(str, used))
    if len(used) == 1:
        return f"chi-square {dfs} df"
    parts = ":".join(f"{weights[df]:.3f}".rstrip("0") for df in used)
    return f"mixture {parts} of chi-square {dfs} df{', simulated' if simulated else ''}"


def likelihood_ratio(one: Comparable, two: Comparable) -> LikelihoodRatio:
    """The test of two fits to the same cells with the same fixed effects; which of them is the larger is found out.

    Raises
    ------
    VcmodelError
        A fit that did not converge, different data or fixed effects, the same number of parameters, models that are not nested, or a larger
        model with a lower logL.
    """
    for item in (one, two):
        if not item.converged:
            raise VcmodelError(f"lrt: a fit did not converge, so that its logL is not a maximum: {item.status}")
    _refuse_different(one, two)
    sizes = [item.n_parameters for item in (one, two)]
    if sizes[0] == sizes[1]:
        raise VcmodelError(f"lrt: both models have {sizes[0]} variance parameters, so neither contains the other; compare their AIC")
    larger, smaller = (one, two) if sizes[0] > sizes[1] else (two, one)
    statistic, df = 2.0 * (larger.loglik - smaller.loglik), abs(sizes[0] - sizes[1])
    if not statistic >= -ZERO:
        raise VcmodelError(
            f"lrt: the model with more parameters has the lower logL ({larger.loglik:.6f} against {smaller.loglik:.6f}): "
            "the models are not nested, or one of the fits is not at its maximum (see fit.status)"
        )
    try:
        found = mixture(larger, smaller, statistic)
    except VcmodelError as problem:
        raise VcmodelError(f"lrt: {problem}") from None
    return _test(statistic if statistic > ZERO else 0.0, df, found)


def _test(statistic: float, df: int, found: Mixture) -> LikelihoodRatio:
    weights = tuple(found.weights.tolist())
    plain = chi_square_tail(statistic, df)
    tail = mixture_tail(statistic, weights) if statistic > 0.0 else 1.0
    boundary = np.count_nonzero(found.weights) > 1
    where = (
        f"the smaller model lies on the boundary of the larger one: p is of the {described_mixture(weights, found.simulated)}"
        if boundary
        else f"p is of the {described_mixture(weights, False)}"
    )
    note = "; ".join([where, *found.remarks])
    return LikelihoodRatio(statistic, df, tail, plain, tail if boundary else nan, weights, found.simulated, note)


def _refuse_different(one: Comparable, two: Comparable) -> None:
    if one.data != two.data:
        raise VcmodelError(
            f"lrt: the models were fitted to different data ({one.n_cells} and {two.n_cells} observations, or other values); "
            "fit both to the same rows in the same order"
        )
    if one.fixed != two.fixed:
        raise VcmodelError("lrt: the models have different fixed effects, and REML likelihoods of these cannot be compared; use wald()")
