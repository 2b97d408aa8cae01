"""Print what pyproject.toml requires, one requirement a line: to build and to run, or the extra of a name.

usage: python tools/requirements.py [--oldest] [--extra NAME]
With ``--oldest`` every requirement that the package has when it runs (its extras for users included) is at its lower bound; tools that
only test it stay as new as they are.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
TOOLS = "test"  # the extra whose requirements are for developers
NAME = re.compile(r"[A-Za-z0-9._-]+")


def name(requirement: str) -> str:
    """The distribution a requirement is about, extras and versions left out."""
    found = NAME.match(requirement)
    if found is None:
        raise ValueError(f"{requirement!r} in {PYPROJECT.name} does not start with a name")
    return found[0].lower()


def oldest(requirements: Iterable[str]) -> list[str]:
    """The requirements with every lower bound as the version itself: ``scipy>=1.13,<2`` -> ``scipy==1.13``.

    Raises
    ------
    ValueError
        A requirement has no lower bound.
    """
    pinned = []
    for requirement in requirements:
        found = re.fullmatch(r"([^<>=!~,]+)>=([^,]+)(,.*)?", requirement)
        if found is None:
            raise ValueError(f"{requirement!r} in {PYPROJECT.name} has no lower bound")
        pinned.append(f"{found[1]}=={found[2]}")
    return pinned


def required(project: dict, extra: str | None, lowest: bool) -> list[str]:
    """The requirements to build and run, or those of an extra; `lowest` as in the usage above."""
    extras = project["project"]["optional-dependencies"]
    running = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    chosen = running if extra is None else extras[extra]
    if not lowest:
        return list(chosen)
    ours = {name(item) for group in (running, *(items for key, items in extras.items() if key != TOOLS)) for item in group}
    # one requirement a distribution: SciPy is needed to build and to run
    return list(dict.fromkeys(line for item in chosen for line in (oldest([item]) if name(item) in ours else [item])))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--oldest", action="store_true")
    parser.add_argument("--extra")
    given = parser.parse_args()
    print(*required(tomllib.loads(PYPROJECT.read_text(encoding="utf-8")), given.extra, given.oldest), sep="\n")
