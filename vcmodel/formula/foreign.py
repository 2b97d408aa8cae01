"""How other programs write what the language writes in another way: each spelling with the line to write here.

Spellings are never read as if they were ours: what lme4 or sommer mean by them may differ in detail, so the reader sees the line first.
"""

from __future__ import annotations

from dataclasses import dataclass

from vcmodel.formula.tokens import Token, unquote
from vcmodel.formula.tree import Argument, Call, Formula, Literal, Name, Product, Span, backquoted

# sommer's names; those with r at the end are of earlier versions
WRAPPERS = ("vs", "vsr", "vsm", "gvs", "gvsr", "covm")
_STRUCTURES = {
    **dict.fromkeys(("usm", "usr", "us", "unsm"), "us"),
    **dict.fromkeys(("dsm", "dsr", "ds", "diag"), "diag"),
    **dict.fromkeys(("csm", "csr", "cs"), "corv"),
}
_PLAIN = ("ism", "isr", "is", "id")
_CONDITIONS = ("atm", "atr", "at")
BAR_CALLS = {"us": "us", "diag": "diag", "cs": "corh"}  # glmmTMB: us(1 + x | g)
_FACTOR_CALLS = ("C", "factor", "as.factor")


@dataclass(frozen=True)
class Spelling:
    """A spelling of another program and what it means here.

    Attributes
    ----------
    program : str
    span : (int, int)
        Where it stands.
    terms : tuple of Product
        The random terms, or the residual, to write instead.
    remark : str
        What else the reader should know; may be empty.
    """

    program: str
    span: Span
    terms: tuple[Product, ...] = ()
    remark: str = ""


class Unreadable(ValueError):
    """A spelling of another program that has no counterpart; the message says what to do instead."""


# --- lme4, nlme, glmmTMB: (1 + x | g) ---------------------------------------------------------------------------------------------------


def bar(left: list[Product], group: list[Product], structure: str) -> tuple[tuple[Product, ...], str]:
    """The terms that ``(left | group)`` stands for, and a remark.

    Parameters
    ----------
    left : list of Product
        The effects, the intercept as the empty product.
    group : list of Product
        The grouping factors: a and a:b for ``a/b``.
    structure : str
        Over the effects: ``"us"``, ``"corh"``, or ``"diag"`` for ``||``.
    """
    terms: list[Product] = []
    remarks: list[str] = []
    for product in group:
        place = _names(product)
        found, remark = _effects(left, place, structure)
        terms += found
        if remark and remark not in remarks:
            remarks.append(remark)
    return tuple(terms), "; ".join(remarks)


def _names(product: Product) -> tuple[Name, ...]:
    names = []
    for item in product.factors:
        if isinstance(item, Call) and item.function in _FACTOR_CALLS and len(item.arguments) == 1:
            names.append(Name(str(item.arguments[0]).strip("`")))
        elif isinstance(item, Name):
            names.append(item)
        else:
            raise Unreadable(f"make a column of {item} and write its name")
    if not names:
        raise Unreadable("a grouping factor stands right of `|`: (1 | g)")
    return tuple(names)


def _effects(left: list[Product], place: tuple[Name, ...], structure: str) -> tuple[list[Product], str]:
    factors = [_levels(item) for product in left for item in product.factors]
    over = [name for name in factors if name is not None]
    if over:
        if len(factors) > 1:
            own = Product((Call(structure, (over[0],)), *place))
            raise Unreadable(f"write a term of its own for each effect, {own} for the levels of {over[0]}")
        return [Product((Call(structure, (over[0],)), *place))], ""
    effects = [Product((*place, *(_linear(item) for item in product.factors))) for product in left]
    if not effects:
        raise Unreadable("nothing stands left of `|`: (1 | g)")
    names = [str(product) for product in left if product.factors]
    as_factor = written_here({"random": f"{structure}({names[0]}):{Product(place)}"}) if len(names) == 1 else ""
    remark = f"where {names[0]} is a factor: {as_factor}" if as_factor else ""
    if len(effects) == 1 or structure == "diag":
        return effects, remark
    if len(place) > 1:
        joined = Name("_".join(name.text for name in place))
        made = " + ':' + ".join(f"data[{name.text!r}].astype(str)" for name in place)
        effects = [Product((joined, *product.factors[len(place) :])) for product in effects]
        place = (joined,)
        remark = f"with the column data[{joined.text!r}] = {made}"
    size = Call(structure, (Literal(len(effects)),))
    second = Formula((Product((size, Call("id", place))),))
    return [Product((Call("str", (Formula(tuple(effects)), second)),))], remark


def _levels(item: Name | Call) -> Name | None:
    """The factor over whose levels effects are wanted: ``trait`` or ``C(f)``."""
    if isinstance(item, Name):
        return item if item.text == "trait" and not item.quoted else None
    return Name(str(item.arguments[0]).strip("`")) if item.function in _FACTOR_CALLS and len(item.arguments) == 1 else None


def _linear(item: Name | Call) -> Call:
    if isinstance(item, Call):
        raise Unreadable(f"make a column of {item}, here called z, and write lin(z) for it")
    return Call("lin", (item,))


# --- sommer: vsm(usm(env), ism(g), Gu=K) ------------------------------------------------------------------------------------------------


def wrapped(call: Call, part: str) -> tuple[Product, ...]:
    """The term that a call of sommer stands for.

    Raises
    ------
    Unreadable
        A function of sommer without counterpart.
    """
    if call.function == "covm":
        return (_together(call.arguments, dict(call.keywords)),)
    if call.function in ("gvs", "gvsr"):
        return (_together(tuple(Call("vsr", (item,)) for item in call.arguments), dict(call.keywords)),)
    named = dict(call.keywords)
    factors = [_element(item) for item in call.arguments]
    if not factors:
        raise Unreadable(f"{call.function}() names no factor")
    last = factors[-1]
    relationship = named.get("Gu")
    if relationship is not None and isinstance(last, Name):
        factors[-1] = Call("vm", (last, relationship))
    across = _STRUCTURES.get(_function(named.get("Gtc")))
    if across and "trait" not in str(Product(tuple(factors))):
        factors.insert(0, Call(across, (Name("trait"),)))
    if part == "residual" and isinstance(factors[0], Call) and factors[0].function in ("diag", "at") and "trait" not in str(factors[0]):
        inside = Product((*factors[1:],)) if len(factors) > 1 else Product((Name("units"),))
        section = factors[0].arguments[0]
        if isinstance(section, Name):
            return (Product((Call("dsum", (Formula((inside,), section),)),)),)
    return (Product(tuple(factors)),)


def _function(argument: Argument | None) -> str:
    return argument.function if isinstance(argument, Call) else ""


def _element(item: Argument) -> Name | Call:
    if isinstance(item, Name):
        return item
    if not isinstance(item, Call) or not item.arguments:
        raise Unreadable(f"{item} has no counterpart: write factors and structures joined by `:`, us(env):g")
    inner = item.arguments[0]
    if item.function in _PLAIN:
        return _element(inner)
    if not isinstance(inner, Name):
        raise Unreadable(f"{item} has no counterpart: for a random regression on x write str(~ g + g:lin(x), ~ us(2):id(g))")
    if item.function in _STRUCTURES:
        return Call(_STRUCTURES[item.function], (inner,))
    if item.function in _CONDITIONS:
        return Call("at", item.arguments)
    if item.function in ("vm", "ped", "giv", "ide"):
        return item
    raise Unreadable(f"{item} has no counterpart: write factors and structures joined by `:`, us(env):g")


def _together(parts: tuple[Argument, ...], named: dict[str, Argument]) -> Product:
    """``str()`` over several effects with one unstructured matrix."""
    members, relationship = [], named.get("Gu")
    for item in parts:
        inner = item
        if isinstance(item, Call) and item.function in WRAPPERS and item.arguments:
            inner = item.arguments[-1]
            relationship = dict(item.keywords).get("Gu", relationship)
        member = _element(inner)
        if not isinstance(member, Name):
            raise Unreadable(f"{item} cannot be joined to others: write str(~ a + b, ~ us(2):id(a))")
        members.append(member)
    if len(members) < 2:
        raise Unreadable("two or more effects are joined: str(~ a + b, ~ us(2):id(a))")
    shared = Call("id", (members[0],)) if relationship is None else Call("vm", (members[0], relationship))
    first = Formula(tuple(Product((item,)) for item in members))
    second = Formula((Product((Call("us", (Literal(len(members)),)), shared)),))
    return Product((Call("str", (first, second)),))


# --- functions of the fixed part --------------------------------------------------------------------------------------------------------

_HERE = {
    "as.factor": "C({})",
    "as.numeric": "{}",
    "as.integer": "{}",
    "log1p": "log({} + 1)",
    "expm1": "I(exp({}) - 1)",
    "abs": "sqrt(({}) ** 2)",
    "ns": "cr({}, df=4)",
    "s": "cr({}, df=4)",
}
_COLUMN = {
    "offset": "subtract it from the response beforehand, data['y_less_offset'] = data['y'] - ({}), and write y_less_offset ~ ...",
    "relevel": "the first category is the baseline: make the column categorical, pd.Categorical(data['x'], categories=[...])",
    "ordered": "make the column categorical in this order, pd.Categorical(data['x'], categories=[...]), and write its name",
    "lag": "make a column of the earlier values, data['x_lag'] = data['x'].shift(1), and write its name",
}


def function_here(function: str, inside: str) -> str:
    """What to write in `fixed` instead of a function of R, patsy or NumPy on `inside`; "" when nothing is known."""
    name = function.rsplit(".", 1)[-1] if function.startswith(("np.", "numpy.", "splines.", "stats.")) else function
    first = inside.split(",")[0].strip()
    if name in _HERE:
        return f"write {_HERE[name].format(first)}"
    if name in ("relevel", "ordered", "lag"):
        return _COLUMN[name].replace("'x'", repr(first)).replace("'x_lag'", repr(f"{first}_lag"))
    if name in _COLUMN:
        return _COLUMN[name].format(inside.strip())
    if name == "Q":
        return f"write {backquoted(inside.strip().strip(chr(39) + chr(34)))}"
    return ""


def contrasts(column: str, tokens: tuple[Token, ...], single: bool) -> str:
    """Why ``C(column, ...)`` takes nothing after the column, and how to choose the baseline."""
    name = column.strip("`").replace("``", "`") if single else "x"
    words = [token.text for token in tokens if token.kind in ("name", "string", "number")]
    treatment = any(word in ("Treatment", "contr.treatment", "contr.SAS") for word in words)
    other = [word for word in words if word in ("Sum", "contr.sum", "Helmert", "contr.helmert", "Poly", "contr.poly", "Diff", "Deviation")]
    reference = next((unquote(token) for token in reversed(tokens) if token.kind == "string"), None)
    if other:
        return (
            f"C() takes a column and nothing else: {other[0]} changes how effects are expressed, not the model: write C({column}) "
            "(effects as differences from the first level; variance components, predictions and tests are the same)"
        )
    if treatment and reference is not None and single:
        rest = f"*[v for v in data[{name!r}].unique() if v != {reference!r}]"
        return (
            "C() takes a column and nothing else: the first category is the baseline: "
            f"data[{name!r}] = pd.Categorical(data[{name!r}], categories=[{reference!r}, {rest}]), and write C({column})"
        )
    return (
        "C() takes a column and nothing else: for another order of the levels, whose first is the baseline, make the column "
        f"categorical, data[{name!r}] = pd.Categorical(data[{name!r}], categories=[...])"
    )


def strata(product: list[Product]) -> tuple[Product, ...]:
    """The random terms of R's ``Error(block/plot)``."""
    return tuple(Product(_names(item)) for item in product if item.factors)


def written_here(formulas: dict[str, str]) -> str:
    """``fixed="y ~ x", random="g"``."""
    return ", ".join(f'{name}="{text}"' if '"' not in text else f"{name}={text!r}" for name, text in formulas.items() if text)
