"""docs/structures.md is what the registry says."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_current():
    found = subprocess.run([sys.executable, ROOT / "tools" / "structures_page.py", "--check"], check=False)
    assert found.returncode == 0, "write it anew: python tools/structures_page.py"
