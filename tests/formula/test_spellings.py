"""What other programs write is answered with the line to write here, and that line can be read."""

from __future__ import annotations

import re

import pytest

from vcmodel.errors import FormulaError
from vcmodel.spec import build_spec

# (fixed, random, residual) -> the lines shown
LINES = {
    ("y ~ x", "(1|g)", None): 'random="g"',
    ("y ~ x", "1 | g", None): 'random="g"',
    ("y ~ x", "~ 1 | a/b", None): 'random="a + a:b"',
    ("y ~ x", "(1 | a:b) + (1|c)", None): 'random="a:b + c"',
    ("y ~ x", "(1|a) + (1|b) + h", None): 'random="a + b + h"',
    ("y ~ x", "(x|g)", None): 'random="str(~ g + g:lin(x), ~ us(2):id(g))"',
    ("y ~ x", "(1 + x + z | g)", None): 'random="str(~ g + g:lin(x) + g:lin(z), ~ us(3):id(g))"',
    ("y ~ x", "(0 + x | g)", None): 'random="g:lin(x)"',
    ("y ~ x", "(x - 1 | g)", None): 'random="g:lin(x)"',
    ("y ~ x", "(1 + x || g)", None): 'random="g + g:lin(x)"',
    ("y ~ x", "(1|factor(g))", None): 'random="g"',
    ("y ~ x", "(x | a:b)", None): 'random="str(~ a_b + a_b:lin(x), ~ us(2):id(a_b))"',
    ("y ~ x", "(1 | `my g`)", None): 'random="`my g`"',
    ("y ~ x", "us(1 + x | g)", None): 'random="str(~ g + g:lin(x), ~ us(2):id(g))"',
    ("y ~ x", "diag(1 + x | g)", None): 'random="g + g:lin(x)"',
    ("y ~ x", "us(0 + C(f) | g)", None): 'random="us(f):g"',
    ("y + z ~ trait", "(0 + trait | g)", None): 'random="us(trait):g"',
    ("y ~ x + (1|g)", None, None): 'fixed="y ~ x", random="g"',
    ("y ~ (1|g)", None, None): 'fixed="y ~ 1", random="g"',
    ("y ~ 0 + x + (1|a/b)", None, None): 'fixed="y ~ 0 + x", random="a + a:b"',
    ("y ~ x*f + (1 + x|g) + (1|h)", None, None): 'fixed="y ~ x + f + x:f", random="str(~ g + g:lin(x), ~ us(2):id(g)) + h"',
    ("y ~ trt + Error(block/plot)", None, None): 'fixed="y ~ trt", random="block + block:plot"',
    ("y ~ a + b %in% a", None, None): 'fixed="y ~ a + a:b"',
    ("y ~ x", "b %in% a", None): 'random="a:b"',
    ("y ~ x", "vsr(g)", None): 'random="g"',
    ("y ~ x", "vs(us(env), g)", None): 'random="us(env):g"',
    ("y ~ x", "vsr(dsr(env), g, Gu = A)", None): 'random="diag(env):vm(g, A)"',
    ("y + z ~ trait", "vsm(usm(trait), ism(g))", None): 'random="us(trait):g"',
    ("y ~ x", "vsm(usm(env), ism(g), Gu=K)", None): 'random="us(env):vm(g, K)"',
    ("y ~ x", "vsm(ism(g)) + h", None): 'random="g + h"',
    ("y ~ x", "vsm(atm(env, c('E1', 'E2')), ism(g))", None): "random=\"at(env, ['E1', 'E2']):g\"",
    ("y + z ~ trait", "vsr(g, Gu=A, Gtc=unsm(2))", None): 'random="us(trait):vm(g, A)"',
    ("y ~ x", "covm(vsm(ism(animal), Gu=A), vsm(ism(dam), Gu=A))", None): 'random="str(~ animal + dam, ~ us(2):vm(animal, A))"',
    ("y ~ x", "gvs(a, b)", None): 'random="str(~ a + b, ~ us(2):id(a))"',
    ("y ~ x", None, "vsm(ism(units))"): 'residual="units"',
    ("y ~ x", None, "vsr(dsr(site), units)"): 'residual="dsum(~ units | site)"',
    ("y + z ~ trait", None, "vsr(units, Gtc=unsm(2))"): 'residual="us(trait):units"',
}


@pytest.mark.parametrize(("texts", "lines"), LINES.items(), ids=[" ; ".join(filter(None, texts)) for texts in LINES])
def test_the_line_to_write_is_shown_and_can_be_read(texts: tuple[str, str | None, str | None], lines: str) -> None:
    with pytest.raises(FormulaError) as caught:
        build_spec(*texts)
    message = str(caught.value).splitlines()[0]
    assert f"here write {lines}" in message
    shown = dict(re.findall(r'(fixed|random|residual)="([^"]*)"', lines))
    parts = dict(zip(("fixed", "random", "residual"), texts, strict=True))
    assert build_spec(**{**parts, **shown})


REMARKS = {
    ("y ~ x", "(x|g)"): '(where x is a factor: random="us(x):g")',
    ("y ~ x", "(1 + x || g)"): '(where x is a factor: random="diag(x):g")',
    ("y ~ x", "(x | a:b)"): "data['a_b'] = data['a'].astype(str) + ':' + data['b'].astype(str)",
    ("y ~ x", "(poly(x, 2) | g)"): "make a column of poly(x, 2)",
    ("y ~ x + (log(x) | g)", None): "make a column of log(x)",
    ("y ~ x", "vsm(usm(leg(x, 1)), ism(g))"): "str(~ g + g:lin(x), ~ us(2):id(g))",
    ("y ~ x + vsr(g)", None): 'here write fixed="y ~ x", random="g"',
    ("y ~ x + offset(log(n))", None): "data['y_less_offset'] = data['y'] - (log(n))",
    ("y ~ as.factor(g)", None): "write C(g)",
    ("y ~ log(as.numeric(x))", None): "write x",
    ("y ~ ns(x, 3)", None): "write cr(x, df=4)",
    ("y ~ np.log1p(x)", None): "write log(x + 1)",
    ("y ~ relevel(trt, ref='b')", None): "pd.Categorical(data['trt'], categories=[...])",
    ("y ~ lag(x, 1)", None): "data['x_lag'] = data['x'].shift(1)",
    ("y ~ Q('my x')", None): "write `my x`",
    ("y ~ C(trt, Treatment(reference='b'))", None): "categories=['b', *[v for v in data['trt'].unique() if v != 'b']])",
    ("y ~ C(trt, contr.treatment(base=2))", None): "data['trt'] = pd.Categorical(data['trt'], categories=[...])",
    ("y ~ C(trt, Sum)", None): "write C(trt)",
    ("y ~ C(trt, contr.sum)", None): "write C(trt)",
    ("y ~ factor(trt, levels=c('b', 'a'))", None): "make the column categorical, data['trt'] = pd.Categorical",
    ("y ~ x", "as.factor(g)"): "write g",
    ("y ~ x", "random = ~ g"): 'write random="~ g"',
    ("fixed = y ~ x", None): 'write fixed="y ~ x"',
    ("y ~ x, random = ~ g + us(trait):h, residual = ~ units", None): 'write fixed="y ~ x", random="~ g + us(trait):h", residual="~ units"',
    ("y ~ .", None): "a dot for all other columns is not available",
    ("y ~ I(x > 3)", None): "make a column of the comparison",
    ("y + z ~ trait", "at(trait, 2):g"): "write at(trait, 'z')",
    ("y ~ x | g", None): "effects of random levels stand in `random`",
}


@pytest.mark.parametrize(("texts", "words"), REMARKS.items(), ids=[" ; ".join(filter(None, texts)) for texts in REMARKS])
def test_what_has_no_line_of_its_own_has_a_way(texts: tuple[str, str | None], words: str) -> None:
    with pytest.raises(FormulaError) as caught:
        build_spec(*texts)
    assert words in str(caught.value)


def test_a_leading_tilde_is_no_spelling_of_another_program() -> None:
    assert build_spec("y ~ x", "~ g").random == build_spec("y ~ x", "g").random
