// Null space of a singular sparse Gram matrix, from an up-looking LDL' factorisation that leaves out zero pivots.
//
// References
//   Davis, T. A. (2005). Algorithm 849: a concise sparse Cholesky factorization package. ACM TOMS 31, 587-591.
#pragma once

#include <cmath>
#include <utility>

#include "ordering.hpp"

namespace vcmodel {

using SparseVector = std::vector<std::pair<Index, double>>;

// Marks the columns that depend on columns to their left. `matrix` is the lower triangle (CSC, original order) of a Gram matrix of
// columns of unit or zero norm; a pivot not above `tolerance` is zero, a coefficient below `negligible` times the largest is too.
inline void dependent_columns(Index size, const Offset* start, const Index* row, const double* value, const Index* permutation,
                              double tolerance, double negligible, char* dropped) {
    PermutedPattern given(size, start, row, permutation);
    const std::vector<Index> tree = given.elimination_tree();
    const std::vector<Index> post = PermutedPattern::postorder(tree, std::vector<Index>(size, 0));
    std::vector<Index> order(size);
    for (Index k = 0; k < size; ++k) order[k] = given.order[post[k]];
    const PermutedPattern pattern(size, start, row, order.data());
    const std::vector<Index> parent = pattern.elimination_tree();

    // values aligned with pattern.upper: the constructor visits entries in the same order
    std::vector<double> upper(pattern.upper.size()), diagonal(size, 0.0);
    {
        std::vector<Offset> next(pattern.upper_start.begin(), pattern.upper_start.end() - 1);
        for (Index j = 0; j < size; ++j)
            for (Offset p = start[j]; p < start[j + 1]; ++p) {
                if (row[p] == j)
                    diagonal[pattern.inverse[j]] = value[p];
                else
                    upper[next[std::max(pattern.inverse[row[p]], pattern.inverse[j])]++] = value[p];
            }
    }

    std::vector<SparseVector> column(size);  // L without its unit diagonal
    std::vector<double> pivot(size, 0.0), y(size, 0.0);
    std::vector<Index> mark(size, -1), reach, path, leftmost(size);
    std::vector<char> zero(size, 0);
    std::vector<SparseVector> null_space;
    for (Index k = 0; k < size; ++k) {
        leftmost[k] = k;
    }
    for (Index k = 0; k < size; ++k)
        if (parent[k] != -1) leftmost[parent[k]] = std::min(leftmost[parent[k]], leftmost[k]);

    constexpr double suspicious = 1e-5;      // pivots up to this are looked at twice
    constexpr double rounding = 16 * 2.3e-16;  // error of the quadratic form per squared length of the vector
    SparseVector coefficients;
    for (Index k = 0; k < size; ++k) {
        // the nonzeros of row k of L are the paths from its entries up the tree
        mark[k] = k;
        reach.clear();
        for (Offset p = pattern.upper_start[k]; p < pattern.upper_start[k + 1]; ++p) {
            y[pattern.upper[p]] += upper[p];
            for (Index i = pattern.upper[p]; mark[i] != k; i = parent[i]) {
                mark[i] = k;
                reach.push_back(i);
            }
        }
        std::sort(reach.begin(), reach.end());
        coefficients.clear();
        double d = diagonal[k];
        for (Index i : reach) {
            const double yi = y[i];
            y[i] = 0.0;
            if (zero[i] || yi == 0.0) continue;
            for (const auto& [r, l] : column[i])
                if (r < k) y[r] -= l * yi;
            const double l = yi / pivot[i];
            d -= l * yi;
            coefficients.emplace_back(i, l);
        }
        // A zero pivot is the rounding of what was subtracted, enlarged by the small pivots before it; so a small one is judged again
        // by the quadratic form of its null vector, where errors of the coefficients enter squared.
        bool independent = d > suspicious;
        if (!independent) {
            // column k = sum of x_i column i over earlier independent ones, x = L'^-1 l; only descendants of k can take part
            for (const auto& [i, l] : coefficients) y[i] = l;
            double largest = 1.0, squares = 1.0;
            for (Index i = k - 1; i >= leftmost[k]; --i) {
                if (zero[i]) continue;
                double x = y[i];
                for (const auto& [r, l] : column[i])
                    if (r < k) x -= l * y[r];
                y[i] = x;
                largest = std::max(largest, std::fabs(x));
                squares += x * x;
            }
            y[k] = -1.0;
            double form = 0.0;
            for (Index i = leftmost[k]; i <= k; ++i) {
                if (y[i] == 0.0) continue;
                double sum = 0.0;
                for (Offset p = pattern.upper_start[i]; p < pattern.upper_start[i + 1]; ++p) sum += upper[p] * y[pattern.upper[p]];
                form += y[i] * (diagonal[i] * y[i] + 2.0 * sum);
            }
            independent = form > std::max(tolerance, rounding * squares);
            if (!independent) {
                zero[k] = 1;
                SparseVector vector;
                for (Index i = leftmost[k]; i <= k; ++i)
                    if (std::fabs(y[i]) > negligible * largest) vector.emplace_back(order[i], y[i]);
                std::sort(vector.begin(), vector.end());
                null_space.push_back(std::move(vector));
            } else {
                d = std::max(form, tolerance);
            }
            std::fill(y.begin() + leftmost[k], y.begin() + k + 1, 0.0);
        }
        if (independent) {
            pivot[k] = d;
            for (const auto& [i, l] : coefficients) column[i].emplace_back(k, l);
        }
    }

    // Trailing echelon form: the last nonzeros of the vectors made distinct. Short vectors first, they cost least to subtract.
    std::sort(null_space.begin(), null_space.end(), [](const SparseVector& a, const SparseVector& b) { return a.size() < b.size(); });
    std::vector<Index> owner(size, -1);
    SparseVector sum;
    for (Index v = 0; v < static_cast<Index>(null_space.size()); ++v) {
        SparseVector& vector = null_space[v];
        while (!vector.empty() && owner[vector.back().first] != -1) {
            const SparseVector& other = null_space[owner[vector.back().first]];
            const double factor = vector.back().second / other.back().second;
            sum.clear();
            auto a = vector.cbegin(), b = other.cbegin();
            const auto a_end = vector.cend() - 1, b_end = other.cend() - 1;  // the last ones cancel
            double largest = 0.0;
            while (a != a_end || b != b_end) {
                if (b == b_end || (a != a_end && a->first < b->first))
                    sum.push_back(*a++);
                else if (a == a_end || b->first < a->first) {
                    sum.emplace_back(b->first, -factor * b->second);
                    ++b;
                } else {
                    sum.emplace_back(a->first, a->second - factor * b->second);
                    ++a;
                    ++b;
                }
                largest = std::max(largest, std::fabs(sum.back().second));
            }
            // cancelled entries are rounding of the terms, which are of the size of the two vectors
            double scale = 0.0;
            for (const auto& [i, x] : vector) scale = std::max(scale, std::fabs(x));
            const double floor = negligible * std::max(largest, 1e-3 * scale);
            vector.clear();
            for (const auto& item : sum)
                if (std::fabs(item.second) > floor) vector.push_back(item);
        }
        if (!vector.empty()) {
            owner[vector.back().first] = v;
            dropped[vector.back().first] = 1;
        }
    }
}

}  // namespace vcmodel
