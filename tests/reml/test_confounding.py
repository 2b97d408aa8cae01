"""Parameters that no data can separate are found wherever the fit ends, and only those."""

from __future__ import annotations

import dense
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from profiles import examples
from reml.small_models import models, prepared

import vcmodel as vc
from vcmodel.errors import FormulaError
from vcmodel.reml.confounding import change_gram, find_ridge
from vcmodel.reml.constraints import Constraints
from vcmodel.reml.recentre import centre

pytestmark = pytest.mark.filterwarnings("ignore::vcmodel.ConvergenceWarning")


def single_records(seed=4, n_gen=40, missing=0.2):
    """One record of each genotype in each of three environments, a fifth of them missing; `clone` is another name of `gen`."""
    rng = np.random.default_rng(seed)
    gen, env = np.repeat(np.arange(n_gen), 3), np.tile(np.arange(3), n_gen)
    root = np.linalg.cholesky(np.array([[1.0, 0.8, 0.2], [0.8, 2.0, 0.5], [0.2, 0.5, 3.0]]))
    y = 5 + (rng.normal(size=(n_gen, 3)) @ root.T)[gen, env] + rng.normal(size=gen.size) * 0.6
    data = pd.DataFrame({"gen": [f"g{i}" for i in gen], "clone": [f"c{i}" for i in gen], "env": [f"E{i}" for i in env], "y": y})
    data["w"] = 2.0
    return data[rng.random(len(data)) > missing].reset_index(drop=True)


def held(design, components, k):
    """Constraints that hold nothing."""
    theta = tuple(component.structure.start(np.eye(component.structure.size)) for component in components)
    return Constraints(theta, tuple(np.zeros(t.size, dtype=bool) for t in theta), tuple(np.full(t.size, -1) for t in theta))


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.too_slow])
@given(models())
def test_the_gram_of_changes_has_the_rank_of_the_dense_changes(model):
    try:
        design, _, _, point = prepared(*model)
    except FormulaError:  # two spellings of one term
        assume(False)
    changes = [part.derivative for part in point]
    total = sum(d.shape[0] for d in changes)
    stacked, place = [], 0
    for d in changes:
        block = np.zeros((total, *d.shape[1:]))
        block[place : place + d.shape[0]] = d
        stacked.append(block)
        place += d.shape[0]
    if total == 0:
        return
    x = dense.fixed_matrix(design)
    q = np.linalg.svd(x, full_matrices=True)[0][:, x.shape[1] :]  # the data beside the fixed effects
    rows = []
    for j in range(total):
        v = dense.covariance(design, [d[j] for d in stacked[: len(design.terms)]], [d[j] for d in stacked[len(design.terms) :]])
        rows.append((q.T @ v @ q).ravel())
    exact = np.array(rows) @ np.array(rows).T
    gram = change_gram(design, stacked, point)
    scale = np.sqrt(np.diag(exact))
    alive = scale > 1e-7 * scale.max()
    ours = np.linalg.eigvalsh((gram / np.outer(np.sqrt(np.diag(gram)), np.sqrt(np.diag(gram))))[np.ix_(alive, alive)])
    theirs = np.linalg.eigvalsh((exact / np.outer(scale, scale))[np.ix_(alive, alive)])
    assert np.sum(ours > 1e-11) == np.sum(theirs > 1e-11)


@pytest.mark.parametrize(
    ("arguments", "unknown", "known", "remedy"),
    [
        ({"random": "us(env):gen"}, ["env:gen!env_E0:E0", "units!R"], ["env:gen!env_E1:E0"], "residual='id(gen):us(env)'"),
        ({"random": "us(env):gen", "weights": "w"}, ["env:gen!env_E2:E2", "units!R"], ["env:gen!env_E2:E0"], "residual='id(gen):us(env)'"),
        ({"random": "corgh(env):gen"}, ["env:gen!env_E1:E0.cor", "env:gen!env_E0", "units!R"], [], "residual='id(gen):corgh(env)'"),
        ({"random": "corv(env):gen"}, ["env:gen!env.cor", "env:gen", "units!R"], [], "residual='id(gen):corv(env)'"),
        ({"random": "diag(env):gen"}, ["env:gen!env_E0", "units!R"], [], "residual='dsum(~ units | env)'"),
        ({"random": "gen + gen:env"}, ["gen:env", "units!R"], ["gen"], "leave out gen:env"),
        ({"random": "gen + clone"}, ["gen", "clone"], ["units!R"], "leave out one of gen, clone"),
        ({"random": "us(env):gen + clone"}, ["env:gen!env_E1:E0", "clone", "units!R"], [], "leave out clone"),
        (
            {"random": "us(env):gen", "residual": "dsum(~ units | env)"},
            ["env:gen!env_E0:E0", "env_E0!R", "env_E2!R"],
            ["env:gen!env_E1:E0", "env:gen!env_E2:E0"],
            "residual='id(gen):us(env)'",
        ),
        (
            {"random": "at(env, 'E0'):gen + clone", "residual": "dsum(~ units | env)"},
            ["at(env, 'E0'):gen", "env_E0!R"],
            ["clone", "env_E1!R", "env_E2!R"],
            "leave out at(env, 'E0'):gen",
        ),
        ({"random": "us(env):gen + us(env):clone"}, ["env:gen!env_E1:E0", "env:clone!env_E1:E0", "units!R"], [], "leave out one of"),
    ],
)
def test_what_cannot_be_separated_is_the_same_from_any_start(arguments, unknown, known, remedy):
    data = single_records()
    residual = "env_E0!R" if "dsum" in arguments.get("residual", "") else "units!R"
    fits = [vc.fit("y ~ env", data=data, start=start, **arguments) for start in (None, {residual: 0.02}, {residual: 6.0})]
    for fit in fits:
        assert fit.converged
        assert fit.loglik == pytest.approx(fits[0].loglik, abs=1e-7)
        assert fit.varcomp["bound"].tolist() == fits[0].varcomp["bound"].tolist()
        assert fit.n_parameters == fits[0].n_parameters
        assert fit.varcomp["component"].to_numpy() == pytest.approx(fits[0].varcomp["component"].to_numpy(), rel=1e-3, abs=1e-4)
        assert (fit.varcomp.loc[unknown, "bound"] == "S").all()
        assert fit.varcomp.loc[unknown, "std_error"].isna().all()
        assert (fit.varcomp.loc[known, "bound"] == "P").all()
        assert fit.varcomp.loc[known, "std_error"].notna().all()
        said = [note for note in fit.notes if "cannot separate" in note]
        assert any(remedy in note for note in said)
        assert not any("leave out us(env):gen" in note or "remove" in note for note in said)


def test_without_repeated_records_a_genetic_matrix_is_told_from_the_residual_by_the_pedigree_only():
    rng = np.random.default_rng(3)
    n = 120
    pedigree = pd.DataFrame({"id": [f"a{i}" for i in range(n)], "sire": [f"s{i // 8}" for i in range(n)], "dam": None})
    g, e = rng.normal(size=(15, 2))[np.arange(n) // 8], rng.normal(size=(n, 2))
    data = pd.DataFrame({"a": pedigree["id"], "y1": 0.5 * g[:, 0] + 1.2 * e[:, 0], "y2": 0.3 * g.sum(axis=1) + 1.2 * e[:, 1]})
    model = {"fixed": "y1 + y2 ~ trait", "residual": "units:us(trait)", "data": data}
    known = {"A": vc.Pedigree(pedigree)}
    determined = vc.fit(random="us(trait):vm(a, A)", known=known, **model)
    assert "S" not in determined.varcomp["bound"].tolist()
    both = vc.fit(random="us(trait):vm(a, A) + us(trait):ide(a)", known=known, **model)
    codes = both.varcomp["bound"]
    assert (codes[codes.index.str.contains("ide|units", regex=True)] == "S").all()
    assert (codes[codes.index.str.contains("vm")] == "P").all()
    assert both.loglik == pytest.approx(determined.loglik, abs=1e-8)
    assert both.varcomp["std_error"].head(3).to_numpy() == pytest.approx(determined.varcomp["std_error"].head(3).to_numpy(), rel=1e-4)


def test_fixing_one_parameter_of_a_ridge_determines_the_others():
    data = single_records()
    fit = vc.fit("y ~ env", random="us(env):gen", data=data, start={"units!R": 0.3}, bounds={"units!R": "F"})
    assert fit.varcomp["bound"].tolist() == ["P"] * 6 + ["F"]
    assert fit.varcomp["std_error"].head(6).notna().all()


def test_what_the_user_fixed_is_never_undetermined():
    row = "env:gen!env_E1:E0"
    fit = vc.fit("y ~ env", random="us(env):gen", data=single_records(), start={row: 0.3}, bounds={row: "F"})
    assert fit.varcomp.loc[row, "bound"] == "F"
    assert fit.varcomp.loc["units!R", "bound"] == "S"
    assert not any(row in note for note in fit.notes)


def test_the_centre_of_a_ridge_is_where_the_product_of_determinants_is_largest():
    data = single_records()
    fit = vc.fit("y ~ env", random="us(env):gen", data=data)
    estimate = fit.estimate
    ridge = find_ridge(estimate.design, held(estimate.design, estimate.components, 2), estimate.point)
    assert ridge.dimension == 1
    sigma, residual = (part.sigma for part in estimate.point)
    # dSigma = I and dR = -1 up to a factor
    assert ridge.changes[0][0] == pytest.approx(-ridge.changes[1][0, 0, 0] * np.eye(3), abs=1e-8)
    depth = lambda t: np.linalg.slogdet(sigma + t * np.eye(3))[1] + np.log(residual[0, 0] - t)  # noqa: E731
    assert depth(0.0) > max(depth(0.01), depth(-0.01))
    for part, whole in zip(centre(estimate.point, ridge), (sigma, residual), strict=True):
        assert part == pytest.approx(whole, rel=1e-5)
