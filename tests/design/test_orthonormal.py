"""Orthonormal columns of terms over several columns of the same levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vcmodel.design.design import build_design
from vcmodel.design.frame import build_frame
from vcmodel.design.orthonormal import orthonormalised
from vcmodel.design.terms import DesignTerm
from vcmodel.spec import build_spec


def term(random: str, slope: object = None) -> DesignTerm:
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"y": rng.normal(size=40), "g": np.arange(40) % 5, "x": 2000.0 + rng.uniform(0, 1, 40), "f": np.arange(40) % 2})
    data = data if slope is None else data.assign(x=slope)
    spec = build_spec("y ~ 1", random)
    return build_design(spec, build_frame(spec, data)).terms[0]


def test_the_columns_written_are_those_of_the_basis() -> None:
    written = term("str(~ g + g:lin(x), ~ us(2):id(g))")
    turned = orthonormalised(written)
    assert turned.basis is not None and np.allclose(np.tril(turned.basis, -1), 0.0)
    # Z (M kron I) of the written effects is the incidence of the others
    q = written.n_levels
    np.testing.assert_allclose(written.incidence @ np.kron(turned.basis, np.eye(q)), turned.incidence.toarray(), atol=1e-9)
    first, second = (turned.incidence[:, i * q : (i + 1) * q].data for i in range(2))
    assert np.mean(first**2) == pytest.approx(1.0) and np.mean(second**2) == pytest.approx(1.0)
    assert np.mean(first * second) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("random", ["g", "us(f):g"])
def test_terms_that_meet_a_level_once_are_left_alone(random: str) -> None:
    found = term(random)
    assert orthonormalised(found) is found


def test_columns_that_depend_on_each_other_are_left_alone() -> None:
    found = term("str(~ g + g:lin(x), ~ us(2):id(g))", 3.0)
    assert orthonormalised(found) is found
