"""Directions of the rows of a root.

A direction turns by the gnomonic projection: u is proportional to (base + z'tangent), the tangent an orthonormal basis of the complement of
the base. A chart centres it anew at the point itself, so that z = 0 wherever derivatives matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vcmodel.structures.chart import Array


@dataclass(frozen=True, eq=False)
class Ray:
    """A row of the root, or the direction that several rows share.

    Attributes
    ----------
    levels, signs : tuples
        The levels with this direction, and on which side of it they lie.
    unit : bool
        True: u = w / |w|; False: u = w, a free row of one level; w = base + z'tangent.
    base : (k,) array
    tangent : (p, k) array
    """

    levels: tuple[int, ...]
    signs: tuple[float, ...]
    unit: bool
    base: Array
    tangent: Array

    @classmethod
    def around(cls, levels: tuple[int, ...], signs: tuple[float, ...], direction: Array, place: int) -> Ray:
        """The unit ray in `direction`, whose entries beyond `place` are zero and stay so.

        The last tangent vector is the one that changes the entry at `place` (the pivot) most.
        """
        k = direction.size
        base = direction / np.linalg.norm(direction)
        towards = np.eye(k)[place] - base[place] * base
        columns = np.stack([base, towards] if np.linalg.norm(towards) > 1e-12 else [base], axis=1)[: place + 1]
        complement = np.linalg.qr(np.hstack([columns, np.eye(place + 1)]))[0][:, 1 : place + 1]
        tangent = np.zeros((place, k))
        tangent[:, : place + 1] = np.roll(complement.T, -1, axis=0)
        if place and tangent[-1, place] < 0.0:
            tangent[-1] *= -1.0
        return cls(levels, signs, True, base, tangent)

    @classmethod
    def free_row(cls, level: int, place: int, order: int) -> Ray:
        """The row of one level whose entries up to `place` are the coordinates."""
        return cls((level,), (1.0,), False, np.zeros(order), np.eye(order)[: place + 1])

    @property
    def size(self) -> int:
        """Number of coordinates z."""
        return len(self.tangent)

    def vector(self, z: Array) -> Array:
        """U (k,)."""
        w = self.base + z @ self.tangent
        return np.asarray(w / np.linalg.norm(w)) if self.unit and self.size else w

    def derivative(self, z: Array) -> Array:
        """Derivative of u by z (p, k): n B - n^3 z w with n = 1 / |w|."""
        if not (self.unit and self.size):
            return self.tangent
        w = self.base + z @ self.tangent
        n = 1.0 / np.linalg.norm(w)
        return np.asarray(n * self.tangent - n**3 * np.outer(z, w))

    def curvature(self, z: Array, pull: Array) -> Array:
        """Sum over entries of pull times the second derivative of u, (p, p)."""
        if not (self.unit and self.size):
            return np.zeros((self.size, self.size))
        w = self.base + z @ self.tangent
        n = 1.0 / np.linalg.norm(w)
        mixed = np.outer(z, self.tangent @ pull)
        return np.asarray(-(n**3) * (mixed + mixed.T) + (w @ pull) * (3.0 * n**5 * np.outer(z, z) - n**3 * np.eye(self.size)))
