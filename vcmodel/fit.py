"""The read-only face of a fit."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from vcmodel.errors import ConvergenceError, VcmodelError
from vcmodel.report import html, text
from vcmodel.report.content import Content
from vcmodel.results import criteria, effects, history, matrices
from vcmodel.results.functions import FunctionEstimate, function
from vcmodel.results.labels import find_component
from vcmodel.results.notes import notes
from vcmodel.results.omissions import omitted_matrices, small_components
from vcmodel.results.record import record
from vcmodel.results.varcomp import varcomp

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    import pandas as pd
    from matplotlib.figure import Figure

    from vcmodel.reml.estimate import Estimate
    from vcmodel.reml.status import Status
    from vcmodel.results.comparable import Comparable
    from vcmodel.results.comparison import LikelihoodRatio
    from vcmodel.results.history import Certificate


class Fit:
    """A fitted model. Made by :func:`vcmodel.fit`; nothing of it can be set, and every table handed out is a copy.

    A `term` is asked for as it was written (``"us(trait):Family"``), by its label (``"trait:Family"``) or by the one factor that
    distinguishes it (``"Family"``); ``"residual"`` names the residual, a section of it the section's label (``"site_S1"``).

    Attributes
    ----------
    estimate : Estimate
        The engine's record: coordinates, their covariance, the equations at the estimate.
    """

    estimate: Estimate
    _index: pd.Index

    def __init__(self, estimate: Estimate, index: pd.Index) -> None:
        self.__dict__["estimate"] = estimate
        self.__dict__["_index"] = index  # of the data as given

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Fit is read-only: {name!r} cannot be set; fit the model again with other arguments")

    def __reduce__(self) -> NoReturn:
        raise VcmodelError(
            "a Fit cannot be pickled or copied: it holds the factorised equations; keep fit.to_dict() (or to_json()), or fit again where "
            "it is needed. Nothing of a Fit can change, so that a second name for it is as good as a copy"
        )

    # --- the end of the fit ---------------------------------------------------------------------------------------------------------

    @property
    def converged(self) -> bool:
        """Whether the estimate is a certified maximum."""
        return self.estimate.status.converged

    @property
    def status(self) -> Status:
        """How the fit ended; its value is the message with the remedy."""
        return self.estimate.status

    def require_converged(self) -> Fit:
        """The fit itself, if it converged.

        Raises
        ------
        ConvergenceError
            With the status, if it did not.
        """
        if not self.converged:
            raise ConvergenceError(self.status.value)
        return self

    @property
    def notes(self) -> list[str]:
        """What was detected: boundaries, parameters the data cannot separate, dropped columns and rows."""
        return list(self._notes)

    @cached_property
    def _notes(self) -> list[str]:
        return notes(self.estimate)

    @property
    def certificate(self) -> Certificate:
        """Score norm, Newton decrement, and the multipliers of singular matrices."""
        return history.certificate(self.estimate)

    @property
    def iterations(self) -> pd.DataFrame:
        """One row per accepted iteration, the start at 0: ``loglik gain_left score_norm held shift seconds``."""
        return history.iterations(self.estimate)

    # --- likelihood -----------------------------------------------------------------------------------------------------------------

    @property
    def loglik(self) -> float:
        """REML logL = -1/2 (log|V| + log|X'V^-1X| + y'Py)."""
        return self.estimate.loglik

    @property
    def loglik_full(self) -> float:
        """`loglik` - (n - p)/2 log(2 pi), as lme4 and nlme report it."""
        return criteria.loglik_full(self.estimate)

    @property
    def aic(self) -> float:
        """-2 logL + 2 k, k = `n_parameters`; for models with the same fixed effects."""
        return criteria.aic(self.estimate)

    @property
    def bic(self) -> float:
        """-2 logL + k log(n - p)."""
        return criteria.bic(self.estimate)

    @property
    def n_observations(self) -> int:
        """Number of observed cells, n."""
        return criteria.n_observations(self.estimate)

    @property
    def n_fixed(self) -> int:
        """Rank of the fixed effects, p."""
        return criteria.n_fixed(self.estimate)

    @property
    def n_parameters(self) -> int:
        """Free working parameters: a 3 x 3 us matrix of rank 1 counts 3, an equality group 1."""
        return self.estimate.n_free

    @cached_property
    def comparable(self) -> Comparable:
        """What a likelihood-ratio test needs of the fit, as a record without data or equations."""
        # importing the package loads no SciPy
        from vcmodel.results.comparable import Comparable

        return Comparable.of(self.estimate)

    def lrt(self, other: Fit) -> LikelihoodRatio:
        """The REML likelihood-ratio test against a model nested in this one, or containing it.

        Where the smaller model lies on the boundary of the larger one (a variance at zero, a correlation at +-1) ``p`` is that of the
        mixture of chi-squares that the statistic then follows.

        Raises
        ------
        VcmodelError
            A fit that did not converge, other data or fixed effects, the same number of parameters, models that are not nested, or a
            larger model with a lower logL.
        """
        if not isinstance(other, Fit):
            raise VcmodelError(f"lrt: the other model must be a Fit, not {type(other).__name__}")
        from vcmodel.results.comparison import likelihood_ratio

        return likelihood_ratio(self.comparable, other.comparable)

    # --- variance parameters --------------------------------------------------------------------------------------------------------

    @property
    def terms(self) -> tuple[str, ...]:
        """Labels of the random terms and residual sections."""
        return tuple(component.label for component in self.estimate.components)

    @cached_property
    def _varcomp(self) -> pd.DataFrame:
        return varcomp(self.estimate)

    @property
    def varcomp(self) -> pd.DataFrame:
        """The reported parameters by row name: ``component std_error z_ratio bound pct_change``."""
        return self._varcomp.copy()

    def covariance(self, term: str) -> pd.DataFrame:
        """The covariance matrix of a term, labelled by its levels (traits).

        Raises
        ------
        VcmodelError
            No such term, or several.
        """
        return matrices.covariance_table(self.estimate, find_component(self.estimate, term))

    def correlation(self, term: str) -> pd.DataFrame:
        """The correlation matrix of a term, labelled by its levels (traits); NaN beside a variance of zero.

        Raises
        ------
        VcmodelError
            No such term, or several.
        """
        return matrices.correlation_table(self.estimate, find_component(self.estimate, term))

    def covariances(self) -> pd.DataFrame:
        """Every variance and covariance of every term: ``term row column covariance std_error``.

        Standard errors by the delta method, whatever parameters the structure reports; none at a boundary, and none where the data or the
        user determine the value.
        """
        return matrices.covariances_table(self.estimate)

    @cached_property
    def _few_correlations(self) -> pd.DataFrame:
        """Those of matrices that are small enough for reports."""
        return matrices.correlations_table(self.estimate, small_components(self.estimate))

    def correlations(self) -> pd.DataFrame:
        """Every correlation of every term: ``term row column correlation std_error lower upper p_zero``.

        Standard errors by the delta method; 95 % intervals and two-sided tests of zero on Fisher's z scale.
        """
        return matrices.correlations_table(self.estimate)

    def function(self, expression: str) -> FunctionEstimate:
        """A function of the variance parameters with its delta-method standard error.

        Parameters
        ----------
        expression : str
            Row names in backquotes, numbers, ``+ - * / ** ( )``, ``sqrt``, ``log``, ``exp``, ``abs``; ``V1``, ``V2``, … number the rows:
            ``"`Family` / (`Family` + `units!R`)"``.

        Raises
        ------
        FormulaError
            An expression that cannot be read, or an unknown row.
        """
        return function(self.estimate, expression)

    # --- effects --------------------------------------------------------------------------------------------------------------------

    @cached_property
    def _fixed_effects(self) -> pd.DataFrame:
        return effects.fixed_effects(self.estimate)

    @property
    def fixed_effects(self) -> pd.DataFrame:
        """The kept fixed coefficients: ``effect std_error z_ratio``."""
        return self._fixed_effects.copy()

    def wald(self) -> pd.DataFrame:
        """Wald tests of the fixed terms: ``df df_conditional chi2_incremental p_incremental chi2_conditional p_conditional``.

        Incremental: given the terms before, on ``df``; conditional: given all others but the interactions that contain the term, on
        ``df_conditional``. Every term contains the intercept, whose two tests are therefore the same. A term that adds nothing to the
        others has 0 degrees of freedom and no test, whichever columns were dropped.
        """
        # importing the package loads no SciPy
        from vcmodel.results.wald import wald

        return wald(self.estimate)

    def random_effects(self, term: str) -> pd.DataFrame:
        """Predicted effects (BLUPs) of a random term: ``effect std_error pev reliability``, by level and trait.

        Raises
        ------
        VcmodelError
            No such random term, or several.
        """
        return effects.random_effects(self.estimate, find_component(self.estimate, term, random_only=True))

    @property
    def fitted(self) -> pd.Series | pd.DataFrame:
        """X beta + Z u at every row of the data as given, NaN where the row or cell was not used; a table for several responses."""
        return effects.fitted(self.estimate, self._index)

    @property
    def residuals(self) -> pd.Series | pd.DataFrame:
        """The response minus :attr:`fitted`, in the same form."""
        return effects.residuals(self.estimate, self._index)

    def variogram(self, *, row: str = "", column: str = "") -> pd.DataFrame:
        """Semivariograms of the nugget-free part: ``section trait row_lag column_lag semivariance pairs expected``.

        Of the residuals (without the effects of ``units``), section by section, or of the predicted effects of a random term over rows and
        columns. ``semivariance`` is half the mean squared difference of the ``pairs`` of plots that far apart, ``expected`` what the
        estimates imply for the field itself, of which predictions vary less.

        Parameters
        ----------
        row, column : str, optional
            Columns of the data with the places, where the model has no factors for them; by default those named row and column.

        Raises
        ------
        VcmodelError
            No known places.
        """
        from vcmodel.results.find_fields import require_fields
        from vcmodel.results.variogram import variograms

        return variograms(require_fields(self.estimate, row, column))

    # --- reports --------------------------------------------------------------------------------------------------------------------

    @property
    def formulas(self) -> dict[str, str | None]:
        """``fixed``, ``random`` and ``residual`` as given."""
        spec = self.estimate.design.spec
        return {"fixed": spec.fixed_text, "random": spec.random_text, "residual": spec.residual_text}

    @cached_property
    def _content(self) -> Content:
        residual = self.estimate.design.spec.residual
        return Content(
            formulas={**self.formulas, "residual": self.formulas["residual"] or f"{residual.alternatives[0].text} (default)"},
            status=self.status.value,
            converged=self.converged,
            n_observations=self.n_observations,
            n_rows=criteria.n_rows(self.estimate),
            n_missing=criteria.n_missing(self.estimate),
            n_fixed=self.n_fixed,
            n_parameters=self.n_parameters,
            loglik=self.loglik,
            loglik_full=self.loglik_full,
            aic=self.aic,
            bic=self.bic,
            varcomp=self._varcomp,
            correlations=self._few_correlations,
            fixed_effects=self._fixed_effects,
            iterations=self.iterations,
            notes=[*self._notes, *omitted_matrices(self.estimate)],
        )

    def summary(self) -> str:
        """The report as text: model, data, status, logL, variance parameters, correlations, fixed effects, notes."""
        return text.summary(self._content)

    def __repr__(self) -> str:
        return text.one_line(self._content)

    def _repr_html_(self) -> str:
        return html.page(self._content)

    def plot(self, kind: str, term: str | None = None) -> Figure:
        """A picture of the fit as a matplotlib Figure, which notebooks show and ``savefig`` writes.

        Parameters
        ----------
        kind : str
            ``"correlation"`` (matrices with standard errors and intervals), ``"residuals"`` (against fitted values, and normal quantiles),
            ``"blups"`` (predicted effects of a term in order), ``"scatter"`` (predicted effects of one trait against another), ``"trace"``
            (logL by iteration), and where the plots have places: ``"field"`` (the nugget-free part in place) and ``"semivariogram"``, see
            :meth:`variogram`.
        term : str, optional
            For ``"blups"`` and ``"scatter"`` of a model with several random terms; narrows ``"correlation"`` to one matrix.

        Raises
        ------
        VcmodelError
            An unknown kind or term, or nothing to draw.
        """
        # matplotlib is imported only by those who look at pictures
        from vcmodel.report.plot import plot

        return plot(self, kind, term)

    def report(self, path: str | PathLike[str], *, title: str | None = None) -> Path:
        """Where the report was written: one self-contained HTML page, pictures included, that needs no network.

        Parameters
        ----------
        path : path
            The file; its folder must exist.
        title : str, optional
            Heading; default the responses.

        Raises
        ------
        VcmodelError
            The file cannot be written.
        """
        from vcmodel.report.page import fit_page
        from vcmodel.report.write import write_page

        return write_page(path, fit_page(self, title=title))

    def to_dict(self) -> dict[str, Any]:
        """The fit in plain types (NaN becomes None), without the values per row and the predicted effects; keys as the tables'.

        Matrices of more than 60 levels with their correlations, and the Wald tests of more than 500 fixed coefficients, are left out: a
        note says so. :meth:`covariance`, :meth:`covariances`, :meth:`correlations` and :meth:`wald` give them.
        """
        return record(
            self.estimate,
            notes=self._notes,
            varcomp=self._varcomp,
            correlations=self._few_correlations,
            fixed_effects=self._fixed_effects,
        )

    def to_json(self, indent: int | None = None) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False, ensure_ascii=False)
