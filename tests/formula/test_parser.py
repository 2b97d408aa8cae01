"""Text to tree: operators, calls, messages, and printing as the inverse of parsing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from vcmodel.errors import FormulaError
from vcmodel.formula.parser import parse_fixed, parse_random, parse_residual
from vcmodel.formula.tree import Call, Formula, Literal, Name, Product, Sequence, format_fixed, format_terms

EXPANSIONS = {
    "a": ["a"],
    "~ a + b": ["a", "b"],
    "a + b + a": ["a", "b"],
    "a:b:c": ["a:b:c"],
    "a:a": ["a"],
    "a*b": ["a", "b", "a:b"],
    "a*b*c": ["a", "b", "a:b", "c", "a:c", "b:c", "a:b:c"],
    "a/b": ["a", "a:b"],
    "a/b/c": ["a", "a:b", "a:b:c"],
    "a/(b + c)": ["a", "a:b", "a:c"],
    "(a + b)/c": ["a", "b", "a:b:c"],
    "(a + b):c": ["a:c", "b:c"],
    "a:(b + c)": ["a:b", "a:c"],
    "us(trait):(Block + Family)": ["us(trait):Block", "us(trait):Family"],
    "(a + b + c)**2": ["a", "b", "c", "a:b", "a:c", "b:c"],
    "(a + b)^3": ["a", "b", "a:b"],
    "a*b - a:b": ["a", "b"],
    "a*b - b": ["a", "a:b"],
    "(a + b) - (a)": ["b"],
    "a + 0": ["a"],
    "a - 1": ["a"],
    "-1 + a": ["a"],
    "a + -1": ["a"],
    "a + 1": ["a", "1"],
    "mu + a": ["1", "a"],
    "`my col`:b": ["`my col`:b"],
    "`b`": ["b"],
    "`mu`": ["`mu`"],
    "a.b:_c": ["a.b:_c"],
    "größe": ["größe"],
    "a\n  + b": ["a", "b"],
}


@pytest.mark.parametrize(("text", "terms"), EXPANSIONS.items(), ids=list(EXPANSIONS))
def test_operators_expand(text: str, terms: list[str]) -> None:
    assert [str(term) for term in parse_random(text)] == terms


FIXED = {
    "y ~ x": (["y"], ["1", "x"]),
    "y ~ 1": (["y"], ["1"]),
    "y ~ mu + x": (["y"], ["1", "x"]),
    "y ~ 0": (["y"], []),
    "y ~ -1": (["y"], []),
    "y ~ 0 + x": (["y"], ["x"]),
    "y ~ x - 1": (["y"], ["x"]),
    "y ~ 0 + x + 1": (["y"], ["1", "x"]),
    "y ~ x - 0": (["y"], ["1", "x"]),
    "bden + veloc ~ trait": (["bden", "veloc"], ["1", "trait"]),
    "cbind(bden, veloc) ~ trait*site": (["bden", "veloc"], ["1", "trait", "site", "trait:site"]),
    "`my y` ~ factor(sex)": (["my y"], ["1", "C(sex)"]),
    "cbind ~ x": (["cbind"], ["1", "x"]),
    "y ~ I(x**2) + I( x ^ 2 + 1)": (["y"], ["1", "I(x ** 2)", "I(x ** 2 + 1)"]),
    "y ~ log(`my x` + 1):b": (["y"], ["1", "log(`my x` + 1):b"]),
    "y ~ I(`my x` * quoted0_)": (["y"], ["1", "I(`my x` * quoted0_)"]),
    "y ~ log(`a.b`)": (["y"], ["1", "log(`a.b`)"]),
    "y ~ poly(x, degree=2)": (["y"], ["1", "poly(x, degree=2)"]),
    "y ~ bs(x, knots=[1,  2])": (["y"], ["1", "bs(x, knots=[1, 2])"]),
    "y ~ I(factor(s))": (["y"], ["1", "I(C(s))"]),
    "y ~ at(trait, 'y1'):x": (["y"], ["1", "at(trait, 'y1'):x"]),
    "y ~ scale(log(x) / -2.5)": (["y"], ["1", "scale(log(x) / -2.5)"]),
}


@pytest.mark.parametrize(("text", "expected"), FIXED.items(), ids=list(FIXED))
def test_fixed_formulas(text: str, expected: tuple[list[str], list[str]]) -> None:
    responses, terms = parse_fixed(text)
    assert (list(responses), [str(term) for term in terms]) == expected


def test_an_implied_intercept_has_no_span() -> None:
    (implied, _), (written, _) = parse_fixed("y ~ x")[1], parse_fixed("y ~ x + 1")[1]
    assert implied == written == Product(())
    assert implied.span == (0, 0)
    assert written.span == (8, 9)


def only(text: str) -> Call:
    (term,) = parse_residual(text) if "dsum" in text else parse_random(text)
    (call,) = term.factors
    assert isinstance(call, Call)
    return call


@pytest.mark.parametrize("text", ["at(f, 'a', 'b')", 'at(f, "a", "b")'])
def test_levels_as_arguments(text: str) -> None:
    assert only(text).arguments == (Name("f"), Literal("a"), Literal("b"))


@pytest.mark.parametrize("text", ["at(f, c('a', 'b'))", "at(f, ['a', 'b'])", "at(f, list('a', 'b'))"])
def test_levels_as_a_list(text: str) -> None:
    assert only(text).arguments == (Name("f"), Sequence((Literal("a"), Literal("b"))))


def test_levels_keep_their_type_and_escapes() -> None:
    assert only(r"at(f, low, 2, -1.5, 'it\'s', '\\')").arguments[1:] == (
        Name("low"),
        Literal(2),
        Literal(-1.5),
        Literal("it's"),
        Literal("\\"),
    )


@pytest.mark.parametrize("levels", ["[['S1', 'S2'], ['S3']]", "list(c('S1', 'S2'), c('S3'))"])
def test_direct_sum(levels: str) -> None:
    call = only(f"dsum(~ us(col):id(row) + row | site, levels={levels})")
    (formula,) = call.arguments
    assert isinstance(formula, Formula)
    assert [str(term) for term in formula.terms] == ["us(col):id(row)", "row"]
    assert formula.condition == Name("site")
    groups = Sequence((Sequence((Literal("S1"), Literal("S2"))), Sequence((Literal("S3"),))))
    assert call.keywords == (("levels", groups),)


def test_formulas_inside_a_call_expand_too() -> None:
    call = only("str(~ a/lin(x), ~ us(2):id(a))")
    assert str(call) == "str(~ a + a:lin(x), ~ us(2):id(a))"


def test_spans_point_into_the_text() -> None:
    text = "Block + us( trait ):Family"
    terms = parse_random(text)
    assert [text[slice(*term.span)] for term in terms] == ["Block", "us( trait ):Family"]
    call = terms[1].factors[0]
    assert text[slice(*call.span)] == "us( trait )"


# text -> (what the message says, what the carets mark)
RANDOM_ERRORS = {
    "us(trait:Block": ("bracket is not closed", "("),
    "(a + b": ("bracket is not closed", "("),
    "at(f, ['a', 'b')": ("bracket is not closed", "["),
    "a + b)": ("never opened", ")"),
    "a +": ("ends where a term should stand", " "),
    "a:": ("ends where a term should stand", " "),
    "us(": ("bracket is not closed", "("),
    "us(a:2)": ("a number where a name should stand", "2"),
    "us(,)": ("',' where an argument should stand", ","),
    "(": ("ends where a term", " "),
    "()": ("a closing bracket where a term", ")"),
    "a b": ("'b' where an operator should stand", "b"),
    "y ~ a": ("`~` can only lead the formula", "~"),
    "a = b": ("`=` can only name an argument", "="),
    "a | b": ('a | b is how nlme writes it; here write random="str(~ b + b:lin(a), ~ us(2):id(b))"', "a | b"),
    "'a'": ("quoted text where a term should stand", "'a'"),
    "2": ("a number where a term should stand", "2"),
    "a ** b": ("whole number from 1 to 20", "b"),
    "a ** 99": ("whole number from 1 to 20", "99"),
    "a - b": ("takes away a term that is not there", "b"),
    "a - a": ("no terms left", None),
    "env:geno + geno:env": ("'env:geno' and 'geno:env' are the same term", "geno:env"),
    "a @ b": ("'@' has no place", "@"),
    "a %in% b": ('%in% is how R writes it; here write random="b:a"', "%in%"),
    "a % b": ("'%' is not an operator", "%"),
    "at(f, 'a)": ("the quote ' is not closed", "'"),
    "`a": ("the quote ` is not closed", "`"),
    "` `": ("empty name between backquotes", "` `"),
    "at(f, 1e999)": ("number is too large", "1e999"),
    "at(f, " + "9" * 50 + ")": ("more than 40 characters", "9" * 50),
    "at(f, k=1, 2)": ("put it first", "2"),
    "at(f, k=1, k=2)": ("'k' stands twice", "k"),
    "str(~ a | )": ("factor that splits the residual", ")"),
    "str(~ a - a, ~ us(2):b)": ("this formula has no terms left", "~"),
    "uss(trait):Block": ("did you mean 'us'", "uss"),
    "__import__('os')": ("unknown function '__import__'", "__import__"),
    "spl(x)": ("spl() is not available yet; what is: ", "spl"),
    "fa(site, 2):geno": ("fa() is not available yet; what is: ", "fa"),
    "rr(row)": ("rr() is not available yet", "rr"),
    "dsum(~ units | site)": ("belongs in `residual`", "dsum"),
    "factor(a)": ("every bare name is a factor", "factor"),
    "log(a)": ("belongs in `fixed`", "log"),
    "a:2": ("a number where a term should stand", "2"),
    "`a`(b)": ("an operator should stand", "("),
    "(" * 60 + "a" + ")" * 60: ("nested more than 40 deep", "("),
    "*".join("abcdefghijklmnop"): ("expand to more than 2000 terms", None),
    "(" + " + ".join(f"a{i}" for i in range(60)) + "):(" + " + ".join(f"b{i}" for i in range(60)) + ")": ("more than 2000 terms", None),
}


def check(text: str, expected: tuple[str, str | None], problem: str) -> None:
    message, marked = expected
    assert message in problem
    if marked is not None:
        shown, carets = problem.splitlines()[-2:]
        start, stop = carets.index("^"), carets.rindex("^") + 1
        assert shown[start:stop].ljust(stop - start) == marked


@pytest.mark.parametrize(("text", "expected"), RANDOM_ERRORS.items(), ids=[text[:30] for text in RANDOM_ERRORS])
def test_messages_in_random(text: str, expected: tuple[str, str | None]) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_random(text)
    check(text, expected, str(caught.value))


FIXED_ERRORS = {
    "y": ("needs `~`", "y"),
    "y = x": ("needs `~`", "="),
    "~ x": ("needs a response left of `~`", "~"),
    "y ~": ("ends where a term should stand", " "),
    "y ~ x ~ z": ("`~` can stand only once", "~"),
    "y ~ x +": ("ends where a term", " "),
    "log(y) ~ x": ("cannot stand left of `~`", "log"),
    "y + y ~ x": ("response 'y' stands twice", "y"),
    "y * z ~ x": ("responses are joined by `+`", "*"),
    "cbind(y, 2) ~ x": ("a number where a response", "2"),
    "cbind(y ~ x": ("`~` can stand only once", "~"),
    "trait ~ x": ("'trait' is a reserved name", "trait"),
    "y ~ us(site)": ("belongs in `random` or `residual`", "us"),
    "y ~ vm(animal, A)": ("belongs in `random` or `residual`", "vm"),
    "y ~ lin(x)": ("a covariate already", "lin"),
    "y ~ spl(x)": ("spl() is not available yet", "spl"),
    "y ~ cbind(a, b)": ("stands left of `~`", "cbind"),
    "y ~ np.log(x)": ("write log()", "np.log"),
    "y ~ exec('x')": ("unknown function 'exec': the functions of `fixed` are: at, C, ", "exec"),
    "y ~ __import__('os').system('ls')": ("'.' has no place", "."),
    "y ~ __import__('os')": ("unknown function '__import__'", "__import__"),
    "y ~ sclae(x)": ("did you mean 'scale'", "sclae"),
    "y ~ log(x": ("bracket is not closed", "("),
    "y ~ log()": ("log() needs a column", "log()"),
    "y ~ log(x,, 2)": ("cannot be read", "log(x,, 2)"),
    "y ~ log(x) )": ("never opened", ")"),
    "y ~ I(np.log(x))": ("write log()", None),
    "y ~ I(eval('x'))": ("unknown function 'eval'", None),
    "y ~ I(x.sum())": ("unknown function 'x.sum'", None),
    "y ~ I(x.values)": ("column name with a dot in backquotes", None),
    "y ~ I(x[0])": ("only columns, numbers", None),
    "y ~ I([i for i in x])": ("only columns, numbers", None),
    "y ~ I((lambda: 1)())": ("unknown function", None),
    "y ~ I('a' * 9)": ("only columns, numbers", None),
    "y ~ I([1] * 9)": ("only columns, numbers", None),
    "y ~ bs(x, knots=[k])": ("numbers and texts only", None),
    "y ~ poly(x, **{})": ("has no place", None),
    "y ~ poly(x, **d)": ("cannot unpack", None),
    "y ~ poly(*x)": ("only columns, numbers", None),
    "y ~ I(9**9**9)": ("a power takes a column and a number up to 20", None),
    "y ~ x^2": ("`x ** 2` of a single term is that term: write x, or for a power in `fixed` I(x ** 2)", "2"),
    "y ~ a:x ** 3 + z": ("of a single term is that term", "3"),
    "y ~ I(x**z)": ("a power takes a column", None),
    "y ~ I(x**-99)": ("a power takes a column", None),
    "y ~ I(x ** (9**9))": ("a power takes a column", None),
    "y ~ I(x and z)": ("only columns, numbers", None),
    "y ~ I(x = 1) + I()": ("I() needs a column", None),
}


@pytest.mark.parametrize(("text", "expected"), FIXED_ERRORS.items(), ids=list(FIXED_ERRORS))
def test_messages_in_fixed(text: str, expected: tuple[str, str | None]) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_fixed(text)
    check(text, expected, str(caught.value))


@pytest.mark.parametrize("text", ["lin(x)", "str(~ a, ~ us(1):b)", "vm(a, K)"])
def test_what_belongs_in_random_is_refused_in_residual(text: str) -> None:
    with pytest.raises(FormulaError, match="belongs in `random`, not in `residual`"):
        parse_residual(text)


@pytest.mark.parametrize(("parse", "part"), [(parse_fixed, "fixed"), (parse_random, "random"), (parse_residual, "residual")])
def test_what_is_no_text_and_empty_text(parse: object, part: str) -> None:
    with pytest.raises(FormulaError, match=f"`{part}` takes a formula as text, not int"):
        parse(3)  # type: ignore[operator]
    with pytest.raises(FormulaError, match=f"`{part}` is empty"):
        parse("  ")  # type: ignore[operator]


def test_line_breaks_do_not_move_the_carets() -> None:
    with pytest.raises(FormulaError) as caught:
        parse_random("a +\n\tb + )")
    shown, carets = str(caught.value).splitlines()[-2:]
    assert shown[carets.index("^")] == ")"


# --- printing is the inverse of parsing -----------------------------------------------------------------------------------------------

columns = st.sampled_from(["a", "b", "x.y", "my col", "Größe", "1st", "a:b", "mu", "trait", "_z"]).map(Name)
texts = st.text(st.characters(blacklist_categories=("Cs",)), max_size=6)
numbers = st.integers(-1000, 1000) | st.floats(allow_nan=False, allow_infinity=False)
literals = (texts | numbers).map(Literal)
levels = literals | columns
lists = st.lists(levels, max_size=2).map(lambda items: Sequence(tuple(items)))
sequences = st.lists(levels | lists, max_size=3).map(lambda items: Sequence(tuple(items)))


def calls(names: list[str], first: st.SearchStrategy, rest: st.SearchStrategy) -> st.SearchStrategy:
    return st.builds(lambda name, head, tail: Call(name, (head, *tail)), st.sampled_from(names), first, st.lists(rest, max_size=2))


structures = calls(["us", "diag", "corgh", "id", "vm", "lin"], columns, literals) | calls(["at"], columns, levels | sequences)
factors = columns | structures


@st.composite
def products(draw: st.DrawFn) -> Product:
    chosen = draw(st.lists(factors, min_size=1, max_size=3, unique_by=str))
    return Product(tuple(chosen))


sums = st.lists(products(), min_size=1, max_size=4, unique_by=lambda term: frozenset(map(str, term.factors))).map(tuple)
formulas = st.builds(Formula, sums)
strs = st.builds(lambda left, right: Product((Call("str", (left, right)),)), formulas, formulas)
direct_sums = st.builds(
    lambda terms, condition, groups: Product((Call("dsum", (Formula(terms, condition),), (("levels", groups),)),)),
    st.lists(st.builds(lambda name: Product((name,)), columns), min_size=1, max_size=3, unique_by=str).map(tuple),
    columns,
    sequences,
)


@settings(max_examples=examples(150))
@given(sums)
def test_random_round_trip(terms: tuple[Product, ...]) -> None:
    assert parse_random(format_terms(terms)) == terms


@settings(max_examples=examples(60))
@given(strs, direct_sums)
def test_calls_with_formulas_round_trip(consecutive: Product, residual: Product) -> None:
    assert parse_random(str(consecutive)) == (consecutive,)
    assert parse_residual(str(residual)) == (residual,)


names = st.sampled_from(["y", "z", "my y", "y:z"])


@settings(max_examples=examples(60))
@given(
    st.lists(names, min_size=1, max_size=3, unique=True).map(tuple),
    st.lists(columns.map(lambda name: Product((name,))), max_size=3, unique_by=str).map(tuple),
    st.booleans(),
)
def test_fixed_round_trip(responses: tuple[str, ...], terms: tuple[Product, ...], intercept: bool) -> None:
    whole = ((Product(()),) if intercept else ()) + terms
    assert parse_fixed(format_fixed(responses, whole)) == (responses, whole)


@settings(max_examples=examples(200))
@given(st.text(st.sampled_from("ab1 0+-*/:~|()[],='`.@\\"), max_size=25))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_random, parse_residual, parse_fixed):
        try:
            parse(text)
        except FormulaError as problem:
            assert str(problem)


@settings(max_examples=examples(100))
@given(st.text(st.sampled_from("xz1 +-*/,().[]'=log:"), max_size=15))
def test_any_arithmetic_is_read_or_refused(text: str) -> None:
    try:
        responses, terms = parse_fixed(f"y ~ I({text})")
    except FormulaError as problem:
        assert str(problem)
    else:
        assert parse_fixed(format_fixed(responses, terms)) == (responses, terms)
