// Triangular solves with a supernodal factor. Right-hand sides X (n, k) are permuted and stored row by row.
#pragma once

#include "front.hpp"
#include "supernodes.hpp"

namespace vcmodel {

class Solves {
public:
    Solves(const Supernodes& pattern, const Blas& kernels) : tree(pattern), blas(kernels), longest(pattern.largest_below()) {}

    // X := L^-1 X
    void forward(const double* L, double* X, int k, int threads) const {
        share(k, threads, [&](int column, int width) { forward_slice(L, X + column, width, k); });
    }
    // X := L'^-1 X
    void backward(const double* L, double* X, int k, int threads) const {
        share(k, threads, [&](int column, int width) { backward_slice(L, X + column, width, k); });
    }

private:
    const Supernodes& tree;
    Blas blas;
    int longest;
    static constexpr int few = 4;    // right-hand sides below which loops beat the calls of BLAS, for a panel up to
    static constexpr int small = 512;  // so many entries
    static constexpr int many = 16;  // from which they are shared out, in multiples of `vector`
    static constexpr int vector = 8;

    template <class Body>
    void share(int k, int threads, const Body& body) const {
        if (threads < 2 || k < many) return body(0, k);
        const int slice = ((k + threads - 1) / threads + vector - 1) / vector * vector;
        Team team(threads);
        team.run((k + slice - 1) / slice, [&](int i, int) { body(i * slice, std::min(slice, k - i * slice)); });
    }

    static void subtract(double* x, double factor, const double* y, int k) {
        for (int c = 0; c < k; ++c) x[c] -= factor * y[c];
    }

    // columns x of X, which has rows of length ldx
    void forward_slice(const double* L, double* X, int k, int ldx) const {
        std::vector<double> work(static_cast<std::size_t>(longest) * k);
        for (Index s = 0; s < tree.supernodes; ++s) {
            int w = tree.width(s), m = tree.below(s), ld = w + m;
            double* P = const_cast<double*>(L) + tree.panel[s];
            double* top = X + static_cast<Offset>(tree.first[s]) * ldx;
            const Index* at = tree.rows.data() + tree.rows_start[s];
            if (w == 1 || (k < few && w * ld <= small)) {
                for (int j = 0; j < w; ++j) {
                    const double* column = P + static_cast<Offset>(j) * ld;
                    double* x = top + static_cast<Offset>(j) * ldx;
                    const double scale = 1.0 / column[j];
                    for (int c = 0; c < k; ++c) x[c] *= scale;
                    for (int i = j + 1; i < w; ++i) subtract(top + static_cast<Offset>(i) * ldx, column[i], x, k);
                    for (int i = 0; i < m; ++i) subtract(X + static_cast<Offset>(at[i]) * ldx, column[w + i], x, k);
                }
                continue;
            }
            char lower = 'L', right = 'R', transpose = 'T', plain = 'N';
            double one = 1.0, zero = 0.0;
            blas.trsm(&right, &lower, &transpose, &plain, &k, &w, &one, P, &ld, top, &ldx);
            if (m == 0) continue;
            blas.gemm(&plain, &transpose, &k, &m, &w, &one, top, &ldx, P + w, &ld, &zero, work.data(), &k);
            for (int i = 0; i < m; ++i) subtract(X + static_cast<Offset>(at[i]) * ldx, 1.0, work.data() + static_cast<Offset>(i) * k, k);
        }
    }

    void backward_slice(const double* L, double* X, int k, int ldx) const {
        std::vector<double> work(static_cast<std::size_t>(longest) * k);
        for (Index s = tree.supernodes - 1; s >= 0; --s) {
            int w = tree.width(s), m = tree.below(s), ld = w + m;
            double* P = const_cast<double*>(L) + tree.panel[s];
            double* top = X + static_cast<Offset>(tree.first[s]) * ldx;
            const Index* at = tree.rows.data() + tree.rows_start[s];
            if (w == 1 || (k < few && w * ld <= small)) {
                for (int j = w - 1; j >= 0; --j) {
                    const double* column = P + static_cast<Offset>(j) * ld;
                    double* x = top + static_cast<Offset>(j) * ldx;
                    for (int i = 0; i < m; ++i) subtract(x, column[w + i], X + static_cast<Offset>(at[i]) * ldx, k);
                    for (int i = j + 1; i < w; ++i) subtract(x, column[i], top + static_cast<Offset>(i) * ldx, k);
                    const double scale = 1.0 / column[j];
                    for (int c = 0; c < k; ++c) x[c] *= scale;
                }
                continue;
            }
            char lower = 'L', right = 'R', plain = 'N';
            double one = 1.0, minus = -1.0;
            if (m > 0) {
                for (int i = 0; i < m; ++i)
                    std::memcpy(work.data() + static_cast<Offset>(i) * k, X + static_cast<Offset>(at[i]) * ldx, sizeof(double) * k);
                blas.gemm(&plain, &plain, &k, &w, &m, &minus, work.data(), &k, P + w, &ld, &one, top, &ldx);
            }
            blas.trsm(&right, &lower, &plain, &plain, &k, &w, &one, P, &ld, top, &ldx);
        }
    }
};

}  // namespace vcmodel
