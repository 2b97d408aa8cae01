"""A sample of the benchmark of constrained fits."""

import sys
from pathlib import Path

import pytest

# the benchmarks are not part of the installed package
sys.path.append(str(Path(__file__).resolve().parents[2]))

from benchmarks.constraints import KINDS, REACHED, make_case, run, summary

# one of several kinds of wish
NUMBERS = (1, 4, 9, 10)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_best_known_optimum_is_reached(number):
    record = run((number, 0, 2))
    assert record["exception"] == ""
    assert record["converged"]
    assert record["short"] < REACHED
    assert record["below"] < REACHED


def test_every_kind_of_wish_has_its_turn():
    assert [make_case(number).kind for number in range(len(KINDS))] == list(KINDS)


def test_the_table_counts_what_fell_short():
    good = {"number": 0, "kind": "a", "exception": "", "converged": True, "short": 0.0, "below": 0.0, "iterations": 5}
    bad = good | {"number": 1, "short": 0.5, "below": 0.2, "iterations": 9}
    table = summary([good, bad])
    assert table.loc["all", ["fits", "converged", "best", "below_nested"]].tolist() == [2, 1.0, 0.5, 1]
