"""The oracle: REML with a dense V, by the textbook formulas. Slow, short, independent of the sparse path."""

from __future__ import annotations

import numpy as np
from scipy import sparse


def covariance(design, sigmas, residual_sigmas, relationships=None, residuals=None):
    """V (n, n) of a `Design` at the matrices Sigma of its random terms and residual sections; y is on the weighted scale of the design.

    `relationships` replaces the K of every term; `residuals` gives R of a section over its cells where it is not None, in place of Sigma
    unit by unit.
    """
    n = design.y.size
    v = np.zeros((n, n))
    related = relationships or [relationship(term) for term in design.terms]
    for term, sigma, k in zip(design.terms, sigmas, related, strict=True):
        z = term.incidence.toarray()
        v += z @ np.kron(sigma, k) @ z.T
    whole = residuals or [None] * len(design.sections)
    for section, sigma, r in zip(design.sections, residual_sigmas, whole, strict=True):
        if r is not None:
            v[np.ix_(section.cells, section.cells)] += r
            continue
        for unit in np.unique(section.unit):
            cells = np.flatnonzero(section.unit == unit)
            at = section.level[cells]
            rows = section.cells[cells]
            v[np.ix_(rows, rows)] += sigma[np.ix_(at, at)]
    return v


def relationship(term):
    """The relationship (q, q) of a random term, dense."""
    precision, root = term.relationship.precision, term.relationship.root
    k = np.eye(term.relationship.n_columns) if precision is None else np.linalg.inv(precision.toarray())
    return k if root is None else np.asarray(root @ k @ root.T)


def loglik(y, x, v):
    """-1/2 (log|V| + log|X'V^-1X| + y'Py), X of full column rank."""
    half = np.linalg.cholesky(v)
    wx, wy = np.linalg.solve(half, x), np.linalg.solve(half, y)
    q, r = np.linalg.qr(wx)
    rest = wy - q @ (q.T @ wy)
    logdet_x = 2 * np.log(np.abs(np.diag(r))).sum() if x.shape[1] else 0.0
    return -0.5 * (2 * np.log(np.diag(half)).sum() + logdet_x + rest @ rest)


def fixed_matrix(design):
    """X (n, p) of the kept columns on the weighted scale, uncentred, dense."""
    return design.weight_root[:, None] * sparse.csc_matrix(design.fixed_matrix).toarray()


def design_loglik(design, sigmas, residual_sigmas):
    """The REML log-likelihood of a design in the reporting convention: weights included, X as reported."""
    value = loglik(design.y, fixed_matrix(design), covariance(design, sigmas, residual_sigmas))
    return value + np.log(design.weight_root).sum()


def projection(v, x):
    """P = V^-1 - V^-1X(X'V^-1X)^-1X'V^-1."""
    inverse = np.linalg.inv(v)
    if not x.shape[1]:
        return inverse
    vx = inverse @ x
    return inverse - vx @ np.linalg.solve(x.T @ vx, vx.T)


def differences(function, vector, step=1e-5):
    """Central differences (m,) of a scalar function."""
    gradient = np.zeros(vector.size)
    for i in range(vector.size):
        h = step * max(1.0, abs(vector[i]))
        up, down = vector.copy(), vector.copy()
        up[i] += h
        down[i] -= h
        gradient[i] = (function(up) - function(down)) / (2 * h)
    return gradient
