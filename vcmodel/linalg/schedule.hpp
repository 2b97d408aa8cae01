// Which subtrees of the supernodes are given to which threads.
//
// References
//   Geist, A., Ng, E. (1989). Task scheduling for parallel sparse Cholesky factorization. Int. J. Parallel Program. 18, 291-314.
#pragma once

#include <queue>
#include <utility>

#include "supernodes.hpp"

namespace vcmodel {

// Ranges of supernodes made of whole subtrees, which threads take one at a time, and the top of the tree, whose fronts they share.
// L does not depend on the cut: a front adds the same matrices in the same order in a range and at the top.
struct Schedule {
    struct Range {
        Index begin, end;  // supernodes
        double work;
    };
    int threads = 1;
    std::vector<Range> ranges;      // ascending: few update matrices then wait for their turn
    std::vector<Index> top;         // ascending

    Schedule(const Supernodes& tree, int wanted) {
        const Index count = tree.supernodes;
        if (wanted < 2 || tree.flops < worth_threads) {
            ranges.push_back({0, count, tree.flops});
            return;
        }
        threads = wanted;
        std::vector<double> work(count);
        std::vector<Index> lowest(count);
        double total = 0.0;
        std::priority_queue<std::pair<double, Index>> heaviest;
        for (Index s = 0; s < count; ++s) {
            work[s] += front_work(tree.width(s), tree.below(s));
            lowest[s] = tree.first_child[s] == -1 ? s : lowest[tree.first_child[s]];
            if (tree.parent[s] == -1) {
                total += work[s];
                heaviest.emplace(work[s], s);
            } else {
                work[tree.parent[s]] += work[s];
            }
        }
        // cut the heaviest subtree until none would keep a thread busy much longer than the others
        const double limit = total / (ranges_per_thread * threads);
        while (!heaviest.empty() && heaviest.top().first > limit) {
            const Index s = heaviest.top().second;
            heaviest.pop();
            top.push_back(s);
            for (Index child = tree.first_child[s]; child != -1; child = tree.sibling[child]) heaviest.emplace(work[child], child);
        }
        std::sort(top.begin(), top.end());
        std::vector<Index> roots;
        for (; !heaviest.empty(); heaviest.pop()) roots.push_back(heaviest.top().second);
        std::sort(roots.begin(), roots.end());
        for (const Index root : roots) {  // light subtrees that stand side by side go together
            if (!ranges.empty() && ranges.back().end == lowest[root] && ranges.back().work + work[root] < limit / 4) {
                ranges.back().end = root + 1;
                ranges.back().work += work[root];
            } else {
                ranges.push_back({lowest[root], root + 1, work[root]});
            }
        }
    }

private:
    static constexpr double worth_threads = 5e6;  // multiplications below which starting threads costs more than it saves
    static constexpr int ranges_per_thread = 8;

    // multiplications, and moving the front's rows, in the same unit
    static double front_work(double w, double m) { return w * (w + m) * (w + m) + 4.0 * m * m + 500.0; }
};

}  // namespace vcmodel
