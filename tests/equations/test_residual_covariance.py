"""R as the direct sum of its sections, unit by unit and otherwise."""

from __future__ import annotations

import dense
import numpy as np
import pytest
from equations.covariances import KnownResidual, VarianceChart
from equations.test_mixed_model import made, started

from vcmodel.equations.residual_covariance import DirectSum
from vcmodel.equations.unit_residual import UnitResidual


def sections(design, others=None):
    return [(others or {}).get(s) or UnitResidual(section) for s, section in enumerate(design.sections)]


def from_matrices(covariance, n):
    """R^-1 from its coefficients."""
    entries = covariance.entries()
    lower = np.zeros((n, n))
    np.add.at(lower, (entries.row, entries.column), covariance.coefficients[entries.coefficient] * entries.value)
    return lower + np.tril(lower, -1).T


CASES = ["units", "dsum(~ units | site)", "id(gen):us(rep)"]


@pytest.mark.parametrize("residual", CASES)
def test_inverse_determinant_and_solutions(residual):
    table = None
    if "gen" in residual:
        from equations.test_mixed_model import trials

        table = trials(n_sites=1)
    design = made("block", residual, fixed="y ~ 1", table=(table if table is not None else _trials()).assign(block="b"))
    point = started(design)
    covariance = DirectSum(sections(design))
    assert covariance.update(point.residual)
    zero = np.zeros((1, 1))
    r = dense.covariance(design, [zero], [part.sigma for part in point.residual])
    n = design.y.size
    assert np.allclose(from_matrices(covariance, n) @ r, np.eye(n))
    assert covariance.logdet == pytest.approx(np.linalg.slogdet(r)[1])
    values = np.random.default_rng(0).normal(size=(n, 3))
    assert np.allclose(r @ covariance.solve(values), values)
    assert np.allclose(r @ covariance.solve(values[:, 0]), values[:, 0])


def _trials():
    from equations.test_mixed_model import trials

    return trials()


def test_changes_of_all_sections():
    design = made("gen", "dsum(~ units | site)")
    cells = design.sections[2].cells
    v = np.eye(cells.size) + 0.3
    point = started(design, {3: (VarianceChart(), np.array([1.3]))})
    covariance = DirectSum(sections(design, {2: KnownResidual(cells, v)}))
    assert covariance.update(point.residual)
    weighted = np.random.default_rng(0).normal(size=design.y.size)
    for s, part in enumerate(point.residual):
        result = np.zeros((design.y.size, part.phi.size))
        covariance.sections[s].change(part, weighted, result)
        own = design.sections[s].cells
        block = v if s == 2 else np.eye(own.size)
        expected = np.zeros_like(result)
        expected[own] = (block @ weighted[own])[:, None] * part.derivative[:, 0, 0]
        assert np.allclose(result, expected)


def test_a_section_that_is_not_positive_definite():
    design = made("gen", "dsum(~ units | site)")
    point = started(design)
    covariance = DirectSum(sections(design))
    for value in (0.0, np.nan):
        assert not covariance.update(point.changed({2: (VarianceChart(), np.array([value]))}).residual)
    assert covariance.update(point.residual)
