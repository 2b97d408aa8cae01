"""A first-order autoregression as a user would write it: one class, fitted on the default chart; two short ones for its variances."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vcmodel.structures.base import Parameter, Structure
from vcmodel.structures.correlations import correlation_matrix
from vcmodel.structures.scaling import Heterogeneous, Homogeneous


@dataclass(frozen=True)
class Autoregressive(Structure):
    """R_ij = rho^|i - j|; none for a single level."""

    name: ClassVar[str] = "ar1"
    carries_variance: ClassVar[bool] = False
    ordered: ClassVar[bool] = True
    summary: ClassVar[str] = "autoregressive of first order"
    count: ClassVar[str] = "1"

    factor: str
    levels: tuple[str, ...]

    @property
    def parameters(self):
        return (Parameter(f"{self.factor}.cor", "correlation", "U"),) if self.size > 1 else ()

    @property
    def lags(self):
        return np.abs(np.subtract.outer(np.arange(self.size), np.arange(self.size)))

    def value(self, theta):
        return theta[0] ** self.lags if self.size > 1 else np.ones((1, 1))

    def derivative(self, theta):
        return (self.lags * theta[0] ** np.maximum(self.lags - 1, 0))[None] if self.size > 1 else np.zeros((0, 1, 1))

    def start(self, covariance):
        if self.size == 1:
            return np.zeros(0)
        near = float(np.mean(np.diagonal(correlation_matrix(covariance), 1)))
        return np.array([np.clip(near, -0.9, 0.9) if abs(near) > 1e-12 else 0.1])


class AutoregressiveHomogeneous(Homogeneous):
    """With one variance."""

    name, family, summary, count, ordered = "ar1v", Autoregressive, "autoregressive of first order, one variance", "2", True


class AutoregressiveHeterogeneous(Heterogeneous):
    """With one variance per level."""

    name, family, summary, count, ordered = "ar1h", Autoregressive, "autoregressive of first order, one variance per level", "w + 1", True
