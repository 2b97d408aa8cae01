"""The reductions give the numbers of the general equations: at any point, and as whole fits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from profiles import examples

import vcmodel as vc
from vcmodel.control import Control
from vcmodel.design.design import build_design
from vcmodel.design.frame import build_frame
from vcmodel.equations.balanced import NotBalancedError, balanced_form
from vcmodel.equations.method import choose
from vcmodel.errors import VcmodelError
from vcmodel.reml.components import make_components
from vcmodel.reml.constraint_reader import read_constraints
from vcmodel.reml.likelihood import differentiate, set_point
from vcmodel.reml.point import starting_point
from vcmodel.reml.start import covariances
from vcmodel.spec import build_spec

KINDS = ("regular", "singular", "low rank", "pedigree", "identity")
VARIANCES = ("us", "diag", "corgh", "corh", "corv")


def pedigree(n):
    """n animals, the first five founders; the last two have no records."""
    rng = np.random.default_rng(5)
    rows = [(str(i + 1), None, None) for i in range(5)]
    for i in range(5, n):
        sire, dam = rng.choice(i, 2, replace=False)
        rows.append((str(i + 1), str(sire + 1), str(dam + 1)))
    return vc.Pedigree(pd.DataFrame(rows, columns=["id", "sire", "dam"]), id="id", sire="sire", dam="dam")


def known(kind, n):
    """The relationship over 1..n, two more than have records."""
    if kind == "pedigree":
        return {"K": pedigree(n)}
    rng = np.random.default_rng(11)
    root = rng.normal(size=(n, {"regular": n, "singular": n // 2, "low rank": 3}[kind]))
    labels = [str(i + 1) for i in range(n)]
    k = root @ root.T / n + (0.2 * np.eye(n) if kind == "regular" else 0.0)
    return {"K": pd.DataFrame(k, index=labels, columns=labels)}


def traits(seed, n_traits, n_levels, repeats, rank=None):
    """Complete records y1.. of n_levels lines, each `repeats` times, with a block, a covariate and weights; rows shuffled."""
    rng = np.random.default_rng(seed)
    level = np.repeat(np.arange(n_levels), repeats)
    n = level.size
    table = pd.DataFrame(
        {"gen": level + 1, "block": rng.permutation(np.resize(list("abc"), n)), "x": rng.normal(3.0, 1.0, n), "w": rng.uniform(0.5, 2.0, n)}
    )
    effects = rng.normal(size=(n_levels, rank or n_traits)) @ rng.normal(size=(rank or n_traits, n_traits))
    values = effects[level] + rng.normal(size=(n, n_traits)) + 10.0 * np.arange(1, n_traits + 1) + 0.3 * table["x"].to_numpy()[:, None]
    for t in range(n_traits):
        table[f"y{t + 1}"] = values[:, t]
    return table.sample(frac=1.0, random_state=seed).reset_index(drop=True)


def trials(seed, n_sites, n_levels):
    """One response of the same lines once at every site."""
    wide = traits(seed, n_sites, n_levels, 1)
    long = wide.melt(id_vars=["gen", "x", "w"], value_vars=[f"y{i + 1}" for i in range(n_sites)], var_name="site", value_name="y")
    return long.sample(frac=1.0, random_state=seed).reset_index(drop=True)


@st.composite
def balanced_models(draw):
    """(arguments, data, known, reductions to try)."""
    kind, seed = draw(st.sampled_from(KINDS)), draw(st.integers(0, 10_000))
    n_levels = draw(st.integers(8, 12))
    factor = "gen" if kind == "identity" else "vm(gen, K)"
    given_relationship = {} if kind == "identity" else known(kind, n_levels + 2)
    size = draw(st.sampled_from([1, 2, 2, 3]))
    if size > 1 and draw(st.booleans()):
        table = trials(seed, size, n_levels)
        arguments = {
            "fixed": draw(st.sampled_from(["y ~ site", "y ~ 0 + site", "y ~ site + site:x"])),
            "random": f"{draw(st.sampled_from(VARIANCES))}(site):{factor}",
            "residual": draw(st.sampled_from(["units", "dsum(~ units | site)", "id(gen):us(site)", "id(gen):diag(site)"])),
        }
    else:
        table = traits(seed, size, n_levels, draw(st.integers(1, 3)))
        if size == 1:
            term = draw(st.sampled_from([factor, f"lin(x):{factor}", f"at(block, 'a'):{factor}"]))
            arguments = {"fixed": draw(st.sampled_from(["y1 ~ 1", "y1 ~ block + x", "y1 ~ 0"])), "random": term}
        else:
            responses = " + ".join(f"y{t + 1}" for t in range(size))
            arguments = {
                "fixed": f"{responses} ~ {draw(st.sampled_from(['trait', 'trait + trait:x', 'trait:block', 'trait + trait:block']))}",
                "random": f"{draw(st.sampled_from(VARIANCES))}(trait):{factor}",
                "residual": f"id(units):{draw(st.sampled_from(['us', 'diag', 'corgh', 'corh']))}(trait)",
            }
        if draw(st.booleans()):
            arguments["weights"] = "w"
    return arguments, table, given_relationship, ["spectral"] + (["canonical"] if size > 1 else [])


def prepared(arguments, table, relationships):
    spec = build_spec(arguments["fixed"], arguments["random"], arguments.get("residual"))
    return build_design(spec, build_frame(spec, table, arguments.get("weights")), relationships)


def started(design, equations):
    references, starts = covariances(design, equations.y)
    components = make_components(design, references)
    defaults = [component.structure.start(sigma) for component, sigma in zip(components, starts, strict=True)]
    return components, starting_point(components, read_constraints(components, defaults))


def near(found, expected, relative):
    size = np.abs(expected).max(initial=0.0)
    assert np.allclose(found, expected, rtol=relative, atol=relative * size), np.abs(found - expected).max() / size


@settings(max_examples=examples(150), suppress_health_check=list(HealthCheck))
@given(balanced_models(), st.integers(0, 1000), st.booleans())
def test_any_point(model, seed, boundary):
    arguments, table, relationships, reductions = model
    design = prepared(arguments, table, relationships)
    general = choose(design, Control(reductions="off")).build()
    components, point = started(design, general)
    rng = np.random.default_rng(seed)
    vector = point.vector() * (1 + 0.3 * rng.uniform(-1, 1, point.vector().size))
    if boundary:  # a random variance at zero
        edges = point[0].edges
        if edges:
            vector[list(edges[-1].group)] = 0.0
    point = point.moved(vector)
    assume(set_point(general, point))
    moving, unknown = [True] * len(components), [np.zeros((c.structure.size,) * 2) for c in components]
    expected = differentiate(general, point, moving, unknown)
    for name in reductions:
        method = choose(design, Control(reductions=name))
        reduced = method.build()
        assert reduced.reduced and method.describe().startswith(name)
        assert np.allclose(reduced.y, general.y, atol=1e-9)
        assert set_point(reduced, point)
        assert abs(reduced.loglik - general.loglik) < 1e-8
        found = differentiate(reduced, point, moving, unknown)
        for part, former in zip(point, unknown, strict=True):
            near(reduced.derivatives(part, former).gradient, general.derivatives(part, former).gradient, 1e-7)
        near(found.score, expected.score, 1e-7)
        near(found.information, expected.information, 1e-7)
        near(reduced.coefficients(), general.coefficients(), 1e-8)
        roots = [equations.whitened_coefficients()[0] for equations in (reduced, general)]
        near(roots[0] @ roots[0].T, roots[1] @ roots[1].T, 1e-7)
        near(reduced.coefficient_variances(), general.coefficient_variances(), 1e-7)
        near(design.frame.y - reduced.fitted(), design.frame.y - general.fitted(), 1e-8)
        for a, b in zip(general.effects(0), reduced.effects(0), strict=True):
            near(b, a, 1e-7)


def compare(one, two, tolerance=1e-6):
    """Two fits say the same in every table."""
    assert one.converged and two.converged, (one.status, two.status)
    assert abs(one.loglik - two.loglik) < 1e-8
    for part in ("varcomp", "fixed_effects"):
        a, b = getattr(one, part), getattr(two, part)
        assert list(a.index) == list(b.index)
        for column in a.columns.drop(["pct_change", "z_ratio"], errors="ignore"):
            if a[column].dtype.kind == "f":
                same = np.isclose(b[column], a[column], rtol=1e-5, atol=tolerance * a[column].abs().max(), equal_nan=True)
                assert same.all(), (part, column, a[column], b[column])
            else:
                assert list(a[column].astype(str)) == list(b[column].astype(str)), (part, column)
    a, b = one.correlations(), two.correlations()
    assert np.allclose(a["correlation"], b["correlation"], atol=1e-5, equal_nan=True)
    assert np.allclose(a["std_error"], b["std_error"], rtol=1e-4, atol=1e-6, equal_nan=True)
    term = one.estimate.design.terms[0].label
    a, b = one.random_effects(term), two.random_effects(term)
    assert a.index.equals(b.index)
    for column in ("effect", "pev"):
        assert np.allclose(a[column], b[column], rtol=1e-5, atol=1e-5 * a[column].abs().max()), column
    assert np.allclose(one.fitted, two.fitted, rtol=1e-6) and np.allclose(one.residuals, two.residuals, atol=1e-5)


def both(name, **arguments):
    """The fits with the reduction and without."""
    return vc.fit(**arguments, control=Control(reductions=name)), vc.fit(**arguments, control=Control(reductions="off"))


def model(fixed, random, residual=None, weights=None, **rest):
    """Arguments of vc.fit."""
    return {"fixed": fixed, "random": random, "residual": residual, "weights": weights, **rest}


REGULAR, SINGULAR, PEDIGREE = (known(kind, 42) for kind in ("regular", "singular", "pedigree"))
FITS = {
    "rank-1 data": model("y1 + y2 + y3 ~ trait", "us(trait):vm(gen, K)", data=traits(3, 3, 40, 2, rank=1), known=REGULAR),
    "singular K": model("y1 + y2 ~ trait:x", "corgh(trait):vm(gen, K)", "units:corgh(trait)", data=traits(4, 2, 40, 1), known=SINGULAR),
    "pedigree": model("y1 + y2 ~ trait:block", "us(trait):vm(gen, K)", None, "w", data=traits(5, 2, 40, 2), known=PEDIGREE),
    "diag": model("y1 + y2 ~ trait", "diag(trait):gen", "units:diag(trait)", data=traits(6, 2, 30, 3)),
    "environments": model("y ~ site", "us(site):vm(gen, K)", "dsum(~ units | site)", data=trials(7, 3, 40), known=REGULAR),
}


@pytest.mark.parametrize("name", ["canonical", "spectral"])
@pytest.mark.parametrize("case", FITS)
def test_whole_fit(case, name):
    compare(*both(name, **FITS[case]))


def test_one_trait_with_a_dense_relationship_is_spectral_by_default():
    arguments = dict(fixed="y1 ~ block", random="vm(gen, K)", data=traits(8, 1, 50, 3), known=known("regular", 52), weights="w")
    compare(*both("spectral", **arguments))
    assert vc.fit(**arguments).estimate.method == (
        "spectral form: a diagonal system after one eigendecomposition of 50 levels, instead of 55 equations"
    )


def test_a_variance_of_zero():
    table = traits(9, 2, 40, 1)
    rng = np.random.default_rng(1)
    table["y2"] = rng.normal(size=40)
    for name in ("canonical", "spectral"):
        compare(*both(name, fixed="y1 + y2 ~ trait", random="diag(trait):vm(gen, K)", data=table, known=known("regular", 40)))


def test_the_choice_is_said_in_the_notes():
    one, two = both("auto", **FITS["pedigree"])
    assert one.notes[-1] == "canonical transformation: 2 single-trait systems of 45 equations instead of one of 90"
    assert one.notes[-1] in one.summary().replace("\n  ", " ")
    assert two.estimate.method == "mixed-model equations: one sparse system of 90"
    assert two.estimate.method not in two.notes


def incomplete():
    table = traits(10, 2, 12, 2)
    table.loc[3, "y2"] = np.nan
    return table


TWO, SITES = traits(1, 2, 12, 2), trials(1, 2, 12)
ABSENT = SITES.assign(gen=SITES["gen"].where((SITES["gen"] != 1) | (SITES["site"] != "y1"), 2))  # line 1 absent from y1, line 2 twice
FIXED = "the fixed effects are not the same"
# model, why there is no reduction
REFUSED = {
    "missing cell": (model("y1 + y2 ~ trait", "us(trait):gen", data=incomplete()), "do not have the same number of observations"),
    "one trait's covariate": (model("y1 + y2 ~ trait + at(trait, 'y1'):x", "us(trait):gen", data=TWO), FIXED),
    "common fixed effect": (model("y1 + y2 ~ trait + block", "us(trait):gen", data=TWO), FIXED),
    "different covariates": (model("y1 + y2 ~ trait + at(trait, 'y1'):x + at(trait, 'y2'):w", "us(trait):gen", data=TWO), FIXED),
    "second term": (model("y1 + y2 ~ trait", "us(trait):gen + trait:block", data=TWO), "the model has 2 random terms"),
    "no term": (model("y1 + y2 ~ trait", None, data=TWO), "the model has 0 random terms"),
    "one effect for all traits": (model("y1 + y2 ~ trait", "gen", data=TWO), "the residual matrix is not one over"),
    "line absent from a site": (model("y ~ site", "us(site):gen", data=ABSENT), "not all levels are observed at every level of site"),
    "weights differ between sites": (
        model("y ~ site", "us(site):gen", weights="v", data=SITES.assign(v=np.arange(1.0, 25.0))),
        "levels or weights differ",
    ),
    "sections across lines": (
        model("y ~ site", "us(site):gen", "dsum(~ units | half)", data=SITES.assign(half=np.where(SITES["gen"] > 6, "u", "l"))),
        "the residual sections do not follow",
    ),
    "two residuals, one effect": (model("y ~ site", "gen", "dsum(~ units | site)", data=SITES), "the residual sections do not follow"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_no_reduction(case):
    arguments, reason = REFUSED[case]
    spec = build_spec(arguments["fixed"], arguments.get("random"), arguments.get("residual"))
    design = build_design(spec, build_frame(spec, arguments["data"], arguments.get("weights")))
    with pytest.raises(NotBalancedError, match=reason):
        balanced_form(design)
    method = choose(design, Control())
    assert not method.build().reduced and method.describe().startswith("mixed-model equations")
    for name in ("canonical", "spectral"):
        with pytest.raises(VcmodelError, match=rf"Control\(reductions='{name}'\) does not apply: .*{reason}.*; use 'auto' or 'off'"):
            choose(design, Control(reductions=name))


def test_one_trait_has_nothing_to_transform():
    with pytest.raises(VcmodelError, match="the model has a single trait"):
        vc.fit("y1 ~ 1", "gen", data=traits(1, 1, 12, 2), control=Control(reductions="canonical"))


def test_unknown_reduction():
    with pytest.raises(VcmodelError, match=r"reductions='canonic'.*did you mean 'canonical'"):
        Control(reductions="canonic")
