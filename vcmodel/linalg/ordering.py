"""Fill-reducing order of a symmetric sparse matrix: the cheapest of several, by the operations that a factorisation would take."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from hashlib import blake2b
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sksparse.cholmod import analyze

from vcmodel.linalg._kernels import Symbolic, neighbourhood_hash

Mask = NDArray[np.bool_]
Order = NDArray[np.int32]

# a node is held out of the minimum degree ordering when its degree exceeds both multiples
POPULAR_ROOT, POPULAR_MEAN = 1.0, 20.0
# flops of a factorisation from which other orders are tried, and where the caller names the columns to eliminate first, that is where
# minimum degree is known to do badly (measured on fields of 20 x 12 to 400 x 400 plots: up to 40 times the work)
MUCH_WORK, MUCH_WORK_FOR_NAMED = 3e8, 3e7
# nested dissection takes as long as 20,000 flops of a factorisation for each nonzero: tried unasked where that is below half an iteration
# of six factorisations. On pedigrees, with their little fill, it would cost as much as the fit, and its order is mostly worse.
DISSECTION = 6e3
# nonzeros of the factor for each of the matrix from which another order can gain anything
FILL = 1.5
# orders kept for fits of the same design: how many, and of how many nodes in all
REMEMBERED, REMEMBERED_NODES = 32, 4_000_000

_ORDERS: OrderedDict[bytes, Order] = OrderedDict()
_LOCK = Lock()


def analyse(start: NDArray[np.int64], row: NDArray[np.int32], leading: Mask | None = None) -> Symbolic:
    """The symbolic factorisation in the cheapest order found.

    Parameters
    ----------
    start : (n + 1,) array
    row : (nnz,) array
        Lower triangle including the diagonal, by columns.
    leading : (n,) bool array, optional
        Columns that one of the orders tried eliminates before all others, by nested dissection among themselves. Sparse neighbourhoods on
        a plane that are joined by the other columns, such as the plots of a field by the genotypes grown there, belong first.
    """
    order, symbolic = _order_of(start, row, leading)
    return Symbolic(start, row, order) if symbolic is None else symbolic


def fill_reducing_order(start: NDArray[np.int64], row: NDArray[np.int32], leading: Mask | None = None) -> Order:
    """That order (n,), new -> old, read-only; parameters as for :func:`analyse`.

    Examples
    --------
    The head of an arrow comes last; first, it would fill the whole factor:

    >>> int(fill_reducing_order(np.array([0, 4, 5, 6, 7]), np.array([0, 1, 2, 3, 1, 2, 3], dtype=np.int32))[-1])
    0
    """
    return _order_of(start, row, leading)[0]


def _order_of(start: NDArray[np.int64], row: NDArray[np.int32], leading: Mask | None) -> tuple[Order, Symbolic | None]:
    """An order, remembered for patterns seen lately, and the analysis in it where one was made to find it."""
    hint = b"" if leading is None else np.packbits(leading).tobytes()
    key = blake2b(start.tobytes() + row.tobytes() + hint, digest_size=16).digest()
    with _LOCK:
        if key in _ORDERS:
            _ORDERS.move_to_end(key)
            return _ORDERS[key], None
    order, symbolic = _least_work(start, row, leading)
    order.flags.writeable = False
    with _LOCK:
        _ORDERS[key] = order
        while len(_ORDERS) > REMEMBERED or sum(known.size for known in _ORDERS.values()) > REMEMBERED_NODES:
            _ORDERS.popitem(last=False)
    return order, symbolic


def _least_work(start: NDArray[np.int64], row: NDArray[np.int32], leading: Mask | None) -> tuple[Order, Symbolic]:
    """The order of least work and its analysis: minimum degree, and where that costs much the cheapest of all tried."""
    graph = _Quotient.of(start, row)
    order = graph.minimum_degree()
    columns = graph.expanded(order)
    symbolic = Symbolic(start, row, columns)
    if leading is not None and (not leading.any() or leading.all()):
        leading = None
    least = MUCH_WORK_FOR_NAMED if leading is not None else max(MUCH_WORK, DISSECTION * graph.row.size)
    if symbolic.flops < least or symbolic.fill < FILL * row.size:
        return columns, symbolic
    for tried in _other_orders(graph, order, leading):
        other = graph.expanded(tried)
        analysis = Symbolic(start, row, other)
        if analysis.flops < symbolic.flops:
            columns, symbolic = other, analysis
    return columns, symbolic


def _other_orders(graph: _Quotient, order: Order, leading: Mask | None) -> Iterator[Order]:
    """Orders of the quotient graph beside the minimum degree order."""
    dissected = _order_by(graph.n, graph.start, graph.row, "metis")
    yield dissected
    if leading is None:
        return
    first = leading[graph.representative]
    nodes = np.flatnonzero(first)
    own = nodes[_order_by(nodes.size, *_induced(graph.start, graph.row, first), "metis")]
    # what comes last is mostly one dense block, whatever its order; over many fields it is not
    for rest in (order, dissected):
        yield np.concatenate([own, rest[~first[rest]]]).astype(np.int32)


class _Quotient(NamedTuple):
    """The quotient graph: columns with the same neighbours (the equations of several traits at one level) are one node of it.

    Minimum degree would find them too, but only after setting up the larger graph.

    Attributes
    ----------
    start, row : arrays
        Lower triangle of the graph including the diagonal, by nodes.
    representative : (nodes,) array
        A column of each node: its first.
    group : (n,) array, or None
        The node of each column; None when every column is a node.
    """

    start: NDArray[np.int64]
    row: NDArray[np.int32]
    representative: NDArray[np.int64]
    group: NDArray[np.int64] | None

    @classmethod
    def of(cls, start: NDArray[np.int64], row: NDArray[np.int32]) -> _Quotient:
        """That of a pattern."""
        n = len(start) - 1
        # random keys: two different neighbourhoods collide with probability 2^-64, and a collision costs fill, never correctness
        keys = np.random.default_rng(20).integers(0, 2**63, size=n, dtype=np.uint64)
        hashes = neighbourhood_hash(start, row, keys)
        _, representative, group = np.unique(hashes, return_index=True, return_inverse=True)
        if len(representative) == n:
            return cls(start, row, np.arange(n), None)
        # groups in order of their first column, so that the order found does not depend on the keys
        by_first = np.argsort(representative, kind="stable")
        rank = np.empty_like(by_first)
        rank[by_first] = np.arange(len(by_first))
        kept = np.zeros(n, dtype=bool)
        kept[representative] = True
        return cls(*_induced(start, row, kept), representative[by_first], rank[group])

    @property
    def n(self) -> int:
        """Number of nodes."""
        return self.representative.size

    def minimum_degree(self) -> Order:
        """Approximate minimum degree order of the nodes.

        References
        ----------
        Amestoy, P. R., Davis, T. A., Duff, I. S. (1996). An approximate minimum degree ordering algorithm. SIAM J. Matrix Anal. Appl. 17,
        886-905.
        """
        return _amd(self.start, self.row)

    def expanded(self, order: Order) -> Order:
        """An order of the nodes as one of the columns."""
        if self.group is None:
            return order
        position = np.empty(self.n, dtype=np.int64)
        position[order] = np.arange(self.n)
        return np.argsort(position[self.group], kind="stable").astype(np.int32)


def _induced(start: NDArray[np.int64], row: NDArray[np.int32], kept: Mask) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The lower triangle (start, row) of the nodes kept."""
    place = (np.cumsum(kept) - 1).astype(np.int32)
    column = np.repeat(np.arange(kept.size), np.diff(start))
    both = kept[row] & kept[column]
    counts = np.bincount(place[column[both]], minlength=int(kept.sum()))
    return np.concatenate([[0], np.cumsum(counts)]), place[row[both]]


def _amd(start: NDArray[np.int64], row: NDArray[np.int32]) -> Order:
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
    rest, last = np.flatnonzero(~popular), np.flatnonzero(popular)
    order = _order_by(rest.size, *_induced(start, row, ~popular), "amd")
    return np.concatenate([rest[order], last[np.argsort(degree[last], kind="stable")]]).astype(np.int32)


def _order_by(n: int, start: NDArray[np.int64], row: NDArray[np.int32], method: str) -> Order:
    """Order (n,) of a lower triangle by a method of CHOLMOD.

    References
    ----------
    Karypis, G., Kumar, V. (1998). A fast and high quality multilevel scheme for partitioning irregular graphs. SIAM J. Sci. Comput. 20,
    359-392 (``metis``).
    """
    pattern = sparse.csc_matrix((np.ones(len(row)), row.astype(np.int32), np.asarray(start).astype(np.int32)), shape=(n, n))
    return np.ascontiguousarray(analyze(pattern, mode="simplicial", ordering_method=method).P(), dtype=np.int32)
