"""The command line: ``vcmodel fit``, ``plan``, ``structures``, ``batch``, ``version``.

Nothing is computed here. Exit codes: 0 all fits converged, 2 some did not, 3 usage or input error, 1 an error of the program itself.
"""

from __future__ import annotations

from vcmodel.cli.app import app

__all__ = ["app"]
