"""What must not matter: units of y, order of rows, names and order of levels, the parametrisation, the spelling."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from golden.preparation import arguments, data, fit, fitted, golden

import vcmodel as vc

RELATIVE = 1e-8

# one response, two responses, three responses, sections, a pedigree
SCALED = ("oats_splitplot", "seed_rcbd_m4_us", "seed_ril_block_fixed", "bridges_at_dsum", "gryphon_uni_m4")
SHUFFLED = (*SCALED, "seed_se4_solution_common_variance", "box_cork_us", "seed_ril_us_boundary")


def responses(case):
    """The response columns of a case."""
    left = golden(case)["model"]["fixed"].split("~")[0].strip().removeprefix("cbind(").removesuffix(")")
    return [name.strip() for name in left.replace("+", ",").split(",")]


def same_components(found, expected, factor=1.0, relative=RELATIVE):
    """Components times `factor`, relative to the standard error where a component has one."""
    assert list(found.index) == list(expected.index)
    for column in ("component", "std_error"):
        ours, theirs = found[column].to_numpy(), expected[column].to_numpy() * factor
        scale = np.fmax(np.abs(theirs), np.nan_to_num(expected["std_error"].to_numpy() * factor))
        assert np.array_equal(np.isnan(ours), np.isnan(theirs))
        assert np.all((np.abs(ours - theirs) <= relative * scale) | np.isnan(theirs)), pd.DataFrame({"found": ours, "expected": theirs})
    assert list(found["bound"]) == list(expected["bound"])


# ----------------------------------------------------------------------------------------------------- parametrisation


@pytest.mark.parametrize("case", ["seed_rcbd_m4_us", "seed_ril_block_fixed"])
def test_us_and_corgh_report_one_optimum_on_two_scales(case):
    model = golden(case)["model"]
    us = fitted(case)
    corgh = fit(case, random=model["random"].replace("us(", "corgh("), residual=model["residual"].replace("us(", "corgh("))
    assert corgh.loglik == pytest.approx(us.loglik, abs=1e-8)
    ours, theirs = corgh.correlations(), us.correlations()
    assert ours[["term", "row", "column"]].equals(theirs[["term", "row", "column"]])
    assert np.allclose(ours["correlation"], theirs["correlation"], rtol=0, atol=1e-5 * theirs["std_error"])
    assert np.allclose(ours["std_error"], theirs["std_error"], rtol=1e-5, atol=0)
    # the correlation is a parameter of corgh: its row says the same as the table of correlations
    for line in ours.itertuples():
        row = f"{line.term}!trait_{line.row}:{line.column}.cor"
        assert corgh.varcomp.loc[row, "component"] == pytest.approx(line.correlation, rel=1e-9)
        assert corgh.varcomp.loc[row, "std_error"] == pytest.approx(line.std_error, rel=1e-6)


@pytest.mark.parametrize("case", ["seed_rcbd_m4_us", "gryphon_uni_m1"])
def test_rcov_is_residual(case):
    given = arguments(case)
    residual = given.pop("residual")
    other = vc.fit(**given, rcov=f"~ {residual}")
    assert other.loglik == fitted(case).loglik
    same_components(other.varcomp, fitted(case).varcomp)


# --------------------------------------------------------------------------------------------------------------- units


@pytest.mark.parametrize("factor", [1e6, 1e-6])
@pytest.mark.parametrize("case", SCALED)
def test_units_of_y(case, factor):
    d = data(case)
    d[responses(case)] *= factor
    scaled, plain = fit(case, data=d), fitted(case)
    assert scaled.converged
    assert scaled.loglik == pytest.approx(plain.loglik - (plain.n_observations - plain.n_fixed) * np.log(factor), rel=RELATIVE)
    same_components(scaled.varcomp, plain.varcomp, factor**2)
    assert np.allclose(scaled.fixed_effects["effect"], plain.fixed_effects["effect"] * factor, rtol=1e-7, atol=1e-7 * factor)


def test_units_of_one_trait():
    case, factor = "seed_rcbd_m4_us", 1000.0
    d = data(case)
    d["veloc"] *= factor
    scaled, plain = fit(case, data=d), fitted(case)
    cells = d["veloc"].notna().sum()
    assert scaled.loglik == pytest.approx(plain.loglik - (cells - 1) * np.log(factor), rel=RELATIVE)
    times = [factor ** name.rpartition("!")[2].count("veloc") for name in plain.varcomp.index]
    assert sorted(set(times)) == [1.0, factor, factor**2]
    same_components(scaled.varcomp, plain.varcomp, np.array(times))
    assert np.allclose(scaled.correlations()["std_error"], plain.correlations()["std_error"], rtol=1e-7)


# -------------------------------------------------------------------------------------------------------------- orders


@pytest.mark.parametrize("case", SHUFFLED)
def test_order_of_rows(case):
    d = data(case)
    order = np.random.default_rng(11).permutation(len(d))
    shuffled, plain = fit(case, data=d.iloc[order].reset_index(drop=True)), fitted(case)
    assert shuffled.loglik == pytest.approx(plain.loglik, rel=RELATIVE)
    same_components(shuffled.varcomp, plain.varcomp)
    assert np.allclose(shuffled.fixed_effects["effect"], plain.fixed_effects["effect"], rtol=1e-7, atol=1e-7)


def test_names_and_order_of_levels():
    case = "seed_rcbd_m4_us"
    d = data(case)
    families = sorted(d["Family"].unique())
    new = dict(zip(families, [f"{'zyxwvut'[i % 7]}{len(families) - i:03d}" for i in range(len(families))], strict=True))
    renamed, plain = fit(case, data=d.assign(Family=d["Family"].map(new))), fitted(case)
    assert renamed.loglik == pytest.approx(plain.loglik, rel=RELATIVE)
    same_components(renamed.varcomp, plain.varcomp)
    ours, theirs = renamed.random_effects("Family")["effect"], plain.random_effects("Family")["effect"]
    for level, trait in theirs.index:
        assert ours[(new[level], trait)] == pytest.approx(theirs[(level, trait)], rel=1e-6, abs=1e-8 * theirs.std())


def test_order_of_levels_of_an_unstructured_residual():
    case = "box_cork_us"
    d = data(case)
    turned, plain = fit(case, data=d.assign(dir=pd.Categorical(d["dir"], ["W", "S", "N", "E"]))), fitted(case)
    assert turned.loglik == pytest.approx(plain.loglik, rel=RELATIVE)
    for a in "WSNE":
        for b in "WSNE":
            assert turned.covariance("residual").loc[a, b] == pytest.approx(plain.covariance("residual").loc[a, b], rel=1e-6)


@pytest.mark.parametrize("case", ["seed_rcbd_m4_us", "seed_ril_us_boundary"])
def test_order_of_responses(case):
    names = responses(case)
    model, plain = golden(case)["model"], fitted(case)
    turned = fit(case, fixed=" + ".join(reversed(names)) + " ~ " + model["fixed"].split("~")[1])
    assert turned.loglik == pytest.approx(plain.loglik, abs=1e-7)
    for term in (*(text.split(":")[1].strip() for text in model["random"].split("+")), "residual"):
        ours, theirs = turned.covariance(term).loc[names, names], plain.covariance(term).loc[names, names]
        sd = np.sqrt(np.diag(plain.covariance("residual").loc[names, names]))
        assert np.allclose(ours / np.outer(sd, sd), theirs / np.outer(sd, sd), rtol=1e-4, atol=1e-5)


# ------------------------------------------------------------------------------------------------------------- weights


@pytest.mark.parametrize("case", ["seed_rcbd_m1", "oats_splitplot"])
def test_doubled_weights_double_the_residual_variance(case):
    d = data(case).assign(one=1.0, two=2.0)
    one, two, plain = (fit(case, data=d, weights=weights) for weights in ("one", "two", None))
    same_components(one.varcomp, plain.varcomp)
    same_components(two.varcomp, plain.varcomp, np.array([2.0 if row == "units!R" else 1.0 for row in plain.varcomp.index]))
    assert two.loglik == pytest.approx(plain.loglik, rel=RELATIVE)


def test_a_mean_of_replicates_with_its_number_as_weight():
    """Balanced plots of one family and block averaged: the weighted means have the family variance of the single plots."""
    rng = np.random.default_rng(3)
    families, replicates = 60, 4
    d = pd.DataFrame({"family": np.repeat(np.arange(families), replicates), "plot": np.tile(np.arange(replicates), families)})
    d["y"] = rng.normal(0, 1.0, families)[d["family"]] + rng.normal(0, 0.7, len(d))
    single = vc.fit("y ~ 1", random="family", data=d)
    means = d.groupby("family", as_index=False)["y"].mean().assign(number=float(replicates))
    # the known error variance is held, as in a two-stage analysis
    error = single.varcomp.loc["units!R", "component"]
    twice = vc.fit("y ~ 1", random="family", data=means, weights="number", start={"units!R": error}, bounds={"units!R": "F"})
    assert twice.varcomp.loc["units!R", "bound"] == "F"
    assert twice.varcomp.loc["units!R", "component"] == pytest.approx(error, rel=1e-12)
    assert twice.varcomp.loc["family", "component"] == pytest.approx(single.varcomp.loc["family", "component"], rel=1e-6)
    assert twice.fixed_effects.loc["Intercept", "std_error"] == pytest.approx(single.fixed_effects.loc["Intercept", "std_error"], rel=1e-6)
