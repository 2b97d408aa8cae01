"""How hard the tests look: HYPOTHESIS_PROFILE=ci (the same examples in every run) or nightly (others in every run, and more of them)."""

import os

from hypothesis import settings

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
TIMES = {"ci": 1, "nightly": 20}

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("nightly", derandomize=False, deadline=None, print_blob=True)


def examples(number: int) -> int:
    """The number of examples of a test in this profile: `number` of them in ``ci``."""
    return number * TIMES[PROFILE]
