"""Kronecker products of several vectors or matrices; of small ones also the product rule and the contracted second derivative."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import product
from math import prod

import numpy as np
from scipy import sparse

from vcmodel.structures.chart import Array


def kronecker(matrices: Sequence[Array]) -> Array:
    """The product in the order given; (1, 1) of one for no matrices."""
    result: Array = np.ones((1, 1))
    for matrix in matrices:
        result = np.asarray(np.kron(result, matrix), dtype=float)
    return result


def kronecker_vector(vectors: Sequence[Array]) -> Array:
    """All products of one entry of each vector, the last one's fastest; a one for no vectors."""
    return reduce(lambda one, other: np.multiply.outer(one, other).ravel(), vectors, np.ones(1))


def kronecker_vector_derivative(vectors: Sequence[Array], derivatives: Sequence[Array]) -> Array:
    """Derivative of :func:`kronecker_vector`, (m, size), for that of each vector, (its m, its size)."""
    rows = [kronecker_vector([*vectors[:place], row, *vectors[place + 1 :]]) for place, own in enumerate(derivatives) for row in own]
    return np.array(rows).reshape(len(rows), prod(vector.size for vector in vectors))


def sparse_products(families: Sequence[Sequence[sparse.csc_matrix]]) -> tuple[sparse.csc_matrix, ...]:
    """The products of one matrix of each family, the last one's fastest, as those of :func:`kronecker_vector`."""
    if not families:
        return (sparse.identity(1, format="csc"),)
    return tuple(reduce(lambda left, right: sparse.kron(left, right, format="csc"), chosen) for chosen in product(*families))


def kronecker_derivative(matrices: Sequence[Array], derivatives: Sequence[Array]) -> Array:
    """Derivative of the product, (sum of m_p, rows, columns), from those of the parts (m_p, k_p, r_p)."""
    rows = int(np.prod([len(matrix) for matrix in matrices], dtype=int))
    columns = int(np.prod([matrix.shape[1] for matrix in matrices], dtype=int))
    blocks = [np.zeros((0, rows, columns))]
    for place, derivative in enumerate(derivatives):
        before, after = kronecker(matrices[:place]), kronecker(matrices[place + 1 :])
        block = before[None, :, None, None, :, None, None] * derivative[:, None, :, None, None, :, None]
        block = block * after[None, None, None, :, None, None, :]
        blocks.append(block.reshape(len(derivative), rows, columns))
    return np.concatenate(blocks)


def contract(gradient: Array, matrices: Sequence[Array], keep: Sequence[int]) -> Array:
    """Sum of gradient times the product over all parts but those in `keep`.

    Parameters
    ----------
    gradient : (K, K) array
        K the product of the orders of the (symmetric) matrices.

    Returns
    -------
    array
        Row indices of the kept parts, then their column indices.
    """
    count = len(matrices)
    orders = [len(matrix) for matrix in matrices]
    tensor = gradient.reshape(orders + orders)
    labels = list(range(2 * count))
    for place in range(count):
        if place not in keep:
            rest = [label for label in labels if label not in (place, count + place)]
            axes = (labels.index(place), labels.index(count + place))
            tensor = np.tensordot(tensor, matrices[place], (axes, (0, 1)))
            labels = rest
    return tensor


def kronecker_curvature(
    gradient: Array,
    matrices: Sequence[Array],
    derivatives: Sequence[Array],
    curvatures: Sequence[Callable[[Array], Array]],
) -> Array:
    """Sum over kl of gradient_kl times the second derivative of the product.

    Parameters
    ----------
    gradient : (K, K) array
        Symmetric.
    matrices, derivatives : sequences of arrays
        Value and derivative of each part.
    curvatures : sequence of callables
        Contracted second derivative of each part, as a function of the gradient with respect to its matrix.
    """
    sizes = [len(derivative) for derivative in derivatives]
    ends = np.cumsum([0, *sizes])
    result = np.zeros((ends[-1], ends[-1]))
    for p, curvature in enumerate(curvatures):
        here = slice(ends[p], ends[p + 1])
        if sizes[p] == 0:
            continue
        result[here, here] = curvature(contract(gradient, matrices, (p,)))
        for q in range(p + 1, len(matrices)):
            if sizes[q] == 0:
                continue
            there = slice(ends[q], ends[q + 1])
            tensor = contract(gradient, matrices, (p, q)).transpose(0, 2, 1, 3)  # rows p, columns p, rows q, columns q
            block = np.tensordot(np.tensordot(derivatives[p], tensor, 2), derivatives[q], ([1, 2], [1, 2]))
            result[here, there] = block
            result[there, here] = block.T
    return result
