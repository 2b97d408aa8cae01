import numpy as np
import pytest
from scipy import optimize

import vcmodel as vc
from vcmodel.linalg.definite import is_positive_semidefinite
from vcmodel.linalg.nearest_psd import nearest_psd


def indefinite(q, seed):
    rng = np.random.default_rng(seed)
    deviation = rng.uniform(0.7, 1.4, q)
    low = np.tril(rng.choice([-1.0, 1.0], (q, q)) * rng.uniform(0.8, 1.6, (q, q)), -1)
    low[1, 0] = 1.2
    matrix = (np.eye(q) + low + low.T) * np.outer(deviation, deviation)
    weight = np.exp(rng.normal(size=(q, q)))
    return matrix, np.tril(weight) + np.tril(weight, -1).T


def loss(matrix, target, weight):
    low = np.tril_indices(len(target))
    return float(np.sum((weight * (matrix - target) ** 2)[low]))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("q", [2, 4, 8])
def test_the_nearest_matrix_satisfies_the_optimality_conditions(q, seed):
    target, weight = indefinite(q, seed)
    assert not is_positive_semidefinite(target)
    found = nearest_psd(target, weight)
    assert is_positive_semidefinite(found)
    # Karush-Kuhn-Tucker: the gradient is positive semi-definite and orthogonal to the solution
    gradient = weight * (0.5 + 0.5 * np.eye(q)) * (found - target)
    size = np.abs(gradient).max()
    assert np.linalg.eigvalsh(gradient)[0] > -1e-6 * size
    assert abs(np.sum(gradient * found)) < 1e-6 * size


def test_the_nearest_matrix_is_found_by_a_general_optimiser():
    target, weight = indefinite(3, 1)
    low = np.tril_indices(3)

    def of_root(values):
        root = np.zeros((3, 3))
        root[low] = values
        return loss(root @ root.T, target, weight)

    best = min(optimize.minimize(of_root, np.random.default_rng(i).normal(size=6), tol=1e-14).fun for i in range(8))
    assert loss(nearest_psd(target, weight), target, weight) == pytest.approx(best, rel=1e-6)


def test_equal_weights_of_the_frobenius_norm_are_a_projection():
    target, _ = indefinite(5, 2)
    values, vectors = np.linalg.eigh(target)
    expected = (vectors * np.maximum(values, 0)) @ vectors.T
    # an entry off the diagonal stands for two
    assert nearest_psd(target, 2.0 - np.eye(5)) == pytest.approx(expected, abs=1e-9)


def test_units_do_not_matter():
    target, weight = indefinite(4, 3)
    unit = np.array([1.0, 1e3, 1e-2, 5.0])
    outer = np.outer(unit, unit)
    assert nearest_psd(target * outer, weight / outer**2) / outer == pytest.approx(nearest_psd(target, weight), abs=1e-8)


def test_weights_that_do_not_settle_are_refused(monkeypatch):
    monkeypatch.setattr("vcmodel.linalg.nearest_psd.STEPS", 3)
    with pytest.raises(vc.VcmodelError, match="pairs: the weights differ too much between traits"):
        nearest_psd(*indefinite(6, 4))
