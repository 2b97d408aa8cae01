"""The internal centring and orthogonalisation of fixed columns."""

from __future__ import annotations

from time import perf_counter

import dense
import numpy as np
import pandas as pd
import pytest
from fixed_columns import DATA, built, design, far
from scipy import sparse

import vcmodel as vc
from vcmodel.design.centring import centre, orthogonal
from vcmodel.design.independent import independent

FORMULAS = [
    "y ~ 0",
    "y ~ 0 + x",
    "y ~ x + site:x + `my x`",
    "y + z ~ trait + trait:x + trait:site + x",
    "y + z ~ trait:site + trait:site:`my x`",
    "y ~ poly(x, 2) + I(x**2)",
]


@pytest.mark.parametrize("fixed", FORMULAS)
def test_centring_is_a_linear_map_with_its_determinant(fixed: str) -> None:
    found, _ = design(fixed)
    result = centre(found)
    assert sparse.issparse(result.matrix)
    np.testing.assert_allclose((found.matrix @ result.transform).toarray(), result.matrix.toarray(), atol=1e-12)
    sign, log_det = np.linalg.slogdet(result.transform.toarray()) if found.names else (1.0, 0.0)
    assert sign == 1.0
    assert result.log_det == pytest.approx(log_det, abs=1e-12)
    norms = np.sqrt((result.matrix.toarray() ** 2).sum(axis=0))
    np.testing.assert_allclose(norms[norms > 0], 1.0)


def test_a_column_is_centred_where_it_lives() -> None:
    found, frame = design("y + z ~ trait + trait:`my x`")
    result = centre(found).matrix.toarray()
    for trait, name in enumerate(("y", "z")):
        own = result[:, found.names.index(f"trait_{name}:my x")]
        assert own[frame.trait != trait].tolist() == [0.0] * int((frame.trait != trait).sum())
        assert own.sum() == pytest.approx(0.0, abs=1e-14)


def test_a_far_origin_does_not_spoil_the_conditioning() -> None:
    found, _ = design("y ~ year", DATA.assign(year=2000.5 + 1e-3 * DATA["x"]))
    assert np.linalg.cond(found.matrix.toarray()) > 1e6
    assert np.linalg.cond(centre(found).matrix.toarray()) < 1.0 + 1e-6


def test_a_constant_covariate_becomes_zero() -> None:
    found, _ = design("y ~ five + x", DATA.assign(five=0.1))
    result = centre(found).matrix.toarray()
    assert np.abs(result[:, 1]).max() == 0.0
    assert np.abs(result[:, 2]).max() > 0.0


def test_units_of_a_covariate_do_not_matter() -> None:
    one = centre(design("y ~ x + site:x")[0]).matrix.toarray()
    two = centre(design("y ~ x + site:x", DATA.assign(x=DATA["x"] * 1e9))[0]).matrix.toarray()
    np.testing.assert_allclose(one, two, atol=1e-12)


def test_kept_columns_only() -> None:
    found, _ = design("y ~ site + x")
    kept = np.array([0, 3])
    result = centre(found, kept)
    np.testing.assert_allclose((found.matrix[:, kept] @ result.transform).toarray(), result.matrix.toarray(), atol=1e-12)
    assert result.matrix.shape[1] == 2


def test_sparse_covariates_are_not_filled_in() -> None:
    n, groups = 2000, 100
    data = pd.DataFrame({"y": np.arange(n) % 7.0, "g": [f"g{i % groups}" for i in range(n)], "x": 1.0 + np.arange(n) / n})
    found, _ = design("y ~ g:x", data)
    assert centre(found).matrix.nnz == found.matrix.nnz


def test_many_levels_stay_sparse_and_fast() -> None:
    n, levels = 50_000, 1000
    rng = np.random.default_rng(4)
    data = pd.DataFrame(
        {"y": rng.normal(size=n), "z": rng.normal(size=n), "hys": rng.integers(0, levels, n).astype(str), "x": rng.normal(size=n)}
    )
    start = perf_counter()
    found, _ = design("y + z ~ trait:hys + trait:x", data)
    result = centre(found)
    seconds = perf_counter() - start
    assert found.matrix.shape == (2 * n, 2 * levels + 2)
    assert found.matrix.nnz == 4 * n
    assert result.matrix.nnz == 4 * n
    assert seconds < 2.0


ORTHOGONAL = ["y ~ site + ts:site", "y ~ ts:site + site", "y ~ year + I(year**2) + x", "y + z ~ trait + trait:site:ts"]


@pytest.mark.parametrize("fixed", ORTHOGONAL)
def test_orthogonal_columns_are_a_linear_map_with_its_determinant(fixed: str) -> None:
    data = far().assign(ts=lambda d: d["ts"] - 1.7e9 + 1e4)  # not so far that the product X T loses all digits
    found, _ = design(fixed, data)
    result = orthogonal(found, np.arange(len(found.names)))
    np.testing.assert_allclose((found.matrix @ result.transform).toarray(), result.matrix.toarray(), atol=1e-8)
    assert result.log_det == pytest.approx(np.linalg.slogdet(result.transform.toarray())[1], abs=1e-9)
    numeric = [i for i, name in enumerate(found.names) if "ts" in name or "year" in name or name == "x"]
    own = result.matrix[:, numeric].toarray()
    np.testing.assert_allclose(own.T @ own, np.eye(len(numeric)), atol=1e-12)
    others = np.delete(result.matrix.toarray(), numeric, axis=1)
    np.testing.assert_allclose(others.T @ own, 0.0, atol=1e-12)


def test_orthogonal_columns_stay_where_the_covariate_is() -> None:
    found, frame = design("y ~ site + ts:site", far())
    result = independent(found).centred.matrix
    at = frame.cell_factor("site").codes
    for code, site in enumerate("ABC"):
        own = result[:, [found.names.index(f"ts:site[{site}]")]].toarray().ravel()
        assert np.all(own[at != code] == 0.0)
        assert abs(own.sum()) < 1e-12


def test_the_origin_of_a_covariate_does_not_change_the_fit() -> None:
    near = far().assign(ts=lambda d: d["ts"] - 1.7e9, year=lambda d: d["year"] - 2017)
    for fixed in ("y ~ site + ts:site", "y ~ ts:site + site", "y ~ year + I(year**2) + I(year**3)"):
        one, two = vc.fit(fixed, random="trt", data=far()), vc.fit(fixed, random="trt", data=near)
        assert one.n_fixed == two.n_fixed
        np.testing.assert_allclose(one.varcomp["component"], two.varcomp["component"], rtol=1e-6)
        np.testing.assert_allclose(one.fitted, two.fitted, atol=1e-6)
        # the polynomials have the determinant of a triangle with ones, so that log|X'V^-1X| is the same too
        assert one.loglik == pytest.approx(two.loglik, abs=1e-6 if "ts" in fixed else 1e-4)


def test_the_log_likelihood_is_that_of_the_columns_as_reported() -> None:
    found = built("y ~ site + year:site + I(year**2)", far().assign(year=lambda d: d["year"] - 1995.0))
    centred = dense.loglik(found.y, found.x.toarray(), np.eye(found.y.size)) + found.log_det_transform
    assert centred == pytest.approx(dense.loglik(found.y, dense.fixed_matrix(found), np.eye(found.y.size)), abs=1e-6)
