"""The contract of a covariance structure, and the charts the solver moves on.

A structure is a (k, k) covariance matrix over the levels of one factor as a function of its *reported* parameters theta (variances,
covariances, correlations: what the varcomp table shows). The solver does not iterate on theta: it asks the structure for a
:class:`Chart`, working coordinates phi in which a root ``loading`` of the matrix (Sigma = Lambda Lambda') is smooth up to and including
the boundary where Sigma is singular (square roots and free Cholesky factors, not logarithms).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from vcmodel.errors import StructureError
from vcmodel.linalg.connected import connected_levels, connected_parts
from vcmodel.linalg.definite import is_positive_semidefinite
from vcmodel.structures.chart import Array, Chart
from vcmodel.structures.default_chart import DefaultChart
from vcmodel.structures.fixed_chart import FixedChart
from vcmodel.structures.parameter import Parameter

if TYPE_CHECKING:
    from vcmodel.structures.sparse_inverse import SparseInverse


class Structure(ABC):
    """A covariance structure over the levels of one factor. Frozen: holds names and sizes, never numbers.

    Attributes
    ----------
    factor : str
        Name of the factor, for row names.
    levels : tuple of str
        Its k levels in order.
    """

    name: ClassVar[str]  # name in the registry and in formulas
    carries_variance: ClassVar[bool]  # False: a correlation structure (unit diagonal)
    ordered: ClassVar[bool] = False  # True: the order of the levels matters
    metric: ClassVar[tuple[int, ...]] = ()  # how many axes a structure of distances may have; its field `positions` has each level's
    summary: ClassVar[str]  # one line for the menu in the docs
    count: ClassVar[str]  # number of parameters for w levels, as written in the menu: "w (w + 1) / 2"
    arguments: ClassVar[tuple[str, ...]] = ()  # names of the further arguments, and of the fields for them: ("k",) for fa(f, k)
    defaults: ClassVar[tuple[int | float | str, ...]] = ()  # values of the last of them where they are not written
    examples: ClassVar[tuple[tuple[int | float | str, ...], ...]] = ((),)  # further arguments the law tests build it with

    factor: str
    levels: tuple[str, ...]

    @classmethod
    def check_arguments(cls, *arguments: int | float | str) -> None:
        """Refuse further arguments that no levels could make right; what depends on the levels is for ``__post_init__``.

        Raises
        ------
        StructureError
            Says what may be written.
        """
        return

    @property
    def size(self) -> int:
        """k, the number of levels."""
        return len(self.levels)

    @property
    @abstractmethod
    def parameters(self) -> tuple[Parameter, ...]:
        """Reported parameters in report order."""

    @abstractmethod
    def value(self, theta: Array) -> Array:
        """Sigma (k, k) at the reported parameters."""

    @abstractmethod
    def derivative(self, theta: Array) -> Array:
        """Derivative of Sigma by theta, (number of parameters, k, k)."""

    def curvature(self, theta: Array, gradient: Array) -> Array:
        """Sum over kl of gradient_kl d2 Sigma_kl / d theta d theta, for symmetric `gradient` (k, k): central differences of the derivative.

        Only :class:`DefaultChart` asks for it; it adds to the information what the average information leaves out, for which eight
        digits are enough.
        """
        theta = np.asarray(theta, dtype=float)
        correlation = np.array([parameter.kind == "correlation" for parameter in self.parameters], dtype=bool)
        steps = 1e-5 * np.where(correlation | (theta == 0.0), 1.0, np.abs(theta))
        result = np.zeros((theta.size, theta.size))
        for row, move in enumerate(np.diag(steps)):
            change = self.derivative(theta + move) - self.derivative(theta - move)
            result[row] = np.tensordot(change, gradient, 2) / (2.0 * steps[row])
        return 0.5 * (result + result.T)

    @abstractmethod
    def start(self, covariance: Array) -> Array:
        """Reported parameters near a positive definite (k, k) `covariance`, strictly inside the bounds.

        A correlation structure takes the correlations of `covariance`.
        """

    def alternatives(self, theta: Array) -> tuple[Array, ...]:
        """Further starting values worth a try, where the likelihood is known to have several maxima."""
        return ()

    def alternatives_to(self, theta: Array, end: Array) -> tuple[Array, ...]:
        """Starting values worth a try where a climb from `theta` ended at `end` (NaN where undefined), which may be a lesser maximum."""
        return ()

    def chart(self, theta: Array, reference: Array) -> tuple[Chart, Array]:
        """A chart and the coordinates of Sigma(theta) in it; by default a :class:`DefaultChart`, which is for regular matrices.

        Parameters
        ----------
        theta : (number of parameters,) array
        reference : (k,) array
            Standard deviation of the data at each level, the scale for pivots and edges (ignored by correlation structures).
        """
        return DefaultChart.of(self, theta, reference)

    def constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """A chart on which constraints on some parameters are regular, and coordinates near `theta`.

        Parameters
        ----------
        theta : array
            Held values, starting values of the others: together they need not be a positive semi-definite matrix.
        reference : (k,) array
        constrained, held : bool arrays
            Parameters that are held or tied, and those of them that are held.

        Raises
        ------
        StructureError
            All parameters are held and do not give a positive semi-definite matrix.
        """
        if not np.any(constrained):
            return self.chart(theta, reference)
        if np.all(held):
            theta = self.require_admissible(theta)
            regular = np.array([parameter.regular(value) for parameter, value in zip(self.parameters, theta.tolist(), strict=True)])
            chart, phi = self.chart(theta, reference)
            return FixedChart(self.value(theta), chart.loading(phi), theta, regular), np.zeros(0)
        return self._constrained_chart(theta, reference, constrained, held)

    def _constrained_chart(
        self, theta: Array, reference: Array, constrained: NDArray[np.bool_], held: NDArray[np.bool_]
    ) -> tuple[Chart, Array]:
        """:meth:`constrained_chart` where some parameters are constrained and not all of them held."""
        if type(self).chart is not Structure.chart:
            raise StructureError(f"{self.name}({self.factor}): its parameters cannot be held or tied singly; hold all of them, or none")
        return DefaultChart.of(self, theta, reference, floored=False)

    def pattern(self) -> NDArray[np.bool_]:
        """Entries (k, k) of Sigma that can be nonzero."""
        return np.ones((self.size, self.size), dtype=bool)

    def root_pattern(self) -> NDArray[np.bool_]:
        """Entries (k, r) of the root Lambda that can be nonzero, whatever the parameters and the chart.

        The equations are laid out by it once, so that *every* chart of this structure (constrained and fixed ones too) has a loading of
        exactly this shape. By default a square root within the connected blocks of Sigma.
        """
        blocks = connected_levels(self.pattern())
        return np.asarray(blocks[:, None] == blocks)

    def root_groups(self) -> tuple[tuple[int, ...], ...]:
        """Columns of the root that stand together in the equations: every column in one group, by default the connected parts.

        Groups may overlap in rows, as the common factors and the specific effects of a factor-analytic matrix do.
        """
        return tuple(tuple(columns.tolist()) for _, columns in connected_parts(self.root_pattern()) if columns.size)

    def sparse_inverse(self) -> SparseInverse | None:
        """The inverse of a correlation structure as constant sparse matrices times coefficients; None where it has none."""
        return None

    def regular_root(self, root: Array, deviations: Array) -> Array:
        """A root (k, r) within the root pattern of a regular matrix near that of `root`, with `deviations` (k,) added to the levels.

        A square root is that of the matrix with independent deviations added; otherwise each level's are added to the root in a column
        that it shares with as few others as possible.
        """
        pattern = self.root_pattern()
        if pattern.shape[0] == pattern.shape[1]:
            return np.where(pattern, np.linalg.cholesky(root @ root.T + np.diag(deviations**2)), 0.0)
        shared = np.where(pattern, pattern.sum(axis=0), pattern.size)
        rows, columns = linear_sum_assignment(shared)
        result = root.copy()
        result[rows, columns] += np.where(root[rows, columns] < 0.0, -1.0, 1.0) * deviations[rows]
        return result

    def admissible(self, theta: Array) -> bool:
        """Whether Sigma(theta) is a positive semi-definite matrix with non-negative variances.

        As :func:`~vcmodel.linalg.definite.is_positive_semidefinite` says, whatever the units of the data.
        """
        theta = np.asarray(theta, dtype=float)
        if theta.shape != (len(self.parameters),) or not np.all(np.isfinite(theta)):
            return False
        if any(value < 0.0 for value, parameter in zip(theta, self.parameters, strict=True) if parameter.kind == "variance"):
            return False
        return is_positive_semidefinite(self.value(theta))

    def require_admissible(self, theta: Array) -> Array:
        """`theta` as an array of floats.

        Raises
        ------
        StructureError
            `theta` has the wrong length or does not describe a positive semi-definite matrix.
        """
        theta = np.asarray(theta, dtype=float)
        where, wanted = f"{self.name}({self.factor})", len(self.parameters)
        if theta.shape != (wanted,):
            raise StructureError(f"{where} has {wanted} parameters, but {theta.size} values were given; give one value for each")
        if not self.admissible(theta):
            named = zip((parameter.suffix or "variance" for parameter in self.parameters), theta, strict=True)
            values = ", ".join(f"{name} = {value:g}" for name, value in named)
            raise StructureError(
                f"{where}: the values {values} do not give a positive semi-definite matrix; "
                "take variances >= 0 and correlations or covariances nearer to zero"
            )
        return theta
