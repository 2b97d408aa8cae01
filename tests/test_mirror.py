"""Every module of the core has tests in the folder that mirrors its package."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tools"))

from tests_of import importers, mirrors  # noqa: E402

PACKAGES = ("design", "equations", "reml", "results", "structures")
MODULES = [
    path.relative_to(ROOT / "vcmodel")
    for package in PACKAGES
    for path in sorted((ROOT / "vcmodel" / package).glob("*.py"))
    if path.stem != "__init__"
]
# every structure and chart is drawn by the laws, through the registry
BY_REGISTRY = {"structures"}
# tested through what uses them, by the file named; a line goes when the module gets a file of its own
ELSEWHERE: dict[str, str] = {
    "equations/base.py": "reml/test_oracle.py",
    "equations/gradients.py": "reml/test_oracle.py",
    "equations/memory_need.py": "test_plan.py",
    "equations/preflight.py": "test_plan.py",
    "equations/random_effects.py": "reml/test_oracle.py",
    "equations/single_trait.py": "equations/test_reductions.py",
    "equations/solution.py": "reml/test_oracle.py",
    "equations/spectral.py": "equations/test_reductions.py",
    "reml/make_search.py": "reml/test_oracle.py",
    "results/confounding_notes.py": "reml/test_confounding.py",
    "results/omissions.py": "results/test_export.py",
    "results/remedies.py": "reml/test_confounding.py",
    "results/tangent.py": "results/test_nesting.py",
}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_has_tests_in_its_mirror(module):
    """By a file of its name, else by one there that imports it, else by the one named above."""
    name = str(module)
    if module.parts[0] in BY_REGISTRY:
        assert (ROOT / "tests" / module.parts[0] / "test_laws.py").exists()
    elif name in ELSEWHERE:
        assert (ROOT / "tests" / ELSEWHERE[name]).exists()
    else:
        folder = ROOT / "tests" / module.parent
        assert mirrors(module) or any(path.is_relative_to(folder) for path in importers(module)), f"no test file in {folder} for {name}"


def test_nothing_is_excused_that_is_not_there():
    assert {ROOT / "vcmodel" / name for name in ELSEWHERE} <= {ROOT / "vcmodel" / module for module in MODULES}
