import re

import pytest
from example_fits import oats, split_plot, trial, two_blocks, zero_variance

import vcmodel as vc


@pytest.mark.parametrize("fit", [split_plot, trial, two_blocks, zero_variance])
def test_the_summary_fits_the_line_and_has_every_part(fit):
    text = fit().summary()
    assert max(map(len, text.splitlines())) <= 100
    for row in fit().varcomp.index:
        assert row in text
    assert f"logL     {fit().loglik:.4f}" in text
    assert "converged: " in text
    assert "Notes" in text


def test_the_summary_of_the_trial():
    text = trial().summary()
    assert "974 observations in 502 rows, 30 missing cells, 2 fixed coefficients" in text
    assert re.search(r"trait:Family veloc:bden +-0\.2322 +0\.2332 ", text)
    assert "bound: P positive definite\n" in text


def test_the_legend_has_the_codes_that_occur():
    assert "bound: P positive definite, B at the boundary\n" in zero_variance().summary()


def test_defaults_are_shown():
    assert "residual id(units) (default)\n" in split_plot().summary()


def test_long_tables_of_fixed_effects_are_cut():
    fit = vc.fit("yield ~ nitrof * block", random="gen", data=oats(), control=vc.Control(max_iterations=1))
    assert f"… {fit.n_fixed - 20} more" in fit.summary()


def test_the_short_form_is_one_line():
    assert repr(split_plot()) == f"<Fit of yield: logL {split_plot().loglik:.4f}, 3 variance parameters, converged>"
    stopped = vc.fit("yield ~ gen", random="block", data=oats(), control=vc.Control(max_iterations=1))
    assert repr(stopped).endswith("2 variance parameters, not converged>")


def test_html_escapes_what_the_user_wrote():
    data = oats().assign(gen=lambda d: d["gen"].str.replace("Victory", "<b>&Victory"))
    page = vc.fit("yield ~ gen", random="diag(gen):block", data=data)._repr_html_()
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;Victory" in page
    assert page.count("<table ") == page.count("</table>") == 2


def test_html_has_the_tables_of_the_fit():
    page = trial()._repr_html_()
    assert "<h4>Correlations</h4>" in page
    assert "<th>trait:Family!trait_veloc:bden</th>" in page
    assert page.startswith("<div>")
    assert page.endswith("</div>")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            {"fixed": "bden + veloc ~ trait + trait:C(site)", "random": "us(trait):vm(animal, A) + at(site):Block"},
            [
                "responses   bden, veloc",
                "C(site) (site as factor)",
                "us(trait) x relationship A over animal",
                "independent levels of Block, where site is each of its levels (one term each)",
                "residual    units:trait: ",
            ],
        ),
        (
            {"fixed": "y ~ x", "random": "at(R, 'P'):f + s:lin(t)", "residual": "dsum(~ units | R)"},
            [
                "intercept, x (x factor if text, else covariate)",
                "where R is P",
                "times covariate t",
                "for every level of R a section of its own",
            ],
        ),
        ({"fixed": "y ~ 1", "random": "str(~ s + s:lin(t), ~ us(2):id(s))"}, ["over s beside s:lin(t)"]),
        ({"fixed": "y ~ 1"}, ["random      none", "residual    units: independent levels of units"]),
    ],
)
def test_a_model_says_what_was_understood(arguments, expected):
    text = str(vc.Model(**arguments))
    for part in expected:
        assert " ".join(part.split()) in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 100
