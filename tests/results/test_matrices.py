import math

import numpy as np
import pandas as pd
import pytest
from example_fits import equal_groups, oats, split_plot, trial, two_blocks

import vcmodel as vc
from vcmodel.results.matrices import fisher


def test_covariance_holds_the_reported_parameters():
    table, sigma = trial().varcomp["component"], trial().covariance("Family")
    assert sigma.index.tolist() == sigma.columns.tolist() == ["bden", "veloc"]
    expected = [table[f"trait:Family!trait_{pair}"] for pair in ("bden:bden", "veloc:bden", "veloc:veloc")]
    np.testing.assert_allclose(sigma.to_numpy()[np.tril_indices(2)], expected)


def test_correlation_and_its_standard_error_are_those_that_corgh_reports():
    tidy = trial().correlations().set_index("term")
    other = trial("corgh(trait)", "units:corgh(trait)").varcomp
    for term, row in (("trait:Family", "trait:Family!trait_veloc:bden.cor"), ("units:trait", "units:trait!trait_veloc:bden.cor")):
        assert tidy.loc[term, "correlation"] == pytest.approx(other.loc[row, "component"], rel=1e-5)
        assert tidy.loc[term, "std_error"] == pytest.approx(other.loc[row, "std_error"], rel=1e-5)


def test_covariances_are_those_of_the_matrices_with_the_standard_errors_that_us_reports():
    tidy = trial().covariances()
    assert list(tidy.columns) == ["term", "row", "column", "covariance", "std_error"]
    table = trial().varcomp
    assert len(tidy) == len(table)
    np.testing.assert_allclose(tidy["covariance"], table["component"])
    np.testing.assert_allclose(tidy["std_error"], table["std_error"])
    other = trial("corgh(trait)", "units:corgh(trait)").covariances()
    np.testing.assert_allclose(other["std_error"], tidy["std_error"], rtol=1e-5)


def test_covariances_without_standard_error():
    singular = two_blocks().covariances()  # all correlations of the blocks are +-1, yet each covariance is uncertain
    assert singular["std_error"].notna().all()
    held = vc.fit("yield ~ gen", random="diag(gen):block", data=oats(), start={"units!R": 180.0}, bounds={"units!R": "F"}).covariances()
    assert list(held["row"]) == list(held["column"])  # zeros of the structure are no rows
    assert math.isnan(held["std_error"].iloc[-1])
    twins = oats().assign(twin=lambda d: d["block"])
    unknown = vc.fit("yield ~ gen", random="block + twin", data=twins).covariances().set_index("term")["std_error"]
    assert unknown.isna().tolist() == [True, True, False]


def test_the_standard_error_of_a_correlation_by_hand():
    # us of two traits: the covariance matrix of the reported (co)variances, and dr = ds21/sqrt(s11 s22) - r/2 (ds11/s11 + ds22/s22)
    estimate, index = trial().estimate, 1
    s11, s21, s22 = estimate.theta[index]
    r = s21 / math.sqrt(s11 * s22)
    jacobian = estimate.jacobians[index]
    gradient = np.array([-0.5 * r / s11, 1.0 / math.sqrt(s11 * s22), -0.5 * r / s22])
    expected = math.sqrt(gradient @ jacobian @ estimate.covariance @ jacobian.T @ gradient)
    row = trial().correlations().iloc[1]
    assert (row["correlation"], row["std_error"]) == pytest.approx((r, expected), rel=1e-10)


def test_every_pair_of_every_term_once_with_the_later_level_first():
    tidy = two_blocks().correlations()
    assert list(tidy.columns) == ["term", "row", "column", "correlation", "std_error", "lower", "upper", "p_zero"]
    pairs = [("HT", "HD"), ("GY", "HD"), ("GY", "HT")]
    assert list(zip(tidy["term"], tidy["row"], tidy["column"], strict=True)) == [
        (term, *pair) for term in ("trait:block", "trait:RIL", "units:trait") for pair in pairs
    ]
    matrix = two_blocks().correlation("RIL")
    assert tidy.loc[3, "correlation"] == matrix.loc["HT", "HD"]


def test_correlations_of_one_have_no_standard_error_nor_interval():
    tidy = two_blocks().correlations().iloc[:3]
    np.testing.assert_array_equal(tidy["correlation"], [-1.0, 1.0, -1.0])
    assert tidy[["std_error", "lower", "upper", "p_zero"]].isna().all(axis=None)


def test_diagonal_matrices_give_no_correlations():
    fit = trial("diag(trait)")
    assert fit.correlations()["term"].tolist() == ["trait:Block", "units:trait"]
    assert fit.correlation("Family").to_numpy().tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_a_model_without_matrices_gives_an_empty_table():
    tidy = split_plot().correlations()
    assert len(tidy) == 0
    assert list(tidy.columns)[:4] == ["term", "row", "column", "correlation"]


def test_single_variances_are_labelled_by_their_term():
    pd.testing.assert_frame_equal(
        split_plot().covariance("block"),
        pd.DataFrame([[split_plot().varcomp.loc["block", "component"]]], index=["block"], columns=["block"]),
    )


def test_a_correlation_beside_a_zero_variance_is_missing():
    data = equal_groups()
    long = data.assign(t=["u", "v"] * 10)
    long.loc[long["t"] == "v", "y"] += long.loc[long["t"] == "v", "g"].map({"a": 9.0, "b": -4.0, "c": 0.0, "d": -7.0})
    fit = vc.fit("y ~ t", random="us(t):g", data=long)
    assert fit.covariance("g").loc["u", "u"] == pytest.approx(0.0, abs=1e-6) or fit.converged
    zero = vc.fit("y ~ t", random="diag(t):g", data=long).correlation("g")
    assert math.isnan(zero.loc["u", "u"])
    assert zero.loc["v", "v"] == 1.0


def test_entries_that_depend_on_unknown_parameters_have_no_standard_error():
    data = oats().assign(twin=lambda d: d["block"])
    fit = vc.fit("yield ~ gen", random="us(gen):block + us(gen):twin", data=data)
    assert fit.correlations()["std_error"].isna().all()
    known = vc.fit("yield ~ gen", random="us(gen):block", data=data).correlations()
    assert known["std_error"].notna().any()


def test_fisher_interval_by_hand():
    found = fisher(0.5, 0.1)
    z, half = math.atanh(0.5), 1.959963984540054 * 0.1 / 0.75
    assert (found.lower, found.upper) == pytest.approx((math.tanh(z - half), math.tanh(z + half)))
    assert found.p_zero == pytest.approx(math.erfc(z / (0.1 / 0.75) / math.sqrt(2)))
