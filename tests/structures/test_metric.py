"""Structures of distances: their matrices, starts and charts beside what the laws of all structures ask."""

import numpy as np
import pytest
from structures.drawing import assert_near, labels

from vcmodel.structures.registry import build

PLACES = ((0.0, 0.0), (3.0, 0.0), (3.0, 4.0), (6.0, 8.0))
APART = np.abs(np.subtract.outer(np.array(PLACES), np.array(PLACES)))[:, [0, 1], :, [0, 1]]
EUCLIDEAN = np.sqrt(np.sum(APART**2, axis=0))


def placed(name, *arguments, scale=1.0, axes=2):
    positions = tuple(tuple(scale * value for value in place[:axes]) for place in PLACES)
    return build(name, "x:y"[: 2 * axes - 1], labels(4), *arguments, positions=positions)


def at(structure, *shown):
    """Theta of parameters as reports show them."""
    return np.array([one.of_shown(value) for one, value in zip(structure.parameters, shown, strict=True)])


@pytest.mark.parametrize(
    ("structure", "shown", "wanted"),
    [
        (placed("iexp"), (0.8,), 0.8**EUCLIDEAN),
        (placed("igau"), (0.99,), 0.99 ** (EUCLIDEAN**2)),
        (placed("aexp"), (0.9, 0.7), 0.9 ** APART[0] * 0.7 ** APART[1]),
        (placed("agau"), (0.99, 0.97), 0.99 ** (APART[0] ** 2) * 0.97 ** (APART[1] ** 2)),
        (placed("mtrn", 1.5), (4.0,), (1.0 + EUCLIDEAN / 4.0) * np.exp(-EUCLIDEAN / 4.0)),
        (placed("mtrn"), (4.0,), np.exp(-EUCLIDEAN / 4.0)),  # nu = 0.5 if not given
    ],
    ids=lambda item: getattr(item, "name", ""),
)
def test_the_matrix_is_that_of_the_distances(structure, shown, wanted):
    assert_near(structure.value(at(structure, *shown)), wanted, 1e-12)


def test_rows_of_the_axes():
    assert [parameter.suffix for parameter in placed("aexp").parameters] == ["x.pow", "y.pow"]
    assert [parameter.suffix for parameter in placed("iexp").parameters] == ["x:y.pow"]
    assert [parameter.suffix for parameter in placed("mtrnv", 1.5).parameters] == ["x:y.range", ""]


@pytest.mark.parametrize("name", ["iexp", "igau", "aexp", "agau", "mtrn"])
def test_units_of_the_coordinates_do_not_matter(name):
    """Theta, the start and the chart are the same; the ranges are in the units."""
    for scale in (1e-6, 1e6):
        one, other = placed(name), placed(name, scale=scale)
        theta = one.start(np.eye(4))
        assert_near(other.start(np.eye(4)), theta, 1e-12)
        assert_near(other.value(theta), one.value(theta), 1e-12)
        for here, there, value in zip(one.parameters, other.parameters, theta, strict=True):
            assert there.span(value) == pytest.approx(scale * here.span(value))


@pytest.mark.parametrize("name", ["exp", "iexp", "igau", "agau", "mtrn"])
def test_both_ends_belong_to_the_chart(name):
    structure = placed(name, axes=1 if name == "exp" else 2)
    for end in (0.0, 1.0):
        theta = np.full(len(structure.parameters), end)
        chart, phi = structure.chart(theta, np.ones(4))
        assert not np.any(phi) and np.array_equal(chart.reported(phi), theta)
        assert_near(chart.value(phi), structure.value(theta), 1e-15)
        assert not np.any(chart.jacobian(phi))
        assert np.all(np.isfinite(chart.curvature(phi, np.ones((4, 4)))))
    together = np.equal.outer(*[np.array(PLACES)[:, 0]] * 2) if name == "exp" else np.eye(4)
    assert_near(structure.value(np.zeros(len(structure.parameters))), together, 1e-15)
    assert_near(structure.value(np.ones(len(structure.parameters))), np.ones((4, 4)), 1e-15)
