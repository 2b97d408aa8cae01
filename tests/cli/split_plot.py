"""The fit that most tests of the command line make."""

from functools import cache

from example_fits import oats

import vcmodel as vc

SPLIT = ("--fixed", "yield ~ gen * C(nitro)", "--random", "block + block:gen")


@cache
def split_plot() -> vc.Fit:
    return vc.fit(SPLIT[1], random=SPLIT[3], data=oats())
