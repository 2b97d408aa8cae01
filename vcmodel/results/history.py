"""How the fit was reached: the iterations and the certificate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from vcmodel.reml.estimate import Estimate


@dataclass(frozen=True)
class Certificate:
    """Why the estimate is a local maximum: conditions at the estimate, which cannot tell of better ones far away.

    Attributes
    ----------
    score_norm : float
        Largest derivative of logL by a free working parameter, in its standard deviations.
    newton_decrement : float
        Gain in logL that one more Newton step promises.
    weakest_curvature : float
        Exact curvature of -logL along the weakest direction, in units of its average information: positive at a maximum, negative at a
        saddle; NaN where it was not looked at.
    multipliers : mapping of str to array
        For each component with a singular matrix, the eigenvalues of dlogL/dSigma on its null space, in units of the data's variance:
        all at or below zero at a constrained maximum (Karush-Kuhn-Tucker conditions).
    constraints : mapping of str to float
        For each held or tied parameter, how fast the maximum of logL would rise with it: per unit of a held value; for a tied one, what
        the tie takes up. Far from zero beside its standard error, the data contradict the constraint. NaN where it has no slope.
    """

    score_norm: float
    newton_decrement: float
    weakest_curvature: float
    multipliers: Mapping[str, NDArray[np.float64]]
    constraints: Mapping[str, float]


def certificate(estimate: Estimate) -> Certificate:
    """The certificate of an estimate."""
    pairs = zip(estimate.components, estimate.multipliers, strict=True)
    multipliers = {component.label: values for component, values in pairs if values.size}
    return Certificate(estimate.score_norm, estimate.decrement, estimate.weakest_curvature, multipliers, estimate.constraint_slopes)


def iterations(estimate: Estimate) -> pd.DataFrame:
    """One row per accepted iteration, the start at 0: ``loglik gain_left score_norm held shift seconds``.

    ``gain_left`` is the gain the next step promised, ``held`` the number of parameters at a boundary, ``shift`` the damping.
    """
    rows = [(item.loglik, item.decrement, item.score_norm, item.held, item.shift, item.seconds) for item in estimate.history]
    table = pd.DataFrame(rows, columns=["loglik", "gain_left", "score_norm", "held", "shift", "seconds"])
    return table.rename_axis("iteration")
