"""Trusted fits: every number of every case, by name.

Tolerances are those of the case: an estimate within a ten-thousandth of its standard error, logL within its last printed figure.
"""

from __future__ import annotations

import numpy as np
import pytest
from golden.preparation import IDS, fitted, golden

RELATIVE = 1e-4  # of a standard error, for everything that is derived from the components

# what is published is meant: no warning
pytestmark = pytest.mark.filterwarnings("error::vcmodel.VcmodelWarning")

every_case = pytest.mark.parametrize("case", IDS)


def share(expected):
    """Tolerance of derived values in standard errors."""
    return expected.get("effect_tolerance", RELATIVE)


def close(found, value, tolerance, what):
    found = float(found)
    assert abs(found - value) <= tolerance, f"{what}: {found!r}, expected {value!r} within {tolerance:.2g}"


@every_case
def test_case(case):
    fit, expected = fitted(case), golden(case)
    assert fit.converged, fit.status.value
    assert (fit.n_observations, fit.n_fixed) == (expected["n"], expected["p"])
    loglik(fit, expected)
    components(fit, expected)
    fixed_effects(fit, expected)
    correlations(fit, expected)
    functions(fit, expected)
    random_effects(fit, expected)
    wald(fit, expected)


def loglik(fit, expected):
    wanted = expected["loglik"]
    close(fit.loglik, wanted["value"], wanted["tolerance"], "loglik")
    if wanted["full"] is not None:
        close(fit.loglik_full, wanted["full"], wanted["tolerance"], "loglik_full")
    constant = (expected["n"] - expected["p"]) / 2 * np.log(2 * np.pi)
    close(fit.loglik - fit.loglik_full, constant, 1e-9 * constant, "constant between the conventions")


def components(fit, expected):
    found, rows = fit.varcomp, {row["row"]: row for row in expected["varcomp"]}
    assert set(found.index) == set(rows)
    assert found.index.is_unique
    for name, row in rows.items():
        close(found.loc[name, "component"], row["value"], row["tolerance"], name)
        bound = found.loc[name, "bound"]
        if row["bound"] == "free":
            assert bound in ("P", "U"), f"{name}: bound {bound}"
        else:
            assert bound == row["bound"], f"{name}: bound {bound}, expected {row['bound']}"
        if bound == "B":
            assert np.isnan(found.loc[name, "std_error"]), f"{name}: a component at its boundary has no standard error"
        elif row["se"] is not None:
            close(found.loc[name, "std_error"], row["se"], expected["se_tolerance"] * row["se"], f"standard error of {name}")


def fixed_effects(fit, expected):
    found = fit.fixed_effects
    for row in expected.get("fixed_effects", ()):
        assert row["row"] in found.index, f"{row['row']} is not among {list(found.index)}"
        close(found.loc[row["row"], "effect"], row["value"], share(expected) * row["se"], row["row"])
        close(found.loc[row["row"], "std_error"], row["se"], expected["se_tolerance"] * row["se"], f"standard error of {row['row']}")


def correlations(fit, expected):
    for entry in expected.get("correlations", ()):
        what = f"correlation {entry['term']} {entry['row']}:{entry['column']}"
        matrix = fit.correlation(entry["term"])
        close(matrix.loc[entry["row"], entry["column"]], entry["value"], share(expected) * entry["se"], what)
        close(matrix.loc[entry["column"], entry["row"]], entry["value"], share(expected) * entry["se"], what)
        tidy = fit.correlations()
        # the residual stands under its own label in the long table
        term = "units:trait" if entry["term"] == "residual" else entry["term"]
        here = tidy[(tidy["term"] == term) & (tidy["row"] == entry["row"]) & (tidy["column"] == entry["column"])]
        assert len(here) == 1, what
        line = here.iloc[0]
        close(line["correlation"], entry["value"], share(expected) * entry["se"], what)
        close(line["std_error"], entry["se"], expected["se_tolerance"] * entry["se"], f"standard error of {what}")
        assert line["lower"] < line["correlation"] < line["upper"]


def functions(fit, expected):
    for entry in expected.get("functions", ()):
        found = fit.function(entry["expression"])
        close(found.estimate, entry["value"], share(expected) * entry["se"], entry["expression"])
        close(found.std_error, entry["se"], expected["se_tolerance"] * entry["se"], f"standard error of {entry['expression']}")


def random_effects(fit, expected):
    for entry in expected.get("random_effects", ()):
        table = fit.random_effects(entry["term"])
        key = entry["level"] if entry["trait"] is None else (entry["level"], entry["trait"])
        line = table.loc[key]
        what = f"{entry['term']} {key}"
        scale = entry["root_pev"] or abs(entry["value"])
        close(line["effect"], entry["value"], share(expected) * scale, what)
        if entry["root_pev"]:
            close(line["std_error"], entry["root_pev"], expected["se_tolerance"] * scale, f"standard error of {what}")
            close(line["pev"], entry["root_pev"] ** 2, 2 * expected["se_tolerance"] * scale**2, f"prediction error variance of {what}")


def wald(fit, expected):
    """Sequential tests; in balanced data the statistic over its df is the F of the analysis of variance."""
    for entry in expected.get("wald", ()):
        line = fit.wald().loc[entry["term"]]
        assert line["df"] == entry["df"]
        close(line["chi2_incremental"], entry["chi2"], entry["tolerance"], f"incremental Wald statistic of {entry['term']}")


def test_every_file_names_its_source():
    for case in IDS:
        assert golden(case)["id"] == case
        assert len(golden(case)["source"]) > 20
