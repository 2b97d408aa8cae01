from itertools import permutations

import dense
import numpy as np
import pandas as pd
import pytest
from example_fits import oats, split_plot, trial

import vcmodel as vc


def test_split_plot_of_the_literature():
    # analysis of variance of the oats: F = 1.485 on 2, 37.69 on 3, 0.303 on 6 numerator degrees of freedom (Yates 1935; nlme agrees)
    table = split_plot().wald()
    assert table.index.tolist() == ["Intercept", "gen", "nitrof", "gen:nitrof"]
    assert table["df"].tolist() == [1, 2, 3, 6]
    np.testing.assert_allclose(table["chi2_incremental"].iloc[1:] / table["df"].iloc[1:], [1.4853, 37.6856, 0.3028], rtol=2e-4)
    assert table.loc["nitrof", "p_incremental"] < 1e-20


def test_orthogonal_terms_have_equal_tests_but_for_the_containing_interaction():
    table = split_plot().wald()
    np.testing.assert_allclose(table["chi2_conditional"], table["chi2_incremental"], rtol=1e-8)


def test_conditional_is_the_test_of_the_term_put_last():
    data = oats().iloc[5:].reset_index(drop=True)
    one = vc.fit("yield ~ gen + nitro + col", random="block", data=data).wald()
    two = vc.fit("yield ~ col + nitro + gen", random="block", data=data).wald()
    assert one.loc["gen", "chi2_conditional"] == pytest.approx(two.loc["gen", "chi2_incremental"], rel=1e-6)
    assert abs(one.loc["gen", "chi2_conditional"] / one.loc["gen", "chi2_incremental"] - 1) > 1e-3
    assert one.loc["col", "chi2_conditional"] == pytest.approx(one.loc["col", "chi2_incremental"])


def test_a_term_of_one_column_put_last_is_the_squared_ratio():
    fit = vc.fit("yield ~ gen + nitro", random="block", data=oats())
    assert fit.wald().loc["nitro", "chi2_incremental"] == pytest.approx(fit.fixed_effects.loc["nitro", "z_ratio"] ** 2)


def test_aliased_terms_have_no_degrees_of_freedom():
    fit = vc.fit("yield ~ gen + twin", random="block", data=oats().assign(twin=lambda d: d["gen"].str[::-1]))
    row = fit.wald().loc["twin"]
    assert row["df"] == row["df_conditional"] == 0
    assert row[["chi2_incremental", "p_incremental", "chi2_conditional", "p_conditional"]].isna().all()


def test_cell_means_of_traits():
    table = trial().wald()
    assert table.index.tolist() == ["trait"]
    assert table["df"].tolist() == [2]


def test_a_model_without_fixed_effects_has_an_empty_table():
    fit = vc.fit("yield ~ 0", random="block", data=oats())
    assert len(fit.wald()) == 0
    assert len(fit.fixed_effects) == 0


def test_the_intercept_has_one_test_since_every_term_contains_it():
    row = vc.fit("yield ~ gen + nitro", random="block", data=oats()).wald().loc["Intercept"]
    assert row["chi2_conditional"] == pytest.approx(row["chi2_incremental"])
    alone = vc.fit("yield ~ gen + nitro", random="block", data=oats().assign(nitro=lambda d: d["nitro"] - d["nitro"].mean())).wald()
    assert alone.loc["Intercept", "chi2_incremental"] == pytest.approx(row["chi2_incremental"])


def test_containment():
    terms = {term.text: term for term in vc.fit("yield ~ gen * nitrof", random="block", data=oats()).estimate.design.fixed.terms}
    inside = {(a, b) for a in terms for b in terms if terms[a].within(terms[b])}
    assert inside == {("1", b) for b in terms if b != "1"} | {("gen", "gen:nitrof"), ("nitrof", "gen:nitrof")}


def reduction(fit, texts):
    """Rank and y'V^-1 X (X'V^-1 X)^- X'V^-1 y of the terms called `texts`, by a dense V and a singular value decomposition."""
    design = fit.estimate.design
    n_random = len(design.terms)
    sigmas = [component.structure.value(theta) for component, theta in zip(fit.estimate.components, fit.estimate.theta, strict=True)]
    half = np.linalg.cholesky(dense.covariance(design, sigmas[:n_random], sigmas[n_random:]))
    columns = [column for term in design.fixed.terms for column in term.columns if term.text in texts]
    x = np.linalg.solve(half, design.weight_root[:, None] * design.fixed.matrix[:, columns].toarray())
    left, values, _ = np.linalg.svd(x / np.maximum(np.linalg.norm(x, axis=0), 1e-300), full_matrices=False)
    left = left[:, values > 1e-7]
    return left.shape[1], float(np.sum((left.T @ np.linalg.solve(half, design.y)) ** 2))


def check_against_dense(fit):
    """Every row of the table against differences of dense reductions, whatever was dropped."""
    table = fit.wald()
    terms = fit.estimate.design.fixed.terms
    texts = [term.text for term in terms]
    assert table.index.tolist() == ["Intercept" if text == "1" else text for text in texts]
    for i, text in enumerate(texts):
        others = [other.text for k, other in enumerate(terms) if k != i and not terms[i].within(other)]
        for kind, before in (("incremental", texts[:i]), ("conditional", others)):
            (rank, value), (less, smaller) = reduction(fit, {*before, text}), reduction(fit, before)
            row = table.iloc[i]
            assert row["df" if kind == "incremental" else "df_conditional"] == rank - less, (texts, text, kind)
            if rank == less:
                assert np.isnan(row[f"chi2_{kind}"])
                assert np.isnan(row[f"p_{kind}"])
            else:
                assert row[f"chi2_{kind}"] == pytest.approx(value - smaller, rel=1e-6, abs=1e-7), (texts, text, kind)
    return table


def plots(n=72, seed=4):
    """Plots of three factors, unbalanced, with the aliasings that designs have."""
    rng = np.random.default_rng(seed)
    d = pd.DataFrame({"block": rng.integers(0, 4, n).astype(str), "a": rng.integers(0, 4, n), "b": rng.integers(0, 3, n)})
    d["y"] = rng.normal(size=n) + 0.4 * d["a"] + 0.3 * rng.normal(size=4)[d["block"].astype(int)]
    d["y2"] = rng.normal(size=n) - 0.3 * d["b"]
    d["x"] = rng.normal(size=n)
    d["linear"] = 2010 + 2.0 * d["a"]  # a covariate constant within the levels of a
    d["field"] = (d["a"] * 3 + d["b"]).map("f{:02d}".format)  # b within a, labels of its own
    d["group"] = np.where(d["a"] < 2, "g1", "g2")  # a is nested within it
    d["control"] = np.where(d["a"] == 0, "control", "treated")
    d["dose"] = np.where(d["a"] == 0, "none", d["b"].map("d{}".format))
    d["drug"] = np.where(d["a"] == 0, "none", d["a"].map("t{}".format))
    d["twin"] = d["b"].map({0: "u", 1: "v", 2: "w"})
    return d.assign(a=d["a"].map("a{}".format), b=d["b"].map("b{}".format))


@pytest.mark.parametrize(
    "terms",
    [
        ["a", "linear", "x"],  # covariate linear in a factor
        ["b", "twin", "x"],  # completely confounded
        ["group", "a", "x"],  # nested
        ["a", "field", "b"],
        ["control", "drug", "dose"],  # control + factorial
        ["drug", "dose", "drug:dose"],
        ["a", "b", "a:b"],
        ["linear", "x", "linear:x", "a"],
    ],
)
def test_aliased_columns_in_any_order_of_the_terms(terms):
    data = plots()
    empty = data.loc[~((data["a"] == "a1") & (data["b"] == "b2"))].reset_index(drop=True)  # an empty cell of a:b
    seen = {}
    for order in permutations(terms) if len(terms) < 4 else [terms, terms[::-1]]:
        table = check_against_dense(vc.fit("y ~ " + " + ".join(order), random="block", data=empty))
        for text, row in table.iterrows():
            text = ":".join(sorted(str(text).split(":")))
            first = seen.setdefault(text, row)
            assert row["df_conditional"] == first["df_conditional"]
            np.testing.assert_allclose(row["chi2_conditional"], first["chi2_conditional"], rtol=1e-5)


@pytest.mark.parametrize(
    "fixed",
    [
        "y ~ 0 + dose + drug",
        "y ~ 0 + a + group",
        "y ~ 0 + x + linear + a",
        "y ~ 0 + a:b + a",
        "y ~ a / b + field",
        "y ~ a + at(a):x + linear:x",
    ],
)
def test_aliased_columns_without_an_intercept_and_within_levels(fixed):
    check_against_dense(vc.fit(fixed, random="block", data=plots()))


@pytest.mark.parametrize(
    "fixed",
    [
        "y + y2 ~ trait + trait:drug + trait:dose",
        "y + y2 ~ trait + trait:dose + trait:drug",
        "y + y2 ~ trait + drug + trait:drug + dose",
        "y + y2 ~ trait:a + trait + trait:linear",
    ],
)
def test_aliased_columns_of_several_traits(fixed):
    data = plots()
    data.loc[data["drug"] == "t2", "y2"] = np.nan  # a trait without one of the levels
    check_against_dense(vc.fit(fixed, random="block", data=data))


def test_control_and_factorial():
    """What the drugs add to the doses has one degree of freedom less than their columns: the control is a dose of its own."""
    data = plots()
    for fixed in ("y ~ drug + dose", "y ~ dose + drug"):
        table = vc.fit(fixed, random="block", data=data).wald()
        assert table.loc[["drug", "dose"], "df_conditional"].tolist() == [2, 2]
    assert vc.fit("y ~ drug + dose", random="block", data=data).wald()["df"].tolist() == [1, 3, 2]


def test_weights_and_far_covariates_do_not_matter():
    data = plots().assign(w=lambda d: np.exp(d["x"]), year=lambda d: 2000 + d["a"].str[1:].astype(int), square=lambda d: d["year"] ** 2)
    check_against_dense(vc.fit("y ~ year + a + b", random="block", data=data, weights="w"))
    table = vc.fit("y ~ year + square + a", random="block", data=data).wald()
    assert table["df"].tolist() == [1, 1, 1, 1]
    assert table["df_conditional"].tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("spread", [1e-3, 1e-8, 1e-10])
def test_a_covariate_far_from_zero_is_tested_as_beside_zero(spread):
    rng = np.random.default_rng(3)
    groups, treatments = np.repeat([f"g{i}" for i in range(12)], 5), np.tile(list("abc"), 20)
    data = pd.DataFrame({"g": groups, "f": treatments, "z": rng.integers(-8, 9, 60) / 4.0})
    data["y"] = 3.0 + 0.4 * data["z"] + rng.normal(size=60) + np.repeat(rng.normal(size=12), 5)
    # steps of a power of two about one, so that the covariate itself has no rounding
    step = 2.0 ** round(np.log2(spread))
    data["x"] = 1.0 + step * data["z"]
    near, far = (vc.fit(f"y ~ {name} + f", random="g", data=data) for name in ("z", "x"))
    assert far.to_json()
    expected, found = near.wald(), far.wald()
    # the mean at x = 0 is another hypothesis, given the covariate or not: the first row is that of the mean alone
    for column in ("df", "df_conditional", "chi2_incremental", "chi2_conditional"):
        assert found[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=1e-6), column
