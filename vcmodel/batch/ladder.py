"""Selection among the models of a ladder, fitted to the same cells of one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vcmodel.batch.result import BatchResult
from vcmodel.errors import VcmodelError
from vcmodel.results.comparable import Comparable
from vcmodel.results.comparison import likelihood_ratio

if TYPE_CHECKING:
    from vcmodel.batch.model_entry import Selection

# criteria nearer than this are the same optimum reached by two parametrisations (us and corgh): the first model named is kept
TIE = 1e-6


@dataclass(frozen=True)
class Comparison:
    """One model in a selection.

    Attributes
    ----------
    result : BatchResult
    value : float or None
        The criterion; for the likelihood-ratio test -2 logL.
    against : str or None
        The model it was tested against.
    statistic, df, p_value
        Of the likelihood-ratio test; `p_value` is that of the mixture of chi-squares where the smaller model is on a boundary.
    reason : str
        Why it was taken or not.
    """

    result: BatchResult
    value: float | None
    reason: str
    against: str | None = None
    statistic: float | None = None
    df: int | None = None
    p_value: float | None = None


def select(results: Sequence[BatchResult], selection: Selection) -> tuple[str | None, list[Comparison]]:
    """The id of the selected fit (None when none qualifies), and one comparison for each model.

    Models that did not converge do not qualify, nor those fitted to other cells or with other fixed effects than the first that did:
    their REML likelihoods cannot be compared. For ``lrt`` the models are tested in the order given, each against the one kept so far.
    """
    comparisons: dict[str, Comparison] = {}
    qualified: list[BatchResult] = []
    for result in results:
        reason = _disqualified(result, qualified[0] if qualified else None)
        if reason is None:
            qualified.append(result)
        else:
            comparisons[result.id] = Comparison(result, None, reason)
    chosen = _by_test(qualified, selection.alpha, comparisons) if selection.by == "lrt" else _by_value(qualified, selection, comparisons)
    return chosen, [comparisons[result.id] for result in results]


def _disqualified(result: BatchResult, first: BatchResult | None) -> str | None:
    if result.left_out:
        return result.message
    if not result.converged:
        return "not eligible: " + ("the fit failed" if result.fit is None else "the fit did not converge")
    if first is None:
        return None
    if _kept(result)["cells"] != _kept(first)["cells"]:
        return f"not eligible: fitted to other cells than {first.model}"
    if [item["name"] for item in _fit(result)["fixed_effects"]] != [item["name"] for item in _fit(first)["fixed_effects"]]:
        return f"not eligible: other fixed effects than {first.model}, and REML likelihoods of these cannot be compared"
    return None


def _by_value(results: Sequence[BatchResult], selection: Selection, comparisons: dict[str, Comparison]) -> str | None:
    if not results:
        return None
    name, title = selection.by, selection.by.upper()
    best = _smallest(results, name)
    near = [result for result in results if _fit(result)[name] <= _fit(best)[name] + selection.within]
    fewest = min(_fit(result)["n_parameters"] for result in near)
    taken = _smallest([result for result in near if _fit(result)["n_parameters"] == fewest], name)
    for result in results:
        value = _fit(result)[name]
        more = value - _fit(best)[name]
        reason = f"{title} {more:.4g} above that of {best.model}"
        if result is best:
            reason = f"smallest {title}"
        elif abs(more) <= TIE:
            reason = f"the same {title} as {best.model}, which is named first"
        if result is taken and result is not best:
            reason += f", with fewer parameters: the simplest of those within {selection.within:g}"
        elif result is best and result is not taken:
            reason += f", but {taken.model} has fewer parameters and is within {selection.within:g}"
        comparisons[result.id] = Comparison(result, value, reason)
    return taken.id


def _smallest(results: Sequence[BatchResult], name: str) -> BatchResult:
    """The result with the smallest value; of those alike the first."""
    best = results[0]
    for result in results:
        if _fit(result)[name] < _fit(best)[name] - TIE:
            best = result
    return best


def _by_test(results: Sequence[BatchResult], alpha: float, comparisons: dict[str, Comparison]) -> str | None:
    best: BatchResult | None = None
    for result in results:
        value = -2.0 * _fit(result)["loglik"]
        if best is None:
            best = result
            comparisons[result.id] = Comparison(result, value, "the first model of the ladder that qualifies")
            continue
        step = _tested(result, best, alpha, value)
        comparisons[result.id] = step
        best = result if step.p_value is not None and step.p_value < alpha else best
    return None if best is None else best.id


def _tested(result: BatchResult, best: BatchResult, alpha: float, value: float) -> Comparison:
    """The likelihood-ratio test of a model against the best of those before it."""
    statistic = -2.0 * _fit(best)["loglik"] - value
    larger, smaller = _comparable(result), _comparable(best)
    if larger is None or smaller is None:
        reason = "not tested: the batch was run without this test; run it again"
        return Comparison(result, value, reason, best.model, statistic)
    df = larger.n_parameters - smaller.n_parameters
    if df <= 0:
        reason = f"not tested: it has {'as many' if df == 0 else 'fewer'} parameters {'as' if df == 0 else 'than'} {best.model}"
        return Comparison(result, value, reason, best.model, statistic, df)
    try:
        test = likelihood_ratio(larger, smaller)
    except VcmodelError as problem:
        return Comparison(
            result, value, f"not tested against {best.model}: {str(problem).removeprefix('lrt: ')}", best.model, statistic, df
        )
    better = "better" if test.p < alpha else "not better"
    words = f" ({test.distribution})" if test.boundary else ""
    return Comparison(result, value, f"{better} than {best.model} at level {alpha:g}{words}", best.model, test.statistic, test.df, test.p)


def _comparable(result: BatchResult) -> Comparable | None:
    record = _kept(result).get("comparable")
    return None if record is None else Comparable.from_dict(record)


def _fit(result: BatchResult) -> dict[str, Any]:
    assert result.fit is not None
    return result.fit


def _kept(result: BatchResult) -> dict[str, Any]:
    assert result.kept is not None
    return result.kept
