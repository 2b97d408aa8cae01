"""Text and objects in tables that were not read from a file."""

import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc


@pytest.fixture
def table() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    n = 48
    x = rng.normal(size=n)
    dose, g = np.tile([0.5, 1.0, 2.0], n // 3), [f"G{i % 8}" for i in range(n)]
    return pd.DataFrame({"y": x + rng.normal(size=n), "x": x, "dose": dose, "g": g})


@pytest.mark.parametrize("kind", [float, Decimal])
def test_objects_that_are_numbers_are_a_covariate(table, kind):
    as_objects = table.assign(dose=pd.Series([kind(value) for value in table.dose], dtype=object))
    fit, expected = (vc.fit("y ~ dose", data=data, random="g") for data in (as_objects, table))
    assert list(fit.fixed_effects.index) == ["Intercept", "dose"]
    assert fit.loglik == pytest.approx(expected.loglik, abs=1e-10)
    assert as_objects.dose.dtype == object  # the data of the caller stay as they are


def test_whole_numbers_as_objects_keep_every_digit(table):
    names = [10**17 + i % 8 for i in range(len(table))]
    column = pd.Series([*names[:-1], None], dtype=object)
    fit = vc.fit("y ~ x", data=table.assign(g=column), random="g")
    assert set(fit.random_effects("g").index) == {str(name) for name in names}


def test_many_fractions_as_text_are_a_factor_by_their_type_and_told(table):
    many = table.assign(dose=[f"{0.1 * (i % 15):.1f}" for i in range(len(table))])
    with pytest.warns(vc.ModelWarning, match=r"'dose' is text that reads as 15 distinct numbers and is taken as a factor: write C\(dose\)"):
        vc.fit("y ~ dose", data=many, random="g")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # what the warning says works, and a few doses are treatments
        assert vc.fit("y ~ C(dose)", data=many, random="g").fixed_effects.shape[0] == 15
        fit = vc.fit("y ~ dose", data=many.assign(dose=pd.to_numeric(many.dose)), random="g")
        assert list(fit.fixed_effects.index) == ["Intercept", "dose"]
        few = vc.fit("y ~ dose", data=table.assign(dose=table.dose.astype(str)), random="g")
        assert few.fixed_effects.shape[0] == 3 and not any("reads as" in note for note in few.notes)


def test_text_of_whole_numbers_is_a_factor(table):
    fit = vc.fit("y ~ block", data=table.assign(block=[str(i % 3) for i in range(len(table))]), random="g")
    assert fit.fixed_effects.shape[0] == 3


def test_labels_that_mean_unknown_are_told(table):
    column = ["NA" if i < 6 else name for i, name in enumerate(table.g)]
    with pytest.warns(vc.ModelWarning, match=r"column 'g': 'NA' is a level like any other.*read=\{'missing': \['NA'\]\}"):
        vc.fit("y ~ x", data=table.assign(g=column), random="g")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert vc.fit("y ~ x", data=table.assign(g=column), random="g", read={"missing": ["NA"]}).n_observations == 42


def test_an_untreated_level_called_none_is_no_warning(table):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = vc.fit("y ~ t", data=table.assign(t=["none" if i % 2 else "N50" for i in range(len(table))]), random="g")
    assert any("'none' is a level like any other" in note for note in fit.notes)


def test_a_column_mu_is_not_the_intercept_unsaid(table):
    with pytest.warns(vc.ModelWarning, match="the data have a column 'mu', but mu in a formula means the intercept.*write `mu`"):
        fit = vc.fit("y ~ mu + x", data=table.assign(mu=table.x**2), random="g")
    assert list(fit.fixed_effects.index) == ["Intercept", "x"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert vc.fit("y ~ `mu` + x", data=table.assign(mu=table.x**2), random="g").fixed_effects.shape[0] == 3
