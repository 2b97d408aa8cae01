// Inbreeding coefficients of a pedigree, parents before offspring.
//
// The coefficient of an individual is half the relationship of its parents. The relationships of one parent with all its mates are a
// column of A = T D T', had without forming A: up from the parent to its ancestors, times D, and down again (Colleau). Here a row of
// parents of one generation go up and down together, over the ancestors of these and of their mates only, so that the cost stays low
// whether few sires have many mates or every male is used once or twice.
//
// References
//   Colleau, J.-J. (2002). An indirect approach to the extensive calculation of relationship coefficients. Genet. Sel. Evol. 34, 409-421.
//   Meuwissen, T. H. E., Luo, Z. (1992). Computing inbreeding coefficients in large populations. Genet. Sel. Evol. 24, 305-313.
//   Sargolzaei, M., Iwaisaki, H., Colleau, J.-J. (2005). A fast algorithm for computing inbreeding coefficients in large populations.
//     J. Anim. Breed. Genet. 122, 325-331.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "ordering.hpp"

namespace vcmodel {

// A set of the numbers 0 ... n - 1 that is walked in either direction and forgets what it has walked over on request.
class NumberSet {
public:
    explicit NumberSet(Index n) : words(static_cast<std::size_t>(n) / 64 + 1, 0) {}

    bool add(Index j) {
        std::uint64_t& word = words[j >> 6];
        const std::uint64_t bit = std::uint64_t{1} << (j & 63);
        const bool fresh = !(word & bit);
        word |= bit;
        return fresh;
    }

    // From the greatest, `top` or less; `visit` may add smaller ones.
    template <class Visit>
    void descend(Index top, Visit visit) const {
        for (Index k = top >> 6; k >= 0; --k)
            for (std::uint64_t left = words[k]; left != 0;) {
                const int bit = 63 - __builtin_clzll(left);
                visit(static_cast<Index>(k * 64 + bit));
                left = words[k] & ((std::uint64_t{1} << bit) - 1);
            }
    }

    template <class Visit>
    void ascend_and_clear(Index top, Visit visit) {
        for (Index k = 0; k <= top >> 6; ++k) {
            for (std::uint64_t left = words[k]; left != 0; left &= left - 1) visit(static_cast<Index>(k * 64 + __builtin_ctzll(left)));
            words[k] = 0;
        }
    }

private:
    std::vector<std::uint64_t> words;
};

class Inbreeding {
public:
    // F (n) and Mendelian sampling variances D (n) of individuals with parents sire, dam (-1: unknown).
    Inbreeding(Index size, const Index* sires, const Index* dams, double* inbreeding, double* variance)
        : n(size), given_sire(sires), given_dam(dams), F(inbreeding), D(variance), ancestors(size) {}

    void compute() {
        sort_by_generation();
        group_offspring();
        std::vector<char> asked(n, 0);
        std::vector<Index> batch;
        for (std::size_t g = 0; g + 1 < start.size(); ++g) {
            // parents are of earlier generations, whose coefficients are known
            for (Index i = start[g]; i < start[g + 1]; ++i) mendelian[i] = from_parent(sire[i]) + from_parent(dam[i]);
            for (Index i = start[g]; i < start[g + 1]; ++i) {
                if (!mated(i)) {
                    // selfed: 1 - F is half that of the parent
                    if (sire[i] >= 0 && sire[i] == dam[i]) panmictic[i] = mendelian[i];
                } else if (!asked[hubs[i]]) {
                    asked[hubs[i]] = 1;
                    batch.push_back(hubs[i]);
                    if (batch.size() == width) columns(batch);
                }
            }
            if (!batch.empty()) columns(batch);
            for (Index i = start[g]; i < start[g + 1]; ++i)
                if (mated(i) && panmictic[i] < nearly_fixed) {
                    const bool sib = i > start[g] && sire[i - 1] == sire[i] && dam[i - 1] == dam[i];
                    panmictic[i] = sib ? panmictic[i - 1] : from_difference(i);
                }
        }
        for (Index i = 0; i < n; ++i) {
            F[order[i]] = 1.0 - panmictic[i];
            D[order[i]] = mendelian[i];
        }
    }

private:
    static constexpr std::size_t width = 8;       // columns of A at a time: a cache line of doubles
    static constexpr double nearly_fixed = 1e-3;  // below it 1 - F from a column of A has lost three of its digits
    using Row = std::array<double, width>;

    Index n;
    const Index* given_sire;
    const Index* given_dam;
    double* F;
    double* D;

    // everything below in the order of generations, where what belongs together lies together
    std::vector<Index> order, start;     // as given; first of every generation
    std::vector<Index> sire, dam;
    std::vector<double> mendelian, panmictic;  // D, and Wright's panmictic index 1 - F, not computed as that difference where it is small
    std::vector<Offset> family;          // offspring of hub h: offspring[family[h]] ... offspring[family[h + 1]]
    std::vector<Index> offspring;
    const Index* hubs = nullptr;         // the parents of the sex that has fewer of them
    const Index* mates = nullptr;
    NumberSet ancestors;                 // of a batch, or of one individual; empty between calls
    std::vector<Row> relationship;       // with the batch, or shares in it; meaningful for `ancestors` only
    std::vector<double> share;           // of ancestors in the difference of two parents, zero between calls

    bool mated(Index i) const { return sire[i] >= 0 && dam[i] >= 0 && sire[i] != dam[i]; }

    // What a parent leaves to Mendelian sampling: 1/4 of its panmictic index, 1/2 when it is unknown.
    double from_parent(Index i) const { return i < 0 ? 0.5 : 0.25 * panmictic[i]; }

    // 1 - F, where an F below 1e-14 is rounding only.
    static double not_from(double coefficient) { return std::fabs(coefficient) < 1e-14 ? 1.0 : 1.0 - coefficient; }

    void sort_by_generation() {
        std::vector<Index> generation(n, 0);
        Index last = 0;
        for (Index i = 0; i < n; ++i) {
            for (Index p : {given_sire[i], given_dam[i]})
                if (p >= 0) generation[i] = std::max(generation[i], generation[p] + 1);
            last = std::max(last, generation[i]);
        }
        start.assign(static_cast<std::size_t>(last) + 2, 0);
        for (Index i = 0; i < n; ++i) ++start[generation[i] + 1];
        for (Index g = 0; g <= last; ++g) start[g + 1] += start[g];
        std::vector<Index> next(start.begin(), start.end() - 1), place(n);
        order.resize(n);
        for (Index i = 0; i < n; ++i) {
            place[i] = next[generation[i]]++;
            order[place[i]] = i;
        }
        sire.resize(n);
        dam.resize(n);
        for (Index i = 0; i < n; ++i) {
            const Index s = given_sire[order[i]], d = given_dam[order[i]];
            sire[i] = s < 0 ? -1 : place[s];
            dam[i] = d < 0 ? -1 : place[d];
        }
        mendelian.assign(n, 1.0);
        panmictic.assign(n, 1.0);
        share.assign(n, 0.0);
        relationship.resize(n);
    }

    void group_offspring() {
        std::vector<char> as_sire(n, 0), as_dam(n, 0);
        for (Index i = 0; i < n; ++i)
            if (mated(i)) as_sire[sire[i]] = as_dam[dam[i]] = 1;
        const bool few_dams = std::count(as_dam.begin(), as_dam.end(), 1) < std::count(as_sire.begin(), as_sire.end(), 1);
        hubs = few_dams ? dam.data() : sire.data();
        mates = few_dams ? sire.data() : dam.data();
        family.assign(static_cast<std::size_t>(n) + 1, 0);
        for (Index i = 0; i < n; ++i)
            if (mated(i)) ++family[hubs[i] + 1];
        for (Index i = 0; i < n; ++i) family[i + 1] += family[i];
        offspring.resize(family[n]);
        std::vector<Offset> next(family.begin(), family.end() - 1);
        for (Index i = 0; i < n; ++i)
            if (mated(i)) offspring[next[hubs[i]]++] = i;
    }

    void enter(Index j) {
        if (j >= 0 && ancestors.add(j)) relationship[j].fill(0.0);
    }

    // 1 - F of all offspring of the hubs of a batch, also of those born later: of a mate only its descent is needed, not its D.
    void columns(std::vector<Index>& batch) {
        Index top = 0;
        for (std::size_t w = 0; w < batch.size(); ++w) {
            const Index h = batch[w];
            top = std::max(top, h);
            enter(h);
            relationship[h][w] = 1.0;
            for (Offset p = family[h]; p < family[h + 1]; ++p) {
                top = std::max(top, mates[offspring[p]]);
                enter(mates[offspring[p]]);
            }
        }
        ancestors.descend(top, [&](Index j) {
            Row& own = relationship[j];
            for (Index p : {sire[j], dam[j]}) {
                if (p < 0) continue;
                enter(p);
                Row& parent = relationship[p];
                for (std::size_t w = 0; w < width; ++w) parent[w] += 0.5 * own[w];
            }
            for (std::size_t w = 0; w < width; ++w) own[w] *= mendelian[j];
        });
        ancestors.ascend_and_clear(top, [&](Index j) {
            Row& own = relationship[j];
            for (Index p : {sire[j], dam[j]}) {
                if (p < 0) continue;
                const Row& parent = relationship[p];
                for (std::size_t w = 0; w < width; ++w) own[w] += 0.5 * parent[w];
            }
        });
        for (std::size_t w = 0; w < batch.size(); ++w)
            for (Offset p = family[batch[w]]; p < family[batch[w] + 1]; ++p)
                panmictic[offspring[p]] = not_from(0.5 * relationship[mates[offspring[p]]][w]);
        batch.clear();
    }

    // 1 - F_i = D_i + 1/4 Var(u_sire - u_dam), the variance a sum over their ancestors j of (difference of the shares of j)^2 D_j as in
    // Meuwissen & Luo. Only positive terms: it keeps its digits down to zero, where F from half a relationship would have none.
    double from_difference(Index i) {
        double variance = 0.0;
        share[sire[i]] = 1.0;
        share[dam[i]] = -1.0;
        ancestors.add(sire[i]);
        ancestors.add(dam[i]);
        const Index top = std::max(sire[i], dam[i]);
        ancestors.descend(top, [&](Index j) {
            const double part = share[j];
            variance += part * part * mendelian[j];
            share[j] = 0.0;
            if (part == 0.0) return;  // both parents descend from j alike
            for (Index p : {sire[j], dam[j]})
                if (p >= 0) {
                    share[p] += 0.5 * part;
                    ancestors.add(p);
                }
        });
        ancestors.ascend_and_clear(top, [](Index) {});
        return mendelian[i] + 0.25 * variance;
    }
};

}  // namespace vcmodel
