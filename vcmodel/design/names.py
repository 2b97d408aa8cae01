"""Labels as names: columns of numbers that are names, and levels that look alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vcmodel.design.levels import factor_of, is_number
from vcmodel.errors import DataError
from vcmodel.tables.labels import lookalikes

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from vcmodel.design.variables import Use
    from vcmodel.spec import ModelSpec
    from vcmodel.tables.reading import Reading


def as_numbers_where_meant(reading: Reading, spec: ModelSpec, uses: tuple[Use, ...], weights: str | None) -> tuple[pd.DataFrame, set[str]]:
    """The table, and which columns kept as text, since their numbers look like names, are numbers in it, as the model needs them.

    Raises
    ------
    DataError
        A column that the model uses both as numbers and as names, or that may be either where it stands.
    """
    table, meant = reading.table, set()
    needed = {*spec.responses, *(use.column for use in uses if use.kind == "covariate"), *([weights] if weights else [])}
    for column in reading.columns:
        own = [use for use in uses if use.column == column.name and use.kind != "covariate"]
        if column.written is not None and own and column.name not in needed and all(use.kind == "factor" for use in own):
            table = table.assign(**{column.name: column.written.to_numpy()})
        if column.names is None or not (own or column.name in needed):
            continue
        remedy = f"types={{{column.name!r}: 'number'}} (--column {column.name}=number) reads numbers"
        if column.name in needed:
            if own and column.numbers is not None:
                raise DataError(
                    f"column {column.name!r} is used as numbers and, in {own[0].term!r} of `{own[0].part}`, as a factor, and its numbers "
                    f"look like names, {column.names.reason}: {remedy}"
                )
            if column.numbers is not None:
                meant.add(column.name)
                table = table.assign(**{column.name: column.numbers})
        elif not column.names.certain and any(use.kind == "bare" for use in own):
            raise DataError(
                f"column {column.name!r} in {own[0].term!r} of `fixed` may hold numbers or names, {column.names.reason}: write "
                f"C({column.name}) for a factor; for a covariate, {column.reason or remedy}"
            )
    return table, meant


def note_lookalikes(table: pd.DataFrame, factors: Iterable[str]) -> list[str]:
    """One note on the levels that look alike, of all factors."""
    groups = [(name, *group) for name in factors if not is_number(table[name]) for group in lookalikes(factor_of(table[name]).labels)]
    if not groups:
        return []
    shown = "; ".join(f"{name}: {', '.join(map(repr, labels))} differ only in {what}" for name, labels, what in groups[:5])
    more = f"; … ({len(groups)} groups in all)" if len(groups) > 5 else ""
    return [f"levels that look alike are kept apart: {shown}{more}; correct the data where one is meant"]
