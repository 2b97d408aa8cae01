"""Terms shared by several traits are said, with the line that gives each trait its own."""

import numpy as np
import pandas as pd
import pytest

from vcmodel.design.design import build_design
from vcmodel.design.frame import build_frame
from vcmodel.spec import build_spec

ROWS = np.arange(120)
RNG = np.random.default_rng(2)
SCALE = {"p": 1.0, "q": 1.3, "big": 40.0}
DATA = pd.DataFrame(
    {
        **{name: 5 * scale + scale * RNG.normal(size=120) for name, scale in SCALE.items()},
        "g": [f"g{i % 20:02d}" for i in ROWS],
        "b": [f"b{i // 30}" for i in ROWS],
        "s": [f"s{i % 3}" for i in ROWS],
        "code": ROWS % 4 / 2,
        "x": ROWS / 7,
    }
)
LINES = [f"g{i:02d}" for i in range(20)]
KNOWN = {"A": pd.DataFrame(np.eye(20), LINES, LINES)}


def said(fixed, random=None, residual=None):
    """The warnings and the mere notes."""
    spec = build_spec(fixed, random, residual)
    found = build_design(spec, build_frame(spec, DATA), KNOWN).cautions
    return [item.text for item in found if item.warns], [item.text for item in found if not item.warns]


ONE_MEAN = [
    "p + q ~ 1",
    "cbind(p, q) ~ 1",
    "p + q + big ~ 1",
    "p + q ~ 1 + trait:x",
    "p + q ~ 1 + at(trait, 'p'):x",
    "p + q + big ~ 1 + at(trait, 'q')",
]
OWN_MEANS = [
    *("p + q ~ trait", "p + q ~ 0 + trait", "p + q ~ 1 + trait", "p + q + big ~ trait", "cbind(p, q) ~ trait"),
    *("p + q ~ trait:b", "p + q ~ trait:C(code)", "p + q ~ at(trait)", "p + q ~ at(trait, 'p') + at(trait, 'q')"),
    *("p + q ~ 1 + at(trait, 'q')", "p + q + big ~ 1 + at(trait, 'q', 'big')", "p + q ~ at(s):trait", "p + q ~ trait + trait:x"),
    *("p + q ~ 1 + trait:b", "p + q ~ 1 + at(trait, 'q'):b", "p + q ~ 1 + trait:b:s"),
]


@pytest.mark.parametrize("fixed", ONE_MEAN)
def test_one_mean_for_several_traits(fixed):
    warned, _ = said(fixed)
    traits = "p, q, big" if "big" in fixed else "p, q"
    assert warned == [f"fixed: {traits} have one mean together: write `trait` for a mean of each, {traits.replace(', ', ' + ')} ~ trait"]


@pytest.mark.parametrize("fixed", OWN_MEANS)
def test_a_mean_for_each_trait(fixed):
    assert said(fixed) == ([], [])


SHARED_FIXED = {
    "p + q ~ trait + b": "b",
    "cbind(p, q) ~ trait + b": "b",
    "p + q + big ~ trait + b": "b",
    "p + q ~ trait + x": "x",
    "p + q ~ trait + I(x**2)": "I(x ** 2)",
    "p + q ~ trait + C(code)": "C(code)",
    "p + q ~ trait + b:s": "b:s",
    "p + q ~ trait + b:x": "b:x",
    "p + q ~ trait + b + trait:s": "b",
    "p + q ~ trait + x + trait:b": "x",
    "p + q ~ trait + b + trait:b:x": "b",
    "p + q ~ trait + x + trait:I(x**2)": "x",
    "p + q ~ trait + at(s, 's1'):x": "at(s, 's1'):x",
    "p + q ~ trait + at(s):x": "at(s):x",
    "p + q ~ trait + b + at(s, 's1'):trait:b": "b",
    "p + q + big ~ trait + b + at(trait, 'q'):b": "b",
}


@pytest.mark.parametrize(("fixed", "term"), SHARED_FIXED.items(), ids=SHARED_FIXED)
def test_a_fixed_term_shared_by_the_traits(fixed, term):
    warned, _ = said(fixed)
    traits = "p, q, big" if "big" in fixed else "p, q"
    assert warned == [f"fixed: the effects of {term} are shared by {traits}: write trait:{term} for effects on each"]


@pytest.mark.parametrize(
    "fixed",
    [
        *("p + q ~ trait + trait:b", "p + q ~ trait * b", "p + q ~ trait + b + trait:b", "p + q ~ trait * C(code)", "p + q ~ trait * x"),
        *(
            "p + q ~ trait * b * s",
            "p + q ~ trait + b + s + b:s + trait:b:s",
            "p + q ~ trait + x + trait:b:x",
            "p + q ~ trait + at(s):trait:x",
        ),
        *("p + q ~ trait + at(trait, 'p'):b", "p + q ~ trait + at(trait):b", "p + q ~ trait + b + at(trait, 'q'):b"),
        *("p + q + big ~ trait + b + at(trait, 'q'):b + at(trait, 'big'):b", "p + q ~ trait + x + at(s):trait:x"),
    ],
)
def test_fixed_effects_of_each_trait(fixed):
    assert said(fixed) == ([], [])


def test_a_mean_and_terms_shared_are_said_one_by_one():
    mean, terms = said("p + q ~ b + x")[0]
    assert "one mean together" in mean
    assert "the effects of b, x are shared by p, q: write trait:b, trait:x" in terms


SHARED_RANDOM = {
    "g": "write us(trait):g, or diag(trait):g without covariances",
    "idv(g)": "write at(trait):idv(g)",
    "g:b": "write us(trait):g:b",
    "vm(g, A)": "write us(trait):vm(g, A)",
    "g:lin(x)": "write us(trait):g:lin(x)",
    "us(s):g": "write at(trait):us(s):g",
    "diag(s):vm(g, A)": "write at(trait):diag(s):vm(g, A)",
    "at(s):g": "write us(trait):at(s):g",
    "at(s, 's1'):g": "write us(trait):at(s, 's1'):g",
    "str(~ g + g:lin(x), ~ us(2):id(g))": "at(trait, 'p'):g + at(trait, 'q'):g",
}


@pytest.mark.parametrize(("random", "remedy"), SHARED_RANDOM.items(), ids=SHARED_RANDOM)
@pytest.mark.parametrize("residual", [None, "units:diag(trait)"])
def test_a_random_term_shared_by_the_traits(random, remedy, residual):
    (text,), rest = said("p + q ~ trait", random, residual)
    assert text.startswith(f"{random}: its effects are shared by p, q: ")
    assert remedy in text
    assert rest == []
    # what is proposed can be read, and is silent
    if text.partition("write ")[2]:
        proposed = text.partition("write ")[2].replace(" for effects", ",").partition(", or")[0].removesuffix(", of each trait")
        assert said("p + q ~ trait", proposed, residual)[0] == []


@pytest.mark.parametrize("fixed", ["p + q + big ~ trait", "cbind(p, q, big) ~ trait"])
def test_three_traits_share_a_random_term_beside_one_of_each(fixed):
    (text,), _ = said(fixed, "us(trait):b + g")
    assert text.startswith("g: its effects are shared by p, q, big: write us(trait):g")


@pytest.mark.parametrize(
    "random",
    [
        *("us(trait):g", "diag(trait):g", "corgh(trait):g", "us(trait):vm(g, A)", "at(trait):g", "at(trait, 'p'):g", "us(trait):g:lin(x)"),
        *("at(s):us(trait):g", "at(trait):us(s):g", "str(~ at(trait, 'p'):g + at(trait, 'q'):g, ~ us(2):id(g))"),
    ],
)
def test_random_effects_of_each_trait(random):
    assert said("p + q ~ trait", random) == ([], [])


@pytest.mark.parametrize(
    "random", ["g + us(trait):g", "g + trait:g", "diag(trait):g + g", "vm(g, A) + us(trait):vm(g, A)", "g + at(trait, 'q'):g"]
)
def test_common_effects_beside_those_of_each_trait_are_a_model(random):
    warned, (text, *_) = said("p + q ~ trait", random)
    assert warned == []
    assert "its effects are shared by p, q" in text


def test_one_variance_for_traits_of_different_scale():
    (text,), _ = said("p + big ~ trait", "trait:g")
    assert text == "trait:g: p, big have one variance together: write diag(trait):g for a variance of each"
    (text,), _ = said("p + big ~ trait", "g:trait:us(s)")
    assert text == "g:trait:us(s): p, big have one variance together: write at(trait):g:us(s) for a variance of each"
    (text,), _ = said("p + big ~ trait", None, "units:trait")
    assert text == "units:trait: p, big have one variance together: write diag(trait):units for a variance of each"


def test_one_variance_for_traits_of_one_scale_is_a_note():
    warned, (text,) = said("p + q ~ trait", "trait:g")
    assert warned == []
    assert "have one variance together" in text


@pytest.mark.parametrize("random", ["g", "g + g:b", "us(s):g", "vm(g, A)"])
def test_one_response_has_nothing_to_share(random):
    assert said("p ~ b + x", random) == ([], [])
