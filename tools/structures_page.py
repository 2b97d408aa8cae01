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
TAIL = """
Distances are those of the coordinates in the columns named, numbers or labels that are numbers, in their own units: x (and y) stand for
columns. Rows `label!x.pow` (`label!x:y.pow`; of aexp and agau one for each axis) hold phi, the correlation at distance one, with code U and
a standard error by the delta method: phi = exp(-1 / range) of exp, iexp and aexp, exp(-1 / range^2) of gau, igau and agau.
`fit.function("range(row)")` gives the range with its standard error; rows of mtrn, `label!x.range`, hold it: the correlation at distance d
is z^nu K_nu(z) 2^(1 - nu) / Gamma(nu) with z = d / range. The fit moves on scales that depend neither on the units nor on whether phi
underflows. A range of zero (phi = 0) and an endless one (phi = 1) end a fit as any boundary does, with code B.

Gaussian correlations of many places are singular by rounding: write `units` in `random` beside them. Such a nugget is taken into the
residual matrix, and only their sum is factorised.
"""


def row(line: MenuRow) -> str:
    """One structure as a row of the table."""
    held = STRUCTURES[line.names[0]]
    lacking = len(held.arguments) - len(held.defaults)
    optional = (f"{name}={value:g}" for name, value in zip(held.arguments[lacking:], held.defaults, strict=True))
    arguments = (*held.arguments[:lacking], *optional)
    factors = [("x", "y")[:axes] for axes in held.metric] or [("f",)]
    written = ", ".join(f"`{name}({', '.join((*first, *arguments))})`" for name in line.names for first in factors)
    levels = "distances" if held.metric else "order" if held.ordered else "names"
    return f"| {written} | {line.parameters} | {'yes' if held.carries_variance else 'no'} | {levels} | {line.summary} |"


def page() -> str:
    """The whole page."""
    return HEAD + "\n".join(map(row, menu())) + "\n" + TAIL


def main() -> int:
    """Write or check the page."""
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
