import numpy as np
import pytest
from field_trials import two_sites

import vcmodel as vc
from vcmodel.results.find_fields import fields


def test_without_a_field_in_the_model_the_columns_of_the_data_tell():
    fit = vc.fit("y ~ site", random="gen", data=two_sites())
    found = fields(fit.estimate)
    assert [item.section for item in found] == ["site_A", "site_B"]
    assert [item.title for item in found] == ["y, site A", "y, site B"]
    assert np.isnan(found[0].grid[0, 3])
    np.testing.assert_allclose(found[0].grid.ravel(), fit.residuals.to_numpy()[:42])
    variance = fit.varcomp.loc["units!R", "component"]
    np.testing.assert_allclose(found[1].standardised, found[1].grid / np.sqrt(variance))
    assert fit.variogram()["expected"].tolist() == pytest.approx([variance] * len(fit.variogram()))


def test_a_section_with_a_field_names_the_columns_of_the_others():
    data = two_sites().rename(columns={"row": "Reihe", "col": "Spalte"})
    fit = vc.fit("y ~ site", residual="dsum(~ ar1(Reihe):ar1(Spalte) + units | site, levels=[['A'], ['B']])", data=data)
    found = fields(fit.estimate)
    assert [(item.section, item.row_name, item.column_name) for item in found] == [
        ("site_A", "Reihe", "Spalte"),
        ("site_B", "Reihe", "Spalte"),
    ]
    assert found[0].covariance.semivariance(0, 1) < found[0].covariance.semivariance(0, 2)
    assert found[1].covariance.semivariance(0, 1) == found[1].covariance.semivariance(0, 2)


def test_columns_may_be_named_by_the_user():
    data = two_sites().query("site == 'A'").rename(columns={"row": "Reihe", "col": "Spalte"})
    fit = vc.fit("y ~ 1", data=data)
    assert fields(fit.estimate) == fields(fit.estimate, "row", "col") == []
    table = fit.variogram(row="Reihe", column="Spalte")
    assert set(table["section"]) == {"units"}
    with pytest.raises(vc.VcmodelError, match="variogram: no column 'Riehe' in the data; did you mean 'Reihe'"):
        fit.variogram(row="Riehe", column="Spalte")
    with pytest.raises(
        vc.VcmodelError, match=r"variogram: the plots have no known places: write the residual over rows and columns, ar1\(row\)"
    ):
        fit.variogram()


def test_weights_are_on_the_scale_of_one():
    data = two_sites().assign(w=4.0)
    light = vc.fit("y ~ site", data=data)
    heavy = vc.fit("y ~ site", data=data, weights="w")
    for one, other in zip(fields(light.estimate), fields(heavy.estimate), strict=True):
        np.testing.assert_allclose(other.values, 2.0 * one.values)
        np.testing.assert_allclose(other.standardised, one.standardised)
