"""Functions of the reported parameters with delta-method standard errors.

The expression is read by Python's ``ast`` and a closed list of operations; nothing of it is ever executed. Derivatives are exact, by
forward differentiation: every number carries its gradient.
"""

from __future__ import annotations

import ast
import math
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.errors import FormulaError, choices
from vcmodel.results.distributions import Z95

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vcmodel.reml.estimate import Estimate
    from vcmodel.structures.parameter import Parameter

    Array = NDArray[np.float64]

QUOTED = re.compile(r"`([^`]*)`")
NUMBERED = re.compile(r"V([1-9]\d*)")


@dataclass(frozen=True)
class FunctionEstimate:
    """A function of the parameters.

    Attributes
    ----------
    expression : str
        As given.
    estimate, std_error : float
        Value and delta-method standard error; the error is NaN where the data do not determine a parameter that matters.
    lower, upper : float
        estimate -+ 1.96 std_error.
    """

    expression: str
    estimate: float
    std_error: float

    @property
    def lower(self) -> float:
        """Lower end of the 95 % interval."""
        return self.estimate - Z95 * self.std_error

    @property
    def upper(self) -> float:
        """Upper end of the 95 % interval."""
        return self.estimate + Z95 * self.std_error

    def __getitem__(self, name: str) -> float:
        if name not in ("estimate", "std_error", "lower", "upper"):
            raise KeyError(name)
        return getattr(self, name)

    def __str__(self) -> str:
        return f"{self.estimate:.6g} (SE {self.std_error:.4g}, 95 % interval {self.lower:.4g} to {self.upper:.4g})"


@dataclass(frozen=True)
class Dual:
    """A number and its gradient by the reported parameters theta."""

    value: float
    gradient: Array

    def through(self, value: float, slope: float) -> Dual:
        """A function of this number with this value and derivative; where the number is constant the derivative does not matter."""
        moving = self.gradient != 0.0
        return Dual(value, np.multiply(slope, self.gradient, out=np.zeros_like(self.gradient), where=moving))


def _power(a: Dual, b: Dual) -> Dual:
    value = a.value**b.value
    if isinstance(value, complex):
        raise ValueError("a negative number to a broken power")
    vertical = a.value == 0.0 and 0.0 < b.value < 1.0
    slope = math.inf if vertical else 0.0 if b.value == 0.0 else b.value * a.value ** (b.value - 1.0)
    first = a.through(value, slope)
    second = b.through(value, value * math.log(a.value) if np.any(b.gradient) else 0.0)
    return Dual(value, first.gradient + second.gradient)


BINARY: dict[type[ast.operator], Callable[[Dual, Dual], Dual]] = {
    ast.Add: lambda a, b: Dual(a.value + b.value, a.gradient + b.gradient),
    ast.Sub: lambda a, b: Dual(a.value - b.value, a.gradient - b.gradient),
    ast.Mult: lambda a, b: Dual(a.value * b.value, a.gradient * b.value + b.gradient * a.value),
    ast.Div: lambda a, b: Dual(a.value / b.value, a.gradient / b.value - b.gradient * (a.value / b.value**2)),
    ast.Pow: _power,
}
UNARY: dict[type[ast.unaryop], Callable[[Dual], Dual]] = {
    ast.UAdd: lambda a: a,
    ast.USub: lambda a: Dual(-a.value, -a.gradient),
}


def _root(a: Dual) -> Dual:
    value = math.sqrt(a.value)
    return a.through(value, 0.5 / value if value > 0.0 else math.inf)


CALLS: dict[str, Callable[[Dual], Dual]] = {
    "sqrt": _root,
    "log": lambda a: a.through(math.log(a.value), 1.0 / a.value),
    "exp": lambda a: a.through(math.exp(a.value), math.exp(a.value)),
    "abs": lambda a: a.through(abs(a.value), math.copysign(1.0, a.value) if a.value != 0.0 else math.nan),
}


class Evaluator:
    """Evaluates a syntax tree with the parameters as the variables, each given with its theta; gradients are by theta."""

    def __init__(self, text: str, parameters: Mapping[str, tuple[Parameter, float]]) -> None:
        self.text, self.parameters = text, parameters
        self.rows = list(parameters)
        self.quoted: list[str] = []
        self.stand_in = "quoted_"
        while self.stand_in in text:
            self.stand_in += "_"

    def run(self) -> Dual:
        """The value and gradient of the expression; NaN where it has none (a ratio to a variance of zero).

        Raises
        ------
        FormulaError
            Something that is not an expression of parameters.
        """
        try:
            tree = ast.parse(QUOTED.sub(self._keep, self.text).strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise FormulaError(
                f"function: {self.text!r} cannot be read as an expression; put row names in backquotes, "
                f"e.g. `Family` / (`Family` + `units!R`){self._numbers()}"
            ) from None
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                found = self._value(tree.body)
        except (ZeroDivisionError, ValueError, OverflowError):
            found = Dual(math.nan, np.full(len(self.rows), math.nan))
        except RecursionError:
            raise FormulaError("function: the expression is nested too deeply to be computed; write it in parts") from None
        constant = not any(isinstance(node, ast.Name) and node.id not in (*CALLS, "range") for node in ast.walk(tree))
        if constant and not math.isfinite(found.value):
            raise FormulaError(f"function: {self.text!r} has no finite value and no parameter in it; name rows of varcomp")
        return found

    def _numbers(self) -> str:
        """What to do about row names that cannot stand in backquotes, if there are any."""
        odd = any("`" in row for row in self.rows)
        return "; rows with a backquote in their name are written by number, V1, V2, … in the order of varcomp" if odd else ""

    def _keep(self, match: re.Match[str]) -> str:
        self.quoted.append(match.group(1))
        return f" {self.stand_in}{len(self.quoted) - 1} "

    def _value(self, node: ast.expr) -> Dual:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            if not -sys.float_info.max <= node.value <= sys.float_info.max:
                raise FormulaError(f"function: a number in {self.text!r} is too large to be computed with; write numbers below 1e308")
            return Dual(float(node.value), np.zeros(len(self.rows)))
        if isinstance(node, ast.Name):
            return self._variable(node.id)
        if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
            return BINARY[type(node.op)](self._value(node.left), self._value(node.right))
        if isinstance(node, ast.UnaryOp) and type(node.op) in UNARY:
            return UNARY[type(node.op)](self._value(node.operand))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            allowed = node.func.id in CALLS and len(node.args) == 1 and not node.keywords
            if allowed:
                return CALLS[node.func.id](self._value(node.args[0]))
            if node.func.id == "range":
                return self._range(node)
        part = ast.unparse(node)
        for i, name in enumerate(self.quoted):
            part = part.replace(f"{self.stand_in}{i}", f"`{name}`")
        raise FormulaError(
            f"function: {part!r} in {self.text!r} is not allowed; an expression has row names in backquotes, numbers, + - * / ** ( ), "
            f"and {', '.join(CALLS)} of one argument"
        )

    def _range(self, node: ast.Call) -> Dual:
        """The range of a correlation that decays with distance, from the row that reports it in whatever form."""
        only = node.args[0] if len(node.args) == 1 and not node.keywords else None
        row = self._row(only.id) if isinstance(only, ast.Name) else ""
        parameter, theta = self.parameters.get(row, (None, 0.0))
        if parameter is None or parameter.kind != "decay":
            ranges = [name for name, (one, _) in self.parameters.items() if one.kind == "decay"]
            known = f"here {', '.join(ranges)}" if ranges else "which this model does not have"
            raise FormulaError(f"function: range() takes a row of a correlation that decays with distance, {known}")
        return self._unit(row).through(parameter.span(theta), parameter.span_slope(theta))

    def _row(self, name: str) -> str:
        """The row that a name or number means."""
        row = self.quoted[int(name.removeprefix(self.stand_in))] if name.startswith(self.stand_in) else name
        number = NUMBERED.fullmatch(row)
        if row not in self.parameters and number and int(number.group(1)) <= len(self.rows):
            row = self.rows[int(number.group(1)) - 1]
        if row not in self.parameters:
            raise FormulaError(f"function: no parameter {row!r}; {choices(row, self.rows, 'parameters')}{self._numbers()}")
        return row

    def _unit(self, row: str) -> Dual:
        """Theta of a row."""
        return Dual(self.parameters[row][1], np.eye(len(self.rows))[self.rows.index(row)])

    def _variable(self, name: str) -> Dual:
        """A row as it is shown."""
        row = self._row(name)
        parameter, theta = self.parameters[row]
        return self._unit(row).through(parameter.shown(theta), parameter.shown_slope(theta))


def function(estimate: Estimate, expression: str) -> FunctionEstimate:
    """A function of the rows of the varcomp table, e.g. ``"`Family` / (`Family` + `units!R`)"``.

    Rows stand in backquotes (or bare where they are plain words), or are numbered ``V1``, ``V2``, … in table order; ``range(row)`` is the
    range of a correlation that decays with distance. Parameters that are fixed or at a boundary count as known.

    Raises
    ------
    FormulaError
        Not an expression of parameters, or an unknown row.
    """
    if not isinstance(expression, str):
        raise FormulaError(f"function: an expression is text, not {type(expression).__name__}")
    rows = [row for component in estimate.components for row in component.rows]
    parameters = [parameter for component in estimate.components for parameter in component.structure.parameters]
    theta = np.concatenate(estimate.theta)
    result = Evaluator(expression, dict(zip(rows, zip(parameters, theta.tolist(), strict=True), strict=True))).run()
    used = np.flatnonzero(result.gradient)
    place = [(c, i) for c, component in enumerate(estimate.components) for i in range(len(component.rows))]
    if any(estimate.identifiability.unknown(*place[i]) for i in used) or not np.all(np.isfinite(result.gradient)):
        return FunctionEstimate(expression, result.value, math.nan)
    slopes = result.gradient[used] @ np.vstack(estimate.jacobians)[used]
    return FunctionEstimate(expression, result.value, math.sqrt(max(float(slopes @ estimate.covariance @ slopes), 0.0)))
