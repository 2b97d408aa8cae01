"""Columns of the tables of a page: key of the record, head, and format (none for text)."""

from __future__ import annotations

Columns = tuple[tuple[str, str, str], ...]

VARCOMP: Columns = (
    ("row", "parameter", ""),
    ("component", "component", ".6g"),
    ("std_error", "std. error", ".5g"),
    ("z_ratio", "z ratio", ".3f"),
    ("bound", "bound", ""),
    ("pct_change", "% change", "z.1f"),
)
CORRELATIONS: Columns = (
    ("term", "term", ""),
    ("row", "of", ""),
    ("column", "with", ""),
    ("correlation", "correlation", ".4f"),
    ("std_error", "std. error", ".4f"),
    ("lower", "lower 95 %", ".4f"),
    ("upper", "upper 95 %", ".4f"),
    ("p_zero", "p (zero)", ".3g"),
)
FIXED: Columns = (
    ("name", "coefficient", ""),
    ("effect", "effect", ".7g"),
    ("std_error", "std. error", ".5g"),
    ("z_ratio", "z ratio", ".3f"),
)
WALD: Columns = (
    ("term", "term", ""),
    ("df", "df", ".0f"),
    ("chi2_incremental", "chi-square, incremental", ".4f"),
    ("p_incremental", "p, incremental", ".3g"),
    ("chi2_conditional", "chi-square, conditional", ".4f"),
    ("p_conditional", "p, conditional", ".3g"),
)
ITERATIONS: Columns = (
    ("iteration", "iteration", ""),
    ("loglik", "logL", ".6f"),
    ("gain_left", "gain left", ".3g"),
    ("score_norm", "score norm", ".3g"),
    ("held", "held", ".0f"),
    ("shift", "damping", ".3g"),
)
EFFECTS: Columns = (
    ("effect", "effect", ".5g"),
    ("std_error", "std. error", ".4g"),
    ("lower", "lower 95 %", ".5g"),
    ("upper", "upper 95 %", ".5g"),
    ("reliability", "reliability", ".3f"),
)
