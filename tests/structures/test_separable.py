"""Products with sparse parts: the matrix of the whole product, in two parts."""

import numpy as np
import pytest
from structures.drawing import assert_near, differences, labels

from vcmodel.structures.kronecker import KroneckerStructure
from vcmodel.structures.registry import build, described, restored
from vcmodel.structures.separable import SeparableStructure, sparse_levels

CASES = {
    "ar1v(row):ar1(col)": ((("ar1v", 4), ("ar1", 3)), False, [0.3, 2.0, -0.5]),
    "us(trait):ar1(row)": ((("us", 2), ("ar1", 3)), False, [2.0, 0.5, 1.0, 0.7]),
    "ar1(row):us(trait):ar1(col)": ((("ar1", 3), ("us", 2), ("ar1", 2)), False, [-0.4, 2.0, 0.5, 1.0, 0.7]),
    "ar1(row):ar1(col)": ((("ar1", 3), ("ar1", 2)), True, [3.0, -0.4, 0.7]),
    "cor(row):ar1v(col)": ((("cor", 3), ("ar1v", 4)), False, [0.2, 0.7, 3.0]),
    "one row": ((("ar1v", 1), ("ar1", 4)), False, [3.0, 0.7]),
}


def made(case):
    parts, scaled, theta = CASES[case]
    found = tuple(build(name, "fgh"[i], labels(size)) for i, (name, size) in enumerate(parts))
    return SeparableStructure(KroneckerStructure(found, scaled)), np.array(theta)


def order(structure):
    """The levels of the whole product, those of the sparse parts after those of Sigma."""
    whole = structure.whole
    sizes = [part.size for part in whole.all_parts]
    axes = [part.sparse_inverse() is not None or part.name == "ar1v" for part in whole.all_parts]
    places = np.arange(whole.size).reshape(sizes)
    return places.transpose(np.argsort(axes, kind="stable")).ravel()


@pytest.mark.parametrize("case", CASES)
def test_both_parts_make_the_whole(case):
    structure, theta = made(case)
    chart, phi = structure.chart(theta, np.ones(structure.size))
    precision, own = chart.precision, phi[chart.sigma.size :]
    inverse = sum(a * m.toarray() for a, m in zip(precision.coefficients(own), precision.matrices(), strict=True))
    whole = structure.whole.value(theta)[np.ix_(order(structure), order(structure))]
    assert_near(np.kron(chart.value(phi), np.linalg.inv(inverse)), whole, 1e-12)
    assert sparse_levels(structure.whole) == precision.order
    assert_near(structure.value(theta), chart.value(phi), 1e-14)
    assert_near(chart.reported(phi), theta, 1e-14)
    assert restored(described(structure)) == structure


@pytest.mark.parametrize("case", CASES)
def test_derivatives(case):
    structure, theta = made(case)
    chart, phi = structure.chart(theta, np.ones(structure.size))
    assert_near(chart.jacobian(phi), differences(chart.reported, phi).T)
    assert_near(chart.derivative(phi), differences(chart.value, phi))
    assert_near(structure.derivative(theta), differences(structure.value, theta))
    gradient = np.ones((structure.size, structure.size))
    numeric = differences(lambda x: np.tensordot(chart.derivative(x), gradient, 2), phi)
    assert_near(chart.curvature(phi, gradient), numeric)


@pytest.mark.parametrize("case", CASES)
def test_a_held_parameter_of_either_part(case):
    structure, theta = made(case)
    for place in range(theta.size):
        held = np.arange(theta.size) == place
        chart, phi = structure.constrained_chart(theta, np.ones(structure.size), held, held)
        assert_near(chart.reported(phi), theta, 1e-12)
        assert_near(chart.constrained_jacobian(phi), differences(chart.constrained, phi).T)
        weights = np.arange(1.0, theta.size + 1.0)
        numeric = differences(lambda x, chart=chart, weights=weights: weights @ chart.constrained_jacobian(x), phi)
        assert_near(chart.constrained_curvature(phi, weights), numeric)


def test_a_start_and_what_is_admissible():
    structure, theta = made("us(trait):ar1(row)")
    found = structure.start(np.array([[2.0, 1.0], [1.0, 3.0]]))
    assert_near(found, [2.0, 1.0, 3.0, 0.1], 1e-14)
    assert structure.admissible(theta)
    assert not structure.admissible(np.array([2.0, 0.5, 1.0, 1.1]))
    assert not structure.admissible(np.array([2.0, 5.0, 1.0, 0.1]))
