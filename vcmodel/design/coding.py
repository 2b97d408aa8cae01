"""Columns of the fixed terms over the rows: factors by contrasts where the terms before them span their mean, products of them.

A term with factors a, b spans the spaces of every subset of them. Of these a term adds those that no earlier term of the same group has;
a factor that occurs both present and absent among them gets a column for each level, else one column fewer (treatment contrasts, the
first level is the baseline). This is the rule of R's model formulas, of patsy and of formulaic, which the tests compare with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from vcmodel.incidence import khatri_rao


@dataclass(frozen=True, eq=False)
class Coded:
    """One evaluated part of a term.

    Attributes
    ----------
    matrix : (n, m) csr
        Its columns.
    names : tuple of str
        Their m names.
    contrast_names : tuple of str
        Names of all columns but the first where the mean is spanned already; empty for what does not span the mean (covariates).
    """

    matrix: sparse.csr_matrix
    names: tuple[str, ...]
    contrast_names: tuple[str, ...] = ()
    spans_mean: bool = False

    def columns(self, full: bool) -> tuple[tuple[str, ...], sparse.csr_matrix]:
        """Names and columns, all of them or without the first."""
        if full or not self.spans_mean:
            return self.names, self.matrix
        return self.contrast_names, sparse.csr_matrix(self.matrix[:, 1:])


def factor_columns(text: str, codes: NDArray[np.int64], labels: Sequence[str]) -> Coded:
    """The 0/1 columns of a factor; a row of code -1 has none."""
    known = codes >= 0
    pointers = np.concatenate([[0], np.cumsum(known)])
    matrix = sparse.csr_matrix((np.ones(int(known.sum())), codes[known], pointers), shape=(codes.size, len(labels)))
    return Coded(
        matrix, tuple(f"{text}[{label}]" for label in labels), tuple(f"{text}[T.{label}]" for label in labels[1:]), spans_mean=True
    )


def covariate_columns(text: str, values: NDArray[np.float64]) -> Coded:
    """The column (n,) of a covariate, zeros included so that a value that is not finite is kept."""
    n = values.size
    return Coded(sparse.csr_matrix((values, np.zeros(n, dtype=np.int64), np.arange(n + 1)), shape=(n, 1)), (text,))


@dataclass(frozen=True)
class _Scope:
    """A product of parts, each with a column per level or with contrasts."""

    parts: tuple[tuple[str, bool], ...]  # (text, full)

    @property
    def key(self) -> frozenset[tuple[str, bool]]:
        return frozenset(self.parts)


def coded_terms(
    terms: Sequence[tuple[str, ...]], parts: Mapping[str, Coded], mean: bool
) -> list[tuple[tuple[str, ...], sparse.csr_matrix]]:
    """Names and columns (n, ·) of each term in the order given; terms of fewer parts count as earlier.

    Parameters
    ----------
    terms : sequence of tuple of str
        Each term as the texts of its parts.
    parts : mapping from text to Coded
    mean : bool
        Whether an intercept stands before the terms.
    """
    spanned: set[frozenset[str]] = {frozenset()} if mean else set()
    n_rows = next(iter(parts.values())).matrix.shape[0]
    result: list[tuple[tuple[str, ...], sparse.csr_matrix]] = [((), sparse.csr_matrix((n_rows, 0)))] * len(terms)
    for position in sorted(range(len(terms)), key=lambda i: len(terms[i])):
        term = terms[position]
        always = [text for text in term if not parts[text].spans_mean]
        free = [text for text in term if parts[text].spans_mean]
        own: list[frozenset[str]] = []
        for chosen in product((True, False), repeat=len(free)):
            subset = frozenset([*always, *(text for text, present in zip(free, chosen, strict=True) if present)])
            if subset not in spanned:
                own.append(subset)
        spanned.update(own)
        blocks = [_columns(scope, parts) for scope in _scopes(term, own, parts)]
        names = tuple(name for block, _ in blocks for name in block)
        if blocks:
            result[position] = names, sparse.csr_matrix(sparse.hstack([matrix for _, matrix in blocks]))
    return result


def _scopes(term: tuple[str, ...], subsets: Sequence[frozenset[str]], parts: Mapping[str, Coded]) -> list[_Scope]:
    """The fewest products of parts that span the subsets: (rest with contrasts of a) + (rest) becomes (rest with all levels of a)."""
    written = sorted(subsets, key=len)
    return _merged([_Scope(tuple((text, not parts[text].spans_mean) for text in term if text in subset)) for subset in written])


def _merged(scopes: Sequence[_Scope]) -> list[_Scope]:
    merged: list[_Scope] = []
    for scope in sorted(scopes, key=lambda item: len(item.parts)):
        for other in merged:
            more = scope.key - other.key
            if len(scope.parts) - 1 != len(other.parts) or len(more) != 1:
                continue
            ((text, full),) = more
            if not full:
                grown = _Scope(tuple((name, True) if name == text else (name, kind) for name, kind in scope.parts))
                merged = _merged([*(item for item in merged if item is not other), grown])
                break
        else:
            merged.append(scope)
    return merged


def _columns(scope: _Scope, parts: Mapping[str, Coded]) -> tuple[tuple[str, ...], sparse.csr_matrix]:
    """The products of the columns of the parts; the first part varies fastest."""
    n_rows = next(iter(parts.values())).matrix.shape[0]
    if not scope.parts:
        return ("",), sparse.csr_matrix(np.ones((n_rows, 1)))
    text, full = scope.parts[0]
    names, matrix = parts[text].columns(full)
    for text, full in scope.parts[1:]:
        more, right = parts[text].columns(full)
        names = tuple(f"{a}:{b}" for b in more for a in names)
        matrix = khatri_rao(right, matrix)
    return names, matrix
