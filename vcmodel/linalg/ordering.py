"""Fill-reducing order of a symmetric sparse matrix."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sksparse.cholmod import analyze

from vcmodel.linalg._kernels import Symbolic, neighbourhood_hash

# a node is held out of the minimum degree ordering when its degree exceeds both multiples
POPULAR_ROOT, POPULAR_MEAN = 1.0, 20.0
# flops of a factorisation, about a second of work, from which a second ordering is tried: on pedigrees it is mostly worse
MUCH_WORK = 2e10
# orders kept for fits of the same design: how many, and of how many nodes in all
REMEMBERED, REMEMBERED_NODES = 32, 4_000_000

_ORDERS: OrderedDict[bytes, NDArray[np.int32]] = OrderedDict()
_LOCK = Lock()


def fill_reducing_order(start: NDArray[np.int64], row: NDArray[np.int32]) -> NDArray[np.int32]:
    """Order (n,), new -> old, read-only, by approximate minimum degree of the quotient graph; remembered for patterns seen lately.

    Columns with the same neighbours (the equations of several traits at one level) are one node of the quotient graph: the minimum
    degree algorithm would find them too, but only after setting up the larger graph.

    Parameters
    ----------
    start : (n + 1,) array
    row : (nnz,) array
        Lower triangle including the diagonal, by columns.

    References
    ----------
    Amestoy, P. R., Davis, T. A., Duff, I. S. (1996). An approximate minimum degree ordering algorithm. SIAM J. Matrix Anal. Appl. 17,
    886-905.
    """
    key = blake2b(start.tobytes() + row.tobytes(), digest_size=16).digest()
    with _LOCK:
        if key in _ORDERS:
            _ORDERS.move_to_end(key)
            return _ORDERS[key]
    order = _least_work(start, row)
    order.flags.writeable = False
    with _LOCK:
        _ORDERS[key] = order
        while len(_ORDERS) > REMEMBERED or sum(known.size for known in _ORDERS.values()) > REMEMBERED_NODES:
            _ORDERS.popitem(last=False)
    return order


def _least_work(start: NDArray[np.int64], row: NDArray[np.int32]) -> NDArray[np.int32]:
    """The minimum degree order; where it costs much, the cheaper of that and nested dissection, by the flops each would take."""
    order = _compressed_order(start, row)
    flops = Symbolic(start, row, order).flops if len(order) else 0.0
    if flops < MUCH_WORK:
        return order
    other = _order_by(len(order), start, row, "metis")
    return other if Symbolic(start, row, other).flops < flops else order


def _compressed_order(start: NDArray[np.int64], row: NDArray[np.int32]) -> NDArray[np.int32]:
    """The order of the quotient graph, expanded to columns."""
    n = len(start) - 1
    # random keys: two different neighbourhoods collide with probability 2^-64, and a collision costs fill, never correctness
    keys = np.random.default_rng(20).integers(0, 2**63, size=n, dtype=np.uint64)
    hashes = neighbourhood_hash(start, row, keys)
    _, representative, group = np.unique(hashes, return_index=True, return_inverse=True)
    if len(representative) == n:
        return _amd(start, row)
    # groups in order of their first column, so that the order found does not depend on the keys
    by_first = np.argsort(representative, kind="stable")
    rank = np.empty_like(by_first)
    rank[by_first] = np.arange(len(by_first))
    group, representative = rank[group], representative[by_first]

    is_representative = np.zeros(n, dtype=bool)
    is_representative[representative] = True
    column = np.repeat(np.arange(n), np.diff(start))
    keep = is_representative[row] & is_representative[column]
    small_column, small_row = group[column[keep]], group[row[keep]]
    small_start = np.concatenate([[0], np.cumsum(np.bincount(small_column, minlength=len(representative)))])
    position = np.empty(len(representative), dtype=np.int64)
    position[_amd(small_start, small_row)] = np.arange(len(representative))
    return np.argsort(position[group], kind="stable").astype(np.int32)


def _amd(start: NDArray, row: NDArray) -> NDArray[np.int32]:
    """Order (n,) of a lower triangle; nodes of very high degree are held out and come last.

    The degree lists of minimum degree cost the square of such nodes' degrees (sires with tens of thousands of offspring), and they end
    up last anyway.
    """
    n = len(start) - 1
    # the order does not depend on values; a diagonal pattern needs none
    if len(row) == n:
        return np.arange(n, dtype=np.int32)
    column = np.repeat(np.arange(n), np.diff(start))
    degree = np.bincount(row, minlength=n) + np.bincount(column, minlength=n)
    popular = degree > max(POPULAR_ROOT * np.sqrt(n), POPULAR_MEAN * degree.mean())
    if not popular.any():
        return _order_by(n, start, row, "amd")
    rest = np.flatnonzero(~popular)
    place = np.cumsum(~popular) - 1
    keep = ~popular[row] & ~popular[column]
    counts = np.bincount(place[column[keep]], minlength=rest.size)
    order = _order_by(rest.size, np.concatenate([[0], np.cumsum(counts)]), place[row[keep]], "amd")
    last = np.flatnonzero(popular)
    return np.concatenate([rest[order], last[np.argsort(degree[last], kind="stable")]]).astype(np.int32)


def _order_by(n: int, start: NDArray, row: NDArray, method: str) -> NDArray[np.int32]:
    pattern = sparse.csc_matrix((np.ones(len(row)), row.astype(np.int32), np.asarray(start).astype(np.int32)), shape=(n, n))
    return np.ascontiguousarray(analyze(pattern, mode="simplicial", ordering_method=method).P(), dtype=np.int32)
