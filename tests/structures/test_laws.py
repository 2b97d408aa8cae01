"""What every structure and chart obeys, alone and in Kronecker products."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from profiles import examples
from structures.drawing import EVERY, assert_near, bent, cases, covariance, differences, interior, labels, simple, structures, symmetric

from vcmodel.linalg.connected import connected_parts
from vcmodel.structures.rebased_chart import RebasedChart
from vcmodel.structures.registry import build

quick = settings(max_examples=examples(60))


@given(cases())
@quick
def test_value_is_symmetric_and_positive_semidefinite(case):
    structure, theta, _, _ = case
    sigma = structure.value(theta)
    assert sigma.shape == (structure.size, structure.size) == (len(structure.levels),) * 2
    np.testing.assert_array_equal(sigma, sigma.T)
    assert np.linalg.eigvalsh(sigma)[0] >= -1e-12 * sigma.diagonal().max()
    assert not sigma[~structure.pattern()].any()
    if not structure.carries_variance:
        np.testing.assert_allclose(sigma.diagonal(), 1.0, rtol=1e-14)


@given(interior)
@quick
def test_derivative_is_that_of_value(case):
    structure, theta, _, _ = case
    derivative = structure.derivative(theta)
    assert derivative.shape == (len(structure.parameters), structure.size, structure.size)
    assert_near(derivative, differences(structure.value, theta))


@given(interior)
@quick
def test_curvature_is_that_of_derivative(case):
    structure, theta, _, rng = case
    gradient = symmetric(structure.size, rng)
    numeric = differences(lambda point: np.tensordot(structure.derivative(point), gradient, 2), theta)
    assert_near(structure.curvature(theta, gradient), numeric)


@given(cases())
@quick
def test_start_lies_strictly_inside_the_bounds(case):
    structure, _, _, rng = case
    theta = structure.start(covariance(structure.size, rng))
    assert theta.shape == (len(structure.parameters),)
    assert structure.admissible(theta)
    assert np.linalg.eigvalsh(structure.value(theta))[0] > 0
    for move in 1e-9 * np.eye(len(theta)):
        assert structure.admissible(theta + move)
        assert structure.admissible(theta - move)


@given(cases())
@quick
def test_chart_round_trip(case):
    structure, theta, reference, _ = case
    chart, phi = structure.chart(theta, reference)
    assert chart.order == structure.size
    assert phi.shape == (chart.size,)
    assert chart.feasible(phi)
    assert_near(chart.reported(phi), theta, 1e-10)
    assert_near(chart.value(phi), structure.value(theta), 1e-12)


@given(cases())
@quick
def test_loading_is_a_root_within_the_pattern(case):
    structure, theta, reference, rng = case
    chart, phi = structure.chart(theta, reference)
    for point in (phi, phi + 0.1 * rng.uniform(size=len(phi))):
        root = chart.loading(point)
        assert_near(root @ root.T, chart.value(point), 1e-13)
        assert_within(chart, point, structure)


@given(cases())
@quick
def test_chart_derivatives(case):
    structure, theta, reference, rng = case
    chart, phi = structure.chart(theta, reference)
    phi = phi + 0.05 * rng.uniform(size=len(phi))
    gradient = symmetric(structure.size, rng)
    assert_root_moves(chart, phi)
    assert_near(chart.derivative(phi), differences(chart.value, phi))
    numeric = differences(lambda point: np.tensordot(chart.derivative(point), gradient, 2), phi)
    assert_near(chart.curvature(phi, gradient), numeric)
    assert_near(chart.jacobian(phi), differences(chart.reported, phi).T)
    if chart.linear:
        assert_near(chart.loading_derivative(phi), chart.loading_derivative(2 * phi), 1e-15)


@given(cases())
@quick
def test_renormalise_keeps_the_matrix(case):
    structure, theta, reference, rng = case
    chart, phi = structure.chart(theta, reference)
    moved = phi * np.exp(rng.normal(size=len(phi))) * rng.choice([-1.0, 1.0], len(phi))
    if not chart.feasible(moved):
        moved = -phi
    better, point = chart.renormalise(moved)
    assert_near(better.value(point), chart.value(moved), 1e-12)
    assert_near(better.reported(point), chart.reported(moved), 1e-10)
    assert_within(better, point, structure)
    assert all(point[edge.coordinate] >= 0 for edge in better.edges(point))
    _, same = better.renormalise(point)
    assert_near(same, point, 1e-13)


@given(cases())
@quick
def test_edges_are_where_they_say(case):
    structure, theta, reference, _ = case
    chart, phi = structure.chart(theta, reference)
    for edge in chart.edges(phi):
        assert edge.coordinate in edge.group
        assert edge.scale > 0
        at_edge = phi.copy()
        at_edge[list(edge.group)] = 0.0
        sigma = chart.value(at_edge)
        if not chart.feasible(at_edge):
            # a chart for regular matrices, which come near the edge or end before it
            assert not edge.singular
            continue
        singular = np.linalg.eigvalsh(sigma)[0] <= 1e-12 * max(1.0, sigma.diagonal().max())
        assert singular or not edge.singular
        flat = not np.any(np.abs(chart.derivative(at_edge)[edge.coordinate]) > 1e-12)
        beyond = at_edge.copy()
        beyond[edge.coordinate] = -1e-3
        assert flat or edge.one_sided
        assert chart.feasible(beyond) or edge.one_sided


@pytest.mark.parametrize("structure", EVERY)
def test_sigma_is_defined_at_every_edge(structure):
    """Also where it has no Cholesky factor: the search asks there which edges are singular."""
    chart, phi = structure.chart(structure.start(np.eye(structure.size)), np.ones(structure.size))
    for edge in chart.edges(phi):
        at_edge = phi.copy()
        at_edge[list(edge.group)] = 0.0
        assert np.all(np.isfinite(chart.value(at_edge)))


def assert_root_moves(chart, phi):
    """The loading moves with Sigma; by its own differences too where these are not lost in a root singular but for rounding."""
    root, moves = chart.loading(phi), chart.loading_derivative(phi)
    half = moves @ root.T
    assert_near(half + half.transpose(0, 2, 1), chart.derivative(phi), 1e-9)
    singular = np.linalg.svd(root, compute_uv=False)
    if chart.linear or singular[-1] > 1e-4 * singular[0]:
        assert_near(moves, differences(chart.loading, phi))


def assert_within(chart, phi, structure):
    """The loading and its derivative have the shape of the structure's root pattern and are zero outside."""
    pattern = structure.root_pattern()
    root, moves = chart.loading(phi), chart.loading_derivative(phi)
    assert root.shape == pattern.shape
    assert moves.shape == (chart.size, *pattern.shape)
    assert not root[~pattern].any()
    assert not moves[:, ~pattern].any()


@st.composite
def constrained(draw):
    """A case, which parameters are held or tied and which held, correlations held at one included; a chart near it."""
    structure, theta, reference, rng = draw(cases(strengths=(-0.7, 0.0, 0.3, 0.8)).filter(lambda case: len(case[1]) > 0))
    marked = rng.random(len(theta)) < 0.6
    held = marked & (rng.random(len(theta)) < 0.5)
    kinds = [parameter.kind for parameter in structure.parameters]
    if structure.name.startswith("corg") and kinds[0] == "correlation" and held[0] and not held.all() and draw(st.booleans()):
        theta = theta.copy()
        theta[0] = draw(st.sampled_from([-1.0, 1.0]))
    chart, phi = structure.constrained_chart(theta, reference, marked, held)
    return structure, theta, marked, held, chart, phi, rng


def moved(chart, phi, rng):
    """A feasible point near `phi`, off the centre of the chart."""
    point = phi + 0.05 * rng.normal(size=len(phi))
    return point if chart.feasible(point) else np.abs(point)


@given(constrained())
@quick
def test_constrained_chart_derivatives(case):
    structure, theta, _, _, chart, phi, rng = case
    point = moved(chart, phi, rng)
    assert_within(chart, phi, structure)
    assert_within(chart, point, structure)
    gradient, weights = symmetric(structure.size, rng), rng.normal(size=len(theta))
    assert_root_moves(chart, point)
    assert_near(chart.derivative(point), differences(chart.value, point))
    assert_near(chart.curvature(point, gradient), differences(lambda x: np.tensordot(chart.derivative(x), gradient, 2), point))
    assert_near(chart.jacobian(point), differences(chart.reported, point).T)
    assert_near(chart.constrained_jacobian(point), differences(chart.constrained, point).T)
    numeric = differences(lambda x: weights @ chart.constrained_jacobian(x), point)
    assert_near(chart.constrained_curvature(point, weights), numeric)


@given(constrained())
@quick
def test_constrained_parameters_are_the_reported_ones_on_the_regular_scale(case):
    structure, _, marked, _, chart, phi, rng = case
    point = moved(chart, phi, rng)
    reported = [parameter.regular(value) for parameter, value in zip(structure.parameters, chart.reported(point), strict=True)]
    assert_near(np.abs(chart.constrained(point))[marked], np.abs(reported)[marked], 1e-12)


@given(constrained())
@quick
def test_constrained_charts_renormalise_and_settle(case):
    structure, _, _, _, chart, phi, rng = case
    point = moved(chart, phi, rng)
    better, centred = chart.renormalise(point)
    assert_near(better.value(centred), chart.value(point), 1e-12)
    assert_near(better.constrained(centred), chart.constrained(point), 1e-12)
    again, same = better.renormalise(centred)
    assert_near(again.loading(same), better.loading(centred), 1e-15)
    settled, rest = better.settled(centred, 1e-9)
    assert_near(settled.value(rest), better.value(centred), 1e-8)
    assert settled.size == chart.size
    assert_within(better, centred, structure)
    assert_within(settled, rest, structure)


@given(structures)
@quick
def test_root_fills_the_pattern_of_the_matrix_in_groups(structure):
    root = structure.root_pattern()
    np.testing.assert_array_equal(root.astype(float) @ root.T > 0.0, structure.pattern())
    columns = [column for group in structure.root_groups() for column in group]
    assert sorted(columns) == np.flatnonzero(root.any(axis=0)).tolist() == list(range(root.shape[1]))


@given(structures)
@quick
def test_groups_are_the_connected_parts_by_default(structure):
    assume("fa" not in {part.name for part in getattr(structure, "parts", (structure,))})
    assert structure.root_groups() == tuple(tuple(columns) for _, columns in connected_parts(structure.root_pattern()))


@given(simple())
@quick
def test_units_of_the_data_do_not_matter(structure):
    rng = np.random.default_rng(structure.size)
    theta = structure.start(covariance(structure.size, rng))
    units = {"variance": 1e6, "precision": 1e-6, "covariance": 1e6, "loading": 1e3}
    factor = np.array([units.get(parameter.kind, 1.0) for parameter in structure.parameters])
    chart, phi = structure.chart(theta, np.ones(structure.size))
    large, point = structure.chart(theta * factor, np.full(structure.size, 1e3))
    assert_near(large.reported(point) / factor, theta, 1e-12)
    assert [edge.group for edge in large.edges(point)] == [edge.group for edge in chart.edges(phi)]


COUNTS = {
    "0": lambda w: 0,
    "1": lambda w: 1,
    "2": lambda w: 2,
    "3": lambda w: 3,
    "w": lambda w: w,
    "w + 1": lambda w: w + 1,
    "1 + w": lambda w: w + 1,
    "2 + w": lambda w: w + 2,
    "w (w + 1) / 2": lambda w: w * (w + 1) / 2,
    "w (w - 1) / 2": lambda w: w * (w - 1) / 2,
    "w (w - 1) / 2 + 1": lambda w: w * (w - 1) / 2 + 1,
    "w k - k (k - 1) / 2 + w": lambda w, k: w * k - k * (k - 1) / 2 + w,
    "4": lambda w: 4,
    "3 + w": lambda w: 3 + w,
    "b": lambda w, b: b,
    "b + 1": lambda w, b: b + 1,
    "b + w": lambda w, b: b + w,
    "w (k + 1) - k (k + 1) / 2": lambda w, k: w * (k + 1) - k * (k + 1) / 2,
}


@pytest.mark.parametrize("structure", EVERY)
def test_parameters_are_counted_named_and_ordered(structure):
    parameters = structure.parameters
    if structure.size > 1:
        arguments = tuple(getattr(structure, name) for name in structure.arguments if name in structure.count)
        assert len(parameters) == COUNTS[structure.count](structure.size, *arguments)
    assert len({parameter.suffix for parameter in parameters}) == len(parameters)
    assert structure.carries_variance == any(parameter.kind in ("variance", "precision") for parameter in parameters)
    kinds = [parameter.kind for parameter in parameters]
    if structure.name.startswith(("cor", "ar")):
        assert kinds == sorted(kinds)  # correlations, then variances
    unbounded = ("correlation", "coefficient", "loading", "decay")
    assert all(parameter.bound == ("U" if parameter.kind in unbounded else "P") for parameter in parameters)


@pytest.mark.parametrize("structure", [item for item in EVERY if item.values[0].size in (2, 3, 5)])
def test_the_ray_reaches_the_boundary_on_both_sides(structure):
    """Guards the drawing of parameters: without it the laws would only be tested in the interior."""
    theta = structure.start(covariance(structure.size, np.random.default_rng(7)))
    for sign in (-1.0, 1.0):
        far = bent(structure, theta, sign)
        smallest = np.linalg.eigvalsh(structure.value(far))[0] / structure.value(far).diagonal().max()
        assert smallest > 0
        assert smallest < 1e-3 or not any(parameter.kind in ("correlation", "covariance") for parameter in structure.parameters)


@pytest.mark.parametrize("size", [2, 4])
def test_a_rebased_chart_has_the_shape_of_its_structure(size):
    rng = np.random.default_rng(size)
    structure = build("us", "f", labels(size))
    chart, phi = structure.chart(structure.start(covariance(size, rng)), np.ones(size))
    assert_within(RebasedChart(chart, rng.normal(size=(size, size))), phi, structure)
