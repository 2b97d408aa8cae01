"""Random formulas: read or refused in bounded time, printed as they are read, the same for any name and number type of a column."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from fuzz.budget import draws

import vcmodel as vc
from vcmodel.design.fixed import build_fixed
from vcmodel.design.frame import build_frame
from vcmodel.formula.parser import parse_fixed, parse_random, parse_residual
from vcmodel.formula.tree import backquoted, format_fixed, format_terms
from vcmodel.spec import build_spec

ROWS = 48
COVARIATES, FACTORS = ("x", "z"), ("f", "g", "h")
NASTY = (
    *("1", "None", "True", "a:b", "x + y", "trait", "units", "mu", "C(x)", "I", "log", "yield", "lambda"),
    *("back\\slash", "quo'te", 'dou"ble', "tick`", "new\nline", "größe", "m²", "at(f, 'a')", "(1|g)", "y ~ x"),
    *("Intercept", "[T.a]", "%in%", "poly", "np.log", " padded "),
)
MARKS = (*"~+-*/:^()[],=|`'.%@{}102\"\\\n\0", "**", "||", "%in%", "y ~ ", "1e9", "9" * 11)
WORDS = (
    *("x", "g", "trait", "units", "mu", "C", "I", "log", "poly", "bs", "at", "us", "diag", "id", "vm", "str", "dsum", "lin", "vsr"),
    *("yield", "None", "True", "offset", "Error", "Sum", "levels", "df", "knots", "a b", "é"),
)
PIECES = (*MARKS, *WORDS)


def pick(rng: np.random.Generator, items: tuple[str, ...]) -> str:
    return str(items[rng.integers(len(items))])


def arithmetic(rng: np.random.Generator, depth: int) -> str:
    kind = rng.integers(7 if depth else 2)
    if kind == 0:
        return pick(rng, COVARIATES)
    if kind == 1:
        return pick(rng, (*COVARIATES, "3", "0.5"))
    left = arithmetic(rng, depth - 1)
    if kind == 2:
        return f"(x - {left}) ** {rng.integers(1, 4)}"
    if kind == 3:
        return f"{pick(rng, ('-', '+', '--'))}{left}"
    if kind == 4:
        return f"exp(({left}) / 50)"
    return f"({left}) {pick(rng, ('+', '-', '*'))} {arithmetic(rng, depth - 1)}"


def part(rng: np.random.Generator) -> str:
    kind = rng.integers(8)
    if kind <= 1:
        return pick(rng, COVARIATES)
    if kind <= 3:
        return pick(rng, FACTORS)
    if kind == 4:
        return f"C({pick(rng, (*COVARIATES, *FACTORS))})"
    if kind == 5:
        return f"I(x * ({arithmetic(rng, 2)}))"
    return pick(rng, ("poly(x, 2)", "log(z + 5)", "scale(x)", "bs(z, df=4)", "at(f, 'f1')", "cr(x, df=3)", "sqrt(z)", "center(z)"))


def fixed(rng: np.random.Generator) -> str:
    terms = []
    for _ in range(rng.integers(1, 4)):
        chosen = sorted({part(rng) for _ in range(rng.integers(1, 3))})  # the same term in two orders is refused
        terms.append(pick(rng, (":", ":", " * ")).join(chosen))
    return f"y ~ {pick(rng, ('', '', '0 + ', '1 + '))}{' + '.join(terms)}"


def random_part(rng: np.random.Generator) -> str:
    return pick(rng, ("g", "g + h", "us(f):g", "g:lin(x)", "str(~ g + g:lin(z), ~ us(2):id(g))", "at(f, 'f0'):g", "g/h", "diag(f):h"))


def table(rng: np.random.Generator) -> pd.DataFrame:
    levels = {name: [f"{name}{i}" for i in rng.integers(0, size, ROWS)] for name, size in zip(FACTORS, (2, 6, 4), strict=True)}
    numbers = {"x": rng.integers(1, 40, ROWS), "z": rng.integers(0, 6, ROWS)}
    return pd.DataFrame({"y": rng.normal(size=ROWS), **levels, **numbers})


def matrix(text: str, data: pd.DataFrame) -> np.ndarray | str:
    """The fixed columns, or the kind of refusal."""
    try:
        spec = build_spec(text)
        return build_fixed(spec, build_frame(spec, data)).matrix.toarray()
    except vc.VcmodelError as problem:
        return type(problem).__name__


def same(one: np.ndarray | str, two: np.ndarray | str) -> bool:
    return one == two if isinstance(one, str) or isinstance(two, str) else one.shape == two.shape and bool(np.all(one == two))


def renamed(text: str, names: dict[str, str]) -> str:
    """`text` with its columns under other names in backquotes."""
    result, word = "", ""
    for character in text + "\0":
        if character.isalnum() or character in "_'":
            word += character
            continue
        result += backquoted(names[word]) if word in names else word
        result, word = result + character, ""
    return result[:-1]


def test_any_text_is_read_or_refused_in_bounded_time() -> None:
    for key, rng in draws():
        anything = f"y ~ {''.join(pick(rng, PIECES) for _ in range(rng.integers(1, 30)))}"
        parts = [anything if rng.random() < 0.5 else fixed(rng), random_part(rng)]
        if rng.random() < 0.7:  # a piece of what was right is lost, doubled or replaced
            which = int(rng.integers(2))
            text = parts[which]
            i, j = sorted(rng.integers(0, len(text) + 1, 2))
            parts[which] = text[:i] + pick(rng, (text[i:j] * 2, pick(rng, PIECES), "")) + text[j:]
        residual = "".join(pick(rng, PIECES) for _ in range(rng.integers(1, 12))) if rng.random() < 0.3 else None
        start = time.process_time()
        try:
            vc.Model(parts[0], parts[1], residual)
        except vc.VcmodelError as problem:
            assert len(str(problem)) < 10_000, key
        assert time.process_time() - start < 5.0, key


def test_what_is_read_prints_as_it_is_read() -> None:
    for key, rng in draws():
        text = fixed(rng)
        responses, terms = parse_fixed(text)
        assert parse_fixed(format_fixed(responses, terms)) == (responses, terms), (key, text)
        text = random_part(rng)
        assert parse_random(format_terms(parse_random(text))) == parse_random(text), (key, text)
    assert str(parse_residual("dsum(~ id(`a`` b`) | `trait`)")[0]) == "dsum(~ id(`a`` b`) | `trait`)"


def test_a_column_gives_the_same_under_any_name() -> None:
    for key, rng in draws():
        data, text = table(rng), fixed(rng)
        chosen = rng.permutation(len(NASTY))[:5]
        names = dict(zip((*COVARIATES, *FACTORS), (NASTY[i] for i in chosen), strict=True))
        plain, other = matrix(text, data), matrix(renamed(text, names), data.rename(columns=names))
        assert same(plain, other), (key, text, renamed(text, names), plain, other)
        if key[1] % 20 == 0:
            random = "g + h + g:lin(x)"
            one = vc.fit("y ~ 1", random=random, data=data)
            assert one.loglik == vc.fit("y ~ 1", random=renamed(random, names), data=data.rename(columns=names)).loglik, (key, names)


def test_whole_numbers_give_what_their_floats_give() -> None:
    for key, rng in draws():
        data, text = table(rng), fixed(rng)
        right = matrix(text, data.astype({"x": float, "z": float}))
        for dtype in ("int8", "uint16", "Int32"):
            assert same(matrix(text, data.astype({"x": dtype, "z": dtype})), right), (key, text, dtype)
