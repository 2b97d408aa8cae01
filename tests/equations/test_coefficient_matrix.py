"""Filling C and gathering from its inverse, against dense products; slices and shapes of pieces."""

from __future__ import annotations

import numpy as np
import pytest
from equations.test_mixed_model import factor_analytic, made, started

from vcmodel.equations.mixed_model import MixedModelEquations


def whole(lower, pattern):
    """The symmetric matrix of values at the pattern of its lower triangle."""
    result = pattern.copy()
    result.data = lower
    result = result.toarray()
    return result + np.tril(result, -1).T


def dense_c(equations, point):
    """W'R^-1W + blockdiag(0, K^-1)."""
    columns = equations.at.columns
    w = np.column_stack([columns.times(unit[:, None])[:, 0] for unit in np.eye(equations.layout.n_equations)])
    result = w.T @ equations.residual_covariance.solve(w)
    for block in equations.unknowns.blocks[1:]:
        k_inverse = equations.precisions[block.term].times(np.eye(block.n_levels))
        result[block.equations, block.equations] += np.kron(k_inverse, np.eye(block.r))
    return result


@pytest.mark.parametrize("random", ["gen + rep", "us(site):vm(gen, K)", "diag(site):vm(gen, K) + us(rep):gen"])
@pytest.mark.parametrize("residual", ["units", "dsum(~ units | site)"])
def test_c_is_the_dense_product(random, residual):
    design = made(random, residual, "pedigree")
    point, equations = started(design), MixedModelEquations(design)
    assert equations.update(point.parts)
    assert np.allclose(whole(equations.matrix.data, equations.layout.pattern), dense_c(equations, point), atol=1e-10)
    for move in (1.3, 0.7):  # the buffers of one update do not reach into the next
        assert equations.update(point.moved(move * point.vector()).parts)
        assert np.allclose(whole(equations.matrix.data, equations.layout.pattern), dense_c(equations, point), atol=1e-10)


@pytest.mark.parametrize("joined", [0, 48])
def test_c_of_a_rectangular_loading(joined):
    design = factor_analytic(made("us(site):gen"))
    point, equations = started(design), MixedModelEquations(design, joined=joined)
    assert equations.update(point.parts)
    assert np.allclose(whole(equations.matrix.data, equations.layout.pattern), dense_c(equations, point), atol=1e-10)


def test_gradients_are_differences_of_the_log_determinant():
    design = made("us(site):gen + rep")
    point, equations = started(design), MixedModelEquations(design)
    layout, matrix = equations.layout, equations.matrix
    assert equations.update(point.parts)
    residual = equations.residual_covariance.coefficients.copy()
    ones = np.ones(len(equations.precisions))
    loadings = [loading.copy() for loading in equations.at.columns.loadings]

    def log_determinant(rho, blocks):
        assert matrix.fill(rho, ones, blocks) and equations.factor.refactor(matrix.data)
        return equations.factor.logdet()

    log_determinant(residual, loadings)
    by_loading = [np.zeros_like(loading) for loading in loadings]
    inverse = equations.factor.selected_inverse()
    for pair in layout.pairs:
        found = matrix.collect(pair, matrix.inverse(inverse, pair), loadings[pair.row], loadings[pair.column])
        by_loading[pair.row] += found.row
        by_loading[pair.column] += found.column
    h = 1e-5
    expected = (log_determinant(residual + h, loadings) - log_determinant(residual - h, loadings)) / (2.0 * h)
    assert matrix.by_coefficient().sum() == pytest.approx(expected, rel=1e-6)
    for number in range(1, len(loadings)):
        for place in np.ndindex(loadings[number].shape):
            values = []
            for sign in (1.0, -1.0):
                moved = [loading.copy() for loading in loadings]
                moved[number][place] += sign * h
                values.append(log_determinant(residual, moved))
            assert by_loading[number][place] == pytest.approx((values[0] - values[1]) / (2.0 * h), rel=1e-5, abs=1e-5)


def test_a_value_that_is_not_finite_is_refused():
    design = made("gen")
    point, equations = started(design), MixedModelEquations(design)
    assert equations.update(point.parts)
    assert not equations.matrix.fill(np.array([np.nan]), np.ones(1), equations.at.columns.loadings)
