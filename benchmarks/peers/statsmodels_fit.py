"""Fit T1 with statsmodels' MixedLM: crossed factors as variance components of one group."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels
import statsmodels.formula.api as smf

from benchmarks.clock import repeated, report

key, where, count, most = sys.argv[1:5]
data = pd.read_csv(Path(where) / "data.csv")
one = np.ones(len(data))
components = {"Block": "0 + C(Block)", "Family": "0 + C(Family)"}
said: list[str] = []


def fit() -> object:
    """The fitted model; its warnings are kept."""
    said.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = smf.mixedlm("y ~ 1", data, groups=one, vc_formula=components).fit(reml=True)
    said.extend(str(item.message) for item in caught)
    return result


result, seconds = repeated(fit, int(count), float(most))
report(
    program="statsmodels",
    version=statsmodels.__version__,
    **seconds,
    iterations=None,
    loglik_full=float(result.llf),
    converged=bool(result.converged),
    status="; ".join(said) or "no warning",
)
