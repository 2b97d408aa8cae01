"""Whole models on columns whose names mean something in formulas, in Python or in files, against the same models on plain names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc
from vcmodel.formula.tree import backquoted

RNG = np.random.default_rng(3)
GROUP = np.repeat(np.arange(12), 5)
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=60) + RNG.normal(size=12)[GROUP],
        "v": RNG.normal(size=60),
        "x": RNG.normal(size=60),
        "w": RNG.uniform(1, 2, 60),
        "g": [f"g{i}" for i in GROUP],
        "f": np.tile(list("ab"), 30),
    }
)
KNOWN = {"K": pd.DataFrame(np.eye(12) + 0.1, index=[f"g{i}" for i in range(12)], columns=[f"g{i}" for i in range(12)])}
NAMES = [
    *("1", "trait", "units", "mu", "None", "True", "a:b", "tick`", "new\nline", "back\\slash", "(1|g)", "y!R"),
    *("log", "class", "quo'te", 'dou"ble', "%s", "{x}", "Intercept", "trait_y", "at(f, 'a')", "<b>"),
    *("[T.a]", "größe", "+", "~", "a,b", "R"),
]
MODELS = {
    "one response": ("{y} ~ {x} + {f}", "{g}", None),
    "two responses": ("{y} + {v} ~ trait + trait:{x}", "us(trait):{g}", None),
    "conditions": ("{y} ~ C({f}) * log({x} + 9)", "at({f}):{g}", None),
    "joined terms": ("{y} ~ {x}", "str(~ {g} + {g}:lin({x}), ~ us(2):id({g}))", None),
    "structure and sections": ("{y} ~ 1", "diag({f}):{g}", "dsum(~ units | {f})"),
    "known relationship": ("{y} ~ at({f}, 'a'):{x}", "vm({g}, K)", None),
}


@pytest.mark.parametrize("first", range(0, len(NAMES), 4))
@pytest.mark.parametrize("model", MODELS)
def test_the_fit_does_not_depend_on_the_names_of_columns(model: str, first: int) -> None:
    names = {column: NAMES[(first + i) % len(NAMES)] for i, column in enumerate(DATA.columns)}

    def fitted(spelled: dict[str, str], data: pd.DataFrame, weights: str) -> vc.Fit:
        texts = (text and text.format(**spelled) for text in MODELS[model])
        return vc.fit(*texts, data=data, known=KNOWN, weights=weights)

    plain = fitted({name: name for name in DATA.columns}, DATA, "w")
    other = fitted({column: backquoted(name) for column, name in names.items()}, DATA.rename(columns=names), names["w"])
    assert other.loglik == plain.loglik
    np.testing.assert_array_equal(other.varcomp.component, plain.varcomp.component)
    np.testing.assert_array_equal(other.fixed_effects.effect, plain.fixed_effects.effect)
    assert other.summary()
    assert other.to_json()
    assert other._repr_html_()
    assert len(other.wald()) == len(plain.wald())


def test_a_reserved_word_in_backquotes_is_the_column() -> None:
    data = DATA.rename(columns={"f": "trait"})
    fit = vc.fit("y + v ~ trait + trait:`trait`", random="us(trait):g + at(`trait`, 'a'):g", data=data)
    right = vc.fit("y + v ~ trait + trait:f", random="us(trait):g + at(f, 'a'):g", data=DATA)
    assert fit.loglik == right.loglik
    assert "trait_y:`trait`[T.b]" in fit.fixed_effects.index
    assert str(vc.Model("y ~ `trait`", "`units`"))
    with pytest.raises(vc.DataError, match="no column '`units`' in the data"):
        vc.fit("y ~ 1", random="`units`", data=DATA)


def test_a_number_in_backquotes_is_a_column_and_no_size() -> None:
    assert vc.Model("y ~ 1", "us(`2`):g").spec.random[0].factors[0].factor == "2"
    with pytest.raises(vc.FormulaError, match="gives a size, which only str"):
        vc.Model("y ~ 1", "us(2):g")
