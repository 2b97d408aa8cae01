"""The mark in a page that tells what it was made of, so that a page is drawn again only when that has changed."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

NAME = "vcmodel-source"
_MARK = re.compile(rb'<meta name="' + NAME.encode() + rb'" content="(\w+)">')
_HEAD = 1024  # bytes in which a page has its mark


def stamp(*parts: Any) -> str:
    """The digest of what a page shows and of what draws it; `parts` are values with a form in JSON, or else with a telling one as text."""
    digest = hashlib.sha256(_drawer().encode())
    digest.update(json.dumps(parts, sort_keys=True, default=repr).encode())
    return digest.hexdigest()


def stamp_of(page: Path) -> str | None:
    """The mark of a page on disk; None where there is no page, or one without."""
    try:
        with page.open("rb") as stream:
            found = _MARK.search(stream.read(_HEAD))
    except OSError:
        return None
    return found[1].decode() if found else None


@cache
def _drawer() -> str:
    """The versions and templates that pages depend on."""
    templates = sorted((item.name, item.read_text(encoding="utf-8")) for item in files("vcmodel.report").joinpath("templates").iterdir())
    return json.dumps([version("vcmodel"), version("matplotlib"), templates])
