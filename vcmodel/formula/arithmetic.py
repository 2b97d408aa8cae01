"""The arithmetic allowed inside functions of the fixed part: checked node by node before formulaic sees it.

formulaic evaluates what stands between the brackets of ``I(...)`` or ``log(...)`` as Python. So that a formula can never run code,
only names of columns, numbers, ``+ - * / **`` and the functions of the closed list pass; attributes, subscripts, comprehensions,
lambdas and every other call are refused.
"""

from __future__ import annotations

import ast
import unicodedata

from vcmodel.errors import FormulaError, choices
from vcmodel.formula.tokens import Token, one_line, unquote
from vcmodel.formula.tree import PLAIN_NAME, Expression, Span
from vcmodel.formula.vocabulary import FIXED_FUNCTIONS

_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
_LARGEST_POWER = 20


def expression(function: str, tokens: tuple[Token, ...], text: str, span: Span) -> Expression:
    """The arguments of `function` in normal form.

    Parameters
    ----------
    function : str
        A function of the closed list.
    tokens : tuple of Token
        What stands between its brackets.
    text, span
        The formula and the range of the call, for messages.

    Raises
    ------
    FormulaError
        On anything but arithmetic of columns and numbers.
    """
    quoted: dict[str, str] = {}
    source = []
    for token in tokens:
        if token.kind in ("name", "quoted") and unicodedata.normalize("NFKC", token.text) != token.text:
            # Python would read another name, a ligature as its letters, and so take another column
            message = f"the column {token.text} has characters that cannot stand inside a function: rename it"
            raise FormulaError(message, one_line(text), span)
        if token.kind == "quoted":
            stand_in = f"quoted{len(quoted)}_"
            while stand_in in text:
                stand_in += "_"
            quoted[stand_in] = unquote(token)
            source.append(stand_in)
        else:
            source.append("**" if token.kind == "^" else one_line(token.text))
    checker = _Checker(text, span, quoted)
    try:
        # parsed only: the tree is walked by the checker below, nothing is run
        call = ast.parse(f"{function}({' '.join(source)})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise FormulaError(f"the arguments of {function}() cannot be read", one_line(text), span) from None
    assert isinstance(call, ast.Call)  # by construction: function, bracket, balanced tokens, bracket
    checker.call(call)
    parts = [ast.unparse(argument) for argument in call.args]
    parts += [f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in call.keywords]
    normal = ", ".join(parts)
    for stand_in, column in quoted.items():
        normal = normal.replace(stand_in, _printed(column))
    return Expression(normal, tuple(dict.fromkeys(checker.names)))


def _printed(column: str) -> str:
    # a Python name with a dot in it would read as an attribute
    return column if PLAIN_NAME.fullmatch(column) and "." not in column else f"`{column}`"


class _Checker:
    """Walks the tree of one call and collects the columns it uses."""

    def __init__(self, text: str, span: Span, quoted: dict[str, str]) -> None:
        self.text = text
        self.span = span
        self.quoted = quoted
        self.names: list[str] = []

    def fail(self, message: str) -> FormulaError:
        return FormulaError(message, one_line(self.text), self.span)

    def call(self, node: ast.Call) -> None:
        if not isinstance(node.func, ast.Name) or node.func.id not in FIXED_FUNCTIONS:
            written = ast.unparse(node.func)
            tail = written.rsplit(".", 1)[-1]
            hint = f"write {tail}()" if tail in FIXED_FUNCTIONS else choices(written, FIXED_FUNCTIONS, "functions")
            raise self.fail(f"unknown function {written!r} in `fixed`: {hint}")
        if node.func.id == "factor":
            node.func.id = "C"
        if not node.args:
            raise self.fail(f"{node.func.id}() needs a column")
        if node.func.id == "C" and (node.keywords or len(node.args) > 1):
            # formulaic would leave out, without a word, the rows of levels that levels=[...] does not name
            raise self.fail(
                "C() takes a column and nothing else: for another order of the levels, whose first is the baseline, make the column "
                "categorical, data['x'] = pd.Categorical(data['x'], categories=[...])"
            )
        for argument in node.args:
            self.argument(argument)
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self.fail("`**` cannot unpack arguments in a formula")
            self.argument(keyword.value)

    def argument(self, node: ast.expr) -> None:
        if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, str | bool)):
            return
        if isinstance(node, ast.List | ast.Tuple):
            for item in node.elts:
                if not isinstance(item, ast.Constant):
                    raise self.fail("a list inside a function holds numbers and texts only")
            return
        self.arithmetic(node)

    def arithmetic(self, node: ast.expr) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return
        if isinstance(node, ast.Name):
            self.names.append(self.quoted.get(node.id, node.id))
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
            self.arithmetic(node.operand)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, _OPERATORS):
            if isinstance(node.op, ast.Pow):
                self.power(node)
            self.arithmetic(node.left)
            self.arithmetic(node.right)
        elif isinstance(node, ast.Call):
            self.call(node)
        elif isinstance(node, ast.Attribute):
            raise self.fail(f"{ast.unparse(node)!r} cannot stand here: put a column name with a dot in backquotes inside a function")
        else:
            raise self.fail("only columns, numbers, + - * / ** and brackets can stand inside a function of `fixed`")

    def power(self, node: ast.BinOp) -> None:
        exponent = node.right.operand if isinstance(node.right, ast.UnaryOp) else node.right
        small = isinstance(exponent, ast.Constant) and isinstance(exponent.value, int | float) and abs(exponent.value) <= _LARGEST_POWER
        if not small or not any(isinstance(child, ast.Name) for child in ast.walk(node.left)):
            raise self.fail(f"a power takes a column and a number up to {_LARGEST_POWER}: `x ** 2`")
