"""The tools behind the targets of the Makefile."""

import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tools"))

from requirements import oldest, required  # noqa: E402
from tests_of import tests_of as found_tests  # noqa: E402


@pytest.fixture
def project():
    return {
        "build-system": {"requires": ["scipy>=1.13", "setuptools>=77"]},
        "project": {
            "dependencies": ["scipy>=1.13", "sksparse>=0.4.16,<0.5"],
            "optional-dependencies": {"dask": ["dask[distributed]>=2024.1"], "test": ["pytest>=8", "dask[distributed]>=2024.1"]},
        },
    }


def test_lower_bounds_become_versions():
    assert oldest(["scipy>=1.13", "x[y]>=0.4.16,<0.5"]) == ["scipy==1.13", "x[y]==0.4.16"]
    with pytest.raises(ValueError, match=r"'numpy' in pyproject\.toml has no lower bound"):
        oldest(["numpy"])


def test_tools_for_developers_stay_new(project):
    assert required(project, None, lowest=False) == ["scipy>=1.13", "setuptools>=77", "scipy>=1.13", "sksparse>=0.4.16,<0.5"]
    assert required(project, None, lowest=True) == ["scipy==1.13", "setuptools==77", "sksparse==0.4.16"]
    assert required(project, "test", lowest=True) == ["pytest>=8", "dask[distributed]==2024.1"]


def test_every_requirement_of_the_package_has_a_lower_bound():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for extra in (None, *project["project"]["optional-dependencies"]):
        assert required(project, extra, lowest=True)


@pytest.fixture
def tree(tmp_path):
    for name, text in {
        "vcmodel/reml/step.py": "",
        "vcmodel/reml/loop.py": "",
        "vcmodel/reml/alone.py": "",
        "tests/reml/test_step.py": "",
        "tests/reml/test_step_bounds.py": "",
        "tests/reml/test_steps.py": "",
        "tests/test_api.py": "from vcmodel.reml import loop\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_tests_of_a_file(tree):
    assert found_tests("vcmodel/reml/step.py", tree) == ["tests/reml/test_step.py", "tests/reml/test_step_bounds.py"]
    assert found_tests("vcmodel/reml/loop.py", tree) == ["tests/test_api.py"]
    assert found_tests("vcmodel/reml", tree) == ["tests/reml"]
    assert found_tests("tests/test_api.py::test_fit", tree) == ["tests/test_api.py::test_fit"]


def test_a_file_without_tests_is_named(tree):
    with pytest.raises(ValueError, match=r"no tests of vcmodel/reml/alone.py: neither tests/reml/test_alone\*.py nor any that imports it"):
        found_tests("vcmodel/reml/alone.py", tree)
    with pytest.raises(ValueError, match=r"no file vcmodel/nowhere\.py"):
        found_tests("vcmodel/nowhere.py", tree)
