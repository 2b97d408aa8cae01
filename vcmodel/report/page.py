"""Self-contained pages: of one fit, from the fit itself or from what a batch kept of it, and of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pandas as pd

from vcmodel.report import columns, pictures
from vcmodel.report.diagnosis import Diagnosis, diagnose, diagnose_table
from vcmodel.report.figures.blups import Effects, effects_of
from vcmodel.report.flags import flags, state
from vcmodel.report.templating import render, shown_number
from vcmodel.report.text import MEANINGS
from vcmodel.results.diagnostics import with_intervals
from vcmodel.results.effects import effects_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vcmodel.report.listing import BatchRow
    from vcmodel.report.source import Source

# rows shown of long tables; the tables of the fit have all
MOST_EFFECTS, MOST_FIXED = 60, 200
# a term with more levels than this is not drawn
MOST_LEVELS = 50_000


@dataclass(frozen=True)
class _Parts:
    """What a fit's page is made of beside its record."""

    title: str
    subtitle: str
    back: str
    source: str
    effects: Sequence[tuple[str, pd.DataFrame]]
    diagnosis: Diagnosis | None


def fit_page(fit: Source, *, title: str | None = None, subtitle: str = "", back: str = "") -> str:
    """The page of a fit.

    Parameters
    ----------
    title, subtitle : str, optional
        Heading; default the responses.
    back : str, optional
        Relative address of the batch page.
    """
    record = fit.to_dict()
    random = fit.estimate.random_labels
    effects = [(term, with_intervals(fit.random_effects(term))) for term in random]
    return _page(record, _Parts(title or ", ".join(record["responses"]), subtitle, back, "", effects, diagnose(fit.estimate)))


def stored_page(row: BatchRow, *, back: str = "", source: str = "") -> str:
    """The page of a fit of a batch, from what the batch kept.

    Parameters
    ----------
    back : str, optional
        Relative address of the batch page.
    source : str, optional
        The mark that tells what the page was made of.

    Raises
    ------
    ValueError
        The fit failed: there is nothing to show.
    """
    if row.fit is None:
        raise ValueError(f"{row.file}, {row.model}: there is no fit to show: {row.message}")
    kept = row.payload or {}
    cells = pd.DataFrame(kept.get("rows") or {})
    found = diagnose_table(cells, row.traits) if len(cells) else None
    effects = [(item["term"], with_intervals(effects_table(item))) for item in kept.get("random") or ()]
    return _page(row.fit, _Parts(", ".join(row.traits), f"{row.file} \u00b7 {row.model}", back, source, effects, found))


def _page(record: Mapping[str, Any], parts: _Parts) -> str:
    drawn, undrawn = _drawable(parts.effects)
    contents = [("model", "What was fitted"), ("varcomp", "Variance parameters")]
    for anchor, name, present in (
        ("correlations", "Correlations", record["correlations"]),
        ("effects", "Predicted effects", parts.effects),
        ("residuals", "Residuals", parts.diagnosis),
        ("fixed", "Fixed effects", record["fixed_effects"]),
    ):
        if present:
            contents.append((anchor, name))
    return render(
        "fit.html.j2",
        version=version("vcmodel"),
        source=parts.source,
        title=parts.title,
        subtitle=parts.subtitle,
        back=parts.back,
        record=record,
        state=state(record),
        flags=flags(record),
        contents=[*contents, ("convergence", "How it converged")],
        formulas=_formulas(record),
        tiles=_tiles(record),
        legend=_legend(record),
        heat_maps=pictures.correlations(record),
        effects=[_effect_rows(term, table) for term, table in parts.effects],
        caterpillars=pictures.caterpillars(drawn),
        scatters=pictures.scatters(drawn),
        undrawn=undrawn,
        residual_pictures=pictures.residuals(parts.diagnosis) if parts.diagnosis is not None else [],
        fixed_rows=record["fixed_effects"][:MOST_FIXED],
        path_pictures=pictures.path(record),
        certificate=_certificate(record),
        iterations=[{**item, "iteration": i} for i, item in enumerate(record["iterations"])],
        columns=columns,
    )


def _drawable(effects: Sequence[tuple[str, pd.DataFrame]]) -> tuple[list[Effects], list[str]]:
    """The terms to draw, and the labels of those left out: a single level, far too many, or all effects zero."""
    drawn: list[Effects] = []
    undrawn = []
    for term, table in effects:
        shown = effects_of(term, table)
        if len(drawn) < pictures.MOST_TERMS and 1 < len(shown.levels) <= MOST_LEVELS and (shown.effect != 0.0).any():
            drawn.append(shown)
        else:
            undrawn.append(term)
    return drawn, undrawn


def _formulas(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    given = record["model"]
    default = f"{' + '.join(record['residual_terms'])} (default)"
    return [("fixed", given["fixed"]), ("random", given["random"] or "none"), ("residual", given["residual"] or default)]


def _tiles(record: Mapping[str, Any]) -> list[tuple[str, object]]:
    return [
        ("observations", record["n_observations"]),
        ("rows of data", record["n_rows"]),
        ("missing cells", record["n_missing"]),
        ("fixed coefficients", record["n_fixed"]),
        ("free parameters", record["n_parameters"]),
        ("iterations", max(len(record["iterations"]) - 1, 0)),
        ("REML logL", shown_number(record["loglik"], ".3f")),
        ("with 2\u03c0 term", shown_number(record["loglik_full"], ".3f")),
        ("AIC", shown_number(record["aic"], ".3f")),
        ("BIC", shown_number(record["bic"], ".3f")),
    ]


def _legend(record: Mapping[str, Any]) -> str:
    present = {item["bound"] for item in record["varcomp"]}
    return "Bound: " + ", ".join(f"{code} {meaning}" for code, meaning in MEANINGS.items() if code in present)


def _certificate(record: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, value and meaning."""
    found = record["certificate"]
    rows = [
        ("score norm", shown_number(found["score_norm"], ".3g"), "largest derivative of logL, in standard deviations of the parameter"),
        ("Newton decrement", shown_number(found["newton_decrement"], ".3g"), "gain in logL that one more step promises"),
        (
            "weakest curvature",
            shown_number(found["weakest_curvature"], ".3g") or "not looked at",
            "of \N{MINUS SIGN}logL, in units of the average information: positive at a maximum, negative at a saddle",
        ),
    ]
    for term, values in found["multipliers"].items():
        text = ", ".join(shown_number(value, ".3g") for value in values)
        rows.append((f"multipliers of {term}", text, "of the singular matrix; all at or below zero at a constrained maximum"))
    return rows


def _effect_rows(term: str, table: pd.DataFrame) -> dict[str, Any]:
    """The first rows of a term's effects, levels in descending order of the effect in the first column of its matrix."""
    several = table.index.nlevels > 1
    keys = ["level", "of"] if several else ["level"]
    wide = table.reset_index()
    wide.columns = pd.Index([*keys, *table.columns])
    wide = wide.astype(dict.fromkeys(keys, str))
    first = wide[wide["of"] == wide["of"].iloc[0]] if several else wide
    rank = {level: i for i, level in enumerate(first.sort_values("effect", ascending=False, kind="stable")["level"])}
    wide = wide.iloc[wide["level"].map(rank).argsort(kind="stable")]
    heads = (*((key, key, "") for key in keys), *columns.EFFECTS)
    return {"term": term, "rows": wide.head(MOST_EFFECTS).to_dict("records"), "total": len(wide), "columns": heads}
