"""Designs that are refused before they are built."""

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.design import size
from vcmodel.design.frame import build_frame
from vcmodel.spec import build_spec

DATA = pd.DataFrame({"y": np.arange(12.0), "f": np.arange(12) % 6, "g": np.arange(12) % 4, "x": np.arange(12.0) ** 2})


def refuse(fixed, random=None, residual=None):
    spec = build_spec(fixed, random, residual)
    size.refuse_too_large(spec, build_frame(spec, DATA))


def test_a_fixed_interaction_counts_combinations_that_do_not_occur(monkeypatch):
    monkeypatch.setattr(size, "MOST_COLUMNS", 20)
    refuse("y ~ C(f) + C(g) + C(f):x")
    with pytest.raises(vc.StructureError, match=r"'C\(f\):C\(g\)' has 24 columns \(6 x 4 levels\), more than 20"):
        refuse("y ~ C(f):C(g)")


@pytest.mark.parametrize(("random", "residual"), [("us(f):corg(g):x", None), (None, "id(x):us(f)")])
def test_matrices_are_counted_with_their_parameters(monkeypatch, random, residual):
    asked = []
    monkeypatch.setattr(size, "require_memory", lambda bytes_, what, remedy: asked.append((bytes_, what)))
    refuse("y ~ 1", random, residual)
    levels, parameters = (24, 21 + 6) if random else (6, 21)
    (needed, what) = next(item for item in asked if "matrix" in item[1])
    assert needed == 8.0 * size.DERIVATIVES * parameters * levels**2
    assert f"a {levels} x {levels} matrix with {parameters} parameters" in what


def test_a_large_factor_with_a_sparse_inverse_has_no_matrix(monkeypatch):
    asked = []
    monkeypatch.setattr(size, "require_memory", lambda bytes_, what, remedy: asked.append(bytes_))
    table = pd.DataFrame({"y": np.arange(90_000.0), "row": np.repeat(np.arange(300), 300), "col": np.tile(np.arange(300), 300)})
    spec = build_spec("y ~ 1", "ar1v(row):ar1(col)", "ar1(row):corb(col, 2)")
    size.refuse_too_large(spec, build_frame(spec, table))
    assert max(asked) == 8.0 * size.DERIVATIVES * 2 * 300**2
