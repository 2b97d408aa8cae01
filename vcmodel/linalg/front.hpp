// Dense work inside one front: elimination of its columns, and their part of the inverse.
//
// A front of w columns and m rows below them has its panel P = [L_JJ; L_IJ], column-major with w + m rows, beside its update matrix U
// (m, m), or stands whole in F (w + m, w + m) for the inverse. Of symmetric matrices only the lower triangle counts. Large fronts are
// cut into tiles that a team shares. L does not depend on the size of the team, the inverse only by rounding.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ordering.hpp"
#include "team.hpp"

namespace vcmodel {

// BLAS and LAPACK as SciPy exports them: function pointers, column-major, everything by address.
struct Blas {
    void (*gemm)(char*, char*, int*, int*, int*, double*, double*, int*, double*, int*, double*, double*, int*);
    void (*symm)(char*, char*, int*, int*, double*, double*, int*, double*, int*, double*, double*, int*);
    void (*syrk)(char*, char*, int*, int*, double*, double*, int*, double*, double*, int*);
    void (*trsm)(char*, char*, char*, char*, int*, int*, double*, double*, int*, double*, int*);
    void (*symv)(char*, int*, double*, double*, int*, double*, int*, double*, double*, int*);
    void (*potrf)(char*, int*, double*, int*, int*);
    void (*potri)(char*, int*, double*, int*, int*);
};

// The same by value, for lower triangles.
struct Dense {
    Blas blas;

    // C := alpha op(A) op(B) + beta C, C (m, n), k terms
    void gemm(char ta, char tb, int m, int n, int k, double alpha, const double* A, int lda, const double* B, int ldb, double beta,
              double* C, int ldc) const {
        blas.gemm(&ta, &tb, &m, &n, &k, &alpha, const_cast<double*>(A), &lda, const_cast<double*>(B), &ldb, &beta, C, &ldc);
    }
    // C := beta C - A A', A (n, k)
    void syrk(int n, int k, const double* A, int lda, double beta, double* C, int ldc) const {
        char lower = 'L', plain = 'N';
        double minus = -1.0;
        blas.syrk(&lower, &plain, &n, &k, &minus, const_cast<double*>(A), &lda, &beta, C, &ldc);
    }
    // C := -S B, S (m, m) symmetric, B (m, n)
    void symm(int m, int n, const double* S, int lds, const double* B, int ldb, double* C, int ldc) const {
        char left = 'L', lower = 'L';
        double minus = -1.0, zero = 0.0;
        blas.symm(&left, &lower, &m, &n, &minus, const_cast<double*>(S), &lds, const_cast<double*>(B), &ldb, &zero, C, &ldc);
    }
    // B := op(L)^-1 B (side 'L') or B op(L)^-1 ('R'), B (m, n)
    void trsm(char side, char transposed, int m, int n, const double* L, int ldl, double* B, int ldb) const {
        char lower = 'L', plain = 'N';
        double one = 1.0;
        blas.trsm(&side, &lower, &transposed, &plain, &m, &n, &one, const_cast<double*>(L), &ldl, B, &ldb);
    }
    // y := -S x, S (n, n) symmetric
    void symv(int n, const double* S, int lds, const double* x, double* y) const {
        char lower = 'L';
        int unit = 1;
        double minus = -1.0, zero = 0.0;
        blas.symv(&lower, &n, &minus, const_cast<double*>(S), &lds, const_cast<double*>(x), &unit, &zero, y, &unit);
    }
    // A := L with A = L L'; false at a pivot that is not positive
    bool potrf(int n, double* A, int lda) const {
        char lower = 'L';
        int info = 0;
        blas.potrf(&lower, &n, A, &lda, &info);
        if (info != 0) return false;
        for (int i = 0; i < n; ++i)  // LAPACK lets NaN through
            if (!(A[static_cast<Offset>(i) * lda + i] > 0.0)) return false;
        return true;
    }
    // L := (L L')^-1
    void potri(int n, double* L, int ldl) const {
        char lower = 'L';
        int info = 0;
        blas.potri(&lower, &n, L, &ldl, &info);
    }
};

class Front {
public:
    explicit Front(const Blas& kernels) : dense{kernels} {}

    // Factorises the panel P and subtracts from U, which holds nothing yet unless `filled`; false at a pivot that is not positive.
    bool eliminate(double* P, double* U, int w, int m, bool filled, Team& team) const {
        if (w == 1 && m <= small) return eliminate_one(P, U, m, filled);
        if (large(w, m)) return eliminate_tiles(P, U, w, m, filled, team);
        const int ld = w + m;
        if (!dense.potrf(w, P, ld)) return false;
        if (m > 0) {
            dense.trsm('R', 'T', m, w, P, ld, P + w, ld);
            dense.syrk(m, w, P + w, ld, filled ? 1.0 : 0.0, U, m);
        }
        return true;
    }

    // Z_JJ and Z_IJ of a front F whose Z_II stands in place: with Y = L_IJ L_JJ^-1, Z_IJ = -Z_II Y and
    // Z_JJ = (L_JJ L_JJ')^-1 - Y'Z_IJ. `scratch` has the length `scratch_size`.
    void invert(const double* P, double* F, double* scratch, int w, int m, Team& team) const {
        if (w == 1) return invert_one(P, F, scratch, m);
        // LAPACK's inverse of a triangle beats that by tiles, so that alone they would cost a tenth
        if (team.size() > 1 && large(w, m)) return invert_tiles(P, F, scratch, w, m, team);
        const int ld = w + m;
        for (int j = 0; j < w; ++j) std::memcpy(F + at(j, j, ld), P + at(j, j, ld), sizeof(double) * (w - j));
        dense.potri(w, F, ld);
        if (m == 0) return;
        double* Y = scratch;
        double* below = F + w;
        for (int j = 0; j < w; ++j) std::memcpy(Y + at(0, j, m), P + at(w, j, ld), sizeof(double) * m);
        dense.trsm('R', 'N', m, w, P, ld, Y, m);
        dense.symm(m, w, F + at(w, w, ld), ld, Y, m, below, ld);
        for (int c = 0; c < w; c += strip)
            dense.gemm('T', 'N', w - c, std::min(strip, w - c), m, -1.0, Y + at(0, c, m), m, below + at(0, c, ld), ld, 1.0,
                       F + at(c, c, ld), ld);
    }

    static Offset scratch_size(Offset w, Offset m, const Team& team) {
        return w * m + (w > 1 && team.size() > 1 && large(static_cast<double>(w), static_cast<double>(m)) ? w * w : 0);
    }

private:
    Dense dense;
    static constexpr int small = 64;            // rows up to which a loop beats the call of BLAS for one column
    static constexpr int strip = 96;            // columns of Z_JJ per product, of which only the lower triangle is wanted
    static constexpr int tile = 256;            // rows and columns of a tile
    static constexpr double worth_tiles = 3e7;  // multiplications from which a front is cut: a few milliseconds

    static bool large(double w, double m) { return w * (w + m) * (w + m) > worth_tiles; }
    static Offset at(Offset i, Offset j, Offset ld) { return j * ld + i; }
    static int tiles(int length) { return (length + tile - 1) / tile; }

    // body(start, length) for the slices of n rows
    template <class Body>
    static void slices(int n, Team& team, const Body& body) {
        team.run(tiles(n), [&](int index, int) { body(index * tile, std::min(tile, n - index * tile)); });
    }
    // body(i, height, j, width) for the tiles of a lower triangle (n, n)
    template <class Body>
    static void lower_tiles(int n, Team& team, const Body& body) {
        const int count = tiles(n);
        team.run(count * (count + 1) / 2, [&](int index, int) {
            int column = 0;
            while (index >= count - column) index -= count - column++;
            const int i = (column + index) * tile, j = column * tile;
            body(i, std::min(tile, n - i), j, std::min(tile, n - j));
        });
    }

    static bool eliminate_one(double* P, double* U, int m, bool filled) {
        if (!(P[0] > 0.0)) return false;
        P[0] = std::sqrt(P[0]);
        const double scale = 1.0 / P[0];
        double* l = P + 1;
        for (int i = 0; i < m; ++i) l[i] *= scale;
        for (int j = 0; j < m; ++j) {
            double* column = U + at(0, j, m);
            const double pivot = l[j];
            if (filled)
                for (int i = j; i < m; ++i) column[i] -= pivot * l[i];
            else
                for (int i = j; i < m; ++i) column[i] = -pivot * l[i];
        }
        return true;
    }

    // Block columns from left to right: each is brought up to date, its diagonal block factorised, the rows below divided by that.
    bool eliminate_tiles(double* P, double* U, int w, int m, bool filled, Team& team) const {
        const int ld = w + m;
        for (int k = 0; k < w; k += tile) {
            const int width = std::min(tile, w - k), next = k + width;
            double* pivot = P + at(k, k, ld);
            if (k > 0) dense.syrk(width, k, P + k, ld, 1.0, pivot, ld);
            if (!dense.potrf(width, pivot, ld)) return false;
            slices(ld - next, team, [&](int start, int height) {
                double* rows = P + next + start;
                if (k > 0) dense.gemm('N', 'T', height, width, k, -1.0, rows, ld, P + k, ld, 1.0, rows + at(0, k, ld), ld);
                dense.trsm('R', 'T', height, width, pivot, ld, rows + at(0, k, ld), ld);
            });
        }
        const double keep = filled ? 1.0 : 0.0;
        const double* L = P + w;
        lower_tiles(m, team, [&](int i, int height, int j, int width) {
            if (i == j)
                dense.syrk(height, w, L + i, ld, keep, U + at(i, i, m), m);
            else
                dense.gemm('N', 'T', height, width, w, -1.0, L + i, ld, L + j, ld, keep, U + at(i, j, m), m);
        });
        return true;
    }

    void invert_one(const double* P, double* F, double* Y, int m) const {
        const int ld = 1 + m;
        const double scale = 1.0 / P[0];
        double* below = F + 1;
        const double* known = F + at(1, 1, ld);
        for (int i = 0; i < m; ++i) Y[i] = P[1 + i] * scale;
        if (m <= small) {
            std::fill(below, below + m, 0.0);
            for (int j = 0; j < m; ++j) {
                const double* column = known + at(0, j, ld);
                const double y = Y[j];
                double sum = column[j] * y;
                for (int i = j + 1; i < m; ++i) {
                    below[i] -= column[i] * y;
                    sum += column[i] * Y[i];
                }
                below[j] -= sum;
            }
        } else {
            dense.symv(m, known, ld, Y, below);
        }
        double pivot = scale * scale;
        for (int i = 0; i < m; ++i) pivot -= Y[i] * below[i];
        F[0] = pivot;
    }

    void invert_tiles(const double* P, double* F, double* scratch, int w, int m, Team& team) const {
        const int ld = w + m;
        double* Y = scratch;
        double* inverse = scratch + static_cast<Offset>(w) * m;  // L_JJ^-1
        double* below = F + w;
        const double* known = F + at(w, w, ld);
        slices(m, team, [&](int start, int height) {
            for (int j = 0; j < w; ++j) std::memcpy(Y + at(start, j, m), P + at(w + start, j, ld), sizeof(double) * height);
            dense.trsm('R', 'N', height, w, P, ld, Y + start, m);
        });
        // rows of Z_II Y from what stands on, left of and below the diagonal of Z_II
        slices(m, team, [&](int start, int height) {
            const int end = start + height;
            double* rows = below + start;
            dense.symm(height, w, known + at(start, start, ld), ld, Y + start, m, rows, ld);
            if (start > 0) dense.gemm('N', 'N', height, w, start, -1.0, known + start, ld, Y, m, 1.0, rows, ld);
            if (end < m) dense.gemm('T', 'N', height, w, m - end, -1.0, known + at(end, start, ld), ld, Y + end, m, 1.0, rows, ld);
        });
        slices(w, team, [&](int start, int width) {
            for (int j = start; j < start + width; ++j) {
                std::fill(inverse + at(start, j, w), inverse + at(0, j + 1, w), 0.0);
                inverse[at(j, j, w)] = 1.0;
            }
            dense.trsm('L', 'N', w - start, width, P + at(start, start, ld), ld, inverse + at(start, start, w), w);
        });
        lower_tiles(w, team, [&](int i, int height, int j, int width) {
            const double *left = inverse + at(i, i, w), *right = inverse + at(i, j, w);
            const int step = i == j ? strip : width;  // on the diagonal only the lower triangle is wanted
            for (int c = 0; c < width; c += step) {
                const int from = i == j ? c : 0, columns = std::min(step, width - c);
                double* Z = F + at(i + from, j + c, ld);
                dense.gemm('T', 'N', height - from, columns, w - i - from, 1.0, left + at(from, from, w), w, right + at(from, c, w), w, 0.0,
                           Z, ld);
                if (m == 0) continue;
                dense.gemm('T', 'N', height - from, columns, m, -1.0, Y + at(0, i + from, m), m, below + at(0, j + c, ld), ld, 1.0, Z, ld);
            }
        });
    }
};

}  // namespace vcmodel
