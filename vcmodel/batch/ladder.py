"""Selection among the models of a ladder, fitted to the same cells of one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scipy.special import chdtrc

from vcmodel.batch.result import BatchResult

if TYPE_CHECKING:
    from vcmodel.batch.job import Selection

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
        Of the likelihood-ratio test.
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
    chosen = _by_test(qualified, selection.alpha, comparisons) if selection.by == "lrt" else _by_value(qualified, selection.by, comparisons)
    return chosen, [comparisons[result.id] for result in results]


def _disqualified(result: BatchResult, first: BatchResult | None) -> str | None:
    if not result.converged:
        return "not eligible: " + ("the fit failed" if result.fit is None else "the fit did not converge")
    if first is None:
        return None
    if _kept(result)["cells"] != _kept(first)["cells"]:
        return f"not eligible: fitted to other cells than {first.model}"
    if [item["name"] for item in _fit(result)["fixed_effects"]] != [item["name"] for item in _fit(first)["fixed_effects"]]:
        return f"not eligible: other fixed effects than {first.model}, and REML likelihoods of these cannot be compared"
    return None


def _by_value(results: Sequence[BatchResult], name: str, comparisons: dict[str, Comparison]) -> str | None:
    best: BatchResult | None = None
    for result in results:
        if best is None or _fit(result)[name] < _fit(best)[name] - TIE:
            best = result
    for result in results:
        assert best is not None
        value = _fit(result)[name]
        more = value - _fit(best)[name]
        reason = f"smallest {name.upper()}" if result is best else f"{name.upper()} {more:.4g} above that of {best.model}"
        if result is not best and abs(more) <= TIE:
            reason = f"the same {name.upper()} as {best.model}, which is named first"
        comparisons[result.id] = Comparison(result, value, reason)
    return None if best is None else best.id


def _by_test(results: Sequence[BatchResult], alpha: float, comparisons: dict[str, Comparison]) -> str | None:
    best: BatchResult | None = None
    for result in results:
        value = -2.0 * _fit(result)["loglik"]
        if best is None:
            best = result
            comparisons[result.id] = Comparison(result, value, "the first model of the ladder that qualifies")
            continue
        statistic = -2.0 * _fit(best)["loglik"] - value
        df = reported(result) - reported(best)
        if df <= 0:
            reason = f"not tested: it has {'as many' if df == 0 else 'fewer'} parameters {'as' if df == 0 else 'than'} {best.model}"
            comparisons[result.id] = Comparison(result, value, reason, best.model, statistic, df)
            continue
        if statistic < -TIE:
            reason = f"not tested: logL is below that of {best.model} in spite of more parameters, so the models are not nested"
            comparisons[result.id] = Comparison(result, value, reason, best.model, statistic, df)
            continue
        p_value, mixture = p_of(result, best, max(statistic, 0.0), df)
        words = " (half-and-half mixture: one variance tested at zero)" if mixture else ""
        better = p_value < alpha
        reason = f"{'better' if better else 'not better'} than {best.model} at level {alpha:g}{words}"
        comparisons[result.id] = Comparison(result, value, reason, best.model, statistic, df, p_value)
        best = result if better else best
    return None if best is None else best.id


def p_of(larger: BatchResult, smaller: BatchResult, statistic: float, df: int) -> tuple[float, bool]:
    """The tail probability, and whether it is that of the mixture for one variance at zero (Self & Liang 1987, case 5)."""
    plain = float(chdtrc(df, statistic))
    rows, fewer = ([item["row"] for item in _fit(item_)["varcomp"]] for item_ in (larger, smaller))
    extra = [row for row in rows if row not in fewer]
    # the row of a random term with a single variance is its label, without "!"
    if df == 1 and len(extra) == 1 and len(rows) == len(fewer) + 1 and "!" not in extra[0]:
        return (0.5 * plain if statistic > 0.0 else 1.0), True
    return plain, False


def reported(result: BatchResult) -> int:
    """Reported parameters that are neither fixed nor repeat one of their equality group; those at a boundary count."""
    return sum(item["bound"] not in ("F", "C") for item in _fit(result)["varcomp"])


def _fit(result: BatchResult) -> dict[str, Any]:
    assert result.fit is not None
    return result.fit


def _kept(result: BatchResult) -> dict[str, Any]:
    assert result.kept is not None
    return result.kept
