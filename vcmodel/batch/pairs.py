"""Bivariate fits of all pairs of traits, combined into one positive semi-definite covariance matrix per term.

Each covariance is estimated once and each variance once in every pair it is part of. The combined matrix is the positive semi-definite
one with the smallest weighted sum of squared differences from these estimates, the weights being the inverse squared standard errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vcmodel.batch.result import BatchResult
from vcmodel.linalg.definite import is_positive_semidefinite
from vcmodel.linalg.nearest_psd import nearest_psd

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

# weight of a covariance without an estimate, as a share of the median weight, towards zero: it decides only where nothing else does
TIE = 1e-6


@dataclass(frozen=True, eq=False)
class Combination:
    """The covariance matrix of one term, combined from pairs.

    Attributes
    ----------
    file, model, term : str
    traits : tuple of str
        The q traits.
    pairwise : (q, q) array
        The estimates: of a variance the weighted mean over its pairs; NaN where no pair has one.
    std_error : (q, q) array
        NaN where the fits gave none.
    n_fits : (q, q) array
        Fits behind each estimate.
    matrix : (q, q) array
        The combined matrix.
    note : str
        What was done, in words.
    """

    file: str
    model: str
    term: str
    traits: tuple[str, ...]
    pairwise: Array
    std_error: Array
    n_fits: NDArray[np.int64]
    matrix: Array
    note: str

    @property
    def covariance(self) -> pd.DataFrame:
        """The combined matrix, labelled."""
        import pandas as pd

        return pd.DataFrame(self.matrix, index=list(self.traits), columns=list(self.traits))

    @property
    def correlation(self) -> pd.DataFrame:
        """The correlations of the combined matrix, labelled; NaN beside a variance of zero."""
        import pandas as pd

        return pd.DataFrame(_correlation(self.matrix), index=list(self.traits), columns=list(self.traits))

    def rows(self) -> list[tuple[Any, ...]]:
        """The rows of the table ``pairs``: the lower triangle, row by row."""
        found = []
        change = self.matrix - self.pairwise
        correlation = _correlation(self.matrix)
        for i, one in enumerate(self.traits):
            for j, two in enumerate(self.traits[: i + 1]):
                numbers = [self.pairwise[i, j], self.std_error[i, j]]
                after = [self.matrix[i, j], change[i, j], change[i, j] / self.std_error[i, j], correlation[i, j]]
                head = (self.file, self.model, self.term, one, two)
                found.append((*head, *map(_number, numbers), int(self.n_fits[i, j]), *map(_number, after), self._note(i, j)))
        return found

    def _note(self, i: int, j: int) -> str:
        if self.n_fits[i, j] == 0:
            return f"no converged fit has this {'variance' if i == j else 'pair'}: completed, not estimated"
        remark = "" if np.isfinite(self.std_error[i, j]) else "; no standard error: weighted like the others' median"
        return self.note + remark


def combine_pairs(results: Iterable[BatchResult]) -> list[Combination]:
    """One combination per file, model and term, in the order of the results; fits that did not converge are left out.

    Parameters
    ----------
    results : iterable of BatchResult
        Of a batch with ``traits = "pairs"``.
    """
    groups: dict[tuple[str, str], list[BatchResult]] = {}
    for result in results:
        if len(result.traits) == 2:
            groups.setdefault((result.file, result.model), []).append(result)
    return [combination for (file, model), members in groups.items() for combination in _combine(file, model, members)]


def _combine(file: str, model: str, results: Sequence[BatchResult]) -> list[Combination]:
    traits = tuple(dict.fromkeys(name for result in results for name in result.traits))
    usable = [result for result in results if result.converged and result.kept is not None]
    terms = dict.fromkeys(item["term"] for result in usable for item in result.kept["pair"])  # type: ignore[index]
    return [_combine_term(file, model, term, traits, usable) for term in terms]


def _combine_term(file: str, model: str, term: str, traits: tuple[str, ...], results: Sequence[BatchResult]) -> Combination:
    q, place = len(traits), {name: i for i, name in enumerate(traits)}
    found: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for result in results:
        for item in result.kept["pair"]:  # type: ignore[index]
            if item["term"] == term:
                for cell, estimate in _estimates(item, place).items():
                    found.setdefault(cell, []).append(estimate)
    scale = np.array([np.sqrt(np.mean([v for v, _ in found.get((i, i), [])] or [0.0])) for i in range(q)])
    pairwise, error, count = np.full((q, q), np.nan), np.full((q, q), np.nan), np.zeros((q, q), dtype=np.int64)
    for (i, j), estimates in found.items():
        values, errors = np.array(estimates).T
        known = np.isfinite(errors)
        weight = np.where(known, errors, np.median(errors[known]) if known.any() else 1.0) ** -2.0
        # the same data stand behind every estimate of a variance: their mean is no more precise than one of them is on average
        pairwise[i, j] = pairwise[j, i] = np.sum(weight * values) / np.sum(weight)
        error[i, j] = error[j, i] = np.mean(weight) ** -0.5 if known.any() else np.nan
        count[i, j] = count[j, i] = values.size
    matrix, note = _solve(pairwise, error, scale)
    return Combination(file, model, term, traits, pairwise, error, count, matrix, note)


def _estimates(item: dict[str, Any], place: dict[str, int]) -> dict[tuple[int, int], tuple[float, float]]:
    """Estimate and standard error (NaN for none) of each entry of a 2 x 2 matrix; a covariance that the model sets to zero is zero."""
    found = {}
    for row, column, value, error in zip(item["row"], item["column"], item["covariance"], item["std_error"], strict=True):
        one, two = place[row], place[column]
        found[max(one, two), min(one, two)] = (value, np.nan if error is None else error)
    one, two = sorted({place[name] for name in item["row"]})
    return {(two, one): (0.0, np.nan), **found}


def _solve(pairwise: Array, error: Array, scale: Array) -> tuple[Array, str]:
    """The combined matrix and what was done; traits without variance have zero rows."""
    alive = scale > 0.0
    matrix = np.zeros_like(pairwise)
    if not alive.any():
        return matrix, "unchanged: every variance is zero"
    unit = np.outer(scale[alive], scale[alive])
    target, relative = pairwise[np.ix_(alive, alive)] / unit, error[np.ix_(alive, alive)] / unit
    missing = np.isnan(target)
    spread = np.median(relative[np.isfinite(relative)]) if np.isfinite(relative).any() else 1.0
    weight = np.where(np.isfinite(relative), relative, spread) ** -2.0
    weight[missing] = TIE * np.median(weight)
    target[missing] = 0.0
    complete = not missing.any()
    if is_positive_semidefinite(target):
        matrix[np.ix_(alive, alive)] = target * unit
        return matrix, "unchanged: the pairwise estimates are positive semi-definite" if complete else "unchanged where estimated"
    solved = nearest_psd(target, weight / weight.max())
    matrix[np.ix_(alive, alive)] = solved * unit
    lowest = float(np.linalg.eigvalsh(target)[0])
    return matrix, f"changed: the pairwise estimates had an eigenvalue of {lowest:.3g} on the correlation scale"


def _correlation(matrix: Array) -> Array:
    deviation = np.sqrt(np.diag(matrix))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.outer(deviation, deviation) > 0.0, matrix / np.outer(deviation, deviation), np.nan)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
