// Supernodes of a sparse Cholesky factor: everything about a pattern that does not depend on the values.
//
// Supernode J is a set of consecutive columns with (nearly) the same rows: w columns and the m rows I below them, kept as a column-major
// panel of w + m rows, [L_JJ; L_IJ]. I lies inside the columns and rows of J's parent, so one array of relative positions per supernode
// serves the extend-add of the factorisation and the gather of the selected inverse.
//
// References
//   Ashcraft, C., Grimes, R. (1989). The influence of relaxed supernode partitions on the multifrontal method. ACM TOMS 15, 291-309.
#pragma once

#include "ordering.hpp"

namespace vcmodel {

class Supernodes {
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
    std::vector<Index> first_child;     // -1 for none
    std::vector<Index> sibling;         // the next child of the same parent, -1 for none
    std::vector<char> eager;            // whether update matrices of children are added one by one rather than when all are there
    double flops = 0.0;
    Offset fill = 0;

    // Lower triangle in CSC and a fill-reducing order (permuted -> original).
    Supernodes(Index size, const Offset* start, const Index* row, const Index* permutation) : n(size) {
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

    int width(Index s) const { return first[s + 1] - first[s]; }
    int below(Index s) const { return static_cast<int>(rows_start[s + 1] - rows_start[s]); }

    Offset square(Index s) const { return static_cast<Offset>(below(s)) * below(s); }

    int largest_below() const {
        int most = 0;
        for (Index s = 0; s < supernodes; ++s) most = std::max(most, below(s));
        return most;
    }

    // positions of the diagonal of L, in permuted order
    void diagonal(Offset* out) const {
        for (Index s = 0; s < supernodes; ++s)
            for (int j = 0; j < width(s); ++j) out[first[s] + j] = panel[s] + static_cast<Offset>(j) * (width(s) + below(s)) + j;
    }

    // Panels from a factor given by columns in the permuted order; false when a nonzero of it lies outside them.
    bool pack(const Index* start, const Index* row, const double* value, double* L) const {
        std::vector<Index> position(n);
        std::vector<Index> owner(n, -1);
        for (Index s = 0; s < supernodes; ++s) {
            const Offset w = width(s), m = below(s), ld = w + m;
            double* P = L + panel[s];
            std::fill(P, P + ld * w, 0.0);
            for (Index j = 0; j < w; ++j) position[first[s] + j] = j, owner[first[s] + j] = s;
            for (Index i = 0; i < m; ++i) {
                const Index r = rows[rows_start[s] + i];
                position[r] = static_cast<Index>(w) + i;
                owner[r] = s;
            }
            for (Index j = 0; j < w; ++j)
                for (Index p = start[first[s] + j]; p < start[first[s] + j + 1]; ++p) {
                    if (owner[row[p]] == s)
                        P[j * ld + position[row[p]]] = value[p];
                    else if (value[p] != 0.0)
                        return false;
                }
        }
        return true;
    }

private:
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
        first_child.assign(supernodes, -1);
        sibling.assign(supernodes, -1);
        rows_start.assign(1, 0);
        panel.assign(1, 0);
        std::vector<Index> mark(n, -1), position(n, 0);
        std::vector<Index> last_child(supernodes, -1);
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
            for (Index child = first_child[s]; child != -1; child = sibling[child])
                for (Offset p = rows_start[child]; p < rows_start[child + 1]; ++p) add(rows[p]);
            std::sort(rows.begin() + begin, rows.end());
            rows_start.push_back(static_cast<Offset>(rows.size()));
            const Offset w = width(s), m = below(s), ld = w + m;
            panel.push_back(panel[s] + ld * w);
            for (Offset i = 0; i < w; ++i) flops += static_cast<double>(ld - i) * static_cast<double>(ld - i);
            if (m > 0) {
                const Index above = of[rows[begin]];
                parent[s] = above;
                (last_child[above] == -1 ? first_child[above] : sibling[last_child[above]]) = s;
                last_child[above] = s;
                ++child_count[above];
            }
            for (Index j = 0; j < w; ++j) position[first[s] + j] = j;
            for (Index i = 0; i < m; ++i) position[rows[begin + i]] = static_cast<Index>(w) + i;
            for (Offset e = entry_start[s]; e < entry_start[s + 1]; ++e) slot[e] = (low[e] - first[s]) * ld + position[high[e]];
            relative.resize(rows.size());
            tail.push_back(0);
            // waiting is cheaper unless it takes more room than the update matrix they are added to
            Offset waiting = 0;
            for (Index child = first_child[s]; child != -1; child = sibling[child]) waiting += square(child);
            eager.push_back(waiting > square(s));
            for (Index child = first_child[s]; child != -1; child = sibling[child]) {
                const Offset from = rows_start[child];
                const Index length = below(child);
                for (Index i = 0; i < length; ++i) relative[from + i] = position[rows[from + i]];
                Index k = length - 1;
                while (k > 0 && relative[from + k - 1] + 1 == relative[from + k]) --k;
                tail[child] = k;
            }
        }
    }
};

}  // namespace vcmodel
