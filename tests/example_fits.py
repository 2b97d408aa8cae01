"""Fits of shipped data that several test files look at, made once."""

from functools import cache

import numpy as np
import pandas as pd

import vcmodel as vc


def oats():
    return vc.datasets.load("oats").assign(nitrof=lambda d: d["nitro"].astype(str))


@cache
def split_plot():
    """Yates' oats: three variances, all interior."""
    return vc.fit("yield ~ gen * nitrof", random="block + block:gen", data=oats())


@cache
def trial(family="us(trait)", residual="units:us(trait)"):
    """Two traits with missing cells."""
    return vc.fit(
        "bden + veloc ~ trait", random=f"us(trait):Block + {family}:Family", residual=residual, data=vc.datasets.load("seed_rcbd_bivariate")
    )


@cache
def two_blocks(block="us(trait)"):
    """Three traits, two blocks: the block matrix has rank one."""
    return vc.fit("HD + HT + GY ~ trait", f"{block}:block + us(trait):RIL", "units:us(trait)", vc.datasets.load("seed_ril_2x159"))


def equal_groups():
    """Groups whose means are alike: the variance between them is estimated as zero."""
    within = np.array([-3.0, -1.0, 0.0, 1.5, 2.5])
    y = np.concatenate([within, within[::-1] + 0.1, within - 0.1, within[::-1]])
    return pd.DataFrame({"y": y, "g": np.repeat(list("abcd"), 5)})


@cache
def zero_variance():
    return vc.fit("y ~ 1", random="g", data=equal_groups())


def sleep_like():
    """Growth of 12 subjects: random intercepts and slopes."""
    rng = np.random.default_rng(7)
    x = np.tile(np.arange(6.0), 12)
    s = np.repeat(np.arange(12), 6)
    intercept, slope = rng.normal(0, 3, 12), rng.normal(0, 1, 12)
    y = 10 + intercept[s] + (2 + slope[s]) * x + rng.normal(0, 1, 72)
    return pd.DataFrame({"y": y, "x": x, "s": [f"s{i:02d}" for i in s]})
