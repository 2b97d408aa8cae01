"""The design of a fit as a whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.design.design import Design, build_design
from vcmodel.design.frame import build_frame
from vcmodel.spec import build_spec

DATA = pd.DataFrame(
    {
        "y": [3.0, 1.0, 4.0, 1.5, 5.0, 9.0],
        "x": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "twice": [2.0, 4.0, 6.0, 8.0, 10.0, 12.0],
        "g": list("aabbcc"),
        "w": [1.0, 4.0] * 3,
    }
)
KNOWN = pd.DataFrame(np.eye(3) + 0.1, list("abc"), list("abc"))


def design(fixed: str, random: str | None = None, weights: str | None = None, **known: object) -> Design:
    spec = build_spec(fixed, random)
    return build_design(spec, build_frame(spec, DATA, weights), known)


def test_response_columns_and_incidence_are_on_the_weighted_scale() -> None:
    found = design("y ~ x", "g", "w")
    root = np.sqrt(DATA["w"].to_numpy())
    np.testing.assert_allclose(found.weight_root, root)
    np.testing.assert_allclose(found.y, DATA["y"] * root)
    plain = np.column_stack([np.ones(6), DATA["x"]])
    np.testing.assert_allclose(found.fixed_matrix.toarray(), plain)
    np.testing.assert_allclose(found.x.toarray(), root[:, None] * (plain @ found.transform.toarray()), atol=1e-12)
    np.testing.assert_allclose(found.terms[0].incidence.toarray(), root[:, None] * (DATA["g"].to_numpy()[:, None] == np.array(list("abc"))))


def test_columns_left_out_are_said() -> None:
    found = design("y ~ x + twice", "g")
    assert (found.fixed.names, found.fixed_names, found.kept.tolist()) == (("Intercept", "x", "twice"), ("Intercept", "x"), [0, 1])
    assert "fixed: dropped as linear combinations of earlier columns: twice" in found.notes


def test_a_relationship_is_made_once_for_all_terms() -> None:
    found = design("y ~ 1", "vm(g, K) + vm(g, K):lin(x)", K=KNOWN, L="never looked at")
    assert found.terms[0].relationship is found.terms[1].relationship


def test_nothing_is_left_for_the_variances() -> None:
    with pytest.raises(vc.DataError, match="6 observations and 6 independent fixed coefficients leave nothing for the variances"):
        design("y ~ poly(x, 5)")
