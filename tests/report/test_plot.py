import subprocess
import sys

import pytest
from example_fits import equal_groups, split_plot, trial, two_blocks, zero_variance

import vcmodel as vc


def field_trial():
    return vc.fit("yield ~ rep", random="gen", data=vc.datasets.load("kempton_slatehall"))


def texts(axes):
    return [item.get_text() for item in axes.texts]


def test_the_correlation_has_its_numbers_errors_and_intervals():
    figure = trial().plot("correlation", "Family")
    shown = texts(figure.axes[0])
    assert {"-0.23", "(0.23)", "-0.62\nto 0.24"} <= set(shown)
    assert figure.axes[0].get_title(loc="left") == "Random: trait:Family"


def test_all_matrices_stand_side_by_side_residuals_last():
    titles = [axes.get_title(loc="left") for axes in trial().plot("correlation").axes]
    assert [title for title in titles if title] == ["Random: trait:Block", "Random: trait:Family", "Residual: units:trait"]


def test_a_boundary_is_written_into_the_cell():
    assert texts(two_blocks().plot("correlation", "block").axes[0]).count("boundary") == 3


def test_the_trace_is_the_path_of_the_fit():
    figure = split_plot().plot("trace")
    assert figure.axes[0].lines[0].get_ydata().tolist() == split_plot().iterations["loglik"].tolist()


def test_the_caterpillar_is_in_order():
    figure = trial().plot("blups", "Block")
    effects = trial().random_effects("Block")["effect"].unstack()
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["trait:Block, bden", "trait:Block, veloc"]
    points = figure.axes[1].lines[-1].get_xdata()
    assert points.tolist() == sorted(effects["veloc"])
    assert [item.get_text() for item in figure.axes[1].get_yticklabels()] == effects["veloc"].sort_values().index.tolist()


def test_many_levels_are_ranked_and_the_extremes_named():
    effects = two_blocks().random_effects("RIL")["effect"].unstack()["HD"].sort_values()
    shown = texts(two_blocks().plot("blups", "RIL").axes[0])
    assert shown[0] == f"lowest: {', '.join(effects.index[:3])}"
    assert shown[1] == f"highest: {', '.join(effects.index[:-4:-1])}"


def test_scatter_pairs_the_traits():
    figure = two_blocks().plot("scatter", "RIL")
    assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes] == [("HD", "HT"), ("HD", "GY"), ("HT", "GY")]


def test_residuals_have_two_panels_per_trait():
    figure = trial().plot("residuals")
    assert [axes.get_xlabel() for axes in figure.axes] == ["fitted value", "expected of a normal sample"] * 2
    assert len(figure.axes[0].lines[3].get_xdata()) == trial().residuals["bden"].notna().sum()


def test_the_field_is_drawn_where_the_data_have_one():
    axes = field_trial().plot("field").axes[0]
    assert axes.images[0].get_array().shape == (10, 15)
    assert axes.xaxis.get_major_formatter()(14.0) == "15"
    assert axes.get_ylabel() == "row"
    lines, plane = field_trial().plot("semivariogram").axes[:2]
    assert [item.get_text() for item in lines.get_legend().get_texts()] == ["row", "col"]
    # independent residuals are as alike at any distance
    assert lines.lines[1].get_ydata() == pytest.approx(lines.lines[1].get_ydata()[0])
    assert not [item for item in plane.collections if type(item).__name__.endswith("ContourSet")]


def test_the_semivariogram_of_a_model_field_has_that_of_the_estimates():
    fit = vc.fit("yield ~ rep", random="gen", residual="ar1(row):ar1(col)", data=vc.datasets.load("kempton_slatehall"))
    lines, plane = fit.plot("semivariogram").axes[:2]
    table = fit.variogram()
    own = table[table["column_lag"] == 0]
    assert lines.lines[0].get_ydata().tolist() == own["semivariance"].tolist()
    assert lines.lines[1].get_ydata().tolist() == own["expected"].tolist()
    assert [item for item in plane.collections if type(item).__name__.endswith("ContourSet")]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: trial().plot("residual"), "plot: no picture 'residual'; did you mean 'residuals'\\? The pictures are: correlation"),
        (lambda: trial().plot("trace", "Block"), "plot: 'trace' is a picture of the whole fit: leave out term='Block'"),
        (lambda: trial().plot("blups"), "the model has 2: name one with term=: trait:Block, trait:Family"),
        (lambda: vc.fit("y ~ 1", data=equal_groups()).plot("blups"), "the model has 0: it has none"),
        (lambda: trial().plot("blups", "Famly"), "no term 'Famly'; the terms are: trait:Block, trait:Family"),
        (lambda: split_plot().plot("correlation"), "plot: the model has no correlations"),
        (lambda: trial(residual="units:diag(trait)").plot("correlation", "residual"), "plot: 'residual' has no correlations"),
        (lambda: split_plot().plot("scatter", "block"), "plot: block has one effect per level"),
        (lambda: trial().plot("field"), "plot: the plots have no known places: write the residual over rows and columns"),
        (lambda: trial().plot("semivariogram"), "the plots have no known places"),
        (lambda: small_field().plot("semivariogram"), "plot: the fields are too small for a semivariogram"),
    ],
)
def test_messages(draw, message):
    with pytest.raises(vc.VcmodelError, match=message):
        draw()


def small_field():
    data = equal_groups().iloc[:6].assign(row=[1, 1, 2, 2, 3, 3], column=[1, 2] * 3)
    return vc.fit("y ~ 1", data=data)


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("kind", ["correlation", "residuals", "blups", "trace", "scatter"])
def test_names_are_text_and_never_formulas(kind, tmp_path):
    """A dollar would start a formula in matplotlib, and a NUL end the text."""
    data = vc.datasets.load("seed_rcbd_bivariate").rename(columns={"bden": "wood", "veloc": "v"})
    data["Block"] = data["Block"].replace({"B01": "$\\frac{$", "B02": "a\x00b", "B03": "<script>", "B04": "\u6797"})
    fit = vc.fit("wood + v ~ trait", "us(trait):Block", "units:us(trait)", data)
    fit.plot(kind).savefig(tmp_path / "picture.png", dpi=40)


def test_a_single_effect_or_all_zero_is_drawn():
    zero_variance().plot("blups")
    zero_variance().plot("residuals")


def test_matplotlib_and_jinja_are_imported_only_for_pictures_and_pages():
    code = (
        "import sys, vcmodel as vc; "
        "fit = vc.fit('yield ~ gen', random='block', data=vc.datasets.load('oats')); fit.summary(); fit.to_dict(); fit._repr_html_(); "
        "print([name for name in ('matplotlib', 'jinja2') if name in sys.modules]); "
        "fit.plot('trace'); print('matplotlib.pyplot' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split("\n")[:2] == ["[]", "False"]
