"""The sentences about a residual at its boundary fit the case."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc

pytestmark = pytest.mark.filterwarnings("ignore::vcmodel.ConvergenceWarning")


def lines():
    """30 lines of 4 records: y constant within them, z constant beyond x, a and b free, c computed from a."""
    rng = np.random.default_rng(0)
    n = 120
    data = pd.DataFrame({"line": np.arange(n) // 4, "x": rng.normal(size=n), "w": rng.uniform(0.5, 2.0, n), "t": np.arange(n) % 4})
    data["y"] = rng.normal(size=30)[data["line"]]
    data["z"] = data["y"] + 0.3 * data["x"]
    data["a"] = data["y"] + rng.normal(size=n)
    data["b"] = rng.normal(size=n)
    data["c"] = 2 * data["a"] + 1
    data["site"] = np.where(data["line"] % 2, "N", "S")
    data["s"] = data["y"].where(data["site"] == "N", data["a"])
    return data


def reason(fit):
    """The note that says why, after the one that says which residual."""
    first = next(i for i, text in enumerate(fit.notes) if "the residual" in text and "the parameters concerned" in text)
    return fit.notes[first + 1]


@pytest.mark.parametrize(
    ("arguments", "said", "not_said"),
    [
        ({"fixed": "y ~ 1", "random": "line"}, "y does not vary within the levels of line, so", "drop"),
        ({"fixed": "y ~ 1", "random": "line", "weights": "w"}, "y does not vary within the levels of line", "drop"),
        ({"fixed": "z ~ x", "random": "line"}, "z does not vary within the levels of line beyond the fixed effects", "drop"),
        ({"fixed": "y + b ~ trait", "random": "us(trait):line"}, "y does not vary within the levels of trait:line", "drop"),
        ({"fixed": "s ~ site", "random": "line", "residual": "dsum(~ units | site)"}, "site_N: s does not vary within", "drop"),
        ({"fixed": "a + c ~ trait", "random": "us(trait):line"}, "a, c determine one another exactly", "does not vary"),
        ({"fixed": "a + c ~ trait", "random": "us(trait):line"}, "drop one of these responses", "heritability"),
        ({"fixed": "y ~ 1", "residual": "id(line):us(t)"}, "leave out one of these levels", "response"),
    ],
)
def test_an_unbounded_likelihood(arguments, said, not_said):
    fit = vc.fit(data=lines(), **arguments)
    assert fit.status.name == "UNBOUNDED"
    assert said in reason(fit)
    assert not_said not in reason(fit)
    assert not any("cannot separate" in note for note in fit.notes)
    assert "response" not in fit.status.value
    assert "diag" not in fit.status.value


@pytest.mark.parametrize("weights", [None, "w"])
def test_families_that_differ_by_more_than_the_pedigree_explains(weights):
    rng = np.random.default_rng(1)
    n = 60
    pedigree = pd.DataFrame({"id": range(n), "sire": [f"s{i // 12}" for i in range(n)], "dam": [f"d{i // 6}" for i in range(n)]})
    y = rng.normal(0, 3, 10)[np.arange(n) // 6] + rng.normal(0, 0.5, n)
    data = pd.DataFrame({"animal": range(n), "y": y, "w": rng.uniform(0.5, 2.0, n)})
    fit = vc.fit("y ~ 1", random="vm(animal, A)", data=data, known={"A": vc.Pedigree(pedigree)}, weights=weights)
    assert fit.status.name == "RESIDUAL_BOUNDARY"
    assert "vm(animal, A)" in reason(fit)
    assert "families" in reason(fit)
    assert "'units!R': 'F'" in reason(fit)
    assert "diag" not in reason(fit)
    assert "response" not in reason(fit)


def test_too_few_complete_units():
    data = lines()
    seen = np.random.default_rng(0).choice(len(data), 3, replace=False)
    data["few"] = data["b"].where(data.index.isin(seen))
    fit = vc.fit("a + few ~ trait", random="us(trait):line", residual="units:us(trait)", data=data)
    assert fit.status.name == "RESIDUAL_BOUNDARY"
    assert reason(fit) == (
        "units:trait: only 3 units have all of a, few, too few for their covariances; "
        "give the residual a simpler structure (corh(trait) or diag(trait))"
    )
