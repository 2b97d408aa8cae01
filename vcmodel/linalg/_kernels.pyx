# distutils: language = c++
# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""Thin wrappers of the C++ kernels: arrays in, arrays filled. Python decides, the kernels compute; the GIL is released while they do."""

from libc.stdint cimport int32_t, int64_t
from libcpp cimport bool as cbool
from libcpp.vector cimport vector
from scipy.linalg.cython_blas cimport dgemm, dsymm, dsymv, dsyrk, dtrsm
from scipy.linalg.cython_lapack cimport dpotrf, dpotri

import numpy as np


cdef extern from "multifrontal.hpp" namespace "vcmodel" nogil:
    cdef struct Blas:
        void (*gemm)(char*, char*, int*, int*, int*, double*, double*, int*, double*, int*, double*, double*, int*) noexcept nogil
        void (*symm)(char*, char*, int*, int*, double*, double*, int*, double*, int*, double*, double*, int*) noexcept nogil
        void (*syrk)(char*, char*, int*, int*, double*, double*, int*, double*, double*, int*) noexcept nogil
        void (*trsm)(char*, char*, char*, char*, int*, int*, double*, double*, int*, double*, int*) noexcept nogil
        void (*symv)(char*, int*, double*, double*, int*, double*, int*, double*, double*, int*) noexcept nogil
        void (*potrf)(char*, int*, double*, int*, int*) noexcept nogil
        void (*potri)(char*, int*, double*, int*, int*) noexcept nogil

    cdef cppclass Multifrontal:
        int32_t n
        int32_t supernodes
        vector[int32_t] order
        vector[int32_t] first
        vector[int64_t] panel
        double flops
        int64_t fill
        int64_t stack_size
        Multifrontal(int32_t, const int64_t*, const int32_t*, const int32_t*, const Blas&) except +
        cbool factorize(const double*, double*, double*) except +
        void selected_inverse(const double*, double*) except +
        void forward(const double*, double*, int) except +
        void backward(const double*, double*, int) except +
        void diagonal(int64_t*)


cdef extern from "simplicial.hpp" namespace "vcmodel" nogil:
    void c_dependent_columns "vcmodel::dependent_columns"(
        int32_t, const int64_t*, const int32_t*, const double*, const int32_t*, double, double, char*) except +


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
    cdef readonly Py_ssize_t size
    cdef readonly Py_ssize_t entries

    def __cinit__(self, const int64_t[::1] start, const int32_t[::1] row, const int32_t[::1] order):
        cdef Blas blas
        blas.gemm, blas.symm, blas.syrk, blas.trsm, blas.symv = dgemm, dsymm, dsyrk, dtrsm, dsymv
        blas.potrf, blas.potri = dpotrf, dpotri
        self.size = order.shape[0]
        self.entries = row.shape[0]
        if self.size == 0 or start.shape[0] != self.size + 1 or start[self.size] != self.entries:
            raise ValueError("start, row and order do not describe one matrix")
        cdef int32_t n = <int32_t> self.size
        with nogil:
            self.pattern = new Multifrontal(n, &start[0], &row[0], &order[0], blas)

    def __dealloc__(self):
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
        """Length of the work array of :meth:`factorize`."""
        return self.pattern.stack_size

    def order(self):
        """The final order (n,) int32, permuted -> original."""
        return np.array(self.pattern.order, dtype=np.int32)

    def diagonal(self):
        """Positions (n,) int64 of the diagonal of L in the array that holds it, in permuted order."""
        out = np.empty(self.size, dtype=np.int64)
        cdef int64_t[::1] view = out
        self.pattern.diagonal(&view[0])
        return out

    def factorize(self, const double[::1] values, double[::1] factor, double[::1] work):
        """Fill `factor`; False at a pivot that is not positive. `work` (stack_size,) is overwritten."""
        if values.shape[0] != self.entries or factor.shape[0] != self.panel_size or work.shape[0] != self.stack_size:
            raise ValueError("values, factor or work have the wrong length")
        cdef cbool good
        cdef double* stack = &work[0] if work.shape[0] else NULL
        with nogil:
            good = self.pattern.factorize(&values[0], &factor[0], stack)
        return bool(good)

    def selected_inverse(self, const double[::1] factor, double[::1] out):
        """Fill `out` with the inverse at the pattern."""
        if out.shape[0] != self.entries or factor.shape[0] != self.panel_size:
            raise ValueError("out or factor have the wrong length")
        with nogil:
            self.pattern.selected_inverse(&factor[0], &out[0])

    def forward(self, const double[::1] factor, double[:, ::1] x):
        """x := L^-1 x, rows permuted."""
        self._check(factor, x)
        cdef int k = <int> x.shape[1]
        if k:
            with nogil:
                self.pattern.forward(&factor[0], &x[0, 0], k)

    def backward(self, const double[::1] factor, double[:, ::1] x):
        """x := L'^-1 x, rows permuted."""
        self._check(factor, x)
        cdef int k = <int> x.shape[1]
        if k:
            with nogil:
                self.pattern.backward(&factor[0], &x[0, 0], k)

    cdef _check(self, const double[::1] factor, double[:, ::1] x):
        if x.shape[0] != self.size or factor.shape[0] != self.panel_size:
            raise ValueError("x or factor have the wrong length")


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
