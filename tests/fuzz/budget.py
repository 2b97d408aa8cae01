"""How long a fuzzer runs: a few seconds in the test suite, as long as asked for by VCMODEL_FUZZ_SECONDS.

VCMODEL_FUZZ_SECONDS=3600 VCMODEL_FUZZ_SEED=7 pytest tests/fuzz -k tables
"""

import os
import time
from collections.abc import Iterator

import numpy as np

SECONDS = float(os.environ.get("VCMODEL_FUZZ_SECONDS", "3"))
SEED = int(os.environ.get("VCMODEL_FUZZ_SEED", "1"))


def draws(least: int = 20) -> Iterator[tuple[tuple[int, int], np.random.Generator]]:
    """The key of each case and its generator until the time is up, at least `least` of them.

    A case is repeated by ``np.random.default_rng(key)``.
    """
    end = time.monotonic() + SECONDS
    number = 0
    while number < least or time.monotonic() < end:
        key = (SEED, number)
        yield key, np.random.default_rng(key)
        number += 1
