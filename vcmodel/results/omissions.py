"""What records and reports of a fit leave out because of its size, and how it is to be had.

A record holds nothing that grows with the square of the number of fixed coefficients or of the levels of a matrix beyond these sizes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vcmodel.reml.estimate import Estimate

# levels of a matrix, and fixed coefficients (whose Wald tests need all of their p x p covariance matrix, at a cost of p^3)
MOST_LEVELS, MOST_COEFFICIENTS = 60, 500


def small_components(estimate: Estimate) -> list[int]:
    """The components whose matrices are small enough for a record."""
    return [index for index, component in enumerate(estimate.components) if component.structure.size <= MOST_LEVELS]


def few_coefficients(estimate: Estimate) -> bool:
    """Whether the Wald tests belong into a record."""
    return estimate.design.kept.size <= MOST_COEFFICIENTS


def omitted_matrices(estimate: Estimate) -> list[str]:
    """A sentence for each matrix that is left out."""
    large = [component for component in estimate.components if component.structure.size > MOST_LEVELS]
    return [
        f"{component.label}: its {component.structure.size} x {component.structure.size} matrix and correlations are left out of reports "
        f"(more than {MOST_LEVELS} levels); fit.covariance({component.label!r}), fit.covariances() and fit.correlations() give them"
        for component in large
    ]


def omitted_tests(estimate: Estimate) -> list[str]:
    """The sentence on Wald tests that are left out, if they are."""
    if few_coefficients(estimate):
        return []
    return [
        f"Wald tests are left out of reports: those of {estimate.design.kept.size:,} fixed coefficients need their whole covariance "
        "matrix; fit.wald() makes it"
    ]
