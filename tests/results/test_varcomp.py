import numpy as np
import pandas as pd
import pytest
from example_fits import oats, split_plot, trial, two_blocks, zero_variance

import vcmodel as vc


def test_split_plot_of_the_literature():
    # Pinheiro & Bates (2000), Mixed-Effects Models in S and S-PLUS, section 1.6: SD 14.645, 10.299, 13.307
    table = split_plot().varcomp
    assert list(table.columns) == ["component", "std_error", "z_ratio", "bound", "pct_change"]
    np.testing.assert_allclose(np.sqrt(table["component"]), [14.645, 10.299, 13.307], rtol=2e-4)
    assert table["bound"].tolist() == ["P", "P", "P"]
    np.testing.assert_allclose(table["z_ratio"], table["component"] / table["std_error"])
    assert (table["pct_change"].abs() < 1.0).all()


def test_rows_stand_in_the_order_of_the_model_with_the_residual_last():
    assert trial().varcomp.index.tolist()[-3:] == [f"units:trait!trait_{pair}" for pair in ("bden:bden", "veloc:bden", "veloc:veloc")]


def test_residual_variance_alone_has_the_textbook_standard_error():
    fit = vc.fit("yield ~ gen", data=oats())
    variance = oats().groupby("gen")["yield"].transform(lambda y: y - y.mean()).pow(2).sum() / 69
    assert fit.varcomp.loc["units!R", "component"] == pytest.approx(variance)
    assert fit.varcomp.loc["units!R", "std_error"] == pytest.approx(variance * np.sqrt(2 / 69))


def test_a_zero_variance_is_at_its_boundary_without_standard_error():
    row = zero_variance().varcomp.loc["g"]
    assert row["component"] == 0.0
    assert row["bound"] == "B"
    assert np.isnan(row["std_error"])
    assert np.isnan(row["z_ratio"])
    assert zero_variance().n_parameters == 1


def test_fixed_parameters_have_code_f_and_no_standard_error():
    fit = vc.fit("yield ~ gen", random="block + block:gen", data=oats(), start={"block": 150.0}, bounds={"block": "F"})
    assert fit.varcomp.loc["block", ["component", "bound"]].tolist() == [150.0, "F"]
    assert np.isnan(fit.varcomp.loc["block", "std_error"])
    assert fit.varcomp.loc["block", "pct_change"] == 0.0


def test_the_first_of_a_tied_group_keeps_its_code_and_all_carry_its_standard_error():
    fit = vc.fit("yield ~ gen", random="block + block:gen", data=oats(), equal=[["block:gen", "block"]])
    assert fit.varcomp["bound"].tolist() == ["P", "C", "P"]
    assert fit.varcomp["component"].iloc[0] == fit.varcomp["component"].iloc[1]
    assert fit.varcomp["std_error"].iloc[0] == pytest.approx(fit.varcomp["std_error"].iloc[1]) != pytest.approx(0.0)


def test_a_singular_us_matrix_keeps_its_codes_and_standard_errors():
    table = two_blocks().varcomp.iloc[:6]
    assert table["bound"].tolist() == ["P"] * 6
    assert table["std_error"].notna().all()


def test_correlations_of_one_are_at_the_boundary_and_the_variances_not():
    table = two_blocks("corgh(trait)").varcomp.iloc[:6]
    assert table["bound"].tolist() == ["B", "B", "B", "P", "P", "P"]
    np.testing.assert_allclose(table["component"].iloc[:3].abs(), 1.0, atol=1e-12)
    assert table["std_error"].isna().tolist() == [True] * 3 + [False] * 3


def test_parameters_without_information_have_code_s():
    fit = vc.fit("yield ~ gen", random="block + twin", data=oats().assign(twin=lambda d: d["block"]))
    assert fit.varcomp["bound"].tolist() == ["S", "S", "P"]
    assert fit.varcomp["std_error"].isna().tolist() == [True, True, False]


def test_tables_are_copies():
    table = split_plot().varcomp
    table.loc["block", "component"] = -1.0
    assert split_plot().varcomp.loc["block", "component"] > 0.0


def test_the_change_of_a_negative_covariance_has_the_sign_of_the_change():
    # stopped after one step: the covariance was negative before it, and the change is in per cent of its size
    rng = np.random.default_rng(5)
    line = np.repeat(np.arange(60), 3)
    one, other = rng.normal(size=(2, 60))
    data = pd.DataFrame({"line": line.astype(str), "a": one[line] + rng.normal(size=180)})
    data["b"] = 0.4 * other[line] - one[line] + rng.normal(size=180)
    arguments = {"random": "us(trait):line", "residual": "units:us(trait)", "data": data}
    fits = [vc.fit("a + b ~ trait", **arguments, control=vc.Control(max_iterations=steps)) for steps in (1, 2)]
    before, after = (fit.varcomp.loc["trait:line!trait_b:a", "component"] for fit in fits)
    assert before < 0.0
    change = fits[1].varcomp.loc["trait:line!trait_b:a", "pct_change"]
    assert change == pytest.approx(100.0 * (after - before) / abs(before), rel=1e-6)
    assert change * (after - before) > 0.0
