"""Held and tied parameters: fits end at the constrained optimum, up to and on the boundary."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc

FAMILY = ("trait:Family!trait_y1", "trait:Family!trait_y2")
COR = "trait:Family!trait_y2:y1.cor"


def rcbd(seed, blocks, families, genetic, residual):
    """Two traits in complete blocks; `genetic` and `residual` are (variance, variance, correlation)."""
    rng = np.random.default_rng(seed)

    def draw(size, matrix):
        a, b, r = matrix
        return rng.normal(size=(size, 2)) @ np.linalg.cholesky([[a, r * np.sqrt(a * b)], [r * np.sqrt(a * b), b]]).T

    family, block = np.tile(np.arange(families), blocks), np.repeat(np.arange(blocks), families)
    y = draw(families, genetic)[family] + draw(blocks, (1.0, 1.0, 0.3))[block] + draw(family.size, residual)
    return pd.DataFrame({"Family": family, "Block": block, "y1": y[:, 0], "y2": y[:, 1]})


@pytest.mark.parametrize("seed", [0, 2, 4])
@pytest.mark.parametrize("r", [0.5, -0.9, 1.0])
def test_a_held_correlation_beside_a_vanishing_variance(seed, r):
    data = rcbd([99, seed], 3, 10, (0.1, 1.0, 0.5), (3.0, 1.0, 0.3))
    fit = vc.fit("y1 + y2 ~ trait", "corgh(trait):Family", "units:us(trait)", data, start={COR: r}, bounds={COR: "F"})
    assert fit.converged
    assert fit.varcomp.loc[COR, "component"] == r
    assert fit.varcomp.loc[COR, "bound"] == "F"
    free = vc.fit("y1 + y2 ~ trait", "corgh(trait):Family", "units:us(trait)", data)
    assert fit.loglik <= free.loglik + 1e-8
    assert fit.n_parameters <= free.n_parameters


@pytest.mark.parametrize("seed", [0, 3])
def test_tied_variances_are_not_below_the_nested_model(seed):
    data = rcbd([98, seed], 4, 30, (1.0, 1.0, 0.95), (3.0, 3.0, 0.3))
    pair = ["trait:Family!trait_y1:y1", "trait:Family!trait_y2:y2"]
    fit = vc.fit("y1 + y2 ~ trait", "us(trait):Family", "units:us(trait)", data, equal=[pair])
    common = vc.fit("y1 + y2 ~ trait", "Family", "units:us(trait)", data)
    assert fit.converged
    assert fit.loglik >= common.loglik - 1e-7
    assert fit.varcomp.loc[pair[0], "component"] == fit.varcomp.loc[pair[1], "component"]


def test_a_model_with_every_parameter_held_is_evaluated_and_reported():
    data = rcbd([7, 1], 3, 10, (1.0, 1.0, 0.5), (3.0, 1.0, 0.3))
    held = {FAMILY[0]: 1.0, FAMILY[1]: 0.0, COR: 0.4}
    residual = {"units:trait!trait_y1": 3.0, "units:trait!trait_y2": 1.0}
    start = held | residual
    fit = vc.fit("y1 + y2 ~ trait", "corgh(trait):Family", "units:diag(trait)", data, start=start, bounds=dict.fromkeys(start, "F"))
    assert fit.converged
    assert fit.n_parameters == 0
    assert fit.varcomp["component"].to_dict() == start
    assert set(fit.varcomp["bound"]) == {"F"}
    assert fit.summary() and fit.to_json()


@pytest.mark.parametrize(
    ("random", "residual", "row", "value"),
    [
        ("corgh(trait):Family", "units:us(trait)", COR, 0.8),
        ("corgh(trait):Family", "units:us(trait)", FAMILY[0], 0.7),
        ("us(trait):Family", "units:us(trait)", "trait:Family!trait_y2:y1", 0.3),
        ("corh(trait):Family", "units:corh(trait)", "units:trait!trait.cor", 0.1),
        ("Family", "units:us(trait)", "Family", 0.6),
    ],
)
def test_the_slope_of_a_held_parameter_is_that_of_the_constrained_maximum(random, residual, row, value):
    data = rcbd([5, 2], 4, 20, (1.0, 1.0, 0.5), (3.0, 1.0, 0.3))

    def fitted(at):
        return vc.fit("y1 + y2 ~ trait", random, residual, data, start={row: at}, bounds={row: "F"})

    numeric = (fitted(value + 1e-4).loglik - fitted(value - 1e-4).loglik) / 2e-4
    assert fitted(value).certificate.constraints[row] == pytest.approx(numeric, rel=1e-4, abs=1e-6)
    free = vc.fit("y1 + y2 ~ trait", random, residual, data)
    assert free.certificate.constraints == {}
    assert fitted(free.varcomp.loc[row, "component"]).loglik == pytest.approx(free.loglik, abs=1e-7)


def test_standard_errors_beside_a_held_value_are_those_of_the_constrained_information():
    """A held value at the free estimate: the others' errors are conditional, those of the free information without its row."""
    data = rcbd([5, 2], 4, 40, (1.0, 1.0, 0.5), (3.0, 1.0, 0.3))
    arguments = {"fixed": "y1 + y2 ~ trait", "random": "us(trait):Family", "residual": "units:us(trait)", "data": data}
    free = vc.fit(**arguments)
    estimate, row = free.estimate, "trait:Family!trait_y2:y1"
    jacobian = np.vstack(estimate.jacobians)
    covariance = jacobian @ estimate.covariance @ jacobian.T
    rows = free.varcomp.index.tolist()
    place = rows.index(row)
    conditional = covariance - np.outer(covariance[place], covariance[place]) / covariance[place, place]
    held = vc.fit(**arguments, start={row: free.varcomp.loc[row, "component"]}, bounds={row: "F"})
    others = [name for name in rows if name != row]
    expected = [np.sqrt(conditional[rows.index(name), rows.index(name)]) for name in others]
    np.testing.assert_allclose(held.varcomp.loc[others, "std_error"], expected, rtol=1e-5)
    assert np.isnan(held.varcomp.loc[row, "std_error"])


def test_tied_parameters_share_their_standard_error_and_codes():
    data = rcbd([5, 2], 4, 40, (1.0, 1.0, 0.5), (3.0, 3.0, 0.3))
    pair = ["trait:Family!trait_y2:y1.cor", "units:trait!trait_y2:y1.cor"]
    fit = vc.fit("y1 + y2 ~ trait", "corgh(trait):Family", "units:corgh(trait)", data, equal=[pair])
    table = fit.varcomp.loc[pair]
    assert table["component"].nunique() == 1
    assert table["std_error"].iloc[0] == pytest.approx(table["std_error"].iloc[1], rel=1e-8)
    assert table["bound"].tolist() == ["U", "C"]
    slopes = fit.certificate.constraints
    assert slopes[pair[0]] == pytest.approx(-slopes[pair[1]], rel=1e-6)
    free = vc.fit("y1 + y2 ~ trait", "corgh(trait):Family", "units:corgh(trait)", data)
    assert free.n_parameters - fit.n_parameters == 1


US = ("trait:Family!trait_y1:y1", "trait:Family!trait_y2:y1", "trait:Family!trait_y2:y2")
ERROR = "units:trait!trait_y2:y1.cor"


@pytest.mark.parametrize(
    ("random", "values", "free", "equal", "words"),
    [
        ("us", {US[0]: 1.0, US[1]: 2.0, US[2]: 1.0}, (), None, "bounds: .*y1:y1 = 1, .*y2:y1 = 2, .*: no positive semi-def"),
        ("us", {US[0]: 1.0, US[2]: 2.0}, (), [[US[0], US[2]]], "y1 = 1, .*y2 = 2 are held .F. at different values"),
        ("us", {US[0]: -1.0}, (), None, "a variance is >= 0"),
        ("corgh", {COR: 1.5}, (), None, "a correlation lies between -1 and 1"),
        ("corgh", {ERROR: 1.0}, (), None, "strictly between -1 and 1 in a residual"),
        ("us", {US[0]: 1.0, US[1]: 2.0, US[2]: 1.0}, US, None, "start: .*y1:y1 = 1, .* no positive semi-definite matrix"),
    ],
)
def test_values_that_no_matrix_has_are_refused(random, values, free, equal, words):
    data = rcbd([5, 2], 4, 20, (1.0, 1.0, 0.5), (3.0, 1.0, 0.3))
    bounds = {row: "F" for row in values if row not in free}
    with pytest.raises(vc.StructureError, match=words):
        vc.fit("y1 + y2 ~ trait", f"{random}(trait):Family", "units:corgh(trait)", data, start=values, bounds=bounds, equal=equal)


def test_three_correlations_that_exclude_one_another_are_refused():
    data = rcbd([5, 2], 4, 20, (1.0, 1.0, 0.5), (3.0, 1.0, 0.3))
    data["y3"] = data["y1"] - data["y2"] + np.random.default_rng(1).normal(size=len(data))
    rows = [f"trait:Family!trait_{pair}.cor" for pair in ("y2:y1", "y3:y1", "y3:y2")]
    for values in ((0.9, 0.9, -0.9), (1.0, 1.0, -1.0)):
        with pytest.raises(vc.StructureError, match=r"y2:y1.cor = .*y3:y2.cor = -.*: no positive semi-definite matrix"):
            start = dict(zip(rows, values, strict=True))
            vc.fit("y1 + y2 + y3 ~ trait", "corgh(trait):Family", data=data, start=start, bounds=dict.fromkeys(rows, "F"))


def test_a_held_value_wins_over_equality_and_equality_over_starts():
    data = rcbd([5, 2], 4, 20, (1.0, 1.0, 0.5), (3.0, 1.0, 0.3))
    arguments = {"fixed": "y1 + y2 ~ trait", "random": "us(trait):Family", "residual": "units:us(trait)", "data": data}
    held = vc.fit(**arguments, start={US[0]: 0.7, US[2]: 2.0}, bounds={US[0]: "F"}, equal=[[US[0], US[2]]])
    assert held.varcomp.loc[[US[0], US[2]], "component"].tolist() == [0.7, 0.7]
    assert held.varcomp.loc[[US[0], US[2]], "bound"].tolist() == ["F", "F"]
    tied = vc.fit(**arguments, start={US[0]: 0.7, US[2]: 2.0}, equal=[[US[0], US[2]]])
    plain = vc.fit(**arguments, equal=[[US[0], US[2]]])
    assert tied.loglik == pytest.approx(plain.loglik, abs=1e-8)


def test_a_covariance_alone_adapts_the_variances_beside_it():
    data = rcbd([5, 2], 4, 20, (0.4, 0.4, 0.3), (3.0, 1.0, 0.3))
    arguments = {"fixed": "y1 + y2 ~ trait", "random": "us(trait):Family", "residual": "units:us(trait)", "data": data}
    held = vc.fit(**arguments, start={US[1]: 2.0}, bounds={US[1]: "F"})
    assert held.converged
    assert held.varcomp.loc[US[1], "component"] == 2.0
    assert held.varcomp.loc[US[0], "component"] * held.varcomp.loc[US[2], "component"] >= 4.0 - 1e-9
    started = vc.fit(**arguments, start={US[1]: 2.0})
    assert started.loglik == pytest.approx(vc.fit(**arguments).loglik, abs=1e-8)


def site_trial(seed, families=25):
    """Families at three sites with two plots each; genetic variances of one, a half and nothing."""
    rng = np.random.default_rng(seed)
    table = pd.MultiIndex.from_product([range(families), ["a", "b", "c"], range(2)], names=["Family", "site", "plot"]).to_frame(index=False)
    common = rng.normal(size=families)[table["Family"]]
    table["y"] = common * table["site"].map({"a": 1.0, "b": 0.7, "c": 0.0}) + rng.normal(size=len(table))
    return table


def test_ties_across_sections_and_conditions_are_those_of_the_common_model():
    data, rows = site_trial(3), [f"site_{level}!R" for level in "abc"]
    tied = vc.fit("y ~ site", "Family", "dsum(~ units | site)", data, equal=[rows])
    assert tied.loglik == pytest.approx(vc.fit("y ~ site", "Family", "units", data).loglik, abs=1e-8)
    assert tied.n_parameters == 2
    tied = vc.fit("y ~ site", "Family + at(site):Family", "units", data, equal=[[f"at(site, '{level}'):Family" for level in "abc"]])
    assert tied.loglik == pytest.approx(vc.fit("y ~ site", "Family + site:Family", "units", data).loglik, abs=1e-8)


def test_equal_correlations_of_corgh_are_corh_and_equal_variances_of_corh_are_corv():
    data = site_trial(3)
    pairs = ["site:Family!site_b:a.cor", "site:Family!site_c:a.cor", "site:Family!site_c:b.cor"]
    tied = vc.fit("y ~ site", "corgh(site):Family", "units", data, equal=[pairs])
    uniform = vc.fit("y ~ site", "corh(site):Family", "units", data)
    assert tied.loglik == pytest.approx(uniform.loglik, abs=1e-7)
    assert tied.n_parameters == uniform.n_parameters
    variances = [f"site:Family!site_{level}" for level in "abc"]
    tied = vc.fit("y ~ site", "corh(site):Family", "units", data, equal=[variances])
    single = vc.fit("y ~ site", "corv(site):Family", "units", data)
    assert tied.loglik == pytest.approx(single.loglik, abs=1e-7)


@pytest.mark.parametrize("structure", ["cor", "corv", "corh", "corg", "corgv", "corgh"])
def test_a_correlation_held_at_one_is_the_common_effect(structure):
    data = site_trial(4)
    row = "site:Family!site.cor" if structure in ("cor", "corv", "corh") else "site:Family!site_b:a.cor"
    data = data[data["site"] != "c"]
    held = vc.fit("y ~ site", f"{structure}(site):Family", "units", data, start={row: 1.0}, bounds={row: "F"})
    assert held.converged
    assert held.varcomp.loc[row, "component"] == 1.0
    common = vc.fit("y ~ site", "Family", "units", data)
    if structure.endswith("h"):
        assert held.loglik >= common.loglik - 1e-8
    elif structure.endswith("v"):
        assert held.loglik == pytest.approx(common.loglik, abs=1e-8)


def test_a_product_of_structures_takes_constraints_in_each_factor():
    rng = np.random.default_rng(8)
    data = site_trial(5)
    data["z"] = 0.5 * data["y"] + rng.normal(size=len(data))
    arguments = {"fixed": "y + z ~ trait + trait:site", "random": "us(trait):cor(site):Family", "residual": "units:us(trait)", "data": data}
    variances = ["trait:site:Family!trait_y:y", "trait:site:Family!trait_z:z"]
    fit = vc.fit(**arguments, start={"trait:site:Family!site.cor": 0.4}, bounds={"trait:site:Family!site.cor": "F"}, equal=[variances])
    assert fit.converged
    assert fit.varcomp.loc["trait:site:Family!site.cor", "component"] == 0.4
    assert fit.varcomp.loc[variances, "component"].nunique() == 1
    assert fit.loglik <= vc.fit(**arguments).loglik + 1e-8
