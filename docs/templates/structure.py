"""A covariance structure to copy: neighbours are correlated, levels further apart are not.

1. Copy this file to ``vcmodel/structures/``, rename the class, and say what it is in the first line.
2. Write the four methods; they are all that is needed for matrices that stay regular (see ``vcmodel/structures/default_chart.py``).
3. Register it: one line in ``STRUCTURES`` of ``vcmodel/structures/registry.py``, ``"lag1": Neighbours``; one each for ``lag1v``, ``lag1h``.
4. Add it to the row names in ``tests/structures/test_registry.py`` and write the menu anew (``python tools/structures_page.py``); the laws
   of ``tests/structures/test_laws.py`` find it by themselves.

What may be written besides: ``chart`` (and ``_constrained_chart`` for held and tied rows) where Sigma may become singular; ``root_pattern``
and ``root_groups`` where its root Lambda is not square, as [Gamma, Psi^1/2] of a factor-analytic matrix; ``pattern`` where some entries
are always zero; ``curvature`` where it is simple; ``alternatives`` where the likelihood has several maxima; ``check_arguments``,
``arguments`` and ``examples`` for arguments after the factor, which then are further fields of the class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vcmodel.structures.base import Parameter, Structure
from vcmodel.structures.chart import Array
from vcmodel.structures.correlations import correlation_matrix
from vcmodel.structures.scaling import with_variances


@dataclass(frozen=True)
class Neighbours(Structure):
    """One correlation between neighbouring levels; none for a single level."""

    name: ClassVar[str] = "lag1"
    carries_variance: ClassVar[bool] = False
    ordered: ClassVar[bool] = True
    summary: ClassVar[str] = "neighbouring levels correlated"
    count: ClassVar[str] = "1"

    factor: str
    levels: tuple[str, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The correlation."""
        return (Parameter(f"{self.factor}.cor", "correlation", "U"),) if self.size > 1 else ()

    def value(self, theta: Array) -> Array:
        """Sigma (k, k)."""
        return np.asarray(np.eye(self.size) + np.tensordot(theta, self.derivative(theta), 1))

    def derivative(self, theta: Array) -> Array:
        """Ones beside the diagonal, (1, k, k)."""
        beside = np.eye(self.size, k=1) + np.eye(self.size, k=-1)
        return beside[None][: len(self.parameters)]

    def start(self, covariance: Array) -> Array:
        """The mean correlation of neighbours, where the matrix is positive definite for any number of levels."""
        if self.size == 1:
            return np.zeros(0)
        mean = float(np.mean(np.diagonal(correlation_matrix(covariance), 1)))
        return np.array([np.clip(mean, -0.45, 0.45) if abs(mean) > 1e-12 else 0.1])


NeighboursHomogeneous, NeighboursHeterogeneous = with_variances(Neighbours)
