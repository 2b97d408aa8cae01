# distutils: language = c++
# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""Thin wrappers of the C++ kernels: arrays in, arrays filled. Python decides, the kernels compute; the GIL is released while they do."""

from libc.stdint cimport int32_t, int64_t
from libcpp cimport bool as cbool
from libcpp.vector cimport vector
from scipy.linalg.cython_blas cimport dgemm, dsymm, dsymv, dsyrk, dtrsm
from scipy.linalg.cython_lapack cimport dpotrf, dpotri

import numpy as np


cdef extern from "front.hpp" namespace "vcmodel" nogil:
    cdef struct Blas:
        void (*gemm)(char*, char*, int*, int*, int*, double*, double*, int*, double*, int*, double*, double*, int*) noexcept nogil
        void (*symm)(char*, char*, int*, int*, double*, double*, int*, double*, int*, double*, double*, int*) noexcept nogil
        void (*syrk)(char*, char*, int*, int*, double*, double*, int*, double*, double*, int*) noexcept nogil
        void (*trsm)(char*, char*, char*, char*, int*, int*, double*, double*, int*, double*, int*) noexcept nogil
        void (*symv)(char*, int*, double*, double*, int*, double*, int*, double*, double*, int*) noexcept nogil
        void (*potrf)(char*, int*, double*, int*, int*) noexcept nogil
        void (*potri)(char*, int*, double*, int*, int*) noexcept nogil


cdef extern from "multifrontal.hpp" namespace "vcmodel" nogil:
    cdef cppclass Supernodes:
        int32_t supernodes
        vector[int32_t] order
        vector[int32_t] first
        vector[int64_t] rows_start
        vector[int32_t] rows
        vector[int64_t] panel
        double flops
        int64_t fill
        void diagonal(int64_t*)
        cbool pack(const int32_t*, const int32_t*, const double*, double*) except +

    cdef cppclass Multifrontal(Supernodes):
        Multifrontal(int32_t, const int64_t*, const int32_t*, const int32_t*, const Blas&) except +
        int64_t stack_size()
        int64_t fronts_size()
        int32_t costliest()
        cbool factorize(const double*, double*, int) except +
        void selected_inverse(const double*, double*, int) except +


cdef extern from "solves.hpp" namespace "vcmodel" nogil:
    cdef cppclass Solves:
        Solves(const Supernodes&, const Blas&) except +
        void forward(const double*, double*, int, int) except +
        void backward(const double*, double*, int, int) except +


cdef extern from "simplicial.hpp" namespace "vcmodel" nogil:
    void c_dependent_columns "vcmodel::dependent_columns"(
        int32_t, const int64_t*, const int32_t*, const double*, const int32_t*, double, double, char*) except +


cdef extern from "generations.hpp" namespace "vcmodel" nogil:
    void c_generations "vcmodel::generations"(int32_t, const int32_t*, const int32_t*, int32_t*) except +


cdef extern from "inbreeding.hpp" namespace "vcmodel" nogil:
    cdef cppclass Inbreeding:
        Inbreeding(int32_t, const int32_t*, const int32_t*, double*, double*) except +
        void compute() except +


cdef class Symbolic:
    """Everything about a pattern that does not depend on the values: order, supernodes, panels, relative positions, scatter map.

    Parameters
    ----------
    start : (n + 1,) int64 array
    row : (nnz,) int32 array
        Lower triangle with diagonal, by columns.
    order : (n,) int32 array
        Fill-reducing order, permuted -> original. It is refined by a postorder.
    """

    cdef Multifrontal* pattern
    cdef Solves* solves
    cdef readonly Py_ssize_t size
    cdef readonly Py_ssize_t entries

    def __cinit__(self, const int64_t[::1] start, const int32_t[::1] row, const int32_t[::1] order):
        cdef Blas blas
        blas.gemm, blas.symm, blas.syrk, blas.trsm, blas.symv = dgemm, dsymm, dsyrk, dtrsm, dsymv
        blas.potrf, blas.potri = dpotrf, dpotri
        self.size = order.shape[0]
        self.entries = row.shape[0]
        if start.shape[0] != self.size + 1 or start[self.size] != self.entries:
            raise ValueError("start, row and order do not describe one matrix")
        cdef int32_t n = <int32_t> self.size
        with nogil:
            self.pattern = new Multifrontal(n, &start[0], &row[0] if n else NULL, &order[0] if n else NULL, blas)
            self.solves = new Solves(self.pattern[0], blas)

    def __dealloc__(self):
        del self.solves
        del self.pattern

    @property
    def flops(self):
        """Floating-point operations of one factorisation, stored zeros of the supernodes included."""
        return self.pattern.flops

    @property
    def fill(self):
        """Nonzeros of L."""
        return self.pattern.fill

    @property
    def supernodes(self):
        """Number of supernodes."""
        return self.pattern.supernodes

    @property
    def panel_size(self):
        """Length of the array that holds L."""
        return self.pattern.panel[self.pattern.supernodes]

    @property
    def stack_size(self):
        """Length of the array that :meth:`factorize` works in."""
        return self.pattern.stack_size()

    @property
    def fronts_size(self):
        """Length of the arrays that :meth:`selected_inverse` works in."""
        return self.pattern.fronts_size()

    def costliest_front(self):
        """The columns of the matrix in the front that takes most operations: those eliminated there, and those joined to them."""
        if not self.size:
            return np.zeros(0, dtype=np.int32)
        cdef int32_t s = self.pattern.costliest()
        cdef int64_t p
        own = list(range(self.pattern.first[s], self.pattern.first[s + 1]))
        below = [self.pattern.rows[p] for p in range(self.pattern.rows_start[s], self.pattern.rows_start[s + 1])]
        return self.order()[own + below]

    def order(self):
        """The final order (n,) int32, permuted -> original."""
        return np.array(self.pattern.order, dtype=np.int32)

    def diagonal(self):
        """Positions (n,) int64 of the diagonal of L in the array that holds it, in permuted order."""
        out = np.empty(self.size, dtype=np.int64)
        cdef int64_t[::1] view = out
        if self.size:
            self.pattern.diagonal(&view[0])
        return out

    def factorize(self, const double[::1] values, double[::1] factor, int threads):
        """Fill `factor`; False at a pivot that is not positive."""
        self._check(factor, values.shape[0], self.entries)
        cdef cbool good = True
        if self.size:
            with nogil:
                good = self.pattern.factorize(&values[0], &factor[0], threads)
        return bool(good)

    def pack(self, const int32_t[::1] start, const int32_t[::1] row, const double[::1] value, double[::1] factor):
        """Fill `factor` with a factor L given by columns in the final order; False when it does not fit."""
        self._check(factor, start.shape[0], self.size + 1)
        cdef cbool good = True
        if self.size:
            with nogil:
                good = self.pattern.pack(&start[0], &row[0], &value[0], &factor[0])
        return bool(good)

    def selected_inverse(self, const double[::1] factor, double[::1] out, int threads):
        """Fill `out` with the inverse at the pattern."""
        self._check(factor, out.shape[0], self.entries)
        if self.size:
            with nogil:
                self.pattern.selected_inverse(&factor[0], &out[0], threads)

    def forward(self, const double[::1] factor, double[:, ::1] x, int threads):
        """x := L^-1 x, rows permuted."""
        self._check(factor, x.shape[0], self.size)
        cdef int k = <int> x.shape[1]
        if k and self.size:
            with nogil:
                self.solves.forward(&factor[0], &x[0, 0], k, threads)

    def backward(self, const double[::1] factor, double[:, ::1] x, int threads):
        """x := L'^-1 x, rows permuted."""
        self._check(factor, x.shape[0], self.size)
        cdef int k = <int> x.shape[1]
        if k and self.size:
            with nogil:
                self.solves.backward(&factor[0], &x[0, 0], k, threads)

    cdef _check(self, const double[::1] factor, Py_ssize_t length, Py_ssize_t expected):
        if length != expected or factor.shape[0] != self.panel_size:
            raise ValueError(f"wrong length: {length} values for {expected}, or a factor of another pattern")


def neighbourhood_hash(const int64_t[::1] start, const int32_t[::1] row, const unsigned long long[::1] key):
    """Sum (n,) uint64 of the keys of every column's neighbours, itself included: equal for columns with equal neighbourhoods."""
    cdef Py_ssize_t n = start.shape[0] - 1, j
    cdef int64_t p
    out = np.array(key, dtype=np.uint64)
    cdef unsigned long long[::1] total = out
    for j in range(n):
        for p in range(start[j], start[j + 1]):
            if row[p] != j:
                total[j] += key[row[p]]
                total[row[p]] += key[j]
    return out


def dependent_columns(const int64_t[::1] start, const int32_t[::1] row, const double[::1] value, const int32_t[::1] order,
                      double tolerance, double negligible):
    """Mask (p,) of the columns that depend on columns to their left; see rank.py."""
    cdef int32_t n = <int32_t> order.shape[0]
    out = np.zeros(n, dtype=np.int8)
    cdef signed char[::1] view = out
    if n and row.shape[0]:
        with nogil:
            c_dependent_columns(n, &start[0], &row[0], &value[0], &order[0], tolerance, negligible, <char*> &view[0])
    return out.astype(bool)


def generations(const int32_t[::1] sire, const int32_t[::1] dam):
    """Generation (n,) of every individual, -1 for members of a cycle and their descendants; parents -1 = unknown, rows in any order."""
    cdef int32_t n = <int32_t> sire.shape[0]
    result = np.zeros(n, dtype=np.int32)
    cdef int32_t[::1] generation = result
    if n:
        with nogil:
            c_generations(n, &sire[0], &dam[0], &generation[0])
    return result


def inbreeding(const int32_t[::1] sire, const int32_t[::1] dam):
    """Inbreeding coefficients F (n,) and Mendelian sampling variances D (n,); parents before offspring, -1 = unknown."""
    cdef int32_t n = <int32_t> sire.shape[0]
    coefficients, variances = np.zeros(n), np.zeros(n)
    cdef double[::1] f = coefficients, d = variances
    cdef Inbreeding* work
    if n:
        work = new Inbreeding(n, &sire[0], &dam[0], &f[0], &d[0])
        try:
            with nogil:
                work.compute()
        finally:
            del work
    return coefficients, variances


ctypedef fused index_type:
    int32_t
    int64_t


def csr_multiply(index_type[::1] start, index_type[::1] column, const double[::1] value, const double[::1] x, double[::1] out):
    """Fill out (rows,) with the product of a csr matrix and x: what ``matrix @ x`` gives, without a new array."""
    cdef Py_ssize_t i, j
    cdef double total
    with nogil:
        for i in range(out.shape[0]):
            total = 0.0
            for j in range(start[i], start[i + 1]):
                total += value[j] * x[column[j]]
            out[i] = total
