// Supernodal multifrontal Cholesky factorisation, triangular solves and selected inverse of a symmetric positive definite matrix with
// a fixed sparsity pattern.
//
// The front of supernode J holds its w columns and the m rows I below them (supernodes.hpp).
//
// References
//   Duff, I. S., Reid, J. K. (1983). The multifrontal solution of indefinite sparse symmetric linear systems. ACM TOMS 9, 302-325.
//   Takahashi, K., Fagan, J., Chin, M. (1973). Formation of a sparse bus impedance matrix. Proc. 8th PICA Conference, 63-69.
#pragma once

#include <cmath>
#include <cstring>
#include <memory>

#include "supernodes.hpp"

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

class Multifrontal : public Supernodes {
public:
    Multifrontal(Index size, const Offset* start, const Index* row, const Index* permutation, const Blas& kernels)
        : Supernodes(size, start, row, permutation), blas(kernels) {}

    // L from the values at the pattern; false at the first pivot that is not positive. Update matrices live on a stack of length
    // `stack_size`: in postorder those of a supernode's children are on top when it is their turn. The caller keeps the stack, since
    // fresh memory costs more than the arithmetic of small fronts.
    bool factorize(const double* values, double* L, double* stack) const {
        std::vector<Index> waiting;  // supernodes whose update matrix is on the stack
        Offset top = 0;
        for (Index s = 0; s < supernodes; ++s) {
            int w = width(s), m = below(s), ld = w + m;
            double* P = L + panel[s];
            std::fill(P, P + static_cast<Offset>(ld) * w, 0.0);
            for (Offset e = entry_start[s]; e < entry_start[s + 1]; ++e) P[slot[e]] = values[entry[e]];
            double* U = stack + top;
            if (child_count[s] > 0)
                for (int j = 0; j < m; ++j) std::fill(U + static_cast<Offset>(j) * m + j, U + static_cast<Offset>(j + 1) * m, 0.0);
            Offset base = top;
            for (Index c = 0; c < child_count[s]; ++c) {
                const Index child = waiting.back();
                waiting.pop_back();
                base -= square(child);
                extend_add(child, stack + base, P, U, w, ld);
            }
            if (!eliminate(P, U, w, m, child_count[s] > 0)) return false;
            if (m > 0) {
                if (base != top) std::memmove(stack + base, U, sizeof(double) * square(s));
                waiting.push_back(s);
            }
            top = base + square(s);
        }
        return true;
    }

    // Values of the inverse at the pattern. Z on a front's rows below comes from the parent's front; then, with Y = L_IJ L_JJ^-1,
    // Z_IJ = -Z_II Y and Z_JJ = (L_JJ L_JJ')^-1 - Y'Z_IJ. A front is freed after its last child; no Z is ever stored.
    void selected_inverse(const double* L, double* out) const {
        std::vector<std::unique_ptr<double[]>> fronts(supernodes);
        std::vector<Index> waiting(child_count);
        Offset leaf_size = 0, panel_size = 0;
        for (Index s = 0; s < supernodes; ++s) {
            const Offset ld = width(s) + below(s);
            if (child_count[s] == 0) leaf_size = std::max(leaf_size, ld * ld);
            panel_size = std::max(panel_size, static_cast<Offset>(below(s)) * width(s));
        }
        std::unique_ptr<double[]> leaf(new double[leaf_size]), scratch(new double[panel_size]);
        for (Index s = supernodes - 1; s >= 0; --s) {
            const int w = width(s), m = below(s), ld = w + m;
            double* F = leaf.get();
            if (child_count[s] > 0) {
                fronts[s].reset(new double[static_cast<Offset>(ld) * ld]);
                F = fronts[s].get();
            }
            if (m > 0) {
                const Index above = parent[s];
                gather(s, fronts[above].get(), width(above) + below(above), F + static_cast<Offset>(w) * ld + w, ld);
                if (--waiting[above] == 0) fronts[above].reset();
            }
            invert(L + panel[s], F, scratch.get(), w, m);
            for (Offset e = entry_start[s]; e < entry_start[s + 1]; ++e) out[entry[e]] = F[slot[e]];
        }
    }

    // X := L^-1 X for X (n, k), permuted, row by row.
    void forward(const double* L, double* X, int k) const {
        std::vector<double> work(static_cast<std::size_t>(largest_below()) * k);
        for (Index s = 0; s < supernodes; ++s) {
            int w = width(s), m = below(s), ld = w + m;
            double* P = const_cast<double*>(L) + panel[s];
            double* top = X + static_cast<Offset>(first[s]) * k;
            const Index* at = rows.data() + rows_start[s];
            if (w == 1 || k < few) {
                for (int j = 0; j < w; ++j) {
                    const double* column = P + static_cast<Offset>(j) * ld;
                    double* x = top + static_cast<Offset>(j) * k;
                    const double scale = 1.0 / column[j];
                    for (int c = 0; c < k; ++c) x[c] *= scale;
                    for (int i = j + 1; i < w; ++i) subtract(top + static_cast<Offset>(i) * k, column[i], x, k);
                    for (int i = 0; i < m; ++i) subtract(X + static_cast<Offset>(at[i]) * k, column[w + i], x, k);
                }
                continue;
            }
            char lower = 'L', right = 'R', transpose = 'T', plain = 'N';
            double one = 1.0, zero = 0.0;
            blas.trsm(&right, &lower, &transpose, &plain, &k, &w, &one, P, &ld, top, &k);
            if (m == 0) continue;
            blas.gemm(&plain, &transpose, &k, &m, &w, &one, top, &k, P + w, &ld, &zero, work.data(), &k);
            for (int i = 0; i < m; ++i) subtract(X + static_cast<Offset>(at[i]) * k, 1.0, work.data() + static_cast<Offset>(i) * k, k);
        }
    }

    // X := L'^-1 X for X (n, k), permuted, row by row.
    void backward(const double* L, double* X, int k) const {
        std::vector<double> work(static_cast<std::size_t>(largest_below()) * k);
        for (Index s = supernodes - 1; s >= 0; --s) {
            int w = width(s), m = below(s), ld = w + m;
            double* P = const_cast<double*>(L) + panel[s];
            double* top = X + static_cast<Offset>(first[s]) * k;
            const Index* at = rows.data() + rows_start[s];
            if (w == 1 || k < few) {
                for (int j = w - 1; j >= 0; --j) {
                    const double* column = P + static_cast<Offset>(j) * ld;
                    double* x = top + static_cast<Offset>(j) * k;
                    for (int i = 0; i < m; ++i) subtract(x, column[w + i], X + static_cast<Offset>(at[i]) * k, k);
                    for (int i = j + 1; i < w; ++i) subtract(x, column[i], top + static_cast<Offset>(i) * k, k);
                    const double scale = 1.0 / column[j];
                    for (int c = 0; c < k; ++c) x[c] *= scale;
                }
                continue;
            }
            char lower = 'L', right = 'R', plain = 'N';
            double one = 1.0, minus = -1.0;
            if (m > 0) {
                for (int i = 0; i < m; ++i)
                    std::memcpy(work.data() + static_cast<Offset>(i) * k, X + static_cast<Offset>(at[i]) * k, sizeof(double) * k);
                blas.gemm(&plain, &plain, &k, &w, &m, &minus, work.data(), &k, P + w, &ld, &one, top, &k);
            }
            blas.trsm(&right, &lower, &plain, &plain, &k, &w, &one, P, &ld, top, &k);
        }
    }

private:
    Blas blas;
    static constexpr int small = 64;  // rows up to which a loop beats the call of BLAS for one column
    static constexpr int few = 4;     // right-hand sides below which the same holds for the solves
    static constexpr int strip = 96;  // columns of Z_JJ per product, of which only the lower triangle is wanted

    static void subtract(double* x, double factor, const double* y, int k) {
        for (int c = 0; c < k; ++c) x[c] -= factor * y[c];
    }

    // Factorises the panel P of a front and subtracts from its update matrix U, which holds nothing yet unless `filled`.
    bool eliminate(double* P, double* U, int w, int m, bool filled) const {
        int ld = w + m;
        if (w == 1 && m <= small) {
            if (!(P[0] > 0.0)) return false;
            P[0] = std::sqrt(P[0]);
            const double scale = 1.0 / P[0];
            for (int i = 1; i < ld; ++i) P[i] *= scale;
            const double* l = P + 1;
            for (int j = 0; j < m; ++j) {
                double* column = U + static_cast<Offset>(j) * m;
                const double pivot = l[j];
                if (filled)
                    for (int i = j; i < m; ++i) column[i] -= pivot * l[i];
                else
                    for (int i = j; i < m; ++i) column[i] = -pivot * l[i];
            }
            return true;
        }
        int info = 0;
        char lower = 'L', right = 'R', transpose = 'T', plain = 'N';
        double one = 1.0, minus = -1.0, keep = filled ? 1.0 : 0.0;
        blas.potrf(&lower, &w, P, &ld, &info);
        if (info != 0) return false;
        for (int i = 0; i < w; ++i)  // LAPACK lets NaN through
            if (!(P[static_cast<Offset>(i) * ld + i] > 0.0)) return false;
        if (m > 0) {
            blas.trsm(&right, &lower, &transpose, &plain, &m, &w, &one, P, &ld, P + w, &ld);
            blas.syrk(&lower, &plain, &m, &w, &minus, P + w, &ld, &keep, U, &m);
        }
        return true;
    }

    // Adds a child's update matrix (lower triangle) to its parent's panel P (ld, w) and update matrix U (ld - w, ld - w).
    void extend_add(Index child, const double* source, double* P, double* U, int w, int ld) const {
        const int m = below(child), from = tail[child];
        const Index* at = relative.data() + rows_start[child];
        for (int j = 0; j < m; ++j) {
            const double* column = source + static_cast<Offset>(j) * m;
            double* target = at[j] < w ? P + static_cast<Offset>(at[j]) * ld : U + static_cast<Offset>(at[j] - w) * (ld - w) - w;
            int i = j;
            for (; i < from; ++i) target[at[i]] += column[i];
            double* run = target + (at[from] - from);
            for (; i < m; ++i) run[i] += column[i];
        }
    }

    // Copies the rows and columns of s out of its parent's front (lower triangle).
    void gather(Index s, const double* source, Offset source_ld, double* target, Offset target_ld) const {
        const int m = below(s), from = tail[s];
        const Index* at = relative.data() + rows_start[s];
        for (int j = 0; j < m; ++j) {
            const double* column = source + at[j] * source_ld;
            double* to = target + j * target_ld;
            int i = j;
            for (; i < from; ++i) to[i] = column[at[i]];
            std::memcpy(to + i, column + at[from] + (i - from), sizeof(double) * (m - i));
        }
    }

    // Z_JJ and Z_IJ of a front F whose Z_II stands in place.
    void invert(const double* P, double* F, double* Y, int w, int m) const {
        int ld = w + m;
        char lower = 'L', right = 'R', left = 'L', transpose = 'T', plain = 'N';
        double one = 1.0, minus = -1.0, zero = 0.0;
        double* below_block = F + w;
        double* known = F + static_cast<Offset>(w) * ld + w;
        if (w == 1) {
            const double scale = 1.0 / P[0];
            for (int i = 0; i < m; ++i) Y[i] = P[1 + i] * scale;
            if (m <= small) {
                for (int i = 0; i < m; ++i) below_block[i] = 0.0;
                for (int j = 0; j < m; ++j) {
                    const double* column = known + static_cast<Offset>(j) * ld;
                    const double y = Y[j];
                    double sum = column[j] * y;
                    for (int i = j + 1; i < m; ++i) {
                        below_block[i] -= column[i] * y;
                        sum += column[i] * Y[i];
                    }
                    below_block[j] -= sum;
                }
            } else {
                int unit = 1;
                blas.symv(&lower, &m, &minus, known, &ld, Y, &unit, &zero, below_block, &unit);
            }
            double pivot = scale * scale;
            for (int i = 0; i < m; ++i) pivot -= Y[i] * below_block[i];
            F[0] = pivot;
            return;
        }
        int info = 0;
        for (int j = 0; j < w; ++j)
            std::memcpy(F + static_cast<Offset>(j) * ld + j, P + static_cast<Offset>(j) * ld + j, sizeof(double) * (w - j));
        blas.potri(&lower, &w, F, &ld, &info);
        if (m == 0) return;
        for (int j = 0; j < w; ++j)
            std::memcpy(Y + static_cast<Offset>(j) * m, P + static_cast<Offset>(j) * ld + w, sizeof(double) * m);
        blas.trsm(&right, &lower, &plain, &plain, &m, &w, &one, const_cast<double*>(P), &ld, Y, &m);
        blas.symm(&left, &lower, &m, &w, &minus, known, &ld, Y, &m, &zero, below_block, &ld);
        for (int c = 0; c < w; c += strip) {
            int columns = std::min(strip, w - c), height = w - c;
            blas.gemm(&transpose, &plain, &height, &columns, &m, &minus, Y + static_cast<Offset>(c) * m, &m,
                      below_block + static_cast<Offset>(c) * ld, &ld, &one, F + static_cast<Offset>(c) * ld + c, &ld);
        }
    }
};

}  // namespace vcmodel
