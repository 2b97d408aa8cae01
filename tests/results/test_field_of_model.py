import numpy as np
import pandas as pd
import pytest
from field_trials import two_sites

import vcmodel as vc
from vcmodel.results.find_fields import fields


def one_site(**more):
    return two_sites().query("site == 'A'").reset_index(drop=True).assign(**more)


def test_the_residual_is_the_field():
    fit = vc.fit("y ~ 1", random="gen", residual="ar1(col):ar1(row)", data=one_site())
    (found,) = fields(fit.estimate)
    assert (found.section, found.name, found.row_name, found.column_name) == ("col:row", "", "row", "col")
    assert found.rows == tuple("123456")
    assert not found.predicted
    expected = fit.residuals.to_numpy()
    np.testing.assert_allclose(found.grid.ravel(), expected)
    variance, row, column = fit.varcomp["component"][["col:row!R", "col:row!row.cor", "col:row!col.cor"]]
    assert found.covariance.semivariance(2, 1) == pytest.approx(variance * (1 - row**2 * column), rel=1e-12)


def test_units_beside_it_are_no_part_of_it():
    data = one_site()
    nugget = vc.fit("y ~ 1", random="units", residual="ar1(row):ar1(col)", data=data)
    field = vc.fit("y ~ 1", random="ar1v(row):ar1(col)", data=data)
    assert nugget.loglik == pytest.approx(field.loglik, abs=1e-7)
    (one,), (other,) = fields(nugget.estimate), fields(field.estimate)
    np.testing.assert_allclose(one.grid, other.grid, atol=1e-4)
    assert other.predicted
    units = nugget.random_effects("units")["effect"].to_numpy()
    y = data["y"].dropna().to_numpy()
    np.testing.assert_allclose(one.values, y - nugget.fixed_effects["effect"].iloc[0] - units, atol=1e-10)
    assert other.section == "row:col"


def test_sections():
    data = two_sites()
    whole = vc.fit("y ~ site", residual="dsum(~ ar1(row):ar1(col) | site)", data=data)
    found = fields(whole.estimate)
    assert [(item.section, item.name) for item in found] == [("site_A", "site A"), ("site_B", "site B")]
    assert whole.variogram()["section"].unique().tolist() == ["site_A", "site_B"]
    random = vc.fit("y ~ site", random="at(site):ar1v(row):ar1(col)", residual="dsum(~ units | site)", data=data)
    assert [item.name for item in fields(random.estimate)] == ["site A", "site B"]


def test_several_traits():
    rng = np.random.default_rng(1)
    data = one_site()
    data["z"] = 3.0 * data["y"] + rng.normal(size=len(data))
    fit = vc.fit("y + z ~ trait", residual="us(trait):ar1(row):ar1(col)", data=data)
    one, other = fields(fit.estimate)
    assert (one.title, other.title) == ("y", "z")
    sigma = fit.varcomp["component"]
    ratio = other.covariance.semivariance(1, 0) / one.covariance.semivariance(1, 0)
    assert ratio == pytest.approx(sigma["trait:row:col!trait_z:z"] / sigma["trait:row:col!trait_y:y"])
    assert fit.variogram()["trait"].unique().tolist() == ["y", "z"]


def test_one_direction():
    line = pd.DataFrame({"plot": np.arange(40), "y": np.random.default_rng(2).normal(size=40).cumsum()})
    (found,) = fields(vc.fit("y ~ 1", residual="ar1(plot)", data=line).estimate)
    assert (found.row_name, found.column_name, found.grid.shape) == ("", "plot", (1, 40))
    (found,) = fields(vc.fit("y ~ 1", residual="id(row):ar1(col)", data=one_site()).estimate)
    assert found.covariance.semivariance(1, 0) == found.covariance.semivariance(2, 3)
    assert found.covariance.semivariance(0, 1) < found.covariance.semivariance(0, 2)


@pytest.mark.parametrize("random", ["ar1(col):gen", "ar1(col):gen + row"])
def test_effects_over_genotypes_are_no_field(random):
    (found,) = fields(vc.fit("y ~ 1", random=random, data=one_site()).estimate)
    assert (found.section, found.predicted) == ("units", False)


def places():
    """Plots of a field by their coordinates in metres, with a lane of double width after the third row."""
    return one_site().assign(x=lambda d: 1.5 * d["col"], y0=lambda d: 4.0 * d["row"] + 4.0 * (d["row"] > 3))


@pytest.mark.parametrize(("residual", "names"), [("iexp(y0, x)", ("y0", "x")), ("iexp(x, y0)", ("x", "y0"))])
def test_two_coordinates(residual, names):
    fit = vc.fit("y ~ 1", residual=residual, data=places())
    (found,) = fields(fit.estimate)
    assert (found.row_name, found.column_name) == names
    grid = found.grid if names[0] == "y0" else found.grid.T
    np.testing.assert_allclose(grid.ravel(), fit.residuals.to_numpy())
    value = fit.varcomp["component"]
    variance, phi = value[f"{':'.join(names)}!R"], value[f"{':'.join(names)}!{':'.join(names)}.pow"]
    lag = (0, 2) if names[0] == "y0" else (2, 0)
    assert found.covariance.semivariance(*lag) == pytest.approx(variance * (1.0 - phi**3.0), rel=1e-9)
    # four steps of 4 m and one of 8 m between seven plots each, but for the one without a yield in the first row
    expected = np.average([variance * (1.0 - phi**step) for step in (4.0, 4.0, 8.0, 4.0, 4.0)], weights=[6, 7, 7, 7, 7])
    assert found.covariance.semivariance(*reversed([int(bool(i)) for i in lag])) == pytest.approx(expected, rel=1e-9)


def test_coordinates_in_each_direction():
    fit = vc.fit("y ~ 1", random="units", residual="exp(y0):exp(x)", data=places())
    (found,) = fields(fit.estimate)
    assert (found.row_name, found.column_name, found.rows[:2]) == ("y0", "x", ("4", "8"))
    value = fit.varcomp["component"]
    assert found.covariance.semivariance(0, 2) == pytest.approx(value["y0:x!R"] * (1.0 - value["y0:x!x.pow"] ** 3.0), rel=1e-9)
    units = fit.random_effects("units")["effect"].to_numpy()
    y = places()["y"].dropna().to_numpy()
    np.testing.assert_allclose(found.values, y - fit.fixed_effects["effect"].iloc[0] - units, atol=1e-8)
