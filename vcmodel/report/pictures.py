"""The pictures of a fit's page, section by section."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vcmodel.report.figures import blups, correlation, field, fitted, forest, quantiles, scatter, semivariogram, trace
from vcmodel.report.figures.style import Picture, picture

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vcmodel.report.diagnosis import Diagnosis

# matrices, terms and pairs drawn; the page names those left out
MOST_PANELS, MOST_TERMS, MOST_PAIRS = 8, 8, 12


def correlations(record: Mapping[str, Any]) -> list[Picture]:
    """A heat map per matrix with correlations: random terms, then residuals."""
    found = []
    for panel in correlation.panels(record)[:MOST_PANELS]:
        full = len(panel.levels) <= correlation.WITH_ERROR
        text = "" if full else "Standard errors and intervals are in the table below."
        found.append(picture(correlation.draw([panel]), correlation.describe(panel), text, wide=not full))
    return found


def caterpillars(shown: Sequence[blups.Effects]) -> list[Picture]:
    """Effects in order, of each random term and each level of its matrix."""
    each = [(item, j) for item in shown[:MOST_TERMS] for j in range(min(len(item.columns), blups.MOST))]
    return [picture(blups.draw(item, [j]), blups.describe(item, j), "") for item, j in each]


def scatters(shown: Sequence[blups.Effects]) -> list[Picture]:
    """Effects of one level of a matrix (trait) against another."""
    terms = [item for item in shown[:MOST_TERMS] if len(item.levels) > 2]
    each = [(item, pair) for item in terms for pair in scatter.pairs(item)][:MOST_PAIRS]
    return [picture(scatter.draw(item, [pair]), scatter.describe(item, *pair), "") for item, pair in each]


def residuals(found: Diagnosis) -> list[Picture]:
    """Against fitted values, normal quantiles, and in the field where the plots have places."""
    unit = "in standard deviations of the residual" if found.value == "standardised" else "in the units of the trait"
    shown = [
        picture(
            fitted.draw(found.tables, found.trends, found.value),
            fitted.describe(found.tables, found.value),
            f"Residuals {unit} against fitted values; diamonds: means of neighbours. Look for curves and funnels: a straight rise "
            "comes from predicted effects, which are drawn towards zero.",
        ),
        picture(
            quantiles.draw(found.quantiles, found.value),
            quantiles.describe(found.quantiles, found.outside),
            "Normal quantile plot; one point in twenty leaves the band by chance.",
        ),
    ]
    if found.fields:
        text = f"{field.words(found.fields)} in standard deviations, at their places; triangles point up above +2 and down below -2."
        shown.append(picture(field.draw(found.fields), field.describe(found.fields), text))
    if found.variograms:
        text = (
            "Semivariogram: flat when neighbours are no more alike than others. Lines: as the estimates imply for the field itself, of "
            "which predictions vary less. Right: all displacements, darker is larger."
        )
        drawn = semivariogram.draw(found.fields, found.variograms)
        shown.append(picture(drawn, semivariogram.describe(found.fields, found.variograms), text))
    return shown


def path(record: Mapping[str, Any]) -> list[Picture]:
    """The path of logL."""
    steps = record["iterations"]
    names = ("loglik", "gain_left") if steps else ()
    return [picture(trace.draw(steps, [name]), trace.describe(steps, name), "") for name in names]


def overview(groups: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Picture]:
    """Each correlation over the fits of a batch."""
    each = [{title: items} for title, items in list(groups.items())[: forest.MOST]]
    return [picture(forest.draw(one), forest.describe(one), "") for one in each]
