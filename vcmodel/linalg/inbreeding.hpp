// Inbreeding coefficients of a pedigree, parents before offspring.
//
// References
//   Meuwissen, T. H. E., Luo, Z. (1992). Computing inbreeding coefficients in large populations. Genet. Sel. Evol. 24, 305-313.
//   Colleau, J.-J. (2002). An indirect approach to the extensive calculation of relationship coefficients. Genet. Sel. Evol. 34, 409-421.
#pragma once

#include <algorithm>
#include <cmath>
#include <queue>

#include "ordering.hpp"

namespace vcmodel {

class Inbreeding {
public:
    // F (n) and Mendelian sampling variances D (n) of individuals with parents sire, dam (-1: unknown).
    Inbreeding(Index size, const Index* sires, const Index* dams, double* inbreeding, double* variance)
        : n(size), sire(sires), dam(dams), F(inbreeding), D(variance), panmictic(size, 1.0), share(size, 0.0) {}

    void compute() {
        // offspring with two known parents, by sire
        std::vector<Offset> start(n + 1, 0);
        for (Index i = 0; i < n; ++i)
            if (known(i)) ++start[sire[i] + 1];
        for (Index i = 0; i < n; ++i) start[i + 1] += start[i];
        std::vector<Index> offspring(start[n]);
        std::vector<Offset> next(start.begin(), start.end() - 1);
        for (Index i = 0; i < n; ++i)
            if (known(i)) offspring[next[sire[i]]++] = i;
        std::vector<char> done(n, 0), wanted(n, 0);  // wanted: a trace of its own, once its ancestors are known

        for (Index i = 0; i < n; ++i) {
            D[i] = from_parent(sire[i]) + from_parent(dam[i]);
            if (!known(i)) {
                F[i] = 0.0;
                continue;
            }
            if (done[i]) continue;
            if (wanted[i]) {
                trace(i);
                continue;
            }
            // every ancestor of the sire is older than i, so its variance is known: all his offspring can be done now
            const Index s = sire[i];
            Index youngest_mate = 0;
            for (Offset p = start[s]; p < start[s + 1]; ++p) youngest_mate = std::max(youngest_mate, dam[offspring[p]]);
            const double mates = static_cast<double>(start[s + 1] - start[s]);
            if (mates * trace_cost > static_cast<double>(youngest_mate)) {
                sweep(s, youngest_mate);
                for (Offset p = start[s]; p < start[s + 1]; ++p) {
                    const Index child = offspring[p];
                    F[child] = 0.5 * relationship[dam[child]];
                    panmictic[child] = 1.0 - F[child];
                    const bool exact = panmictic[child] >= nearly_fixed;
                    (exact ? done : wanted)[child] = 1;
                }
                if (wanted[i]) trace(i);
            } else if (i > 0 && sire[i - 1] == s && dam[i - 1] == dam[i]) {  // full sibs in a row are common in pedigrees
                F[i] = F[i - 1];
                panmictic[i] = panmictic[i - 1];
            } else {
                trace(i);
            }
        }
    }

private:
    Index n;
    const Index* sire;
    const Index* dam;
    double* F;
    double* D;
    std::vector<double> panmictic;     // Wright's panmictic index 1 - F, never computed as that difference where it is small
    std::vector<double> share;         // row of T, zero between calls
    std::vector<double> relationship;  // of one sire with everybody up to his youngest mate
    double trace_cost = 64.0;          // steps of a sweep that one trace costs, learnt as it goes
    static constexpr double nearly_fixed = 1e-3;  // below it 1 - F of a sweep has lost three of its digits

    bool known(Index i) const { return sire[i] >= 0 && dam[i] >= 0; }

    // What a parent leaves to Mendelian sampling: 1/4 of its panmictic index, 1/2 when it is unknown.
    double from_parent(Index i) const { return i < 0 ? 0.5 : 0.25 * panmictic[i]; }

    // 1 - F_i = D_i + 1/4 Var(u_sire - u_dam), the variance a sum over their ancestors j of (difference of the shares of j)^2 D_j as in
    // Meuwissen & Luo. Only positive terms: it keeps its digits down to zero, where F from a_ii - 1 would have none.
    void trace(Index i) {
        std::priority_queue<Index> queue;
        double variance = 0.0;
        double steps = 0.0;
        pass(sire[i], 1.0, queue);
        pass(dam[i], -1.0, queue);
        while (!queue.empty()) {
            const Index j = queue.top();
            queue.pop();
            const double part = share[j];
            share[j] = 0.0;
            steps += 1.0;
            if (part == 0.0) continue;  // both parents descend from j alike, or it was queued twice
            variance += part * part * D[j];
            if (sire[j] >= 0) pass(sire[j], 0.5 * part, queue);
            if (dam[j] >= 0) pass(dam[j], 0.5 * part, queue);
        }
        const double heap = 8.0;  // a heap step against a step of a linear sweep
        trace_cost += 0.05 * (heap * steps - trace_cost);
        panmictic[i] = D[i] + 0.25 * variance;
        F[i] = 1.0 - panmictic[i];
        if (std::fabs(F[i]) < 1e-14) {  // rounding only
            F[i] = 0.0;
            panmictic[i] = 1.0;
        }
    }

    void pass(Index j, double part, std::priority_queue<Index>& queue) {
        if (share[j] == 0.0) queue.push(j);
        share[j] += part;
    }

    // Column s of A = T D T' down to the individual `last`: up from s, times D, down again.
    void sweep(Index s, Index last) {
        relationship.assign(static_cast<std::size_t>(std::max(last, s)) + 1, 0.0);
        relationship[s] = 1.0;
        for (Index j = s; j >= 0; --j) {
            const double part = relationship[j];
            if (part == 0.0) continue;
            if (sire[j] >= 0) relationship[sire[j]] += 0.5 * part;
            if (dam[j] >= 0) relationship[dam[j]] += 0.5 * part;
            relationship[j] = part * D[j];
        }
        for (Index j = 0; j <= last; ++j) {
            double mean = 0.0;
            if (sire[j] >= 0) mean += relationship[sire[j]];
            if (dam[j] >= 0) mean += relationship[dam[j]];
            relationship[j] += 0.5 * mean;
        }
    }
};

}  // namespace vcmodel
