import numpy as np
import pandas as pd

from vcmodel.design.field_column import distinct, field_column


def test_the_column_with_the_fewest_levels_that_tells_the_places_apart():
    place = np.tile(np.arange(8), 4)
    data = pd.DataFrame({"one": "a", "half": np.repeat(["x", "y"], 16), "site": np.repeat(list("ABCD"), 8), "plot": np.arange(32)})
    name, factor = field_column(data, place, ())
    assert (name, factor.labels) == ("site", ("A", "B", "C", "D"))
    assert factor.codes.tolist() == np.repeat(np.arange(4), 8).tolist()
    assert field_column(data.drop(columns="site"), place, ()) is None
    assert field_column(data, place, ("site",)) is None
    assert field_column(data.assign(site=np.repeat([1.0, 2.0, 3.0, 4.0], 8)), place, ()) is None


def test_plots_without_a_place_do_not_matter():
    place = np.array([0, 1, 2, 3, 0, 1, 2, 3, -1, -1])
    data = pd.DataFrame({"site": ["A"] * 4 + ["B"] * 4 + [None] * 2})
    assert field_column(data, place, ())[0] == "site"


def test_distinct():
    assert distinct(np.array([3, 1, 2]))
    assert not distinct(np.array([1, 2, 1]))
