"""Series: the conventions of their parameters, their ends, what is refused."""

import numpy as np
import pytest
from structures.drawing import assert_near, labels

from vcmodel.errors import StructureError
from vcmodel.structures.levinson import toeplitz
from vcmodel.structures.moving_average_chart import MovingAverageChart
from vcmodel.structures.registry import build


def lags(name, theta, size=7):
    """Correlations by lag."""
    sigma = build(name, "f", labels(size)).value(np.array(theta))
    assert_near(sigma, toeplitz(sigma[0]), 1e-15)
    return sigma[0]


def test_autoregressions():
    first = 0.6 / 0.7
    assert lags("ar1", [0.6])[:3] == pytest.approx([1.0, 0.6, 0.36])
    assert lags("ar2", [0.6, 0.3])[:3] == pytest.approx([1.0, first, 0.6 * first + 0.3])
    third = lags("ar3", [0.5, 0.2, -0.1])
    assert third[3:] == pytest.approx(0.5 * third[2:-1] + 0.2 * third[1:-2] - 0.1 * third[:-3])
    assert lags("ar2", [1.3, -0.5])[1] == pytest.approx(1.3 / 1.5)  # coefficients are no correlations


@pytest.mark.parametrize("g", [-1.9, -0.3, 0.7, 1.5])
def test_double_roots_are_autoregressions(g):
    found = lags("sar", [g])
    assert found[1] == pytest.approx(g / (1.0 + g**2 / 4.0))
    assert found[2:] == pytest.approx(g * found[1:-1] - g**2 / 4.0 * found[:-2])
    one, two = 0.8, 0.5 * g
    coefficients = [one + 2.0 * two, -two * (2.0 * one + two), one * two**2]
    assert_near(lags("sar2", [one, two]), lags("ar3", coefficients), 1e-12)


def test_moving_averages():
    assert lags("ma1", [0.4])[:3] == pytest.approx([1.0, -0.4 / 1.16, 0.0])
    weights = np.array([1.0, -0.5, 0.3])
    expected = np.correlate(weights, weights, "full")[2:] / (weights @ weights)
    assert lags("ma2", [0.5, -0.3])[:4] == pytest.approx([*expected, 0.0])
    phi, theta = 0.8, 0.3
    first = (phi - theta) * (1.0 - phi * theta) / (1.0 + theta**2 - 2.0 * phi * theta)
    assert lags("arma", [phi, theta])[:4] == pytest.approx([1.0, first, phi * first, phi**2 * first])
    assert_near(lags("arma", [phi, 0.0]), lags("ar1", [phi]), 1e-15)
    assert_near(lags("arma", [0.0, theta]), lags("ma1", [theta]), 1e-15)


@pytest.mark.parametrize(
    ("name", "theta"),
    [
        *(("ma1", [1.2]), ("ma2", [0.5, 0.6]), ("ma2", [0.0, -1.1])),
        *(("ar2", [0.5, 0.6]), ("ar3", [0.0, 0.0, 1.1]), ("sar", [2.1]), ("sar2", [0.5, 1.1])),
    ],
)
def test_what_is_not_stationary_or_invertible_is_refused(name, theta):
    with pytest.raises(StructureError, match="do not give a positive semi-definite matrix"):
        build(name, "f", labels(5)).chart(np.array(theta), np.ones(5))


@pytest.mark.parametrize(
    ("name", "arguments", "size", "message"),
    [
        ("ar2", (), 2, r"ar2\(f\) has 2 parameters and needs more than 2 levels, not 2"),
        ("ar3h", (), 3, r"ar3h\(f\) has 3 parameters and needs more than 3 levels, not 3"),
        ("corb", (4,), 4, r"corb\(f, 4\) needs more than 4 levels, not 4; take corb\(f, 3\), which is the largest"),
        ("corbv", (3,), 2, r"corbv\(f, 3\) needs more than 3 levels, not 2; take corbv\(f, 1\)"),
        ("ante", (0,), 4, r"ante\(f, 0\): the number of bands is 0; write a whole number from 1 on"),
        ("chol", (1.5,), 4, r"chol\(f, 1.5\): the number of bands is 1.5; write a whole number from 1 on"),
        ("corbh", ("a",), 4, r"corbh\(f, a\): the number of bands is a; write a whole number from 1 on"),
        ("ante", (), 4, r"ante\(f\) has the wrong number of arguments; write ante\(f, k\)"),
    ],
)
def test_too_few_levels_and_arguments(name, arguments, size, message):
    with pytest.raises(StructureError, match=message):
        build(name, "f", labels(size), *arguments)


@pytest.mark.parametrize("name", ["ar2", "ar3", "corb"])
def test_the_root_reaches_matrices_of_lower_rank(name):
    """A wave: every level follows from the two before."""
    structure = build(name, "f", labels(6), *((5,) if name == "corb" else ()))
    wave = np.cos(0.9 * np.arange(6))
    theta = wave[1:] if name == "corb" else np.array([2.0 * wave[1], -1.0, 0.0])[: len(structure.parameters)]
    if name == "ar3":
        chart, phi = structure.chart(0.99 * theta, np.ones(6))
        phi = np.array([np.arccos(abs(wave[1])), 0.0, 1.0])
    else:
        chart, phi = structure.chart(theta, np.ones(6))
    root = chart.loading(phi)
    assert np.linalg.matrix_rank(root, tol=1e-7) == 2
    assert_near(root @ root.T, toeplitz(wave), 1e-7)
    assert_near(chart.reported(phi), theta, 1e-7)


@pytest.mark.parametrize(
    ("theta", "roots"),
    [([0.3, 0.2], "none"), ([0.3, 0.7], "real"), ([1.2, -0.98], "conjugate"), ([0.0, 1.0], "real"), ([1.94, -0.95], "none")],
)
def test_moving_averages_near_the_circle_move_by_their_roots(theta, roots):
    structure = build("ma2", "f", labels(5))
    chart, phi = structure.chart(np.array(theta), np.ones(5))
    assert isinstance(chart, MovingAverageChart) and chart.roots == roots
    assert_near(chart.reported(phi), theta, 1e-12)
    for edge in chart.edges(phi):
        at = phi.copy()
        at[edge.coordinate] = 0.0
        beyond, inside = at.copy(), at.copy()
        beyond[edge.coordinate], inside[edge.coordinate] = -0.1, 0.1
        assert_near(chart.value(beyond), chart.value(inside), 1e-14)  # a root and its reciprocal
        assert_near(chart.derivative(at)[edge.coordinate], np.zeros((5, 5)), 1e-12)


STARTS = {"ar2": [0.5, 0.2], "ar3": [0.4, 0.1, 0.2], "sar": [0.8], "ma1": [-0.4], "ma2": [0.5, -0.3], "arma": [0.7, -0.2]}


def test_starts_come_from_the_correlations():
    for name, theta in STARTS.items():
        structure = build(name, "f", labels(6))
        assert_near(structure.start(structure.value(np.array(theta))), theta, 1e-9)
        assert structure.admissible(structure.start(np.ones((6, 6))))
        assert structure.admissible(structure.start(np.eye(1)))


def test_another_start_halfway_from_a_boundary():
    structure = build("ar2", "f", labels(6))
    (found,) = structure.alternatives_to(np.zeros(2), structure.outer(np.array([0.4, -1.0])))
    assert_near(structure.inner(found), [0.2, -0.5], 1e-12)
    assert structure.alternatives_to(np.zeros(2), np.array([0.5, 0.2])) == ()
    assert len(structure.alternatives_to(np.zeros(2), np.array([-0.5, 0.2]))) == 1


@pytest.mark.parametrize(("name", "arguments"), [("ar3", ()), ("corbv", (4,)), ("corbh", (4,))])
def test_what_means_nothing_on_an_edge_is_set_to_leave_it(name, arguments):
    structure, rng = build(name, "f", labels(5), *arguments), np.random.default_rng(5)
    chart, phi = structure.chart(structure.start(0.5 * np.eye(5) + 0.5), np.ones(5))
    phi = phi.copy()
    phi[1] = 0.0
    gradient = rng.normal(size=(5, 5))
    gradient += gradient.T
    better, moved = chart.leaving(phi, gradient)
    assert_near(better.value(moved), chart.value(phi), 1e-14)

    def rise(seen, point):
        return np.sum(gradient * seen.value(np.where(np.arange(len(point)) == 1, 0.05, point)))

    assert rise(better, moved) > rise(chart, phi)
    inside = np.where(phi == 0.0, 0.3, phi)
    assert chart.leaving(inside, gradient)[1] is inside or np.array_equal(chart.leaving(inside, gradient)[1], inside)


def test_an_autoregression_with_a_moving_average_is_defined_in_its_corners():
    """Where both roots are one, or next to it, of the same sign or of different ones; derivatives of rounded parameters stay finite."""
    structure = build("arma", "f", labels(4))
    for phi, theta in ((1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)):
        assert np.all(np.isfinite(structure.value(np.array([phi, theta]))))
    for off in (1e-8, 1e-10):
        sigma = structure.value(np.array([1.0 - off, 1.0 - np.sqrt(off)]))
        np.linalg.cholesky(sigma)
