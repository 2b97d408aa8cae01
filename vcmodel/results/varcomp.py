"""The table of reported parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.estimate import Estimate

    Array = NDArray[np.float64]

# A parameter that cannot move has a standard error of exactly zero, because the solver holds square roots at zero exactly; only a
# correlation of +-1 keeps the rounding (1e-16) of its quotient, or the 1e-9 left by a residual matrix held just inside its boundary.
IMMOBILE_CORRELATION = 1e-8


def standard_errors(jacobian: Array, covariance: Array) -> Array:
    """Standard errors (n,) by the delta method from the Jacobian (n, m) and the covariance (m, m) of the coordinates."""
    return np.sqrt(np.maximum(np.einsum("im,mn,in->i", jacobian, covariance, jacobian), 0.0))


def bound_codes(estimate: Estimate, index: int) -> list[str]:
    """The codes of one component's parameters.

    F fixed by the user, C tied to the first of its group, S without information or undefined, B at the boundary of the parameter
    space (the likelihood pushes outwards and it cannot move), else P or U of the structure.
    """
    component, theta = estimate.components[index], estimate.theta[index]
    errors = standard_errors(estimate.jacobians[index], estimate.covariance)
    first = _first_of_groups(estimate)
    inside = estimate.regular_by_basis(index)
    codes = []
    for i, parameter in enumerate(component.structure.parameters):
        group = int(estimate.constraints.group[index][i])
        least = IMMOBILE_CORRELATION if parameter.kind in ("correlation", "decay") else 0.0
        if estimate.constraints.fixed[index][i]:
            codes.append("F")
        elif estimate.identifiability.unknown(index, i) or np.isnan(theta[i]):
            codes.append("S")
        elif errors[i] <= least and not inside:
            codes.append("B")
        elif group >= 0 and first[group] != (index, i):
            codes.append("C")
        else:
            codes.append(parameter.bound)
    return codes


def _first_of_groups(estimate: Estimate) -> dict[int, tuple[int, int]]:
    """The first member of every equality group in table order."""
    first: dict[int, tuple[int, int]] = {}
    for c, groups in enumerate(estimate.constraints.group):
        for i, number in enumerate(groups):
            if number >= 0:
                first.setdefault(int(number), (c, i))
    return first


def varcomp(estimate: Estimate) -> pd.DataFrame:
    """One row per reported parameter: ``component std_error z_ratio bound pct_change``.

    Standard errors are square roots of the diagonal of the inverse average information, carried to the reported scale by the delta
    method; rows F, B and S have none. ``pct_change`` is the change in the last accepted iteration, in per cent of the value before.
    """
    previous = estimate.previous_theta or [np.full(len(theta), np.nan) for theta in estimate.theta]
    rows = []
    for c, component in enumerate(estimate.components):
        errors = standard_errors(estimate.jacobians[c], estimate.covariance)
        with np.errstate(invalid="ignore"):
            errors = np.where(errors > 0.0, np.abs(component.shown_slopes(estimate.theta[c])) * errors, 0.0)
        shown, before_all = component.shown(estimate.theta[c]), component.shown(previous[c])
        parts = zip(component.rows, shown, errors, bound_codes(estimate, c), before_all, strict=True)
        for name, value, error, code, before in parts:
            known = float(error) if code not in ("F", "B", "S") else np.nan
            ratio = value / known if known > 0.0 else np.nan
            change = 0.0 if value == before else 100.0 * (value - before) / abs(before) if before != 0.0 else np.nan
            rows.append((name, float(value), known, ratio, code, float(change)))
    table = pd.DataFrame(rows, columns=["row", "component", "std_error", "z_ratio", "bound", "pct_change"])
    return table.set_index("row").rename_axis(None)
