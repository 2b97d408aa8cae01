"""A fit as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcmodel.report.table import listed, table, wrapped
from vcmodel.text import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vcmodel.report.content import Content

VARCOMP = {"component": ".6g", "std_error": ".5g", "z_ratio": ".3f", "pct_change": "z.1f"}
CORRELATIONS = {"correlation": ".4f", "std_error": ".4f", "lower": ".4f", "upper": ".4f", "p_zero": ".3g"}
FIXED = {"effect": ".7g", "std_error": ".5g", "z_ratio": ".3f"}
# fixed effects and correlations shown; the tables of the fit have all
MOST = 20


def one_line(content: Content) -> str:
    """The fit in one line."""
    state = "converged" if content.converged else content.status.split(":")[0]
    responses = str(content.formulas["fixed"]).split("~")[0].strip()
    return f"<Fit of {responses}: logL {content.loglik:.4f}, {counted(len(content.varcomp), 'variance parameter')}, {state}>"


def header(content: Content) -> str:
    """Formulas, counts, status and likelihoods."""
    lines = [wrapped(text, f"{name:<9}", " " * 9) for name, text in content.formulas.items() if text]
    lines.append(
        f"{'data':<9}{counted(content.n_observations, 'observation')} in {counted(content.n_rows, 'row')}, "
        f"{counted(content.n_missing, 'missing cell')}, {counted(content.n_fixed, 'fixed coefficient')}"
    )
    lines.append(wrapped(f"{content.status} ({counted(len(content.iterations) - 1, 'iteration')})", f"{'status':<9}", " " * 9))
    lines.append(
        f"{'logL':<9}{content.loglik:.4f} (with 2 pi: {content.loglik_full:.4f}), AIC {content.aic:.4f}, BIC {content.bic:.4f}, "
        f"{counted(content.n_parameters, 'free parameter')}"
    )
    return "\n".join(lines)


def summary(content: Content) -> str:
    """The whole report: header, variance parameters, correlations, fixed effects, notes."""
    parts = [header(content), _section("Variance parameters", table(content.varcomp, VARCOMP))]
    parts[1] += f"\n{_legend(content)}"
    if len(content.correlations):
        tidy = content.correlations
        labels = [f"{term} {row}:{column}" for term, row, column in zip(tidy["term"], tidy["row"], tidy["column"], strict=True)]
        shown = tidy.drop(columns=["term", "row", "column"]).set_axis(labels, axis=0)
        parts.append(_section("Correlations (95 % interval by Fisher's z; p for zero)", table(shown, CORRELATIONS, most=MOST)))
    if len(content.fixed_effects):
        parts.append(_section("Fixed effects", table(content.fixed_effects, FIXED, most=MOST)))
    if content.notes:
        parts.append(_section("Notes", listed(content.notes)))
    return "\n\n".join(parts)


def _section(title: str, body: str) -> str:
    return f"{title}\n{body}"


MEANINGS: Mapping[str, str] = {
    "P": "positive definite",
    "U": "unbounded",
    "F": "fixed",
    "C": "tied",
    "B": "at the boundary",
    "S": "no information",
}


def _legend(content: Content) -> str:
    """The codes that occur."""
    present = content.varcomp["bound"].tolist()
    return "bound: " + ", ".join(f"{code} {meaning}" for code, meaning in MEANINGS.items() if code in present)
