"""What columns a factor has."""

import numpy as np
import pytest
from scipy import sparse

from vcmodel.formula.columns import Coordinates, Levels, Size
from vcmodel.incidence import FactorColumns

LEVELS, PLACES = Levels("site"), Coordinates(("x", "z"))


class Cells:
    """Four cells."""

    def indicator(self, column):
        codes = {"site": [1, 0, -1, 1], "x": [0, 1, 1, 0], "z": [0, 0, 1, 0]}[column]
        return FactorColumns.indicator(np.array(codes), (f"{column}0", f"{column}1"))

    def cell_coordinates(self, column):
        return {"x": np.array([1.5, 2.0, 2.0, 1.5]), "z": np.array([0.0, 0.0, 7.0, 0.0])}[column]

    def every_level(self, column, conditions):
        return (column, *conditions)


def test_names_and_data_columns():
    assert [item.name for item in (LEVELS, PLACES, Size(2))] == ["site", "x:z", "2"]
    assert [item.written for item in (LEVELS, PLACES, Size(2))] == ["site", "x, z", "2"]
    assert [item.columns() for item in (LEVELS, PLACES, Size(2), Levels("trait"), Levels("`trait`"))] == [
        ("site",),
        ("x", "z"),
        (),
        (),
        ("`trait`",),
    ]
    assert [item.size for item in (LEVELS, PLACES, Size(2))] == [0, 0, 2]
    assert (LEVELS.use, PLACES.use) == ("factor", "coordinate")


def test_levels_are_an_indicator():
    assert LEVELS.matrix(Cells()).values.toarray().tolist() == [[0, 1], [1, 0], [0, 0], [0, 1]]
    assert LEVELS.every_level(Cells(), ("here",)) == ("site", "here")


def test_places_are_the_combinations_that_occur_with_their_coordinates():
    found = PLACES.matrix(Cells())
    assert found.labels == ("x0:z0", "x1:z0", "x1:z1")
    assert found.positions == ((1.5, 0.0), (2.0, 0.0), (2.0, 7.0))
    assert found.values.toarray().tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert PLACES.every_level(Cells(), ()) == found.labels
    assert isinstance(found.values, sparse.csr_matrix)


def test_a_number_of_levels_has_no_columns_of_its_own():
    with pytest.raises(TypeError):
        Size(2).matrix(Cells())
