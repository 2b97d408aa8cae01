"""The front door: from formulas and data to a fit.

The engine is imported when the first model is read, so that ``import vcmodel`` costs little more than ``import pandas``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vcmodel.errors import ConvergenceWarning, DataError, FormulaError, ModelWarning, warn
from vcmodel.fit import Fit
from vcmodel.options import FitOptions
from vcmodel.report.model import describe
from vcmodel.tables.options import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from vcmodel.control import Control
    from vcmodel.design.design import Design
    from vcmodel.design.missing import Unknown
    from vcmodel.equations.preflight import Plan
    from vcmodel.spec import ModelSpec


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Model:
    """A model without data: checked, printable, comparable, and fitted to as many data sets as wanted.

    Two models are equal when they mean the same, however they were written (``cbind(a, b)`` or ``a + b``, ``rcov`` or ``residual``,
    ``units`` or ``id(units)``, ``idh`` or ``diag``, ``dsum(~ units | site)`` or ``at(site):units``).

    Parameters
    ----------
    fixed : str
        Two-sided formula; several responses make the model multivariate.
    random : str, optional
        Random terms joined by ``+``.
    residual : str, optional
        Residual structure; default independent units, ``id(units):us(trait)`` for several responses.
    rcov : str, optional
        Another name for `residual`.

    Raises
    ------
    FormulaError, StructureError
        A formula that cannot be read or does not make sense, with the place marked.

    Examples
    --------
    >>> model = Model("bden + veloc ~ trait", random="us(trait):Family")
    >>> model == Model("cbind(bden, veloc) ~ trait", random="~ us(trait):Family")
    True
    """

    fixed: str
    random: str | None
    residual: str | None
    spec: ModelSpec

    def __init__(self, fixed: str, random: str | None = None, residual: str | None = None, *, rcov: str | None = None) -> None:
        from vcmodel.spec import build_spec

        for name, value in (("fixed", fixed), ("random", random), ("residual", residual), ("rcov", rcov)):
            if not isinstance(value, str) and (value is not None or name == "fixed"):
                hint = "; pass data by its name, data=df" if hasattr(value, "columns") else ""
                raise FormulaError(f"{name} must be a formula as text, not {type(value).__name__}{hint}")
        if residual is not None and rcov is not None:
            raise FormulaError("residual and rcov are two names of one argument; give only residual")
        chosen = residual if rcov is None else rcov
        for name, item in (("fixed", fixed), ("random", random), ("residual", chosen), ("spec", build_spec(fixed, random, chosen))):
            object.__setattr__(self, name, item)

    def __eq__(self, other: object) -> bool:
        return self.spec.meaning == other.spec.meaning if isinstance(other, Model) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.spec.meaning)

    def __repr__(self) -> str:
        return f"Model(fixed={self.fixed!r}, random={self.random!r}, residual={self.residual!r})"

    def __str__(self) -> str:
        return describe(self.spec)

    def fit(
        self,
        data: Any = None,
        *,
        known: Mapping[str, object] | None = None,
        weights: str | None = None,
        read: ReadOptions | Mapping[str, Any] | None = None,
        start: Mapping[str, float] | None = None,
        bounds: Mapping[str, str] | None = None,
        equal: Sequence[Sequence[str]] | None = None,
        missing: Unknown = "drop",
        control: Control | None = None,
    ) -> Fit:
        """The model fitted to `data`; the arguments are those of :func:`fit`."""
        options = FitOptions.of(known=known, weights=weights, start=start, bounds=bounds, equal=equal, missing=missing, control=control)
        return fit_model(self, data, options, read)

    def plan(
        self,
        data: Any = None,
        *,
        known: Mapping[str, object] | None = None,
        weights: str | None = None,
        missing: Unknown = "drop",
        read: ReadOptions | Mapping[str, Any] | None = None,
        control: Control | None = None,
    ) -> Plan:
        """What the fit to `data` would cost: equations, fill, operations, memory, time of an iteration; nothing heavy runs.

        Raises
        ------
        VcmodelError
            As :meth:`fit`, also when the memory will not do.
        """
        from vcmodel.equations.preflight import preflight

        options = FitOptions.of(known=known, weights=weights, missing=missing, control=control)
        design, _ = model_design(self, data, options, read)
        return preflight(design, options.control)


def fit_model(model: Model, data: Any, options: FitOptions, read: ReadOptions | Mapping[str, Any] | None = None) -> Fit:
    """A model fitted to data: what :func:`fit` and :meth:`Model.fit` do, and a batch for each of its tasks."""
    from vcmodel.reml.estimate import estimate
    from vcmodel.results.notes import without_freedom

    design, index = model_design(model, data, options, read)
    for caution in design.cautions:
        if caution.warns:
            warn(caution.text, ModelWarning)
    made = Fit(estimate(design, options.control, start=options.start, bounds=options.bounds, equal=options.equal), index)
    for text in without_freedom(made.estimate):
        warn(text, ModelWarning)
    if not made.converged:
        warn(made.status.value, ConvergenceWarning)
    return made


def model_design(
    model: Model, data: Any, options: FitOptions, read: ReadOptions | Mapping[str, Any] | None = None
) -> tuple[Design, pd.Index]:
    """The design, and the index of the data as given."""
    from vcmodel.design.design import build_design
    from vcmodel.design.frame import build_frame
    from vcmodel.tables.reading import read as read_data

    if data is None:
        raise DataError("no data: pass data=, a DataFrame or the path of a CSV file")
    reading = read_data(data, read)
    frame = build_frame(model.spec, reading, options.weights, known=options.known, missing=options.missing)
    return build_design(model.spec, frame, options.known), reading.table.index


def fit(
    fixed: str,
    random: str | None = None,
    residual: str | None = None,
    data: Any = None,
    *,
    known: Mapping[str, object] | None = None,
    weights: str | None = None,
    read: ReadOptions | Mapping[str, Any] | None = None,
    start: Mapping[str, float] | None = None,
    bounds: Mapping[str, str] | None = None,
    equal: Sequence[Sequence[str]] | None = None,
    missing: Unknown = "drop",
    control: Control | None = None,
    rcov: str | None = None,
) -> Fit:
    """Fit a variance-component model by REML.

    Parameters
    ----------
    fixed : str
        Two-sided formula, ``"y ~ site"`` or ``"y1 + y2 ~ trait + trait:site"``; several responses make the model multivariate.
    random : str, optional
        Terms joined by ``+``, each a ``:``-product of factors and structure calls: ``"us(trait):Family + Block"``.
    residual : str, optional
        In the same language; default independent units, ``id(units):us(trait)`` for several responses. ``dsum(~ units | f)`` gives each
        level of f a residual of its own.
    data : DataFrame, polars or pyarrow table, path of a file (separated text or Parquet), or what :func:`vcmodel.read` returns
    known : mapping, optional
        Relationships by the name used in ``vm(f, name)``: Pedigree, Relationship or a labelled covariance DataFrame.
    weights : str, optional
        Column; the residual variance of a row is divided by its weight.
    read : ReadOptions or mapping, optional
        How a file is to be read, where that is not recognised: ``{"skip": 2, "missing": ["-9"], "types": {"block": "text"}}``; `missing`
        and `types` also for a DataFrame.
    start : mapping, optional
        Starting values by row name.
    bounds : mapping, optional
        Codes by row name: ``"F"`` holds a parameter at its start.
    equal : sequence of sequences, optional
        Groups of row names held equal.
    missing : str
        What becomes of a record whose level of a random term is unknown (empty, or a code for unknown such as 0 where the relationship has
        no such individual): ``"drop"`` leaves it out, ``"zero"`` keeps it without an effect from that term. A record with a missing
        covariate or fixed factor is left out either way; the notes count both.
    control : Control, optional
        Options of the solver.
    rcov : str, optional
        Another name for `residual`.

    Returns
    -------
    Fit
        Also when the fit did not converge: see ``fit.status`` and ``fit.require_converged()``.

    Raises
    ------
    FormulaError, DataError, StructureError, RelationshipError
        Formulas, data, structures or relationships that cannot be used; the message tells what to do.

    Warns
    -----
    ConvergenceWarning
        The fit ended with another status than converged.
    ModelWarning
        The model or the data may not be what is meant; the same sentence stands in ``fit.notes``.
    """
    model = Model(fixed, random, residual, rcov=rcov)
    options = FitOptions.of(known=known, weights=weights, start=start, bounds=bounds, equal=equal, missing=missing, control=control)
    return fit_model(model, data, options, read)
