"""Write docs/structures.md from the registry of structures: ``python tools/structures_page.py [--check]``.

With ``--check`` nothing is written and the exit code is 1 when the file is not current.
"""

from __future__ import annotations

import sys
from pathlib import Path

from vcmodel.structures.registry import STRUCTURES, MenuRow, menu

PAGE = Path(__file__).resolve().parents[1] / "docs" / "structures.md"
HEAD = """<!-- written by tools/structures_page.py from vcmodel/structures/registry.py -->
# Covariance structures

Written `name(factor)`, in `random` and `residual`; w is the number of levels. A structure with variances stands alone in a product or with
correlation structures; a product of correlation structures only takes one variance more.

| written | parameters | its own variances | of the levels | covariance matrix |
|:--|:--|:--|:--|:--|
"""


def row(line: MenuRow) -> str:
    """One structure as a row of the table."""
    held = STRUCTURES[line.names[0]]
    written = ", ".join(f"`{name}({', '.join(('f', *held.arguments))})`" for name in line.names)
    levels = "distances" if held.metric else "order" if held.ordered else "names"
    return f"| {written} | {line.parameters} | {'yes' if held.carries_variance else 'no'} | {levels} | {line.summary} |"


def page() -> str:
    """The whole page."""
    return HEAD + "\n".join(map(row, menu())) + "\n"


def main() -> int:
    """Write or check the page."""
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
