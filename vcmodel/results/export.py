"""A fit as plain types, for JSON and for programs in other languages."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from vcmodel.fit import Fit

# raised when a key changes its meaning or goes; a new key does not raise it
SCHEMA = 1


def plain(value: Any) -> Any:
    """`value` in the types of JSON: NaN and infinities become None, arrays and tables lists."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def records(table: pd.DataFrame, key: str) -> list[dict[str, Any]]:
    """A table as one dictionary per row, the index under `key`."""
    columns = {str(name): table[name].tolist() for name in table.columns}
    return [
        {key: str(label), **{name: plain(values[i]) for name, values in columns.items()}} for i, label in enumerate(table.index.tolist())
    ]


def _matrix(table: pd.DataFrame) -> dict[str, Any]:
    return {"levels": [str(label) for label in table.index], "values": plain(table.to_numpy())}


def fit_to_dict(fit: Fit) -> dict[str, Any]:
    """All of a fit but the predicted effects and the values per row, in plain types; the keys are those of the tables."""
    certificate = fit.certificate
    tidy = fit.correlations()
    return {
        "schema": SCHEMA,
        "model": dict(fit.formulas),
        "converged": fit.converged,
        "status": {"name": fit.status.name.lower(), "message": fit.status.value},
        "notes": list(fit.notes),
        "n_observations": fit.n_observations,
        "n_fixed": fit.n_fixed,
        "n_parameters": fit.n_parameters,
        "loglik": plain(fit.loglik),
        "loglik_full": plain(fit.loglik_full),
        "aic": plain(fit.aic),
        "bic": plain(fit.bic),
        "varcomp": records(fit.varcomp, "row"),
        "covariance": {label: _matrix(fit.covariance(label)) for label in fit.terms},
        "correlation": {label: _matrix(fit.correlation(label)) for label in fit.terms},
        "correlations": [{str(name): plain(value) for name, value in row.items()} for row in tidy.to_dict("records")],
        "fixed_effects": records(fit.fixed_effects, "name"),
        "wald": records(fit.wald(), "term"),
        "certificate": {
            "score_norm": plain(certificate.score_norm),
            "newton_decrement": plain(certificate.newton_decrement),
            "multipliers": plain(dict(certificate.multipliers)),
        },
        "iterations": records(fit.iterations.reset_index(), "row"),
    }
