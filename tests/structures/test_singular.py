"""Singular matrices: zero variances, correlations of one, rank one, and the order of the levels."""

import numpy as np
import pytest
from structures.drawing import assert_near, differences, labels

from vcmodel.structures.cholesky_chart import CholeskyChart
from vcmodel.structures.correlation_chart import CorrelationChart
from vcmodel.structures.kronecker import KroneckerStructure
from vcmodel.structures.pivoting import pivoted_cholesky, pivoted_root
from vcmodel.structures.registry import build


def lower(matrix):
    return np.asarray(matrix, dtype=float)[np.tril_indices(len(matrix))]


def columns(chart, phi):
    """Whether each column of the loading is exactly zero."""
    return (chart.loading(phi) == 0.0).all(axis=0).tolist()


@pytest.mark.parametrize("size", [2, 3, 4, 6])
@pytest.mark.parametrize("rank", [1, 2])
def test_rank_deficient_us_has_zero_columns_last(size, rank):
    if rank >= size:
        return
    root = np.random.default_rng(size).normal(size=(size, rank))
    structure = build("us", "f", labels(size))
    chart, phi = structure.chart(lower(root @ root.T), np.ones(size))
    assert columns(chart, phi) == [False] * rank + [True] * (size - rank)
    assert_near(chart.value(phi), root @ root.T, 1e-14)
    for array in (chart.derivative(phi), chart.jacobian(phi), chart.curvature(phi, np.eye(size)), chart.reported(phi)):
        assert np.all(np.isfinite(array))


def test_first_level_without_variance_comes_last():
    theta = [0.0, 0.0, 2.0, 0.0, 1.0, 3.0]
    for name in ("us", "corgh"):
        structure = build(name, "f", labels(3))
        values = theta if name == "us" else [0.0, 0.0, 1 / np.sqrt(6), 0.0, 2.0, 3.0]
        chart, phi = structure.chart(values, np.ones(3))
        assert chart.pivot == (2, 1, 0)
        assert columns(chart, phi) == [False, False, True]
        assert_near(chart.value(phi)[np.tril_indices(3)], theta, 1e-15)


def test_correlations_beside_a_zero_variance_are_missing():
    chart, phi = build("corgh", "f", labels(3)).chart([0.0, 0.0, 0.4, 0.0, 2.0, 3.0], np.ones(3))
    assert_near(np.isnan(chart.reported(phi)), [True, True, False, False, False, False])
    rows = np.isnan(chart.jacobian(phi))
    assert rows[:2].all()
    assert not rows[2:].any()


def test_rank_one_correlations_are_exactly_one():
    root, reference = np.array([0.37, -1.91, 0.0123]), np.array([1.0, 3.0, 0.02])
    sign = np.sign(np.outer(root, root))[np.tril_indices(3, -1)]
    chart, phi = build("corgh", "f", labels(3)).chart(np.concatenate([sign, root**2]), reference)
    np.testing.assert_array_equal(chart.reported(phi)[:3], sign)
    assert np.all(np.isfinite(chart.jacobian(phi)))
    assert columns(chart, phi) == [False, True, True]


def test_corg_of_rank_one():
    signs = np.array([-1.0, 1.0, -1.0])
    chart, phi = build("corg", "f", labels(3)).chart(signs, np.ones(3))
    np.testing.assert_array_equal(chart.reported(phi), signs)
    assert columns(chart, phi) == [False, True, True]
    assert [(edge.coordinate, edge.group) for edge in chart.edges(phi)] == [(0, (0, 1, 2)), (2, (2,))]
    assert_near(chart.jacobian(phi), differences(chart.reported, phi, 1e-4).T, 1e-3)


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("name", ["cor", "corv", "corh"])
def test_uniform_correlation_at_both_ends(name, size):
    structure = build(name, "f", labels(size))
    variances = {"cor": [], "corv": [2.0], "corh": list(np.arange(1.0, size + 1))}[name]
    for rho in (1.0, -1.0 / (size - 1)):
        chart, phi = structure.chart([rho, *variances], np.ones(size))
        assert any(phi[edge.coordinate] <= 1e-7 for edge in chart.edges(phi))
        assert_near(chart.reported(phi), [rho, *variances], 1e-14)
        if abs(rho) == 1.0:
            assert chart.reported(phi)[0] == rho
        assert np.linalg.matrix_rank(chart.value(phi), tol=1e-10) == (1 if rho == 1.0 else size - 1)


@pytest.mark.parametrize(
    ("name", "theta"), [("corv", [0.3, 0.0]), ("corh", [0.3, 0.0, 0.0]), ("corgv", [0.3, 0.0]), ("corh", [0.3, 1.0, 0.0])]
)
def test_correlation_of_a_vanished_matrix_is_missing(name, theta):
    chart, phi = build(name, "f", labels(2)).chart(theta, np.ones(2))
    reported, jacobian = chart.reported(phi), chart.jacobian(phi)
    assert np.isnan(reported[0])
    assert np.isnan(jacobian[0]).all()
    np.testing.assert_array_equal(reported[1:], theta[1:])
    assert np.all(np.isfinite(jacobian[1:]))


def test_scaled_product_without_variance_has_no_correlations():
    product = KroneckerStructure((build("cor", "f", labels(2)), build("cor", "g", labels(3))), scaled=True)
    chart, phi = product.chart([0.0, 0.5, 0.2], np.ones(6))
    np.testing.assert_array_equal(np.isnan(chart.reported(phi)), [False, True, True])
    np.testing.assert_array_equal(np.isnan(chart.jacobian(phi)).all(axis=1), [False, True, True])


def test_corh_refuses_standard_deviations_of_mixed_sign():
    chart, phi = build("corh", "f", labels(3)).chart([0.3, 1.0, 2.0, 3.0], np.ones(3))
    assert not chart.feasible(phi * [1, -1, 1, 1])
    assert chart.feasible(phi * [1, -1, -1, -1])
    _, turned = chart.renormalise(phi * [1, -1, -1, -1])
    assert_near(turned, phi, 1e-15)
    assert [edge.one_sided for edge in chart.edges(phi)] == [False, True, True, True]


def test_renormalise_moves_a_small_pivot_to_the_end():
    chart = CholeskyChart((0, 1, 2), np.array([1.0, 2.0, 1.0]))
    phi = np.array([1e-3, 1.0, 1.0, -0.5, 0.2, 0.8])
    better, point = chart.renormalise(phi)
    assert better.pivot == (2, 1, 0)
    assert_near(better.value(point), chart.value(phi), 1e-14)
    assert np.all(point[better.diagonal] >= 0)
    again, same = better.renormalise(point)
    assert again is better
    np.testing.assert_array_equal(same, point)


def test_renormalise_from_an_order_that_is_not_the_levels():
    rng = np.random.default_rng(5)
    for order in [(2, 0, 1), (1, 2, 0), (3, 1, 0, 2)]:
        size = len(order)
        chart = CholeskyChart(order, np.ones(size))
        phi = rng.normal(size=chart.size)
        phi[0] = 1e-3
        better, point = chart.renormalise(phi)
        assert better.pivot != order
        assert better.pivot[0] != order[0]
        assert_near(better.value(point), chart.value(phi), 1e-13)
        correlations = CorrelationChart(order, (0,) * size, (1.0,) * size)
        free = np.abs(rng.normal(size=correlations.size))
        free[0] = 1e-3
        turned, moved = correlations.renormalise(free)
        assert turned.pivot != order
        assert_near(turned.value(moved), correlations.value(free), 1e-13)


def test_corg_has_no_edge_that_other_rows_cannot_reach():
    """Row 2 is anchored in column 2: columns 1 and 2 cannot vanish together in this chart, although row 1 alone could lie on the edge."""
    chart = CorrelationChart((0, 1, 2), (0, 0, 2), (1.0, 1.0, 1.0))
    assert chart.edges(np.array([0.1, 0.2, 0.2])) == ()
    reachable = CorrelationChart((0, 1, 2), (0, 0, 1), (1.0, 1.0, 1.0))
    assert [edge.coordinate for edge in reachable.edges(np.array([0.1, 0.2, 0.2]))] == [2]


def test_renormalise_keeps_the_order_while_pivots_are_large():
    chart = CholeskyChart((0, 1), np.ones(2))
    better, point = chart.renormalise(np.array([-0.02, 1.0, -3.0]))
    assert better is chart
    np.testing.assert_array_equal(point, [0.02, -1.0, 3.0])


def test_repivoting_keeps_tiny_columns():
    """A second standard deviation of 1e-9 is lost in the matrix (1e-18), not in its root."""
    root = np.array([[1e-3, 0.0], [1.0, 1e-9]])
    order, factor = pivoted_root(root, np.ones(2))
    assert order == (1, 0)
    assert factor[1, 1] == pytest.approx(1e-12, rel=1e-9)
    assert factor[1, 0] == pytest.approx(1e-3, rel=1e-12)


def test_pivots_follow_the_scale_of_the_data():
    sigma = np.diag([4.0, 1.0])
    assert pivoted_cholesky(sigma, np.ones(2))[0] == (0, 1)
    assert pivoted_cholesky(sigma, np.array([10.0, 1.0]))[0] == (1, 0)


def test_ties_keep_the_order_of_the_levels():
    assert pivoted_cholesky(np.eye(4) * (1 + 1e-12 * np.arange(4)), np.ones(4))[0] == (0, 1, 2, 3)
    assert pivoted_root(np.eye(4), np.ones(4))[0] == (0, 1, 2, 3)


def test_corg_chart_follows_a_row_that_turns():
    """Walking a correlation from 0.5 to -0.99999 changes the anchor on the way and never the matrix."""
    structure = build("corg", "f", labels(2))
    chart, phi = structure.chart([0.5], np.ones(2))
    seen = {chart.anchors}
    for rho in np.linspace(0.5, -0.99999, 40):
        chart, phi = chart.renormalise(coordinate(chart, rho))
        seen.add(chart.anchors)
        assert chart.reported(phi)[0] == pytest.approx(rho, abs=1e-12)
    assert len(seen) == 2
    assert len(chart.edges(phi)) == 1


def coordinate(chart, rho):
    """The coordinate of a two-level chart at which the correlation is `rho`, whatever the anchor."""
    if chart.anchors[1] == 1:
        return np.array([rho / np.sqrt(1 - rho**2)])
    return np.array([np.sqrt(1 - rho**2) / abs(rho)])


def test_a_held_matrix_keeps_its_blocks_when_singular():
    structure = KroneckerStructure((build("diag", "f", labels(2)), build("cor", "g", labels(2))), scaled=False)
    everything = np.ones(3, dtype=bool)
    chart, phi = structure.constrained_chart(np.ones(3), np.ones(4), everything, everything)
    root = chart.loading(phi)
    assert phi.size == 0
    assert not root[:2, 2:].any()
    assert not structure.root_pattern()[:2, 2:].any()
    assert_near(root @ root.T, structure.value(np.ones(3)), 1e-14)


def test_heterogeneous_derivative_at_zero_variance_is_not_hidden():
    structure = build("corh", "f", labels(2))
    derivative = structure.derivative(np.array([0.5, 0.0, 1.0]))
    assert np.isinf(derivative[1, 0, 1])
    assert np.isfinite(derivative[[0, 2]]).all()


@pytest.mark.parametrize(("name", "rest"), [("cor", []), ("corv", [2.0]), ("corh", [1e-6, 1e6]), ("corgh", [1e-6, 1e6])])
def test_only_rounding_may_pass_the_boundary(name, rest):
    structure = build(name, "f", labels(2))
    for sign in (-1.0, 1.0):
        assert structure.admissible([sign * (1.0 + 1e-13), *rest])
        assert not structure.admissible([sign * (1.0 + 1e-9), *rest])


def test_edges_take_the_columns_from_there_on_with_them():
    chart, phi = build("us", "f", labels(3)).chart([3.0, 0.5, 2.0, 0.2, 0.1, 1.0], np.array([1.0, 2.0, 5.0]))
    columns = np.tril_indices(3)[1]
    edges = chart.edges(phi)
    assert [edge.coordinate for edge in edges] == [0, 2, 5]
    assert [edge.group for edge in edges] == [tuple(np.flatnonzero(columns >= b)) for b in range(3)]
    assert [edge.scale for edge in edges] == [float(np.array([1.0, 2.0, 5.0])[level]) for level in chart.pivot]
    assert all(edge.singular for edge in edges)


def test_scales_of_held_traits_are_those_of_their_own_data():
    """Traits a million apart: what counts as small beside the data differs from trait to trait."""
    reference = np.array([1e-3, 1e3])
    held = np.array([True, False, True])
    chart, phi = build("us", "f", labels(2)).constrained_chart(np.array([1e-6, 0.0, 1e6]), reference, held, held)
    assert [scale.size for scale in chart.scale_coordinates(phi)] == pytest.approx([1e-3, 1e3])
    _, settled = chart.settled(np.where(np.arange(phi.size) == 0, 1e-8, phi), 1e-6)
    assert settled[0] == 1e-8
    _, settled = chart.settled(np.where(np.arange(phi.size) == 1, 1e-4, phi), 1e-6)
    assert settled[1] == 0.0
