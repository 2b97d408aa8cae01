import numpy as np
import pytest
from field_trials import two_sites

import vcmodel as vc
from vcmodel import fields


def test_the_ladder_is_made_of_models():
    found = vc.fields.ladder("yield ~ 1", "gen", row="row", column="col")
    assert found["ar1 x ar1 + nugget"] == vc.Model("yield ~ 1", "gen + units", "ar1(row):ar1(col)")
    assert next(iter(found)) == "independent"
    two = fields.ladder("a + b ~ trait", row="row", column="col", models=["ar1 x ar1"])
    assert two == {"ar1 x ar1": vc.Model("a + b ~ trait", residual="us(trait):ar1(row):ar1(col)")}
    with pytest.raises(vc.VcmodelError, match="model 'independent': "):
        fields.ladder("yield ~ 1", "gen +", row="row", column="col")


@pytest.fixture(scope="module")
def nin():
    names = ["independent", "row + column", "ar1 x ar1", "ar1 x ar1 + nugget"]
    return fields.choose("yield ~ gen", data=vc.datasets.load("stroup_nin"), row="row", column="col", models=names)


def test_the_published_ladder(nin):
    """Stroup's wheat trial, whose models are those of the field's textbooks."""
    assert nin.name == "ar1 x ar1 + nugget"
    assert nin.fit.loglik == pytest.approx(-379.217245, abs=1e-5)
    assert nin.table.loc["ar1 x ar1", "loglik"] == pytest.approx(-399.3237764, abs=1e-5)
    assert nin.table["chosen"].tolist() == [False, False, False, True]
    assert nin.table.loc[nin.name, ["delta_aic", "n_parameters"]].tolist() == [0.0, 4]
    assert nin.table.loc["ar1 x ar1", "reason"] == "AIC 38.21 above that of ar1 x ar1 + nugget"
    assert repr(nin).startswith("Choice('ar1 x ar1 + nugget', AIC 766.434, of 4 models)")


def test_a_field_of_one_row():
    data = two_sites().query("site == 'A' and row == 2")
    found = fields.choose("y ~ 1", data=data, row="row", column="col")
    assert found.table.loc["ar1 x ar1", ["status", "reason"]].tolist() == [
        "left_out",
        "left out: 'row' has one level, 2: nothing varies along it",
    ]
    assert found.table["status"].isin(["converged", "left_out"]).all()


def test_independent_plots_have_independent_residuals():
    data = two_sites().query("site == 'A'")
    data = data.assign(y=np.random.default_rng(3).normal(size=len(data)))
    found = fields.choose("y ~ 1", data=data, row="row", column="col", models=["independent", "ar1(column)", "ar1 x ar1"])
    assert found.name == "independent"


def test_nothing_to_choose():
    with pytest.raises(vc.DataError, match="no data: pass data="):
        fields.choose("y ~ 1", row="row", column="col")
    with pytest.raises(vc.VcmodelError, match="no model for the field could be fitted; independent: no column 'z' in the data"):
        fields.choose("z ~ 1", data=two_sites(), row="row", column="col")
    with pytest.raises(
        vc.VcmodelError, match=r"no model for the field could be fitted; ar1 x ar1: residual 'ar1.* are the same combination"
    ):
        fields.choose("y ~ 1", data=two_sites(), row="row", column="col", models=["ar1 x ar1"])


def test_a_field_with_two_plots_in_one_place_keeps_the_models_without_a_field():
    data = two_sites().query("site == 'A'").reset_index(drop=True)
    data.loc[10, ["row", "col"]] = data.loc[11, ["row", "col"]].to_numpy()
    found = fields.choose("y ~ 1", data=vc.read(data), row="row", column="col", models=["independent", "row + column", "ar1 x ar1"])
    assert found.name == "row + column"
    assert found.table.loc["ar1 x ar1", "status"] == "failed"
    assert "rows 11 and 12 are the same combination of row, col" in found.table.loc["ar1 x ar1", "reason"]
