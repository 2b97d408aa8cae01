"""A fit as a record in plain types: what :meth:`vcmodel.Fit.to_dict` gives, a batch keeps and the pages show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vcmodel.results import criteria
from vcmodel.results.export import labelled, plain, records
from vcmodel.results.history import certificate, iterations
from vcmodel.results.matrices import correlation_table, covariance_table
from vcmodel.results.omissions import few_coefficients, omitted_matrices, omitted_tests, small_components

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from vcmodel.reml.estimate import Estimate

# raised when a key changes its meaning or goes; a new key does not raise it
SCHEMA = 1


def record(
    estimate: Estimate, *, notes: Sequence[str], varcomp: pd.DataFrame, correlations: pd.DataFrame, fixed_effects: pd.DataFrame
) -> dict[str, Any]:
    """The record of an estimate, from its tables; NaN becomes None.

    Large matrices and the tests of many coefficients are left out, and `notes` say so (:mod:`vcmodel.results.omissions`).
    """
    spec = estimate.design.spec
    small = small_components(estimate)
    return {
        "schema": SCHEMA,
        "model": {"fixed": spec.fixed_text, "random": spec.random_text, "residual": spec.residual_text},
        "converged": estimate.status.converged,
        "status": {"name": estimate.status.name.lower(), "message": estimate.status.value},
        "notes": [*notes, *omitted_matrices(estimate), *omitted_tests(estimate)],
        "responses": list(estimate.design.frame.responses),
        **{name: getattr(criteria, name)(estimate) for name in ("n_observations", "n_rows", "n_missing", "n_fixed")},
        "n_parameters": estimate.n_free,
        "loglik": plain(estimate.loglik),
        **{name: plain(getattr(criteria, name)(estimate)) for name in ("loglik_full", "aic", "bic")},
        "varcomp": [{**item, **of} for item, of in zip(records(varcomp, "row"), _traits_of_rows(estimate), strict=True)],
        "residual_terms": estimate.residual_labels,
        "covariance": {estimate.components[index].label: labelled(covariance_table(estimate, index)) for index in small},
        "correlation": {estimate.components[index].label: labelled(correlation_table(estimate, index)) for index in small},
        "correlations": records(correlations),
        "fixed_effects": [
            {**item, "trait": trait} for item, trait in zip(records(fixed_effects, "name"), _traits_of_coefficients(estimate), strict=True)
        ],
        "wald": _wald(estimate),
        "certificate": plain(vars(certificate(estimate))),
        "iterations": records(iterations(estimate)),
    }


def _wald(estimate: Estimate) -> list[dict[str, Any]]:
    # importing the package loads no SciPy
    from vcmodel.results.wald import wald

    return records(wald(estimate), "term") if few_coefficients(estimate) else []


def _traits_of_rows(estimate: Estimate) -> list[dict[str, str | None]]:
    """``trait`` and ``trait2`` of every reported parameter: the responses that a (co)variance or correlation is of, None where of none."""
    responses = estimate.design.frame.responses
    alone = (responses[0], responses[0]) if len(responses) == 1 else None
    parameters = [parameter for component in estimate.components for parameter in component.structure.parameters]
    found = [alone or (parameter.entry if parameter.factor == "trait" else None) or (None, None) for parameter in parameters]
    return [{"trait": one, "trait2": two} for one, two in found]


def _traits_of_coefficients(estimate: Estimate) -> list[str | None]:
    """The response of every kept fixed coefficient, None where it is common to several."""
    names = (*estimate.design.frame.responses, None)
    columns = np.concatenate([np.zeros(0, dtype=np.int64), *(term.traits for term in estimate.design.fixed.terms)])
    return [names[trait] for trait in columns[estimate.design.kept].tolist()]
