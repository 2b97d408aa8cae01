"""Documents name modules, functions and files that are there."""

import importlib.util
import re
from pathlib import Path

import pytest

import vcmodel

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {path.name for path in Path(vcmodel.__file__).parent.iterdir() if path.is_dir()} | {"spec", "incidence"}
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
NAMED = {
    path.name: sorted({name for name in re.findall(r"`([a-z_]+(?:\.\w+)+)`", path.read_text()) if name.split(".")[0] in PACKAGES})
    for path in DOCUMENTS
}


def found(name):
    """The object of a dotted name below vcmodel."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        module = ".".join(["vcmodel", *parts[:cut]])
        if _is_module(module):
            thing = importlib.import_module(module)
            for attribute in parts[cut:]:
                thing = getattr(thing, attribute)
            return thing
    raise LookupError(name)


def _is_module(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize("name", sorted({name for names in NAMED.values() for name in names}))
def test_what_a_document_names_is_there(name):
    assert found(name) is not None


def test_the_method_names_the_core():
    for package in ("design", "equations", "reml", "results", "structures"):
        assert sum(name.startswith(f"{package}.") for name in NAMED["method.md"]) >= 5


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "CONTRIBUTING.md", ROOT / "README.md"], ids=lambda path: path.name)
def test_links_lead_to_files(document):
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target
