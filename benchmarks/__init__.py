"""Speed of vcmodel against other programs, side by side in one run: ``make bench`` (see README.md)."""

import sys
from pathlib import Path

# what is measured is the installed vcmodel: the checkout, from which this package is imported, goes behind everything that is installed
_CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != _CHECKOUT] + [str(_CHECKOUT)]
