"""Template: a table of the result, here how much of the prior variance of each level the data have removed.

1. the function, in the file of ``vcmodel/results/`` whose concept it belongs to, from an ``Estimate``, never from a ``Fit``;
2. a method of ``vcmodel.fit.Fit`` of one line, its docstring for users (columns, units, conventions);
3. if it is small (a row per level at most, never k x k or p x p), a line in ``vcmodel/results/record.py``, else an omission there;
4. a test in ``tests/results/`` that computes it another way, for instance from ``tests/dense.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from vcmodel.results.effects import random_effects

if TYPE_CHECKING:
    from vcmodel.reml.estimate import Estimate


def information_by_level(estimate: Estimate, index: int) -> pd.DataFrame:
    """Levels of random component `index`: ``prior_variance``, ``pev`` and ``removed``, the share 1 - pev / prior (0 to 1).

    Parameters
    ----------
    estimate : Estimate
    index : int
        Position among `estimate.components`.
    """
    table = random_effects(estimate, index)
    prior = table["pev"] / (1.0 - table["reliability"])
    return pd.DataFrame({"prior_variance": prior, "pev": table["pev"], "removed": table["reliability"]}, index=table.index)
