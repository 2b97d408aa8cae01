"""The page templates: everything is escaped, and only the page's own script may run."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from math import isnan
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vcmodel.report.figures.style import printable
from vcmodel.report.table import number


@cache
def environment() -> Environment:
    """The environment of all pages: autoescape for every template, an undefined name is an error."""
    made = Environment(
        loader=PackageLoader("vcmodel.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    made.filters |= {"number": shown_number, "link": link}
    made.globals |= {"style": _asset("page.css"), "script": _asset("page.js")}
    made.globals |= {"style_hash": _fingerprint("page.css"), "script_hash": _fingerprint("page.js")}
    return made


def render(template: str, **values: Any) -> str:
    """A template of this package with its values."""
    return environment().get_template(template).render(**values)


def link(path: str) -> str:
    """A relative address that stays one: no scheme, no host, no query.

    >>> link("../fits/a b.html"), link("javascript:alert(1)"), link("//host/x")
    ('../fits/a%20b.html', 'javascript%3Aalert%281%29', 'host/x')
    """
    return quote(path, safe="/", errors="replace").lstrip("/")


def shown_number(value: float | None, form: str = ".6g") -> str:
    """A number in a cell; a missing one as an empty place.

    >>> shown_number(0.25, ".3f"), shown_number(None)
    ('0.250', '')
    """
    return "" if value is None or isnan(value) else number(float(value), form).replace("-", "\N{MINUS SIGN}")


def _printable(value: Any) -> Any:
    return value if isinstance(value, Markup) else "" if value is None else printable(value) if isinstance(value, str) else value


def _text(name: str) -> str:
    return files("vcmodel.report").joinpath("templates", name).read_text(encoding="utf-8").strip()


def _asset(name: str) -> Markup:
    """A file of our own, which stands in the page as it is."""
    return Markup(_text(name))


def _fingerprint(name: str) -> str:
    """The hash by which a content security policy knows the file."""
    return "sha256-" + base64.b64encode(hashlib.sha256(_text(name).encode()).digest()).decode("ascii")
