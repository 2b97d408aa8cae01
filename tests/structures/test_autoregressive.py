"""First-order autoregression: root in closed form, inverse, ends."""

import numpy as np
import pytest
from structures.drawing import assert_near, differences, labels

from vcmodel.structures.autoregressive import AutoregressiveHeterogeneous
from vcmodel.structures.kronecker import KroneckerStructure
from vcmodel.structures.registry import build
from vcmodel.structures.separable import SeparableStructure


@pytest.mark.parametrize("rho", [-1.0, -0.6, 0.0, 0.3, 1.0])
def test_the_root_reaches_both_ends(rho):
    structure = build("ar1", "f", labels(4))
    chart, phi = structure.chart(np.array([rho]), np.ones(4))
    assert_near(chart.reported(phi), [rho], 1e-15)
    root = chart.loading(phi)
    assert_near(root @ root.T, structure.value([rho]), 1e-15)
    assert np.linalg.matrix_rank(root) == (1 if abs(rho) == 1.0 else 4)


@pytest.mark.parametrize("angle", [-0.2, 0.0, 0.5, 1.5])
def test_derivatives_at_and_beyond_an_end(angle):
    chart, _ = build("ar1", "f", labels(4)).chart(np.array([-0.9]), np.ones(4))
    assert_near(chart.loading_derivative(np.array([angle])), differences(chart.loading, np.array([angle])), 1e-9)


def test_one_level_has_no_parameter():
    for name, count in (("ar1", 0), ("ar1v", 1), ("ar1h", 1)):
        structure = build(name, "f", ("a",))
        assert len(structure.parameters) == count
        chart, phi = structure.chart(np.full(count, 2.0), np.ones(1))
        assert_near(chart.value(phi), [[2.0 if count else 1.0]], 1e-15)


def test_starts():
    structure = build("ar1", "f", labels(5))
    assert structure.start(np.eye(5)) == 0.1
    assert structure.start(structure.value([0.7])) == pytest.approx(0.7)
    assert structure.start(np.ones((5, 5))) == 0.9
    assert AutoregressiveHeterogeneous("f", labels(3)).start(np.diag([1.0, 4.0, 9.0])).tolist() == [0.1, 1.0, 4.0, 9.0]


def test_another_start_where_neighbours_ended_as_contrary():
    theta = np.array([0.3, 2.0])
    ended = {end: build("ar1v", "f", labels(4)).alternatives_to(theta, np.array([end, 1.0])) for end in (-1.0, 0.2, 0.999, np.nan)}
    assert [len(found) for found in ended.values()] == [1, 0, 1, 1]
    assert ended[-1.0][0].tolist() == [0.5, 2.0]
    product = KroneckerStructure((build("ar1", "f", labels(3)), build("ar1v", "g", labels(3))), scaled=False)
    (found,) = product.alternatives_to(np.array([0.1, 0.2, 3.0]), np.array([0.3, -0.9, 1.0]))
    assert found.tolist() == [0.1, 0.5, 3.0]
    (found,) = SeparableStructure(product).alternatives_to(np.array([0.1, 0.2, 3.0]), np.array([0.3, -0.9, 1.0]))
    assert found.tolist() == [0.1, 0.5, 3.0]
