"""What all tests share."""

import os

# programs started by tests import the installed package, not the source tree they are started in
os.environ.setdefault("PYTHONSAFEPATH", "1")
