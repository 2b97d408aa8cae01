import math

import numpy as np
import pytest
from example_fits import equal_groups, oats, sleep_like, trial, zero_variance
from scipy import stats

import vcmodel as vc


def test_diagonal_against_unstructured():
    larger, smaller = trial(), trial("diag(trait)")
    found = larger.lrt(smaller)
    assert found.statistic == pytest.approx(2 * (larger.loglik - smaller.loglik))
    assert found.df == 1
    assert found.p_value == pytest.approx(stats.chi2.sf(found.statistic, 1))
    assert math.isnan(found.p_boundary)
    assert found.p == found.p_value
    assert found.note == "p is of the chi-square 1 df"


def test_the_order_of_the_models_does_not_matter():
    assert trial().lrt(trial("diag(trait)")).statistic == trial("diag(trait)").lrt(trial()).statistic


def test_a_term_of_one_variance_is_tested_on_the_boundary():
    larger = vc.fit("yield ~ gen", random="block + block:gen", data=oats())
    smaller = vc.fit("yield ~ gen", random="block", data=oats())
    found = larger.lrt(smaller)
    assert found.df == 1
    assert found["p_boundary"] == pytest.approx(0.5 * stats.chi2.sf(found.statistic, 1))
    assert found.p == found.p_boundary
    assert found.weights == (0.5, 0.5)
    assert found.note == "the smaller model lies on the boundary of the larger one: p is of the mixture 0.5:0.5 of chi-square 0, 1 df"
    assert str(found).endswith(f"on 1 df, p = {found.p:.3g} (mixture 0.5:0.5 of chi-square 0, 1 df)")


def test_a_random_slope_is_tested_on_the_boundary():
    slopes = vc.fit("y ~ x", random="str(~ s + s:lin(x), ~ us(2):id(s))", data=sleep_like())
    found = slopes.lrt(vc.fit("y ~ x", random="s", data=sleep_like()))
    assert found.df == 2
    assert found.p_boundary == pytest.approx(0.5 * stats.chi2.sf(found.statistic, 1) + 0.5 * stats.chi2.sf(found.statistic, 2))


def test_str_against_its_first_term_by_numbers():
    # the mixture of one and two degrees of freedom, each with half the weight, at a statistic where both tails matter
    larger = vc.fit("y ~ x", random="str(~ s + s:lin(x), ~ us(2):id(s))", data=sleep_like())
    found = larger.lrt(vc.fit("y ~ x", random="s", data=sleep_like()))
    half = found.statistic / 2
    one, two = math.erfc(math.sqrt(half)), math.exp(-half)
    assert found.weights == pytest.approx((0.0, 0.5, 0.5))
    assert found.p == pytest.approx(0.5 * one + 0.5 * two, rel=1e-6)
    assert one > 1e-3 * two


def test_no_evidence_at_all():
    found = zero_variance().lrt(vc.fit("y ~ 1", data=equal_groups()))
    assert (found.statistic, found.df, found.p_value, found.p_boundary) == (0.0, 1, 1.0, 1.0)


def test_residual_variances_per_section_are_no_boundary_test():
    found = vc.fit("yield ~ gen", residual="dsum(~ units | gen)", data=oats()).lrt(vc.fit("yield ~ gen", data=oats()))
    assert found.df == 2
    assert math.isnan(found.p_boundary)


def test_tied_and_fixed_parameters_are_not_counted():
    free = vc.fit("yield ~ gen", random="block + block:gen", data=oats())
    tied = vc.fit("yield ~ gen", random="block + block:gen", data=oats(), equal=[["block", "block:gen"]])
    found = free.lrt(tied)
    assert found.df == 1
    assert math.isnan(found.p_boundary)


def test_models_of_equal_size_are_refused():
    with pytest.raises(vc.VcmodelError, match="both models have 9 variance parameters, so neither contains the other; compare their AIC"):
        trial().lrt(trial("corgh(trait)"))


def test_other_data_are_refused():
    one = vc.fit("yield ~ gen", random="block", data=oats())
    with pytest.raises(vc.VcmodelError, match=r"fitted to different data \(72 and 71 observations, or other values\)"):
        one.lrt(vc.fit("yield ~ gen", data=oats().iloc[1:]))
    with pytest.raises(vc.VcmodelError, match="different data"):
        one.lrt(vc.fit("yield ~ gen", data=oats().assign(w=np.arange(72) + 1.0), weights="w"))


def test_other_fixed_effects_are_refused():
    one = vc.fit("yield ~ gen", random="block", data=oats())
    with pytest.raises(vc.VcmodelError, match=r"different fixed effects.*use wald\(\)"):
        one.lrt(vc.fit("yield ~ nitro", data=oats()))


def test_a_larger_model_with_a_lower_likelihood_is_refused():
    smaller = vc.fit("yield ~ gen", random="block", data=oats())
    other = vc.fit("yield ~ gen", random="diag(gen):row", data=oats())
    assert other.loglik < smaller.loglik
    with pytest.raises(vc.VcmodelError, match="the model with more parameters has the lower logL"):
        other.lrt(smaller)


def test_the_other_model_is_a_fit():
    with pytest.raises(vc.VcmodelError, match="must be a Fit, not float"):
        trial().lrt(trial().loglik)
    with pytest.raises(KeyError):
        trial().lrt(trial("diag(trait)"))["nothing"]


def test_fits_that_did_not_converge_are_refused():
    half = vc.fit("yield ~ gen", random="block + block:gen", data=oats(), control=vc.Control(max_iterations=1))
    smaller = vc.fit("yield ~ gen", random="block", data=oats())
    assert not half.converged
    for one, two in [(half, smaller), (smaller, half)]:
        with pytest.raises(vc.VcmodelError, match=r"lrt: a fit did not converge.*iteration"):
            one.lrt(two)
