"""Print the tests of files: of ``vcmodel/reml/step.py`` those in ``tests/reml/test_step*.py``, else all that import ``vcmodel.reml.step``.

usage: python tools/tests_of.py FILE...
Tests (also ``tests/file.py::test``) and folders of tests are printed as they are. Exits 1 when there are no tests of a file.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def mirrors(source: Path, root: Path = ROOT) -> list[Path]:
    """Test files at the place of a source file (a path below vcmodel/): named after it, or after it and what they look at."""
    folder = root / "tests" / source.parent
    return sorted(path for path in folder.glob(f"test_{source.stem}*.py") if path.stem.removeprefix(f"test_{source.stem}")[:1] in ("", "_"))


def importers(source: Path, root: Path = ROOT) -> list[Path]:
    """Test files that import a source file (a path below vcmodel/)."""
    *packages, name = ("vcmodel", *source.with_suffix("").parts)
    package = re.escape(".".join(packages))
    pattern = re.compile(rf"\b{package}\.{name}\b|from {package} import [^\n]*\b{name}\b")
    return sorted(path for path in (root / "tests").rglob("test_*.py") if pattern.search(path.read_text(encoding="utf-8")))


def tests_of(file: str, root: Path = ROOT) -> list[str]:
    """What to hand to pytest for one file, relative to `root` where it is there.

    Raises
    ------
    ValueError
        No such file, or nothing tests it.
    """
    path = (root / file.partition("::")[0]).resolve()
    if not path.exists():
        raise ValueError(f"no file {file}")
    if not path.is_relative_to(root / "vcmodel"):
        return [file]
    source = path.relative_to(root / "vcmodel")
    if path.is_dir():
        found = [folder for folder in [root / "tests" / source] if folder.is_dir()]
    else:
        found = mirrors(source, root) or importers(source, root)
    if not found:
        raise ValueError(f"no tests of {file}: neither tests/{source.parent}/test_{source.stem}*.py nor any that imports it")
    return [str(item.relative_to(root)) for item in found]


def main(files: list[str]) -> int:
    """Print the tests of the files, or what is wrong with them."""
    if not files:
        print("name the file whose tests are to be run: make quick FILE=vcmodel/reml/step.py", file=sys.stderr)
        return 1
    try:
        print(*dict.fromkeys(test for file in files for test in tests_of(file)))
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
