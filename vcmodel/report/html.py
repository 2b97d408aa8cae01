"""A fit as HTML for notebooks; every text from the user is escaped."""

from __future__ import annotations

from functools import partial
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from vcmodel.report.table import number
from vcmodel.report.text import CORRELATIONS, FIXED, MOST, VARCOMP, header

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vcmodel.report.content import Content


def page(content: Content) -> str:
    """The report as an HTML fragment."""
    parts = [f"<div><pre>{escape(header(content))}</pre>", _section("Variance parameters", content.varcomp, VARCOMP)]
    if len(content.correlations):
        parts.append(_section("Correlations", content.correlations, CORRELATIONS, index=False))
    if len(content.fixed_effects):
        parts.append(_section("Fixed effects", content.fixed_effects, FIXED))
    if content.notes:
        parts.append("<h4>Notes</h4><ul>" + "".join(f"<li>{escape(note)}</li>" for note in content.notes) + "</ul>")
    return "".join([*parts, "</div>"])


def _section(title: str, frame: pd.DataFrame, formats: Mapping[str, str], index: bool = True) -> str:
    """A heading and a table of at most `MOST` rows; the variance parameters are shown in full."""
    shown = frame if formats is VARCOMP else frame.iloc[:MOST]
    formatters = {name: partial(number, form=form) for name, form in formats.items() if name in shown.columns}
    with pd.option_context("display.max_colwidth", None):  # names are shown in full
        body = shown.to_html(formatters=formatters, index=index, border=0)
    more = f"<p>{len(frame) - len(shown)} more rows</p>" if len(shown) < len(frame) else ""
    return f"<h4>{escape(title)}</h4>{body}{more}"
