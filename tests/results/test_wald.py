import numpy as np
import pytest
from example_fits import oats, split_plot, trial

import vcmodel as vc
from vcmodel.results.wald import contains


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
    assert row["df"] == 0
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
    assert contains("1", "gen")
    assert contains("gen", "gen:nitrof")
    assert not contains("gen:nitrof", "gen")
    assert not contains("gen", "gen")
    assert not contains("trait", "1")
