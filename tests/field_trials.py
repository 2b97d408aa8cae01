"""Small field trials."""

import numpy as np
import pandas as pd


def two_sites(rows=6, columns=7, seed=5):
    """Two fields; one has a plot without yield."""
    rng = np.random.default_rng(seed)
    places = [(site, r, c) for site in ("A", "B") for r in range(1, rows + 1) for c in range(1, columns + 1)]
    data = pd.DataFrame(places, columns=["site", "row", "col"])
    data["gen"] = [f"g{i % 9}" for i in range(len(data))]
    walk = np.concatenate([rng.normal(size=(rows, columns)).cumsum(axis=1).ravel() for _ in range(2)])
    data["y"] = 10.0 + walk + 0.3 * rng.normal(size=len(data))
    data.loc[3, "y"] = np.nan
    return data
