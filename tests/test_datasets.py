"""The shipped data: found by name, described in their README, nothing under a licence that forbids shipping."""

import re

import pytest

from vcmodel import datasets
from vcmodel.errors import DataError

TABLE = re.findall(r"^\| (\w+) \| (\d+) \|.*\| ([^|]+) \|$", (datasets.path("oats").parent / "README.md").read_text(), flags=re.MULTILINE)


def test_readme_lists_every_file_and_no_other():
    assert sorted(name for name, _, _ in TABLE) == list(datasets.names())
    assert {licence for _, _, licence in TABLE} == {"MIT", "CC BY 4.0", "BSD-3-Clause"}


@pytest.mark.parametrize(("name", "rows", "licence"), TABLE)
def test_rows_are_those_of_the_readme(name, rows, licence):
    assert len(datasets.load(name)) == int(rows)


def test_oats_is_an_alias():
    assert datasets.path("oats") == datasets.path("oats_yates")


def test_an_unknown_name_lists_the_menu():
    with pytest.raises(DataError, match=r"no data set 'oat': did you mean 'oats'.*The data sets are: .*gryphon"):
        datasets.load("oat")
