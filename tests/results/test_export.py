import json
from math import inf, nan

import numpy as np
import pandas as pd
import pytest
from example_fits import split_plot, trial, two_blocks, zero_variance

from vcmodel.results.export import labelled, plain, records


@pytest.mark.parametrize("fit", [split_plot, trial, two_blocks, zero_variance])
def test_json_is_strict_and_complete(fit):
    found = json.loads(fit().to_json(), parse_constant=lambda text: pytest.fail(f"{text} in JSON"))
    assert found == fit().to_dict()
    assert found["schema"] == 1
    assert [row["row"] for row in found["varcomp"]] == fit().varcomp.index.tolist()
    assert found["varcomp"][0]["component"] == fit().varcomp["component"].iloc[0]
    assert list(found["covariance"]) == list(fit().terms)
    assert found["status"]["name"] == "converged"
    assert len(found["iterations"]) == len(fit().iterations)


def test_missing_values_become_none():
    assert zero_variance().to_dict()["varcomp"][0]["std_error"] is None
    assert two_blocks().to_dict()["correlations"][0]["p_zero"] is None
    assert plain([nan, inf, np.float64(2.0), np.int64(3), np.bool_(True), None, "x"]) == [None, None, 2.0, 3, True, None, "x"]


def test_tables_become_records():
    table = pd.DataFrame({"a": [1, 2], "b": [0.5, nan]}, index=["x", "y"])
    assert records(table, "name") == [{"name": "x", "a": 1, "b": 0.5}, {"name": "y", "a": 2, "b": None}]
    assert records(table) == [{"a": 1, "b": 0.5}, {"a": 2, "b": None}]
    assert labelled(pd.DataFrame(np.eye(2), index=["p", "q"])) == {"levels": ["p", "q"], "values": [[1.0, 0.0], [0.0, 1.0]]}


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="object has no form in JSON"):
        plain(object())
