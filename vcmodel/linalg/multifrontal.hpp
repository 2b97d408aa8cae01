// Supernodal multifrontal Cholesky factorisation, triangular solves and selected inverse of a symmetric positive definite matrix with
// a fixed sparsity pattern.
//
// The factor is stored by supernodes: sets of consecutive columns with (nearly) the same rows. Supernode J with w columns and the m
// rows I below them is a column-major panel of w + m rows, [L_JJ; L_IJ]. I lies inside J's parent's own columns and rows, so one array
// of relative positions per supernode serves the extend-add of the factorisation and the gather of the selected inverse.
//
// References
//   Duff, I. S., Reid, J. K. (1983). The multifrontal solution of indefinite sparse symmetric linear systems. ACM TOMS 9, 302-325.
//   Ashcraft, C., Grimes, R. (1989). The influence of relaxed supernode partitions on the multifrontal method. ACM TOMS 15, 291-309.
//   Takahashi, K., Fagan, J., Chin, M. (1973). Formation of a sparse bus impedance matrix. Proc. 8th PICA Conference, 63-69.
#pragma once

#include <cmath>
#include <cstring>
#include <memory>

#include "ordering.hpp"

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

class Multifrontal {
public:
    Index n = 0;
    Index supernodes = 0;
    std::vector<Index> order;           // permuted -> original
    std::vector<Index> first;           // first column of every supernode, and n
    std::vector<Index> parent;          // parent supernode, -1 for a root
    std::vector<Offset> rows_start;     // into rows and relative
    std::vector<Index> rows;            // rows below the diagonal block, ascending
    std::vector<Index> relative;        // where each stands in the parent's front
    std::vector<Index> tail;            // from this position on, relative is consecutive
    std::vector<Offset> panel;          // offset of every panel in the factor, and their total size
    std::vector<Offset> entry_start;    // per supernode, into entry and slot
    std::vector<Index> entry;           // position in the matrix given
    std::vector<Offset> slot;           // position in the panel, which is also that in the columns J of the front
    std::vector<Index> child_count;
    double flops = 0.0;
    Offset fill = 0;

    // Lower triangle in CSC and a fill-reducing order (permuted -> original).
    Multifrontal(Index size, const Offset* start, const Index* row, const Index* permutation, const Blas& kernels)
        : n(size), blas(kernels) {
        PermutedPattern pattern(size, start, row, permutation);
        std::vector<Index> above = pattern.elimination_tree();
        std::vector<Index> count = pattern.column_counts(above);
        const std::vector<Index> post = PermutedPattern::postorder(above, count);

        // relabel by the postorder; it keeps every descendant before its ancestors, so pairs keep their orientation
        std::vector<Index> rank(n), tree(n), columns(n);
        order.resize(n);
        for (Index k = 0; k < n; ++k) {
            rank[post[k]] = k;
            order[k] = pattern.order[post[k]];
        }
        for (Index k = 0; k < n; ++k) {
            tree[k] = above[post[k]] == -1 ? -1 : rank[above[post[k]]];
            columns[k] = count[post[k]];
        }
        for (Index k = 0; k < n; ++k) fill += columns[k];
        partition(tree, columns);
        std::vector<Index> inverse(n);
        for (Index k = 0; k < n; ++k) inverse[order[k]] = k;
        structure(start, row, inverse);
    }

    // L from the values at the pattern; false at the first pivot that is not positive.
    bool factorize(const double* values, double* L) const {
        std::vector<std::unique_ptr<double[]>> update(supernodes);
        std::vector<std::vector<Index>> children(supernodes);
        for (Index s = 0; s < supernodes; ++s) {
            int w = width(s), m = below(s), ld = w + m;
            double* P = L + panel[s];
            std::fill(P, P + static_cast<Offset>(ld) * w, 0.0);
            for (Offset e = entry_start[s]; e < entry_start[s + 1]; ++e) P[slot[e]] = values[entry[e]];
            double* U = nullptr;
            const Offset square = static_cast<Offset>(m) * m;
            if (m > 0) {
                update[s].reset(new double[square]);
                U = update[s].get();
                if (child_count[s] > 0) std::fill(U, U + square, 0.0);
                children[parent[s]].push_back(s);
            }
            for (Index child : children[s]) {
                extend_add(child, update[child].get(), P, U, w, ld);
                update[child].reset();
            }
            const double beta = child_count[s] > 0 ? 1.0 : 0.0;
            if (w == 1 && m <= small) {
                if (!(P[0] > 0.0)) return false;
                P[0] = std::sqrt(P[0]);
                const double scale = 1.0 / P[0];
                for (int i = 1; i < ld; ++i) P[i] *= scale;
                for (int j = 0; j < m; ++j) {
                    double* column = U + static_cast<Offset>(j) * m;
                    const double pivot = P[1 + j];
                    if (beta == 0.0)
                        for (int i = j; i < m; ++i) column[i] = -pivot * P[1 + i];
                    else
                        for (int i = j; i < m; ++i) column[i] -= pivot * P[1 + i];
                }
                continue;
            }
            int info = 0;
            char lower = 'L', right = 'R', transpose = 'T', plain = 'N';
            double one = 1.0, minus = -1.0, keep = beta;
            blas.potrf(&lower, &w, P, &ld, &info);
            if (info != 0) return false;
            for (int i = 0; i < w; ++i)  // LAPACK lets NaN through
                if (!(P[static_cast<Offset>(i) * ld + i] > 0.0)) return false;
            if (m > 0) {
                blas.trsm(&right, &lower, &transpose, &plain, &m, &w, &one, P, &ld, P + w, &ld);
                blas.syrk(&lower, &plain, &m, &w, &minus, P + w, &ld, &keep, U, &m);
            }
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

    // positions of the diagonal of L, in permuted order
    void diagonal(Offset* out) const {
        for (Index s = 0; s < supernodes; ++s)
            for (int j = 0; j < width(s); ++j) out[first[s] + j] = panel[s] + static_cast<Offset>(j) * (width(s) + below(s)) + j;
    }

private:
    Blas blas;
    static constexpr int small = 64;  // rows up to which a loop beats the call of BLAS for one column
    static constexpr int few = 4;     // right-hand sides below which the same holds for the solves
    static constexpr int strip = 96;  // columns of Z_JJ per product, of which only the lower triangle is wanted

    int width(Index s) const { return first[s + 1] - first[s]; }
    int below(Index s) const { return static_cast<int>(rows_start[s + 1] - rows_start[s]); }

    int largest_below() const {
        int most = 0;
        for (Index s = 0; s < supernodes; ++s) most = std::max(most, below(s));
        return most;
    }

    static void subtract(double* x, double factor, const double* y, int k) {
        for (int c = 0; c < k; ++c) x[c] -= factor * y[c];
    }

    // Supernodes from the postordered tree and column counts, then relaxed amalgamation of a supernode with the one before it when
    // that one is its child: few columns bear many stored zeros, many columns few.
    void partition(const std::vector<Index>& tree, const std::vector<Index>& count) {
        std::vector<Index> start;
        for (Index j = 0; j < n; ++j)
            if (j == 0 || tree[j - 1] != j || count[j - 1] != count[j] + 1) start.push_back(j);
        const Index base = static_cast<Index>(start.size());
        start.push_back(n);
        // going down, group[s] holds the merged set that begins at s: its columns, rows of its first column, zeros, last column
        std::vector<double> zeros(base, 0.0);
        std::vector<Index> length(base), end(base);
        std::vector<char> merged(base, 0);  // merged into the one before it
        for (Index s = base - 1; s >= 0; --s) {
            length[s] = count[start[s]];
            end[s] = start[s + 1];
            if (s == base - 1) continue;
            const Index above = tree[start[s + 1] - 1];
            const Index next = s + 1;
            if (above == -1 || above >= end[next]) continue;  // its parent is not in the set that follows
            const double w0 = start[next] - start[s], w1 = end[next] - start[next], w = w0 + w1;
            const double extra = w0 * (length[next] + w0 - length[s]);
            const double total = zeros[next] + extra;
            const double size = w * (w + 1) / 2 + w * (length[next] - w1);
            const double share = total / size;
            if (extra == 0 || w <= 4 || (w <= 16 && share < 0.8) || (w <= 48 && share < 0.1) || share < 0.05) {
                merged[next] = 1;
                zeros[s] = total;
                length[s] = static_cast<Index>(w0) + length[next];
                end[s] = end[next];
            }
        }
        for (Index s = 0; s < base; ++s)
            if (!merged[s]) first.push_back(start[s]);
        supernodes = static_cast<Index>(first.size());
        first.push_back(n);
    }

    // Rows, parents, relative positions and the scatter map.
    void structure(const Offset* start, const Index* row, const std::vector<Index>& inverse) {
        std::vector<Index> of(n);
        for (Index s = 0; s < supernodes; ++s)
            for (Index j = first[s]; j < first[s + 1]; ++j) of[j] = s;
        // the entries by supernode of their smaller index
        entry_start.assign(supernodes + 1, 0);
        for (Index j = 0; j < n; ++j)
            for (Offset p = start[j]; p < start[j + 1]; ++p) ++entry_start[of[std::min(inverse[row[p]], inverse[j])] + 1];
        for (Index s = 0; s < supernodes; ++s) entry_start[s + 1] += entry_start[s];
        const Offset entries = entry_start[supernodes];
        entry.resize(entries);
        slot.resize(entries);
        std::vector<Index> low(entries), high(entries);
        std::vector<Offset> next(entry_start.begin(), entry_start.end() - 1);
        for (Index j = 0; j < n; ++j)
            for (Offset p = start[j]; p < start[j + 1]; ++p) {
                const Index a = inverse[row[p]], b = inverse[j];
                const Offset at = next[of[std::min(a, b)]]++;
                entry[at] = static_cast<Index>(p);
                low[at] = std::min(a, b);
                high[at] = std::max(a, b);
            }

        parent.assign(supernodes, -1);
        child_count.assign(supernodes, 0);
        rows_start.assign(1, 0);
        panel.assign(1, 0);
        std::vector<Index> mark(n, -1), position(n, 0);
        std::vector<std::vector<Index>> children(supernodes);
        for (Index s = 0; s < supernodes; ++s) {
            const Index last = first[s + 1];
            const Offset begin = rows_start[s];
            const auto add = [&](Index r) {
                if (r >= last && mark[r] != s) {
                    mark[r] = s;
                    rows.push_back(r);
                }
            };
            for (Offset e = entry_start[s]; e < entry_start[s + 1]; ++e) add(high[e]);
            for (Index child : children[s])
                for (Offset p = rows_start[child]; p < rows_start[child + 1]; ++p) add(rows[p]);
            std::sort(rows.begin() + begin, rows.end());
            rows_start.push_back(static_cast<Offset>(rows.size()));
            const Offset w = width(s), m = below(s), ld = w + m;
            panel.push_back(panel[s] + ld * w);
            for (Offset i = 0; i < w; ++i) flops += static_cast<double>(ld - i) * static_cast<double>(ld - i);
            if (m > 0) {
                parent[s] = of[rows[begin]];
                children[parent[s]].push_back(s);
                ++child_count[parent[s]];
            }
            for (Index j = 0; j < w; ++j) position[first[s] + j] = j;
            for (Index i = 0; i < m; ++i) position[rows[begin + i]] = static_cast<Index>(w) + i;
            for (Offset e = entry_start[s]; e < entry_start[s + 1]; ++e) slot[e] = (low[e] - first[s]) * ld + position[high[e]];
            relative.resize(rows.size());
            tail.push_back(0);
            for (Index child : children[s]) {
                const Offset from = rows_start[child];
                const Index length = below(child);
                for (Index i = 0; i < length; ++i) relative[from + i] = position[rows[from + i]];
                Index k = length - 1;
                while (k > 0 && relative[from + k - 1] + 1 == relative[from + k]) --k;
                tail[child] = k;
            }
        }
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
