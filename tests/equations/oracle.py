"""Any set of equations at a point against dense algebra: logL, score, average information, curvature, effects and combinations."""

from __future__ import annotations

import dense
import numpy as np
from scipy import sparse
from separated import inner_covariance


class Model:
    """A design at parts, R of some sections being functions of their part."""

    def __init__(self, design, point, residuals=None):
        self.design, self.point = design, point
        self.residuals = residuals or {}
        self.n_terms = len(design.terms)
        self.x = dense.fixed_matrix(design)

    def related(self, point):
        return [
            np.kron(inner_covariance(term, point[t]), dense.relationship(term)) if term.inverses else dense.relationship(term)
            for t, term in enumerate(self.design.terms)
        ]

    def covariance(self, vector):
        """V at coordinates."""
        point = self.point.moved(vector)
        sigmas = [part.sigma for part in point]
        residuals = [self.residuals[s](point[self.n_terms + s]) if s in self.residuals else None for s in range(len(self.design.sections))]
        return dense.covariance(self.design, sigmas[: self.n_terms], sigmas[self.n_terms :], self.related(point), residuals)

    def loglik(self, vector):
        """REML logL at coordinates."""
        return dense.loglik(self.design.y, self.x, self.covariance(vector)) + np.log(self.design.weight_root).sum()

    def changes(self, vector, step=1e-5):
        """dV (m, n, n) by differences."""
        moves = step * np.eye(vector.size)
        return np.array([(self.covariance(vector + move) - self.covariance(vector - move)) / (2.0 * step) for move in moves])

    def joint(self, vector):
        """All [beta; u], their estimates, and the covariance of the errors."""
        v, z = self.covariance(vector), np.hstack([term.incidence.toarray() for term in self.design.terms])
        point = self.point.moved(vector)
        blocks = [np.kron(point[t].sigma, k) for t, k in enumerate(self.related(point))]
        g = sparse.block_diag(blocks).toarray()
        p, inverse = dense.projection(v, self.x), np.linalg.inv(v)
        cov = np.linalg.inv(self.x.T @ inverse @ self.x)
        cross = -cov @ self.x.T @ inverse @ z @ g
        values = np.concatenate([cov @ self.x.T @ inverse @ self.design.y, g @ z.T @ p @ self.design.y])
        return values, np.block([[cov, cross], [cross.T, g - g @ z.T @ p @ z @ g]])


def near(found, expected, relative=1e-7):
    size = np.abs(expected).max(initial=0.0)
    assert np.allclose(found, expected, rtol=relative, atol=relative * size), np.abs(found - expected).max() / max(size, 1e-300)


def same_derivatives(equations, model):
    """logL, score and average information."""
    vector = model.point.vector()
    assert equations.update(model.point.parts)
    near(equations.loglik, model.loglik(vector), 1e-9)
    found = [equations.derivatives(part) for part in model.point]
    score = dense.differences(model.loglik, vector)
    assert np.allclose(np.concatenate([one.score for one in found]), score, rtol=1e-6, atol=1e-6 * max(1.0, np.abs(score).max()))
    changes = model.changes(vector)
    p = dense.projection(model.covariance(vector), model.x)
    variates = changes @ (p @ model.design.y)
    information = equations.information(model.point.parts)
    near(information, 0.5 * variates @ p @ variates.T, 1e-6)
    return found


def exact_curvature(model, part):
    """1/2 [y'P d2V P y - tr(P d2V)] by the coordinates of a part, from second differences of its dV."""
    vector = model.point.vector()
    p = dense.projection(model.covariance(vector), model.x)
    py = p @ model.design.y
    where, step = part.where, 1e-4
    result = np.zeros((part.phi.size,) * 2)
    for i in range(part.phi.size):
        move = np.zeros(vector.size)
        move[where.start + i] = step
        second = (model.changes(vector + move)[where] - model.changes(vector - move)[where]) / (2.0 * step)
        result[i] = [0.5 * (py @ d @ py - np.sum(p * d)) for d in second]
    return result


def same_effects(equations, model, seed=0):
    """Effects, prediction error variances, coefficients, and random combinations of everything."""
    design = model.design
    values, covariance = model.joint(model.point.vector())
    p = design.fixed_matrix.shape[1]
    near(equations.coefficients(), values[:p])
    near(equations.coefficient_variances(), np.diag(covariance)[:p], 1e-6)
    root, whitened = equations.whitened_coefficients()
    near(root @ root.T, covariance[:p, :p], 1e-6)
    near(root @ whitened, values[:p])
    start = p
    for t, term in enumerate(design.terms):
        own = slice(start, start + term.structure.size * term.n_levels)
        start = own.stop
        effect, pev = equations.effects(t)
        near(effect.ravel(), values[own])
        near(pev.ravel(), np.diag(covariance)[own], 1e-6)
    rng = np.random.default_rng(seed)
    rows = np.where(rng.random((7, values.size)) < 0.3, rng.normal(size=(7, values.size)), 0.0)
    rows[0] = 0.0
    rows[0, 0] = 1.0
    rows[1, :p] = 0.0
    found = equations.combinations(sparse.csr_matrix(rows))
    near(found.values, rows @ values)
    near(found.covariance(), rows @ covariance @ rows.T, 1e-6)
    near(found.variances(), np.diag(rows @ covariance @ rows.T), 1e-6)
