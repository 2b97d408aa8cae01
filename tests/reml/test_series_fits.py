"""Fits with series and neighbours: equivalent models, ends, held and tied parameters."""

import dense
import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel import datasets


def cork(missing=()):
    """Four sides of each tree, going round from the north."""
    d = datasets.load("box_cork")
    return d.assign(dir=pd.Categorical(d["dir"], ["N", "E", "S", "W"])).drop(index=list(missing))


def around(structure, data, **asked):
    return vc.fit("y ~ dir", residual=f"id(tree):{structure}", data=data, **asked)


@pytest.mark.parametrize("missing", [(), (3, 17, 40, 77, 78, 100)], ids=["complete", "incomplete"])
def test_one_model_in_four_forms(missing):
    data = cork(missing)
    fits = [around(structure, data) for structure in ("us(dir)", "corgh(dir)", "chol(dir, 3)", "ante(dir, 3)")]
    assert all(fit.converged for fit in fits)
    for fit in fits[1:]:
        assert fit.loglik == pytest.approx(fits[0].loglik, abs=1e-7)
        np.testing.assert_allclose(fit.covariance("tree:dir"), fits[0].covariance("tree:dir"), rtol=1e-5)


SERIES = ("ar2(dir)", "ar3h(dir)", "sar(dir)", "sar2v(dir)", "ma1(dir)", "ma2h(dir)", "arma(dir)")
ALL = (*SERIES, "corb(dir, 2)", "ante(dir, 1)", "chol(dir, 2)")


@pytest.mark.parametrize("structure", ALL)
def test_the_end_is_the_maximum_of_the_dense_likelihood(structure):
    fit = around(structure, cork((5, 60, 61)))
    assert fit.converged
    (part,) = fit.estimate.point
    whole, theta = part.component.structure, fit.estimate.theta[0]
    design = fit.estimate.design
    top = dense.design_loglik(design, [], [whole.value(theta)])
    assert fit.loglik == pytest.approx(top, abs=1e-8)
    for move in 1e-3 * np.diag(np.maximum(np.abs(theta), 0.1)):
        for beside in (theta + move, theta - move):
            if whole.admissible(beside):
                assert dense.design_loglik(design, [], [whole.value(beside)]) < top + 1e-9


HELD = [
    ("ar2(dir)", "dir.cor1", 1.2),
    ("ar3(dir)", "dir.cor1", 1.3),
    ("ma1(dir)", "dir.cor", 0.4),
    ("ma2(dir)", "dir.cor2", -0.4),
    ("arma(dir)", "dir.cor2", -0.5),
    ("sar(dir)", "dir.cor", 1.4),
    ("sar2(dir)", "dir.cor2", 0.3),
    ("corb(dir, 2)", "dir.cor1", 0.7),
    ("corb(dir, 3)", "dir.cor1", 0.9),
    ("ante(dir, 1)", "dir_S.D", 0.01),
    ("ante(dir, 2)", "dir_S:N.U", -0.5),
    ("chol(dir, 1)", "dir_E:N.U", 0.3),
]


@pytest.mark.parametrize(("structure", "parameter", "value"), HELD)
def test_a_held_parameter_and_its_slope(structure, parameter, value):
    row = f"tree:dir!{parameter}"
    free = around(structure, cork())
    step = 1e-4 * value
    low, at, high = (around(structure, cork(), start={row: value + move}, bounds={row: "F"}) for move in (-step, 0.0, step))
    assert at.converged
    assert at.varcomp.loc[row, "component"] == pytest.approx(value, rel=1e-12)
    assert at.varcomp.loc[row, "bound"] == "F"
    assert at.loglik < free.loglik
    assert at.certificate.constraints[row] == pytest.approx((high.loglik - low.loglik) / (2.0 * step), rel=1e-3)


def test_correlations_of_sections_and_precisions_are_tied():
    data = cork().assign(half=lambda d: np.where(d["tree"] < "T15", "a", "b"))
    asked = {"fixed": "y ~ dir", "residual": "dsum(~ id(tree):ar2(dir) | half)", "data": data}
    rows = [f"tree:dir_{half}!dir.cor{number}" for half in "ab" for number in (1, 2)]
    free = vc.fit(**asked)
    rows = [row for row in free.varcomp.index if ".cor" in row]
    tied = vc.fit(**asked, equal=[rows[0::2], rows[1::2]])
    assert tied.converged
    values = tied.varcomp["component"]
    assert values[rows[0]] == values[rows[2]] and values[rows[1]] == values[rows[3]]
    assert tied.loglik < free.loglik
    levels = [f"tree:dir!dir_{side}.D" for side in "ESW"]
    fit = around("ante(dir, 1)", cork(), equal=[levels])
    assert fit.converged and fit.varcomp["component"][levels].nunique() == 1


def repeated(root, units=40, seed=1):
    """Effects with this root for each unit, two records of each."""
    rng = np.random.default_rng(seed)
    effects = rng.normal(size=(units, root.shape[1])) @ root.T
    one = pd.DataFrame({"unit": np.repeat(np.arange(units), len(root)).astype(str), "t": np.tile(np.arange(len(root)) + 1, units)})
    both = pd.concat([one.assign(y=effects.ravel())] * 2, ignore_index=True)
    return both.assign(y=both["y"] + 0.5 * np.random.default_rng(9).normal(size=len(both)))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_levels_that_are_one_end_at_the_boundary(sign):
    """The same effect at all levels, or of alternating sign: a matrix of rank one."""
    data = repeated(sign ** np.arange(5.0)[:, None])
    one = vc.fit("y ~ 1", random="ar1v(t):unit", data=data)
    assert one.varcomp["component"].iloc[0] == sign
    for structure in ("armav(t)", "sarv(t)"):
        fit = vc.fit("y ~ 1", random=f"{structure}:unit", data=data)
        assert fit.converged
        assert fit.varcomp["bound"].iloc[0] == "B"
        assert fit.loglik == pytest.approx(one.loglik, abs=1e-4)
    assert vc.fit("y ~ 1", random="corbv(t, 4):unit", data=data).loglik > one.loglik - 1e-7


def test_a_band_ends_where_the_matrix_of_the_levels_is_singular():
    end = 0.5 / np.cos(np.pi / 6)
    values, vectors = np.linalg.eigh(np.eye(5) + end * (np.eye(5, k=1) + np.eye(5, k=-1)))
    fit = vc.fit("y ~ 1", random="corbh(t, 1):unit", data=repeated(vectors * np.sqrt(np.maximum(values, 0.0))))
    assert fit.converged
    assert fit.varcomp["component"].iloc[0] == pytest.approx(end, rel=1e-9)
    assert fit.varcomp["bound"].iloc[0] == "B"


def test_a_moving_average_ends_on_the_circle():
    rng = np.random.default_rng(1)
    root = np.linalg.cholesky(np.eye(5) - 0.55 * (np.eye(5, k=1) + np.eye(5, k=-1)))
    y = (rng.normal(size=(60, 5)) @ root.T).ravel()
    data = pd.DataFrame({"unit": np.repeat(np.arange(60), 5).astype(str), "t": np.tile(np.arange(5), 60), "y": y})
    fit = vc.fit("y ~ 1", residual="id(unit):ma1(t)", data=data)
    assert fit.converged
    assert fit.varcomp["component"].iloc[1] == 1.0
    assert fit.varcomp["bound"].tolist() == ["P", "B"]
    wider = vc.fit("y ~ 1", residual="id(unit):corb(t, 1)", data=data)
    assert wider.varcomp["component"].iloc[1] < -0.5
    assert wider.loglik > fit.loglik


def test_a_level_without_a_variance_of_its_own():
    """Antedependence: its precision is infinite, and said to be at the boundary."""
    root = np.linalg.cholesky(0.1 * np.eye(4) + 0.9)
    root[:, 2] = 0.0
    fit = vc.fit("y ~ 1", random="ante(t, 1):unit", data=repeated(root))
    assert fit.converged
    assert np.isposinf(fit.varcomp["component"].iloc[2])
    assert fit.varcomp["bound"].iloc[2] == "B"
    assert fit.to_dict()["varcomp"][2]["component"] is None


def test_too_few_levels_are_said_before_the_fit():
    data = cork().assign(side=lambda d: np.where(d["dir"].isin(["N", "E"]), "1", "2"))
    with pytest.raises(vc.StructureError, match=r"ar2\(side\) has 2 parameters and needs more than 2 levels, not 2"):
        vc.fit("y ~ dir", random="ar2(side):tree", data=data)
    with pytest.raises(vc.StructureError, match=r"corb\(dir, 4\) needs more than 4 levels, not 4; take corb\(dir, 3\)"):
        around("corb(dir, 4)", cork())


def test_a_wave_is_left_where_a_later_lag_matters():
    """All lags hold what fewer parameters describe: off an edge logL depends on correlations that mean nothing on it."""
    places = np.arange(6.0)
    data = repeated(np.stack([np.cos(places), np.sin(places)], axis=1))
    fits = [vc.fit("y ~ 1", random=f"{structure}:unit", data=data) for structure in ("ar2v(t)", "ar3v(t)", "corbv(t, 5)")]
    assert all(fit.converged for fit in fits)
    assert fits[0].loglik - 1e-7 < fits[1].loglik < fits[2].loglik + 1e-7
    assert fits[2].loglik > fits[0].loglik + 0.1
