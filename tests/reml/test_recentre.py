"""The canonical point of a ridge: the same V, as far as possible from every boundary."""

from __future__ import annotations

import numpy as np
import pytest
from reml.surfaces import component, one_point, point_of

from vcmodel.reml.confounding import Ridge
from vcmodel.reml.recentre import centre, represented

COMPONENTS = (component("idv"), component("idv", index=1, label="h"), component("idv", residual=True))
# the first two variances count by their sum alone
RIDGE = Ridge((np.array([[[1.0]]]), np.array([[[-1.0]]]), np.zeros((1, 1, 1))), np.array([[1.0], [-1.0], [0.0]]))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_the_centre_does_not_depend_on_where_the_fit_ended(share):
    first, second, residual = centre(point_of(COMPONENTS, [4.0 * share, 4.0 * (1.0 - share), 2.0]), RIDGE)
    assert first[0, 0] == pytest.approx(2.0, rel=1e-6)
    assert second[0, 0] == pytest.approx(2.0, rel=1e-6)
    assert residual[0, 0] == pytest.approx(2.0)


def test_units_of_the_data_do_not_matter():
    scaled = tuple(component("idv", reference=[100.0], index=i, label=c.label) for i, c in enumerate(COMPONENTS[:2]))
    ridge = Ridge(tuple(1e4 * change for change in RIDGE.changes), RIDGE.moved)
    first, _, _ = centre(point_of((*scaled, COMPONENTS[2]), [3e4, 1e4, 2.0]), ridge)
    assert first[0, 0] == pytest.approx(2e4, rel=1e-6)


@pytest.mark.parametrize("name", ["us", "diag", "corgh", "corh"])
def test_a_matrix_of_the_structure_is_represented(name):
    part = one_point(component(name, 2), [[2.0, 0.5], [0.5, 1.0]])
    sigma = 1.5 * part.sigma
    chart, phi = represented(part.chart, part.phi, sigma, part.component.reference)
    assert np.allclose(chart.value(phi), sigma, atol=1e-8)


def test_a_matrix_that_is_none_of_the_structure_is_not():
    part = one_point(component("diag", 2), np.eye(2))
    assert represented(part.chart, part.phi, np.array([[2.0, 0.5], [0.5, 1.0]]), part.component.reference) is None


def test_coordinates_that_are_zero_but_for_rounding_are_zero():
    part = one_point(component("diag", 2), np.eye(2))
    chart, phi = represented(part.chart, part.phi, np.diag([1.0, 1e-14]), part.component.reference)
    assert chart.value(phi)[1, 1] == 0.0
