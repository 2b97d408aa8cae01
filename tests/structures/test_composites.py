"""Kronecker products: order of parameters, names, starts and what they refuse."""

import numpy as np
import pytest
from structures.drawing import assert_near, covariance, labels

from vcmodel.errors import StructureError
from vcmodel.structures.kronecker import KroneckerStructure
from vcmodel.structures.registry import build


def test_product_in_the_order_given():
    us, cor = build("us", "trait", ("y", "z")), build("cor", "site", ("1", "2", "3"))
    product = KroneckerStructure((us, cor), scaled=False)
    assert product.factor == "trait:site"
    assert product.levels == ("y:1", "y:2", "y:3", "z:1", "z:2", "z:3")
    assert [p.suffix for p in product.parameters] == ["trait_y:y", "trait_z:y", "trait_z:z", "site.cor"]
    theta = np.array([2.0, 0.5, 1.0, 0.3])
    assert_near(product.value(theta), np.kron([[2.0, 0.5], [0.5, 1.0]], cor.value(theta[3:])), 1e-15)
    assert product.carries_variance


def test_scale_stands_first():
    product = KroneckerStructure((build("cor", "f", labels(2)), build("corg", "g", labels(2))), scaled=True)
    first = product.parameters[0]
    assert (first.suffix, first.kind, first.bound) == ("", "variance", "P")
    assert [p.suffix for p in product.parameters[1:]] == ["f.cor", "g_b:a.cor"]
    assert product.value(np.array([4.0, 0.0, 0.0])).diagonal().tolist() == [4.0] * 4


def test_empty_products():
    single = KroneckerStructure((), scaled=True)
    assert [p.suffix for p in single.parameters] == [""]
    assert single.size == 1
    chart, phi = single.chart([4.0], np.array([3.0]))
    assert phi.tolist() == [2.0]
    assert [(edge.coordinate, edge.group, edge.scale) for edge in chart.edges(phi)] == [(0, (0,), 3.0)]
    assert single.start(np.array([[5.0]])).tolist() == [5.0]
    constant = KroneckerStructure((), scaled=False)
    assert constant.parameters == ()
    assert constant.value(np.zeros(0)).tolist() == [[1.0]]
    chart, phi = constant.chart(np.zeros(0), np.ones(1))
    assert chart.loading(phi).tolist() == [[1.0]]
    assert chart.jacobian(phi).shape == (0, 0)


def test_start_recovers_a_product():
    rng = np.random.default_rng(3)
    product = KroneckerStructure((build("us", "f", labels(2)), build("corg", "g", labels(3))), scaled=False)
    theta = np.concatenate([build("us", "f", labels(2)).start(covariance(2, rng)), [0.3, -0.2, 0.1]])
    assert_near(product.start(product.value(theta)), theta, 1e-12)
    scaled = KroneckerStructure((build("cor", "f", labels(2)), build("cor", "g", labels(3))), scaled=True)
    theta = np.array([2.5, -0.4, 0.6])
    assert_near(scaled.start(scaled.value(theta)), theta, 1e-12)


def test_scales_of_edges_are_those_of_the_part():
    product = KroneckerStructure((build("diag", "f", labels(2)), build("cor", "g", labels(3))), scaled=False)
    reference = np.kron([2.0, 5.0], np.ones(3))
    chart, phi = product.chart([1.0, 1.0, 0.5], reference)
    assert [edge.scale for edge in chart.edges(phi)] == pytest.approx([2.0, 5.0, 1.0])
    assert [edge.coordinate for edge in chart.edges(phi)] == [0, 1, 2]


def test_diagonal_factor_keeps_the_loading_sparse():
    product = KroneckerStructure((build("diag", "f", labels(2)), build("corg", "g", labels(2))), scaled=False)
    np.testing.assert_array_equal(product.root_pattern(), np.kron(np.eye(2), np.ones((2, 2))) > 0)
    assert product.root_groups() == ((0, 1), (2, 3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: KroneckerStructure((build("us", "f", labels(2)), build("corv", "g", labels(2))), scaled=False),
            r"us\(f\):corv\(g\) has more than one variance, from us\(f\) and corv\(g\), .* write the others as correlation structures",
        ),
        (
            lambda: KroneckerStructure((build("us", "f", labels(2)),), scaled=True),
            r"the product us\(f\) already has its variance in us\(f\); a further one would be redundant: leave it out",
        ),
    ],
)
def test_refusals(make, message):
    with pytest.raises(StructureError, match=message):
        make()


@pytest.mark.parametrize("name", ["cor", "corv", "corh", "corg", "corgv", "corgh"])
def test_starts_avoid_saddle_and_boundary(name):
    structure = build(name, "f", labels(3))
    assert structure.start(np.eye(3))[0] == 0.1
    high = structure.start(0.999 * np.ones((3, 3)) + 0.001 * np.eye(3))
    assert 0.85 < high[0] <= 0.9
    low = structure.start(1.499 * np.eye(3) - 0.499 * np.ones((3, 3)))
    assert -0.45 - 1e-12 <= low[0] < -0.4
    assert np.linalg.eigvalsh(structure.value(low))[0] > 0.05
