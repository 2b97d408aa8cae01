import math
import re

import dense
import numpy as np
import pytest
from example_fits import oats, split_plot, trial, zero_variance
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

import vcmodel as vc
from vcmodel.results.functions import Evaluator
from vcmodel.structures.parameter import Parameter

VALUES = {"a": 1.7, "b:x!R": 0.6, "c": 2.3}


def parameters(values):
    """Rows with their parameters and values."""
    one = Parameter("", "variance", "P")
    return {row: (one, value) for row, value in zip(VALUES, np.asarray(values).tolist(), strict=True)}


leaves = st.sampled_from(["a", "`b:x!R`", "c", "V2", "1.5", "2"])
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(["sqrt", "log", "exp", "abs"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
        inner.map(lambda text: f"(-{text})"),
    ),
    max_leaves=6,
)


@settings(max_examples=examples(150))
@given(expressions)
def test_gradients_are_differences(text):
    def value(vector):
        return Evaluator(text, parameters(vector)).run().value

    at = np.array(list(VALUES.values()))
    try:
        found = Evaluator(text, parameters(at)).run()
    except vc.FormulaError:
        assert not re.search(r"\b(a|c|V2)\b|`", text)  # a constant without a value
        return
    if not math.isfinite(found.value) or abs(found.value) > 1e4 or not np.all(np.abs(found.gradient) < 1e4):
        return
    differences = dense.differences(value, at, 1e-6)
    if np.all(np.isfinite(differences)) and abs(dense.differences(value, at, 1e-5) - differences).max() < 1e-5:
        np.testing.assert_allclose(found.gradient, differences, rtol=1e-4, atol=1e-4)


def test_intraclass_correlation_by_the_delta_method():
    fit = split_plot()
    found = fit.function("block / (block + `block:gen` + `units!R`)")
    theta, jacobian = fit.varcomp["component"].to_numpy(), np.vstack(fit.estimate.jacobians)
    total = theta.sum()
    gradient = np.array([1 / total, 0, 0]) - theta[0] / total**2
    assert found.estimate == pytest.approx(theta[0] / total)
    assert found.std_error == pytest.approx(np.sqrt(gradient @ jacobian @ fit.estimate.covariance @ jacobian.T @ gradient))
    assert found.upper - found.lower == pytest.approx(2 * 1.959964 * found.std_error)
    assert found["estimate"] == found.estimate


def test_a_parameter_alone_has_its_own_standard_error():
    fit = trial()
    row = "trait:Family!trait_veloc:bden"
    assert fit.function(f"`{row}`").std_error == pytest.approx(fit.varcomp.loc[row, "std_error"])


def test_a_correlation_has_the_standard_error_of_the_table():
    bden, both, veloc = (f"`trait:Family!trait_{pair}`" for pair in ("bden:bden", "veloc:bden", "veloc:veloc"))
    found, row = trial().function(f"{both} / sqrt({bden} * {veloc})"), trial().correlations().loc[1]
    assert (found.estimate, found.std_error) == pytest.approx((row["correlation"], row["std_error"]))


def test_numbers_are_aliases_of_rows():
    assert split_plot().function("V2").estimate == split_plot().varcomp["component"].iloc[1]


def test_parameters_at_a_boundary_count_as_known():
    found = zero_variance().function("g / (g + `units!R`)")
    assert (found.estimate, found.std_error) == (0.0, 0.0)


def test_a_function_without_value_is_missing():
    found = zero_variance().function("`units!R` / g")
    assert math.isnan(found.estimate)
    assert math.isnan(found.std_error)
    assert math.isnan(split_plot().function("log(0 - block)").estimate)
    assert math.isnan(split_plot().function("(0 - block) ** 0.5").estimate)


def test_the_text_form_is_one_line():
    assert str(split_plot().function("block")).startswith("214.477 (SE 168.8, 95 % interval ")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("blok", "no parameter 'blok'; did you mean 'block'"),
        ("`units`", "no parameter 'units'; did you mean 'units!R'"),
        ("V9", "no parameter 'V9'"),
        ("units!R", "cannot be read as an expression; put row names in backquotes"),
        ("", "cannot be read"),
        ("block.real", "'block.real' in 'block.real' is not allowed"),
        ("__import__('os')", "is not allowed; an expression has row names in backquotes"),
        ("sqrt(block, 2)", "is not allowed"),
        ("[`units!R` for block in V1]", r"'\[`units!R` for block in V1\]' in "),
        ("block > 1", "is not allowed"),
        ("True", "is not allowed"),
        ("'block'", "is not allowed"),
        ("quoted__0", "no parameter 'quoted__0'"),
        ("quoted_0 + `block`", "no parameter 'quoted_0'"),
        ("1e400 * block", "a number in '1e400 .* block' is too large to be computed with; write numbers below 1e308"),
        ("1 / 0", "'1 / 0' has no finite value and no parameter in it; name rows of varcomp"),
        ("1e308 * 10", "has no finite value and no parameter in it"),
        ("log(0)", "has no finite value and no parameter in it"),
        ("1" + " + 1" * 2000, "nested too deeply to be computed; write it in parts|cannot be read"),
        ("(" * 300 + "1" + ")" * 300, "cannot be read"),
    ],
)
def test_what_is_not_an_expression_is_refused(expression, message):
    with pytest.raises(vc.FormulaError, match=message):
        split_plot().function(expression)


def test_rows_with_a_backquote_are_written_by_number():
    data = oats().assign(kind=lambda d: np.where(d["gen"] == "Victory", "a`b", "c"))
    fit = vc.fit("yield ~ gen", random="diag(kind):block", data=data)
    row = fit.varcomp.index[0]
    assert row == "kind:block!kind_a`b"
    for expression in (f"`{row}` / 2", "`kind:block!kind_a`"):
        with pytest.raises(vc.FormulaError, match="rows with a backquote in their name are written by number, V1, V2, … in the order"):
            fit.function(expression)
    assert fit.function("V1 / 2").estimate == pytest.approx(fit.varcomp["component"].iloc[0] / 2)


def test_an_expression_is_text():
    with pytest.raises(vc.FormulaError, match="an expression is text, not int"):
        split_plot().function(3)


def test_unknown_items():
    with pytest.raises(KeyError):
        split_plot().function("block")["nothing"]
