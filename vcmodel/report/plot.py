"""The pictures of a fit by name, for :meth:`vcmodel.Fit.plot`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcmodel.errors import VcmodelError, choices
from vcmodel.report.diagnosis import Diagnosis, diagnose
from vcmodel.report.figures import blups, correlation, field, fitted, quantiles, scatter, semivariogram, trace
from vcmodel.report.figures.style import WIDTH, axes_column
from vcmodel.results.diagnostics import with_intervals
from vcmodel.results.find_fields import NO_PLACES
from vcmodel.results.labels import find_component

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure

    from vcmodel.report.source import Source


def plot(fit: Source, kind: str, term: str | None = None) -> Figure:
    """The picture `kind` of a fit; `term` narrows ``correlation``, ``blups`` and ``scatter`` to one term.

    Raises
    ------
    VcmodelError
        An unknown kind, a term given to a picture of the whole fit, or nothing to draw.
    """
    if kind not in KINDS:
        raise VcmodelError(f"plot: no picture {kind!r}; {choices(kind, KINDS, 'pictures')}")
    draw, by_term = KINDS[kind]
    if term is not None and not by_term:
        raise VcmodelError(f"plot: {kind!r} is a picture of the whole fit: leave out term={term!r}")
    return draw(fit, term)


def _correlation(fit: Source, term: str | None) -> Figure:
    panels = correlation.panels(fit.to_dict())
    if term is not None:
        label = _label(fit, term)
        panels = [panel for panel in panels if panel.term == label]
    if not panels:
        where = "the model" if term is None else repr(term)
        raise VcmodelError(f"plot: {where} has no correlations (of at most {correlation.LARGEST} levels); see fit.covariance(term)")
    return correlation.draw(panels)


def _label(fit: Source, term: str) -> str:
    return fit.estimate.components[find_component(fit.estimate, term)].label


def _effects(fit: Source, term: str | None) -> blups.Effects:
    random = fit.estimate.random_labels
    if term is None and len(random) != 1:
        menu = f"name one with term=: {', '.join(random)}" if random else "it has none"
        raise VcmodelError(f"plot: the effects of one random term are drawn; the model has {len(random)}: {menu}")
    chosen = random[0] if term is None else term
    table = with_intervals(fit.random_effects(chosen))
    return blups.effects_of(_label(fit, chosen), table)


def _blups(fit: Source, term: str | None) -> Figure:
    effects = _effects(fit, term)
    return blups.draw(effects, range(min(len(effects.columns), blups.MOST)))


def _scatter(fit: Source, term: str | None) -> Figure:
    effects = _effects(fit, term)
    if len(effects.columns) < 2:
        raise VcmodelError(f"plot: {effects.term} has one effect per level, so there is no pair to draw; use 'blups'")
    return scatter.draw(effects, scatter.pairs(effects))


def _residuals(fit: Source, _: str | None) -> Figure:
    found = diagnose(fit.estimate)
    figure, rows = axes_column(len(found.tables), 2.9, 2, 2.0 * WIDTH)
    for trait, (left, right) in zip(found.tables, rows, strict=True):
        fitted.panel(left, trait, found.tables[trait], found.trends[trait])
        quantiles.panel(right, trait, found.quantiles[trait])
    return figure


def _placed(fit: Source) -> Diagnosis:
    found = diagnose(fit.estimate)
    if not found.fields:
        raise VcmodelError(f"plot: {NO_PLACES}")
    return found


def _field(fit: Source, _: str | None) -> Figure:
    return field.draw(_placed(fit).fields)


def _semivariogram(fit: Source, _: str | None) -> Figure:
    found = _placed(fit)
    if not found.variograms:
        raise VcmodelError("plot: the fields are too small for a semivariogram")
    return semivariogram.draw(found.fields, found.variograms)


def _trace(fit: Source, _: str | None) -> Figure:
    return trace.draw(fit.to_dict()["iterations"])


# name -> drawing function, and whether it takes a term
KINDS: dict[str, tuple[Callable[[Source, str | None], Figure], bool]] = {
    "correlation": (_correlation, True),
    "residuals": (_residuals, False),
    "blups": (_blups, True),
    "trace": (_trace, False),
    "scatter": (_scatter, True),
    "field": (_field, False),
    "semivariogram": (_semivariogram, False),
}
