"""Level of the likelihood-ratio test on the boundary: how often `lrt` rejects at 5 % where the smaller model is true.

python benchmarks/lrt_level.py            300 data sets of each kind
python benchmarks/lrt_level.py 50         fewer
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

import vcmodel as vc

SEED = 1
LEVEL = 0.05


def families(n_families: int, n_each: int) -> pd.DataFrame:
    """A table of plants in families."""
    return pd.DataFrame({"Family": np.repeat(np.arange(n_families), n_each).astype(str)})


def one_trait(rng: np.random.Generator) -> pd.DataFrame:
    """30 families of 1 to 6 plants, alike but for noise."""
    table = families(30, 6)
    table = table[rng.random(len(table)) < 0.6].reset_index(drop=True)
    return table.assign(y=rng.normal(size=len(table)))


def two_traits(rng: np.random.Generator) -> pd.DataFrame:
    """40 families of 4 plants, alike but for noise that is correlated between the traits."""
    table = families(40, 4)
    noise = rng.normal(size=(len(table), 2)) @ np.array([[1.0, 0.5], [0.0, 2.0]])
    return table.assign(a=noise[:, 0], b=noise[:, 1])


def sites(rng: np.random.Generator) -> pd.DataFrame:
    """40 families at three sites, two plants each: the same effect of a family at every site, and none of a plot."""
    table = families(40, 6)
    table["site"] = np.tile(["A", "A", "B", "B", "C", "C"], 40)
    table["plot"] = rng.integers(0, 36, len(table)).astype(str)
    return table.assign(y=rng.normal(size=40)[table["Family"].astype(int)] + rng.normal(size=len(table)))


CASES = {
    "one variance": (one_trait, ("y ~ 1", "Family", None), ("y ~ 1", None, None)),
    "us(2) dropped": (two_traits, ("a + b ~ trait", "us(trait):Family", "units:us(trait)"), ("a + b ~ trait", None, "units:us(trait)")),
    "corv against one variance": (sites, ("y ~ site", "corv(site):Family", None), ("y ~ site", "Family", None)),
    "two variances": (sites, ("y ~ site", "Family + site:Family + plot", None), ("y ~ site", "Family", None)),
}


def main() -> None:
    """Print the table."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print(f"rejected at {LEVEL:.0%} of {n} data sets under the smaller model, standard error {np.sqrt(LEVEL * (1 - LEVEL) / n):.1%}\n")
    print(f"{'test':28s}{'mixture':>9s}{'chi-square':>12s}{'statistic 0':>13s}{'seconds':>9s}  mixture of the last")
    for case, (simulate, larger, smaller) in CASES.items():
        rng = np.random.default_rng(SEED)
        begun = time.perf_counter()
        tests = []
        for _ in range(n):
            data = simulate(rng)
            tests.append(vc.fit(*larger, data).lrt(vc.fit(*smaller, data)))
        mixture, plain = (np.mean([getattr(test, name) < LEVEL for test in tests]) for name in ("p", "p_value"))
        zero = np.mean([test.statistic < 1e-6 for test in tests])
        seconds = time.perf_counter() - begun
        print(f"{case:28s}{mixture:9.1%}{plain:12.1%}{zero:13.1%}{seconds:9.0f}  {tests[-1].distribution}", flush=True)


if __name__ == "__main__":
    main()
