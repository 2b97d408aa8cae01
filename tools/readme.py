"""Run the Python blocks of README.md or other pages in order and put what they print into the text blocks that follow them.

usage: python tools/readme.py [--check] [PAGE ...]
Each ``python`` block shares the names of the earlier ones of its page; a ``text`` block right after it holds its output. With ``--check``
nothing is written and the exit code is 1 when a block would change.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
PAIR = re.compile(r"```python\n(?P<code>.*?)```\n(?P<gap>\s*)(?:```text\n(?P<output>.*?)```\n)?", re.DOTALL)


def refreshed(text: str) -> str:
    """The text with every output made anew."""
    names: dict[str, object] = {}

    def run(match: re.Match[str]) -> str:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(match["code"], str(README), "exec"), names)  # the project's own README
        if match["output"] is None:
            return match[0]
        lines = "\n".join(line.rstrip() for line in printed.getvalue().strip("\n").splitlines())
        return f"```python\n{match['code']}```\n{match['gap']}```text\n{lines}\n```\n"

    return PAIR.sub(run, text)


def main() -> int:
    """Rewrite or check the pages."""
    names = [name for name in sys.argv[1:] if name != "--check"]
    changed = False
    for page in [Path(name) for name in names] or [README]:
        before = page.read_text(encoding="utf-8")
        after = refreshed(before)
        changed = changed or after != before
        if "--check" not in sys.argv[1:]:
            page.write_text(after, encoding="utf-8")
    return int(changed and "--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
