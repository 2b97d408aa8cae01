"""Correlations of a field that say something else than that neighbours are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcmodel.results.field_of_model import field_product
from vcmodel.results.varcomp import bound_codes, standard_errors

if TYPE_CHECKING:
    from vcmodel.reml.estimate import Estimate

# a correlation of neighbours above this is one of a trend
NEARLY_ONE = 0.98
# a negative one is told from so many standard errors on
CLEARLY = 2.0


def field_notes(estimate: Estimate, index: int) -> list[str]:
    """Notes on the correlations of a component that is a field: clearly negative, or near 1."""
    component = estimate.components[index]
    if field_product(estimate, index) is None:
        return []
    errors = standard_errors(estimate.jacobians[index], estimate.covariance)
    found = []
    rows = zip(component.rows, component.structure.parameters, estimate.theta[index], errors, bound_codes(estimate, index), strict=True)
    for row, parameter, value, error, code in rows:
        if parameter.kind != "correlation" or parameter.factor == "trait" or code in ("F", "S"):
            continue
        along = parameter.suffix.partition(".")[0]
        if value < 0.0 and value + CLEARLY * error < 0.0:
            found.append(
                f"{row}: {value:.2f}, so that neighbours along {along} are less alike than plots far apart: competition of plots, or a "
                "pattern of the work in the field; see fit.variogram()"
            )
        elif value > NEARLY_ONE:
            found.append(
                f"{row}: {value:.4g}, near 1: along {along} the field is a trend rather than a likeness of neighbours, and its variance "
                f"and correlation are hardly told apart; compare a model with {along} as a covariate in fixed or a random term"
            )
    return found
