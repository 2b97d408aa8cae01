"""Equations whose logL is a given function of the matrices: for the decisions of the search alone, without data."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from vcmodel.control import Control
from vcmodel.equations.chain_rule import PartDerivatives
from vcmodel.reml.components import RandomComponent, ResidualComponent, row_names
from vcmodel.reml.constraint_reader import read_constraints
from vcmodel.reml.make_search import make_search
from vcmodel.reml.point import Point, starting_point
from vcmodel.structures.registry import build


class Surface:
    """Equations with any logL of the matrices.

    Parameters
    ----------
    loglik : function of a list of matrices
        NaN where they are not feasible.
    gradients : function of a list of matrices
        D of each, dlogL = tr(D dSigma); None where it is not known.
    weight : float
        The average information is `weight` times the inner products of the changes of the matrices.
    """

    def __init__(self, loglik, gradients, weight=1.0, scale=1.0):
        self._loglik, self._gradients, self.weight, self.loglik_scale = loglik, gradients, weight, scale
        self.y, self.design = np.zeros(5000), SimpleNamespace()
        self.calls = {"update": 0, "derivatives": 0, "information": 0}
        self.seen = []

    def update(self, parts):
        self.calls["update"] += 1
        self.components = [part.component for part in parts]
        self.sigmas = [part.sigma for part in parts]
        self.loglik = float(self._loglik(self.sigmas))
        return bool(np.isfinite(self.loglik))

    def place(self, part):
        return next(c for c, component in enumerate(self.components) if component is part.component)

    def derivatives(self, part, remembered=None):
        self.calls["derivatives"] += 1
        d = self._gradients(self.sigmas)[self.place(part)]
        m = part.phi.size
        if d is None:
            return PartDerivatives(np.zeros(m), np.zeros((m, m)), None)
        return PartDerivatives(np.tensordot(part.derivative, d, axes=2), part.chart.curvature(part.phi, d), d)

    def variates(self, part):
        result = np.zeros((sum(sigma.size for sigma in self.sigmas), part.phi.size))
        start = sum(sigma.size for sigma in self.sigmas[: self.place(part)])
        result[start : start + part.sigma.size] = np.sqrt(2.0 * self.weight) * part.derivative.reshape(part.phi.size, -1).T
        return result

    def information(self, parts):
        self.calls["information"] += 1
        variates = np.hstack([self.variates(part) for part in parts])
        return 0.5 * variates.T @ variates


def quadratic(targets, weight=1.0):
    """logL = -weight/2 sum |Sigma - T|^2, whose average information is exact."""
    return Surface(
        lambda sigmas: -0.5 * weight * sum(np.sum((s - t) ** 2) for s, t in zip(sigmas, targets, strict=True)),
        lambda sigmas: [-weight * (s - t) for s, t in zip(sigmas, targets, strict=True)],
        weight,
    )


def levels(k):
    return tuple("abcdefgh"[:k])


def component(name, k=1, residual=False, reference=None, index=0, label=None):
    """A component with a structure of the registry over `k` levels."""
    structure = build(name, "f", levels(k))
    label = label or ("units" if residual else "g")
    rows = row_names(label, structure, f"{label}!R" if residual else None)
    kind = ResidualComponent if residual else RandomComponent
    return kind(index, label, structure, np.ones(k) if reference is None else np.asarray(reference, dtype=float), rows)


def theta_of(component, sigma):
    """The parameters of a matrix; of one with variances of zero, whose correlations are not defined, those with ones in their place."""
    sigma = np.atleast_2d(np.asarray(sigma, dtype=float))
    zero = np.diag(sigma) == 0.0
    theta = component.structure.start(sigma + np.diag(zero.astype(float)))
    if zero.any():
        variances = [parameter.kind == "variance" for parameter in component.structure.parameters]
        theta[variances] = np.where(zero, 0.0, theta[variances])
    return theta


def constraints_of(components, sigmas, **asked):
    return read_constraints(components, [theta_of(c, s) for c, s in zip(components, sigmas, strict=True)], **asked)


def point_of(components, sigmas, **asked):
    return starting_point(components, constraints_of(components, sigmas, **asked))


def search_on(equations, components, sigmas, at_bound=None, control=None, **asked):
    constraints = constraints_of(components, sigmas, **asked)
    return make_search(equations, constraints, starting_point(components, constraints), control or Control(), at_bound)


def at_zero(equations, components, sigmas, control=None):
    """A search whose random components stand at their boundary, wherever `sigmas` has a zero variance."""
    search = search_on(equations, components, sigmas, control=control)
    mask = np.zeros(search.point.size, dtype=bool)
    for part in search.point:
        for edge in part.edges:
            if part.phi[edge.coordinate] == 0.0 and part.component.is_random:
                mask[part.where.start + np.array(edge.group)] = True
    return make_search(equations, search.constraints, search.point, search.control, mask)


def one_point(part_component, sigma):
    """The part of a single component."""
    return point_of((part_component,), [sigma])[0]


__all__ = ["Point", "Surface", "at_zero", "component", "constraints_of", "one_point", "point_of", "quadratic", "search_on", "theta_of"]
