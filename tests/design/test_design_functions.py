"""Factors whose columns are no levels: functions that only these tests register, against a dense V written out by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from dense import loglik
from scipy import sparse

import vcmodel as vc
from vcmodel.formula.columns import DESIGN_FUNCTIONS, DesignFunction
from vcmodel.incidence import FactorColumns


@dataclass(frozen=True)
class Powers(DesignFunction):
    """``powers(x, k)``: the columns 1, x, ..., x^k."""

    use: ClassVar = "covariate"

    column: str
    degree: int

    @classmethod
    def read(cls, node, reader):
        return cls(reader.column(node.arguments[0], "powers()"), node.arguments[1].value)

    @property
    def name(self):
        return f"powers({self.column}, {self.degree})"

    def columns(self):
        return (self.column,)

    def matrix(self, cells):
        values = np.vander(cells.cell_numbers(self.column), self.degree + 1, increasing=True)
        return FactorColumns(sparse.csr_matrix(values), tuple(f"order{i}" for i in range(self.degree + 1)))


@dataclass(frozen=True)
class Shares(DesignFunction):
    """``shares(f, g, w)``: the levels of f, and w times those of g; nothing where a level is not among those of f."""

    use: ClassVar = "factor"

    first: str
    second: str
    weight: float

    @classmethod
    def read(cls, node, reader):
        return cls(*(reader.column(item, "shares()") for item in node.arguments[:2]), node.arguments[2].value)

    @property
    def name(self):
        return self.first

    def columns(self):
        return (self.first, self.second)

    def matrix(self, cells):
        own, other = cells.indicator(self.first), cells.indicator(self.second)
        place = {label: i for i, label in enumerate(own.labels)}
        shift = sparse.csr_matrix(np.array([[label == name for name in own.labels] for label in other.labels], dtype=float))
        assert set(place) >= {label for label in other.labels if label != "none"}
        total = sparse.csr_matrix(own.values + self.weight * other.values @ shift)
        total.sort_indices()
        return FactorColumns(total, own.labels)


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DESIGN_FUNCTIONS, "powers", Powers)
    monkeypatch.setitem(DESIGN_FUNCTIONS, "shares", Shares)


def animals() -> pd.DataFrame:
    """Twelve animals measured at eight ages; the neighbour of some is not known."""
    rng = np.random.default_rng(11)
    animal, age = (item.ravel() for item in np.meshgrid(np.arange(12), np.linspace(-1, 1, 8), indexing="ij"))
    curves = rng.normal(size=(12, 2)) @ np.array([[1.0, 0.3], [0.0, 0.8]])
    neighbour = np.array([f"a{i:02d}" for i in range(12)], dtype=object)[rng.integers(0, 12, animal.size)]
    neighbour[rng.random(animal.size) < 0.2] = "none"
    y = 3.0 + curves[animal, 0] + curves[animal, 1] * age + 0.5 * rng.normal(size=animal.size)
    return pd.DataFrame({"animal": [f"a{i:02d}" for i in animal], "age": age, "neighbour": neighbour, "y": y})


def matrices(fit: vc.Fit) -> list[np.ndarray]:
    """Sigma of each random term and the residual variance."""
    estimate = fit.estimate
    return [estimate.sigma(i) for i in range(len(estimate.components))]


def same(values: np.ndarray) -> np.ndarray:
    return (values[:, None] == values).astype(float)


def oracle(data: pd.DataFrame, v: np.ndarray) -> float:
    return loglik(data["y"].to_numpy(), np.ones((len(data), 1)), v)


def test_a_structure_over_columns_of_values() -> None:
    data = animals()
    fit = vc.fit("y ~ 1", random="us(powers(age, 1)):animal", data=data)
    assert fit.converged
    assert list(fit.varcomp.index)[:3] == [
        f"powers(age, 1):animal!powers(age, 1)_{name}" for name in ("order0:order0", "order1:order0", "order1:order1")
    ]
    sigma, error = matrices(fit)
    basis = np.vander(data["age"], 2, increasing=True)
    v = basis @ sigma @ basis.T * same(data["animal"].to_numpy()) + error[0, 0] * np.eye(len(data))
    assert fit.loglik == pytest.approx(oracle(data, v), abs=1e-8)
    joined = vc.fit("y ~ 1", random="str(~ animal + animal:lin(age), ~ us(2):id(animal))", data=data)
    assert fit.loglik == pytest.approx(joined.loglik, abs=1e-8)
    effects = fit.random_effects("powers(age, 1):animal")
    assert effects["effect"].to_numpy() == pytest.approx(joined.random_effects(joined.terms[0])["effect"].to_numpy(), abs=1e-6)


def test_a_structure_over_columns_of_values_beside_a_relationship() -> None:
    data = animals()
    names = sorted(data["animal"].unique())
    root = np.random.default_rng(2).normal(size=(12, 20))
    known = pd.DataFrame(root @ root.T / 20, names, names)
    fit = vc.fit("y ~ 1", random="diag(powers(age, 2)):vm(animal, K)", data=data, known={"K": known})
    sigma, error = matrices(fit)
    basis = np.vander(data["age"], 3, increasing=True)
    related = known.loc[data["animal"], data["animal"]].to_numpy()
    assert fit.loglik == pytest.approx(oracle(data, basis @ sigma @ basis.T * related + error[0, 0] * np.eye(len(data))), abs=1e-8)


@pytest.mark.parametrize("random", ["powers(age, 2)", "powers(age, 2):animal", "animal:powers(age, 2)"])
def test_independent_columns_of_values(random: str) -> None:
    data = animals()
    fit = vc.fit("y ~ 1", random=random, data=data)
    sigma, error = matrices(fit)
    basis = np.vander(data["age"], 3, increasing=True)
    own = same(data["animal"].to_numpy()) if "animal" in random else 1.0
    v = sigma[0, 0] * (basis @ basis.T) * own + error[0, 0] * np.eye(len(data))
    assert fit.loglik == pytest.approx(oracle(data, v), abs=1e-8)
    effects = fit.random_effects(random)
    z = fit.estimate.design.terms[0].incidence.toarray()
    projected = np.linalg.solve(v, data["y"].to_numpy() - fit.fixed_effects["effect"].to_numpy()[0])
    np.testing.assert_allclose(effects["effect"].to_numpy(), sigma[0, 0] * z.T @ projected, atol=1e-8)


@pytest.mark.parametrize("random", ["shares(animal, neighbour, 0.5)", "shares(animal, neighbour, -0.25)"])
def test_weighted_sums_and_rows_without_an_entry(random: str) -> None:
    data = animals()
    weight = float(random.rpartition(",")[2].strip(" )"))
    fit = vc.fit("y ~ 1", random=random, data=data)
    names = np.array(sorted(data["animal"].unique()))
    z = (data["animal"].to_numpy()[:, None] == names) + weight * (data["neighbour"].to_numpy()[:, None] == names)
    sigma, error = matrices(fit)
    assert fit.loglik == pytest.approx(oracle(data, sigma[0, 0] * z @ z.T + error[0, 0] * np.eye(len(data))), abs=1e-8)
    assert fit.terms[0] == "animal"


def test_what_a_function_is_called_where_it_cannot_stand() -> None:
    with pytest.raises(vc.FormulaError, match=r"unknown function 'powers'|powers\(\)"):
        vc.Model("y ~ powers(age, 1)")
    assert vc.Model("y ~ 1", random="us(powers(age, 1)):animal").spec.random[0].label == "powers(age, 1):animal"
    with pytest.raises(vc.DataError, match="no column 'ag' in the data"):
        vc.fit("y ~ 1", random="powers(ag, 1):animal", data=animals())
