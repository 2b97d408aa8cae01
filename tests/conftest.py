"""What all tests share."""

import os

from hypothesis import settings
from profiles import PROFILE

# programs started by tests import the installed package, not the source tree they are started in
os.environ.setdefault("PYTHONSAFEPATH", "1")

settings.load_profile(PROFILE)
