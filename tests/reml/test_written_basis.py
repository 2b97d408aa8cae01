"""The origin and the unit of a covariate do not matter where its matrix is free; everything is reported in the basis as written."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc

ORIGINS = [(0.0, 1.0), (-5.0, 1.0), (2005.0, 1.0), (1e6, 1.0), (2005.0, 365.25)]


def growth(subjects: int = 30, seed: int = 4) -> pd.DataFrame:
    """Intercepts and slopes of subjects with a pedigree of sires."""
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(subjects), 5)
    t = np.tile(np.arange(5.0), subjects) + np.round(rng.uniform(-0.5, 0.5, g.size), 2)
    u = rng.normal(size=(subjects, 3)) @ np.array([[1.5, 0.3, 0.0], [0.0, 0.6, 0.1], [0.0, 0.0, 0.15]])
    y = 3 + t + u[g, 0] + u[g, 1] * t + u[g, 2] * t**2 + rng.normal(size=g.size)
    return pd.DataFrame({"g": [f"s{i}" for i in g], "t": t, "y": y, "site": np.where(g % 2 == 0, "A", "B")})


def pedigree(subjects: int = 30) -> vc.Pedigree:
    rows = [(f"s{i}", f"sire{i % 6}", f"dam{i % 10}") for i in range(subjects)]
    return vc.Pedigree(pd.DataFrame(rows, columns=["id", "sire", "dam"]))


def shifted(origin: float, unit: float) -> pd.DataFrame:
    data = growth()
    x = data.t * unit + origin
    return data.assign(x=x, x2=x**2)


def fit(random: str, origin: float, unit: float, fixed: str = "y ~ x", **options: object) -> vc.Fit:
    return vc.fit(fixed, random=random, data=shifted(origin, unit), known={"A": pedigree()}, **options)  # type: ignore[arg-type]


def change(origin: float, unit: float) -> np.ndarray:
    """M with (u0, u1) over [1, x] = M (v0, v1) over [1, t], x = unit t + origin."""
    return np.array([[1.0, -origin / unit], [0.0, 1.0 / unit]])


FORMS = {
    "id": "str(~ g + g:lin(x), ~ {0}(2):id(g))",
    "vm": "str(~ vm(g, A) + vm(g, A):lin(x), ~ {0}(2):vm(g, A))",
    "at": "str(~ at(site, 'A'):g + at(site, 'A'):g:lin(x), ~ {0}(2):id(g)) + at(site, 'B'):g",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("structure", ["us", "corgh"])
def test_the_fit_is_the_same_from_every_origin(form: str, structure: str) -> None:
    random = FORMS[form].format(structure)
    right = fit(random, 0.0, 1.0)
    for origin, unit in ORIGINS[1:]:
        found = fit(random, origin, unit)
        m = change(origin, unit)
        assert found.converged and len(found.iterations) == len(right.iterations)
        assert found.loglik + np.log(unit) == pytest.approx(right.loglik, abs=1e-8)
        term = found.terms[0]
        sigma = m @ right.covariance(term).to_numpy() @ m.T
        assert np.allclose(found.covariance(term), sigma, rtol=1e-5, atol=0.0)
        u, v = (one.random_effects(term).effect.to_numpy().reshape(-1, 2) for one in (found, right))
        assert np.allclose(u, v @ m.T, rtol=1e-5, atol=1e-6 * np.abs(u).max(axis=0))
        assert np.allclose(found.fitted, right.fitted, atol=1e-6)


@pytest.mark.parametrize(("origin", "unit"), ORIGINS[1:3])
def test_errors_and_prediction_variances_are_those_of_a_fit_in_the_basis_as_written(origin: float, unit: float) -> None:
    """The delta method gives the errors of the other origin; held at its estimates, a matrix is worked as written."""
    random = FORMS["id"].format("us")
    found, right = fit(random, origin, unit), fit(random, 0.0, 1.0)
    # Var(u0 + u1 x) at x = origin is the variance at t = 0, with its standard error
    rows = [f"`{row}`" for row in found.varcomp.index[:3]]
    at = found.function(f"{rows[0]} + {2 * origin} * {rows[1]} + {origin**2} * {rows[2]}")
    row = right.varcomp.iloc[0]
    assert (at.estimate, at.std_error) == (pytest.approx(row.component, rel=1e-5), pytest.approx(row.std_error, rel=1e-4))
    slope = found.varcomp.iloc[2]
    assert slope.component == pytest.approx(right.varcomp.component.iloc[2], rel=1e-6)
    assert slope.std_error == pytest.approx(right.varcomp.std_error.iloc[2], rel=1e-5)
    values = dict(found.varcomp.component)
    held = fit(random, origin, unit, start=values, bounds=dict.fromkeys(values, "F"))
    assert held.loglik == pytest.approx(found.loglik, abs=1e-6)
    one, two = (item.random_effects(item.terms[0]) for item in (found, held))
    assert np.allclose(one.pev, two.pev, rtol=1e-5) and np.allclose(one.reliability, two.reliability, atol=1e-6)


def test_three_columns_and_two_terms() -> None:
    random = "str(~ g + g:lin(x) + g:lin(x2), ~ us(3):id(g)) + str(~ vm(g, A) + vm(g, A):lin(x), ~ us(2):vm(g, A))"
    fits = [fit(random, origin, 1.0, "y ~ x + x2") for origin in (0.0, -3.0, 40.0)]
    assert all(one.converged for one in fits)
    assert np.ptp([one.loglik for one in fits]) < 1e-7
    assert np.allclose(fits[0].fitted, fits[2].fitted, atol=1e-5)


def test_only_slopes_and_their_squares_keep_the_origin() -> None:
    """[x, x2] without an intercept is another model from another origin, and the same in another unit."""
    random = "str(~ g:lin(x) + g:lin(x2), ~ us(2):id(g))"
    assert fit(random, 0.0, 10.0).loglik + np.log(10.0) == pytest.approx(fit(random, 0.0, 1.0).loglik, abs=1e-8)
    assert abs(fit(random, 1.0, 1.0).loglik - fit(random, 0.0, 1.0).loglik) > 0.1


def test_a_matrix_that_ends_singular() -> None:
    # the same fluctuation within every subject, so that slopes vary less than by chance
    within, between = np.tile([0.5, -0.7, 0.1, 0.4, -0.3], 30), np.random.default_rng(1).normal(size=30)
    data = growth().assign(t=np.tile(np.arange(5.0), 30), y=lambda d: d.t + np.repeat(between, 5) + within)
    logliks = []
    for origin in (0.0, 2005.0, 1e6):
        found = vc.fit("y ~ x", random=FORMS["id"].format("us"), data=data.assign(x=data.t + origin))
        assert found.converged
        logliks.append(found.loglik)
        if origin < 1e6:  # there the entries as written have no digits left for it
            back = np.linalg.inv(change(origin, 1.0))
            own = np.linalg.eigvalsh(back @ found.covariance(found.terms[0]).to_numpy() @ back.T)
            assert abs(own[0]) < 1e-9 * own[1]
    assert np.ptp(logliks) < 1e-7


def test_starts_are_read_in_the_basis_as_written() -> None:
    random = FORMS["id"].format("us")
    right = fit(random, 2005.0, 1.0)
    again = fit(random, 2005.0, 1.0, start=dict(right.varcomp.component))
    assert again.converged and len(again.iterations) <= 3
    assert again.loglik == pytest.approx(right.loglik, abs=1e-8)


def test_held_rows_keep_the_basis_as_written() -> None:
    random = FORMS["id"].format("us")
    rows = list(fit(random, 2.0, 1.0).varcomp.index[:3])
    held = fit(random, 2.0, 1.0, start={rows[1]: 0.0}, bounds={rows[1]: "F"})
    independent = fit("g + g:lin(x)", 2.0, 1.0)
    assert held.loglik == pytest.approx(independent.loglik, abs=1e-7)


def test_independent_columns_have_an_origin() -> None:
    one, two = (fit("str(~ g + g:lin(x), ~ diag(2):id(g))", origin, 1.0) for origin in (0.0, 3.0))
    assert abs(one.loglik - two.loglik) > 0.01


@pytest.mark.parametrize("structure", ["us", "corgh"])
def test_far_from_the_data_a_matrix_is_not_called_singular(structure: str) -> None:
    found = fit(FORMS["id"].format(structure), 1e6, 1.0)
    assert not any("rank" in note for note in found.notes)
    assert set(found.varcomp.bound) <= {"P", "U"}
