"""Connected parts of patterns."""

from __future__ import annotations

import numpy as np

from vcmodel.linalg.connected import connected_levels, connected_parts


def listed(parts):
    return [(rows.tolist(), columns.tolist()) for rows, columns in parts]


def test_levels_are_joined_through_others():
    pattern = np.eye(5)
    pattern[0, 3] = pattern[3, 0] = pattern[3, 4] = pattern[4, 3] = 1.0
    assert connected_levels(pattern).tolist() == [0, 1, 2, 0, 0]


def test_parts_of_an_arrow_and_of_a_diagonal():
    assert listed(connected_parts(np.eye(2))) == [([0], [0]), ([1], [1])]
    assert listed(connected_parts([[1, 1, 0], [1, 0, 1]])) == [([0, 1], [0, 1, 2])]
    assert listed(connected_parts(np.kron(np.eye(2), np.ones((2, 3))))) == [([0, 1], [0, 1, 2]), ([2, 3], [3, 4, 5])]


def test_an_empty_column_is_a_part_of_its_own():
    assert listed(connected_parts([[1, 0], [1, 0]])) == [([0, 1], [0]), ([], [1])]
