"""What is said of functions of other programs."""

import pytest

from vcmodel.formula.foreign import contrasts, function_here, written_here
from vcmodel.formula.tokens import tokenize


@pytest.mark.parametrize(
    ("function", "inside", "said"),
    [
        ("as.factor", "g", "write C(g)"),
        ("np.log1p", "x", "write log(x + 1)"),
        ("relevel", "g, ref='b'", "pd.Categorical(data['g'], categories=[...])"),
        ("lag", "x", "data['x_lag'] = data['x'].shift(1)"),
        ("offset", "log(n)", "data['y_less_offset'] = data['y'] - (log(n))"),
        ("Q", "'my x'", "write `my x`"),
        ("unheard", "x", ""),
    ],
)
def test_functions_of_the_fixed_part(function, inside, said):
    found = function_here(function, inside)
    assert said in found if said else found == ""


def test_contrasts_are_no_part_of_the_model():
    assert "Sum changes how effects are expressed, not the model: write C(g)" in contrasts("g", tokenize("Sum"), True)
    baseline = contrasts("g", tokenize("Treatment('b')"), True)
    assert "categories=['b', *[v for v in data['g'].unique() if v != 'b']]" in baseline
    assert "make the column categorical" in contrasts("g", tokenize("levels"), True)


def test_formulas_are_quoted_so_that_they_can_be_pasted():
    assert written_here({"fixed": "y ~ x", "random": "at(s, 'a'):g", "residual": ""}) == 'fixed="y ~ x", random="at(s, \'a\'):g"'
