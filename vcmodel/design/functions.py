"""The parts of fixed terms evaluated on the rows, always in double precision: whole numbers never overflow, true is one and false zero."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.design.coding import Coded, covariate_columns, factor_columns
from vcmodel.design.levels import factor_of, is_number, numbers
from vcmodel.errors import DataError
from vcmodel.formula.fixed import makes_factor
from vcmodel.formula.functions import BASES, STANDARDISING
from vcmodel.formula.tree import Call, Expression, Name, Step

Array = NDArray[np.float64]


def _standardised(values: Array, center: bool = True, scale: bool = True, ddof: int = 1) -> Array:
    """Values less their mean over their standard deviation."""
    values = values - values.mean() if center else values
    return values / np.sqrt(np.sum(values**2) / (values.size - ddof)) if scale else values


_ONE_COLUMN: dict[str, Callable[..., Array]] = {
    "I": lambda x: x,
    "C": lambda x: x,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "exp": np.exp,
    "exp2": np.exp2,
    "exp10": lambda x: np.power(10.0, x),
    "sqrt": np.sqrt,
    "center": lambda x: _standardised(x, scale=False),
    "scale": _standardised,
    "standardize": lambda x, center=True, rescale=True, ddof=0: _standardised(x, center, rescale, ddof),
}
_OPERATORS: dict[str, Callable[[Array, Array], Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
}


def evaluated(part: Name | Call, table: Mapping[str, pd.Series]) -> Coded:
    """The columns of a part of a fixed term over the rows of `table`.

    Raises
    ------
    DataError
        A column that is not numeric inside a function, or a spline that the values do not allow.
    """
    text = str(part)
    if isinstance(part, Name):
        column = table[part.column]
        if is_number(column):
            return covariate_columns(part.column, numbers(column, part.column, "covariate"))
        return _factor(part.column, column)
    (inside,) = part.arguments
    assert isinstance(inside, Expression)  # what the parser makes of a function of the fixed part
    if makes_factor(part):
        steps = tuple(step for step in inside.steps if not (step.kind == "call" and step.value == "C"))
        if len(steps) == 1:
            return _factor(text, table[str(steps[0].value)])
        return _factor(text, pd.Series(_arithmetic(steps, table, text)))
    values = _arithmetic(inside.steps, table, text)
    if part.function in BASES:
        return _basis(part.function, dict(inside.options), values, text)
    with np.errstate(all="ignore"):  # what is not finite is refused with its row
        return covariate_columns(text, _ONE_COLUMN[part.function](values, **dict(inside.options)))


def _factor(text: str, column: pd.Series) -> Coded:
    factor = factor_of(column)
    return factor_columns(text, factor.codes, factor.labels)


def _arithmetic(steps: tuple[Step, ...], table: Mapping[str, pd.Series], text: str) -> Array:
    """The value (n,) of steps in postfix order."""
    stack: list[Any] = []
    with np.errstate(all="ignore"):  # log(0) is refused with its row
        for step in steps:
            if step.kind == "column":
                name = str(step.value)
                stack.append(numbers(table[name], name, f"covariate (in {text})"))
            elif step.kind == "number":
                stack.append(np.float64(step.value))
            elif step.kind == "negative":
                stack.append(np.negative(stack.pop()))
            elif step.kind == "call":
                stack.append(_ONE_COLUMN[str(step.value)](stack.pop(), **dict(step.options)))
            else:
                right = stack.pop()
                stack.append(_OPERATORS[step.kind](stack.pop(), right))
    (value,) = stack
    return np.asarray(value, dtype=np.float64)


def _basis(function: str, options: dict[str, object], values: Array, text: str) -> Coded:
    """The columns of a polynomial or spline."""
    broken = ~np.isfinite(values)
    if broken.any():  # refused with its row by the caller
        return covariate_columns(text, np.where(broken, np.nan, values))
    distinct = np.unique(values).size
    wanted = int(options.get("degree", 1) if function == "poly" else options.get("df", 1))  # type: ignore[call-overload]
    if distinct <= wanted or distinct < 2:
        word = "degree" if function == "poly" else "df"
        raise DataError(f"`fixed`: {text} needs more than {max(wanted, 1)} distinct values and there are {distinct}: lower its {word}")
    from formulaic.transforms import TRANSFORMS

    try:
        with np.errstate(all="ignore"):
            columns: Any = TRANSFORMS[function](values, **options)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as problem:
        raise DataError(f"`fixed`: {text} cannot be evaluated: {problem}") from None
    matrix = np.column_stack(list(columns.values())) if isinstance(columns, dict) else np.asarray(columns)
    first = 0 if options.get("include_intercept") or options.get("raw") else 1
    names = tuple(f"{text}[{first + i}]" for i in range(matrix.shape[1]))
    return Coded(sparse.csr_matrix(matrix), names, names[1:], spans_mean=bool(options.get("include_intercept")))


assert set(STANDARDISING) <= set(_ONE_COLUMN)
