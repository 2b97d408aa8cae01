// Elimination tree and postorder of a symmetric sparse pattern. Shared by the multifrontal and the simplicial factorisation.
//
// References
//   Liu, J. W. H. (1990). The role of elimination trees in sparse factorization. SIAM J. Matrix Anal. Appl. 11, 134-172.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

namespace vcmodel {

using Index = std::int32_t;
using Offset = std::int64_t;

// A symmetric pattern under a permutation, as two lists over its off-diagonal entries: by the larger and by the smaller new index.
struct PermutedPattern {
    Index n = 0;
    std::vector<Index> order;    // new -> old
    std::vector<Index> inverse;  // old -> new
    std::vector<Offset> upper_start;
    std::vector<Index> upper;  // for column k: its neighbours i < k

    // lower triangle in CSC (column starts, row indices)
    PermutedPattern(Index size, const Offset* start, const Index* row, const Index* permutation)
        : n(size), order(permutation, permutation + size), inverse(size), upper_start(size + 1, 0) {
        for (Index k = 0; k < n; ++k) inverse[order[k]] = k;
        for (Index j = 0; j < n; ++j)
            for (Offset p = start[j]; p < start[j + 1]; ++p)
                if (row[p] != j) ++upper_start[std::max(inverse[row[p]], inverse[j]) + 1];
        for (Index k = 0; k < n; ++k) upper_start[k + 1] += upper_start[k];
        upper.resize(upper_start[n]);
        std::vector<Offset> next(upper_start.begin(), upper_start.end() - 1);
        for (Index j = 0; j < n; ++j)
            for (Offset p = start[j]; p < start[j + 1]; ++p)
                if (row[p] != j) {
                    const Index a = inverse[row[p]], b = inverse[j];
                    upper[next[std::max(a, b)]++] = std::min(a, b);
                }
    }

    // parent[k] in the elimination tree, -1 for a root (Liu's algorithm with path compression)
    std::vector<Index> elimination_tree() const {
        std::vector<Index> parent(n, -1), ancestor(n, -1);
        for (Index k = 0; k < n; ++k)
            for (Offset p = upper_start[k]; p < upper_start[k + 1]; ++p)
                for (Index i = upper[p]; i != -1 && i < k;) {
                    const Index next = ancestor[i];
                    ancestor[i] = k;
                    if (next == -1) parent[i] = k;
                    i = next;
                }
        return parent;
    }

    // number of entries of every column of the factor, diagonal included; walks every row subtree, O(nnz(L))
    std::vector<Index> column_counts(const std::vector<Index>& parent) const {
        std::vector<Index> count(n, 1), mark(n, -1);
        for (Index k = 0; k < n; ++k) {
            mark[k] = k;
            for (Offset p = upper_start[k]; p < upper_start[k + 1]; ++p)
                for (Index i = upper[p]; mark[i] != k; i = parent[i]) {
                    ++count[i];
                    mark[i] = k;
                }
        }
        return count;
    }

    // Postorder of the tree, lightest child first: the heaviest child then stands next to its parent, where it can be merged.
    static std::vector<Index> postorder(const std::vector<Index>& parent, const std::vector<Index>& weight) {
        const Index n = static_cast<Index>(parent.size());
        std::vector<Index> by_weight(n), head(n + 1, -1), next(n, -1), post;
        std::iota(by_weight.begin(), by_weight.end(), 0);
        std::stable_sort(by_weight.begin(), by_weight.end(), [&](Index a, Index b) { return weight[a] > weight[b]; });
        for (Index i : by_weight) {  // pushing heaviest first leaves the lightest at the head
            const Index at = parent[i] == -1 ? n : parent[i];
            next[i] = head[at];
            head[at] = i;
        }
        post.reserve(n);
        std::vector<Index> stack;
        for (Index root = head[n]; root != -1; root = next[root]) {
            stack.push_back(root);
            while (!stack.empty()) {
                const Index i = stack.back(), child = head[i];
                if (child == -1) {
                    post.push_back(i);
                    stack.pop_back();
                } else {
                    head[i] = next[child];
                    stack.push_back(child);
                }
            }
        }
        return post;
    }
};

}  // namespace vcmodel
