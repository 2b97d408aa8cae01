"""Numbers whose squares leave double precision."""

import numpy as np
import pytest

from vcmodel.design.magnitudes import COLUMN, MEASURED, refuse_extreme
from vcmodel.errors import DataError


def test_the_limits_are_on_both_sides():
    for values in ([], [0.0, 0.0], [MEASURED, -MEASURED], [1.0 / MEASURED, 0.0], [1e-300, 1.0]):
        refuse_extreme(np.array(values), "x")
    refuse_extreme(np.array([10 * MEASURED]), "x", COLUMN)
    with pytest.raises(DataError, match="x has values up to 1e\\+36, whose squares leave double precision: divide it by a power of ten"):
        refuse_extreme(np.array([1.0, -1e36]), "x")
    with pytest.raises(DataError, match="x has no value above 1e-36, whose squares leave double precision: multiply it by a power of ten"):
        refuse_extreme(np.array([0.0, -1e-36]), "x")
