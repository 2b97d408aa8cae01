// Generations of a pedigree whose rows stand in any order.
#pragma once

#include <vector>

#include "ordering.hpp"

namespace vcmodel {

// Generation (n): 0 without known parents, else one more than the later parent's; -1 for members of a cycle and their descendants.
// Every individual is placed once, when the last of its parents has been: time and memory are linear in n.
inline void generations(Index n, const Index* sire, const Index* dam, Index* generation) {
    std::vector<Index> open(n, 0);  // parents not placed yet
    std::vector<Offset> start(static_cast<std::size_t>(n) + 1, 0);
    for (Index i = 0; i < n; ++i)
        for (Index p : {sire[i], dam[i]})
            if (p >= 0) {
                ++start[p + 1];
                ++open[i];
            }
    for (Index i = 0; i < n; ++i) start[i + 1] += start[i];
    std::vector<Index> offspring(start[n]);
    std::vector<Offset> next(start.begin(), start.end() - 1);
    for (Index i = 0; i < n; ++i)
        for (Index p : {sire[i], dam[i]})
            if (p >= 0) offspring[next[p]++] = i;

    std::vector<Index> placed;
    placed.reserve(n);
    for (Index i = 0; i < n; ++i) {
        generation[i] = open[i] == 0 ? 0 : -1;
        if (open[i] == 0) placed.push_back(i);
    }
    for (std::size_t k = 0; k < placed.size(); ++k) {
        const Index parent = placed[k];
        for (Offset p = start[parent]; p < start[parent + 1]; ++p) {
            const Index child = offspring[p];
            // parents are placed by generation, so that the last one is the latest
            if (--open[child] == 0) {
                generation[child] = generation[parent] + 1;
                placed.push_back(child);
            }
        }
    }
}

}  // namespace vcmodel
