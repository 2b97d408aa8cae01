"""The two questions this package was written for, asked the way users ask them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import vcmodel as vc
from vcmodel import datasets

# what is published is meant: no warning
pytestmark = pytest.mark.filterwarnings("error::vcmodel.VcmodelWarning")

# ------------------------------------------------------------- 1. two correlations, one for each kind of pair, in one model


@pytest.fixture(scope="module")
def pairs():
    return datasets.load("seed_se4")


@pytest.fixture(scope="module")
def own_components(pairs):
    """A pair variance and a residual variance for each kind R."""
    return vc.fit("y ~ 1", random="at(R):f", residual="dsum(~ id(units) | R)", data=pairs)


@pytest.fixture(scope="module")
def common_variance(pairs):
    """A correlation for each kind, one variance: the model that generated the data."""
    return vc.fit("y ~ 1", residual="dsum(~ id(f):cor(variable) | R)", equal=[["R_P!R", "R_T!R"]], data=pairs)


def test_two_correlations_with_standard_errors(own_components):
    assert own_components.converged
    assert own_components.loglik == pytest.approx(-2840.31448, abs=1e-5)
    r1 = own_components.function("`at(R, 'P'):f` / (`at(R, 'P'):f` + `R_P!R`)")
    r2 = own_components.function("`at(R, 'T'):f` / (`at(R, 'T'):f` + `R_T!R`)")
    assert r1.estimate == pytest.approx(0.168996186, abs=1e-6)
    assert r1.std_error == pytest.approx(0.0217247466, rel=1e-4)
    assert r2.estimate == pytest.approx(0.793826044, abs=1e-6)
    assert r2.std_error == pytest.approx(0.00827069498, rel=1e-4)


def test_the_correlations_as_parameters(pairs, own_components):
    """The same model with the correlations as parameters of the residual: no random term, no function needed."""
    direct = vc.fit("y ~ 1", residual="dsum(~ id(f):cor(variable) | R)", data=pairs)
    assert direct.loglik == pytest.approx(own_components.loglik, abs=1e-7)
    for kind, value, error in (("P", 0.168996186, 0.0217247466), ("T", 0.793826044, 0.00827069498)):
        row = direct.varcomp.loc[f"R_{kind}!variable.cor"]
        assert row["component"] == pytest.approx(value, abs=1e-6)
        assert row["std_error"] == pytest.approx(error, rel=1e-4)


def test_one_variance_for_all(common_variance, own_components):
    table = common_variance.varcomp
    assert table.loc["R_P!R", "component"] == pytest.approx(0.968789863, rel=1e-6)
    assert table.loc["R_T!R", "component"] == table.loc["R_P!R", "component"]
    assert table.loc["R_T!R", "bound"] == "C"
    assert table.loc["R_T!R", "std_error"] == pytest.approx(table.loc["R_P!R", "std_error"], rel=1e-12)
    assert table.loc["R_P!variable.cor", "component"] == pytest.approx(0.167318086, abs=1e-6)
    assert table.loc["R_T!variable.cor", "component"] == pytest.approx(0.796903058, abs=1e-6)
    assert 2 * (own_components.loglik - common_variance.loglik) == pytest.approx(0.578454976, abs=2e-5)


def test_a_fixed_effect_is_tested_in_the_same_fit(pairs):
    """One coefficient: the statistic is the square of estimate over standard error; the variables differ in no mean."""
    by_kind = vc.fit("y ~ R", random="at(R):f", residual="dsum(~ id(units) | R)", data=pairs)
    line = by_kind.wald().loc["R"]
    assert line["df"] == 1
    assert line["chi2_incremental"] == pytest.approx(by_kind.fixed_effects.loc["R[T.T]", "z_ratio"] ** 2, rel=1e-9)
    assert line["p_incremental"] == pytest.approx(stats.chi2.sf(line["chi2_incremental"], 1), rel=1e-9)
    # pairs are independent: the standard error follows from the means of the two kinds
    means = pairs.groupby(["R", "f"])["y"].mean().groupby("R").agg(["mean", "var", "size"])
    assert by_kind.fixed_effects.loc["R[T.T]", "effect"] == pytest.approx(means["mean"]["T"] - means["mean"]["P"], abs=1e-7)
    assert by_kind.fixed_effects.loc["R[T.T]", "std_error"] == pytest.approx(np.sqrt((means["var"] / means["size"]).sum()), rel=1e-5)
    by_variable = vc.fit("y ~ variable", random="at(R):f", residual="dsum(~ id(units) | R)", data=pairs).wald()
    assert by_variable.loc["variable", "df"] == pairs["variable"].nunique() - 1


def test_one_residual_variance_for_all_is_not_the_answer(pairs, own_components):
    """With a common residual the pair variances must differ to give different correlations: logL is hundreds lower."""
    wrong = vc.fit("y ~ 1", random="at(R):f", data=pairs)
    assert wrong.converged
    assert wrong.loglik < own_components.loglik - 100


def negative_pairs(r, pairs=400, seed=20):
    """Two variables of unit variance with correlation r, in long form."""
    rng = np.random.default_rng(seed)
    first = rng.standard_normal(pairs)
    second = r * first + np.sqrt(1 - r**2) * rng.standard_normal(pairs)
    y = np.concatenate([first, second])
    return pd.DataFrame({"f": np.tile(np.arange(pairs), 2), "variable": np.repeat(["y1", "y2"], pairs), "y": y})


def test_a_negative_correlation_within_pairs():
    """With a mean per variable the estimate is known: covariance over mean variance of the two columns."""
    d = negative_pairs(-0.4)
    s = np.cov(d.pivot(index="f", columns="variable", values="y").to_numpy().T)
    fit = vc.fit("y ~ variable", residual="id(f):cor(variable)", data=d)
    assert fit.converged
    row = fit.varcomp.loc["f:variable!variable.cor"]
    assert row["component"] == pytest.approx(2 * s[0, 1] / (s[0, 0] + s[1, 1]), abs=1e-7)
    assert fit.varcomp.loc["f:variable!R", "component"] == pytest.approx((s[0, 0] + s[1, 1]) / 2, rel=1e-6)
    assert abs(row["component"] + 0.4) < 3 * row["std_error"]
    assert row["component"] + 3 * row["std_error"] < 0
    # a random pair effect cannot go below zero: it stops at its boundary and says so
    random = vc.fit("y ~ variable", random="f", data=d)
    assert random.converged
    assert random.varcomp.loc["f", "component"] == 0.0
    assert random.varcomp.loc["f", "bound"] == "B"
    assert random.loglik < fit.loglik - 10


def test_one_negative_and_one_positive_correlation_by_kind():
    d = pd.concat(
        [negative_pairs(-0.4).assign(R="P"), negative_pairs(0.7, seed=21).assign(R="T", f=lambda t: t["f"] + 1000)], ignore_index=True
    )
    fit = vc.fit("y ~ R", residual="dsum(~ id(f):cor(variable) | R)", equal=[["R_P!R", "R_T!R"]], data=d)
    assert fit.converged
    for row, truth in (("R_P!variable.cor", -0.4), ("R_T!variable.cor", 0.7)):
        assert abs(fit.varcomp.loc[row, "component"] - truth) < 3 * fit.varcomp.loc[row, "std_error"]


# ---------------------------------------------------- 2. the genetic correlation of two traits, and three traits on two blocks


@pytest.fixture(scope="module")
def trial():
    return datasets.load("seed_rcbd_bivariate")


@pytest.fixture(scope="module")
def ladder(trial):
    """The bivariate model from independent traits to correlated ones."""
    independent = vc.fit("bden + veloc ~ trait", random="at(trait):Block + at(trait):Family", residual="units:diag(trait)", data=trial)
    diagonal = vc.fit("bden + veloc ~ trait", random="diag(trait):Block + diag(trait):Family", residual="units:diag(trait)", data=trial)
    residual = vc.fit("bden + veloc ~ trait", random="diag(trait):Block + diag(trait):Family", residual="units:us(trait)", data=trial)
    us = vc.fit("bden + veloc ~ trait", random="us(trait):Block + us(trait):Family", residual="units:us(trait)", data=trial)
    corgh = vc.fit("bden + veloc ~ trait", random="corgh(trait):Block + corgh(trait):Family", residual="units:corgh(trait)", data=trial)
    return {"at": independent, "diag": diagonal, "residual": residual, "us": us, "corgh": corgh}


def test_two_univariate_models_are_one_bivariate_without_covariances(trial, ladder):
    alone = [vc.fit(f"{trait} ~ 1", random="Block + Family", data=trial) for trait in ("bden", "veloc")]
    together = sum(fit.loglik for fit in alone)
    assert ladder["at"].loglik == pytest.approx(together, abs=1e-8)
    assert ladder["diag"].loglik == pytest.approx(together, abs=1e-8)
    for fit, trait in zip(alone, ("bden", "veloc"), strict=True):
        family = fit.varcomp.loc["Family"]
        for name, row in (("at", f"at(trait, '{trait}'):Family"), ("diag", f"trait:Family!trait_{trait}")):
            found = ladder[name].varcomp.loc[row]
            assert found["component"] == pytest.approx(family["component"], rel=1e-5)
            assert found["std_error"] == pytest.approx(family["std_error"], rel=1e-5)


def test_each_step_of_the_ladder_gains(ladder):
    assert all(fit.converged for fit in ladder.values())
    assert ladder["diag"].loglik < ladder["residual"].loglik < ladder["us"].loglik
    assert ladder["corgh"].loglik == pytest.approx(ladder["us"].loglik, abs=1e-8)


def test_likelihood_ratio_on_three_degrees_of_freedom(ladder):
    found = ladder["us"].lrt(ladder["diag"])
    statistic = 2 * (ladder["us"].loglik - ladder["diag"].loglik)
    assert statistic > 10
    assert found.df == 3
    assert found.statistic == pytest.approx(statistic, rel=1e-12)
    assert found.p_value == pytest.approx(stats.chi2.sf(statistic, 3), rel=1e-9)


def test_the_genetic_correlation_has_a_standard_error(ladder):
    us, corgh = ladder["us"], ladder["corgh"]
    assert us.correlation("Family").loc["veloc", "bden"] == pytest.approx(-0.232241432, abs=1e-5)
    line = us.correlations().set_index("term").loc["trait:Family"]
    assert line["std_error"] == pytest.approx(0.233199957, rel=1e-4)
    row = corgh.varcomp.loc["trait:Family!trait_veloc:bden.cor"]
    assert row["component"] == pytest.approx(line["correlation"], abs=1e-6)
    assert row["std_error"] == pytest.approx(line["std_error"], rel=1e-5)


@pytest.fixture(scope="module")
def lines():
    return datasets.load("seed_ril_2x159")


@pytest.fixture(scope="module")
def two_blocks(lines):
    """The trial of the comment: unstructured block covariances of three traits from two blocks."""
    return vc.fit("HD + HT + GY ~ trait", random="us(trait):block + us(trait):RIL", residual="units:us(trait)", data=lines)


def test_three_traits_on_two_blocks_end_at_a_rank_one_matrix(two_blocks):
    assert two_blocks.converged
    assert two_blocks.loglik == pytest.approx(-1228.2601, abs=5e-5)
    block = two_blocks.covariance("block").to_numpy()
    sd = np.sqrt(np.diag(two_blocks.covariance("residual")))
    values = np.linalg.eigvalsh(block / np.outer(sd, sd))
    assert values[-1] > 0.1
    assert np.all(np.abs(values[:-1]) < 1e-9)
    correlation = two_blocks.correlation("block").to_numpy()
    assert np.allclose(np.abs(correlation), 1.0, atol=1e-6)
    assert correlation[1, 0] < 0 < correlation[2, 0]


def test_the_rank_one_matrix_counts_three_parameters(two_blocks):
    """AIC counts what is free: three loadings, six and six covariances."""
    assert two_blocks.aic == pytest.approx(-2 * two_blocks.loglik + 2 * (3 + 6 + 6), abs=1e-9)


def test_the_notes_say_what_two_blocks_cannot_tell(two_blocks):
    (said,) = [note for note in two_blocks.notes if note.startswith("trait:block:")]
    assert "rank 1" in said
    for pair in ("HD:HD", "HT:HD", "HT:HT", "GY:HD", "GY:HT", "GY:GY"):
        assert f"trait:block!trait_{pair}" in said
    assert "block fixed (add trait:block to fixed)" in said
    assert "diag(trait):block" in said


def test_the_certificate_of_the_rank_one_matrix(two_blocks):
    """On the two directions without variance logL falls: both multipliers are negative (Karush-Kuhn-Tucker)."""
    multipliers = two_blocks.certificate.multipliers["trait:block"]
    assert multipliers.size == 2
    assert np.all(multipliers < -1.0)


def test_blocks_as_fixed_effects_give_the_genetic_correlations(lines, two_blocks):
    fixed = vc.fit("HD + HT + GY ~ trait + trait:block", random="us(trait):RIL", residual="units:us(trait)", data=lines)
    assert fixed.converged
    genetic = fixed.correlations()
    genetic = genetic[genetic["term"] == "trait:RIL"].set_index(["row", "column"])
    for (row, column), value, error in (
        (("HT", "HD"), 0.0465748468, 0.0952735126),
        (("GY", "HD"), -0.524998675, 0.100207842),
        (("GY", "HT"), 0.504106755, 0.106112624),
    ):
        assert genetic.loc[(row, column), "correlation"] == pytest.approx(value, abs=1e-4 * error)
        assert genetic.loc[(row, column), "std_error"] == pytest.approx(error, rel=1e-4)
        # the singular block matrix leaves the genetic part as it is
        assert two_blocks.correlation("RIL").loc[row, column] == pytest.approx(value, abs=0.3 * error)
