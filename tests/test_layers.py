"""The import check of tools/check_layers.py: the package passes, an upward import and a circle do not."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def run(root, *options):
    return subprocess.run([sys.executable, ROOT / "tools" / "check_layers.py", *options, root], capture_output=True, text=True, check=False)


@pytest.fixture
def tree(tmp_path):
    """A package of three layers with downward imports only."""
    files = {
        "vcmodel/__init__.py": "from vcmodel.reml.loop import maximise\n",
        "vcmodel/errors.py": "",
        "vcmodel/linalg/__init__.py": "",
        "vcmodel/linalg/solve.py": "from vcmodel.errors import VcmodelError\n",
        "vcmodel/reml/__init__.py": "",
        "vcmodel/reml/loop.py": "from vcmodel.linalg.solve import solve\n",
        "datasets/__init__.py": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_the_package_passes():
    found = run(ROOT)
    assert found.returncode == 0, found.stdout


def test_downward_imports_pass(tree):
    found = run(tree)
    assert (found.returncode, found.stdout.strip()) == (0, "imports point downwards, without circles")


@pytest.mark.parametrize(
    "text",
    [
        "from vcmodel.reml.loop import maximise\n",
        "import vcmodel.reml.loop\n",
        "from ..reml import loop\n",
        "from vcmodel import reml\n",
        "def later():\n    from vcmodel.reml import loop\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from vcmodel.reml import loop\n",
    ],
)
def test_an_upward_import_is_found(tree, text):
    (tree / "vcmodel" / "linalg" / "solve.py").write_text("\n" + text)
    found = run(tree)
    assert found.returncode == 1
    line = 2 + text[: text.index("reml")].count("\n")
    assert f"vcmodel/linalg/solve.py:{line}: imports vcmodel.reml" in found.stdout


@pytest.mark.parametrize(
    "text",
    [
        "from vcmodel.reml.loop import maximise\n",
        "from vcmodel.reml import loop\n",
        "from . import loop\n",
        "import vcmodel.reml.loop\n",
        "def later():\n    from vcmodel.reml.loop import maximise\n",
    ],
)
def test_a_circle_is_found(tree, text):
    (tree / "vcmodel" / "reml" / "step.py").write_text(text)
    (tree / "vcmodel" / "reml" / "loop.py").write_text("from vcmodel.reml.step import step\n")
    found = run(tree)
    assert found.returncode == 1
    assert "import circle: vcmodel.reml." in found.stdout
    assert "vcmodel.reml.step -> vcmodel.reml.loop" in found.stdout


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_imports_for_type_checkers_make_a_circle_when_asked(tree, test):
    text = f"import typing\nfrom typing import TYPE_CHECKING\nif {test}:\n    from vcmodel.reml.loop import maximise\n"
    (tree / "vcmodel" / "reml" / "step.py").write_text(text)
    (tree / "vcmodel" / "reml" / "loop.py").write_text("from vcmodel.reml.step import step\n")
    found = run(tree)
    assert (found.returncode, found.stdout.strip()) == (0, "imports point downwards, without circles")
    found = run(tree, "--annotations")
    assert (found.returncode, found.stdout) == (1, "import circle: vcmodel.reml.loop -> vcmodel.reml.step -> vcmodel.reml.loop\n")


def test_every_circle_is_named_once(tree):
    for one, other in (("a", "b"), ("b", "a"), ("c", "d"), ("d", "e"), ("e", "c")):
        (tree / "vcmodel" / "reml" / f"{one}.py").write_text(f"import vcmodel.reml.{other}\n")
    lines = run(tree).stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].count("->") == 2
    assert lines[1].count("->") == 3


def test_the_picture_counts_modules_lines_and_imports(tree):
    lines = run(tree, "--picture").stdout.splitlines()
    assert "| linalg | 2 | 1 | errors 1 |" in lines
    assert "| reml | 2 | 1 | linalg 1 |" in lines
    assert "| all | 7 | 3 | |" in lines
    assert lines[-1] == "imports point downwards, without circles"


def test_a_folder_without_init_is_found(tree):
    (tree / "vcmodel" / "reml" / "__init__.py").unlink()
    found = run(tree)
    assert found.returncode == 1
    assert "vcmodel/reml: no __init__.py" in found.stdout


def test_an_unknown_layer_is_found(tree):
    (tree / "vcmodel" / "linalg" / "solve.py").write_text("")
    new = tree / "vcmodel" / "plots"
    new.mkdir()
    (new / "__init__.py").write_text("from vcmodel.errors import VcmodelError\n")
    found = run(tree)
    assert found.returncode == 1
    assert "the layer 'plots' is not in tools/check_layers.py" in found.stdout
