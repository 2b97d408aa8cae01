// Supernodal multifrontal Cholesky factorisation and selected inverse of a symmetric positive definite matrix with a fixed pattern.
//
// The front of supernode J holds its w columns and the m rows I below them (supernodes.hpp; dense work in front.hpp). Going up the tree,
// update matrices are added to the parent's front; going down, the inverse on the rows I is copied out of the parent's front.
//
// References
//   Duff, I. S., Reid, J. K. (1983). The multifrontal solution of indefinite sparse symmetric linear systems. ACM TOMS 9, 302-325.
//   Takahashi, K., Fagan, J., Chin, M. (1973). Formation of a sparse bus impedance matrix. Proc. 8th PICA Conference, 63-69.
#pragma once

#include "assembly.hpp"
#include "front.hpp"
#include "schedule.hpp"

namespace vcmodel {

class Multifrontal : public Supernodes {
public:
    Multifrontal(Index size, const Offset* start, const Index* row, const Index* permutation, const Blas& kernels)
        : Supernodes(size, start, row, permutation), front(kernels) {}

    // Length of the work array of `factorize` with one thread.
    Offset stack_size() const { return stack_size(0, supernodes); }

    // Most doubles in the fronts of `selected_inverse` with one thread: those that still have children to come.
    Offset fronts_size() const {
        std::vector<Index> waiting(child_count);
        Offset most = 0, held = 0;
        for (Index s = supernodes; s-- > 0;) {
            most = std::max(most, held + front_size(s));
            if (child_count[s] > 0) held += front_size(s);
            if (parent[s] != -1 && --waiting[parent[s]] == 0) held -= front_size(parent[s]);
        }
        return most;
    }

    // The supernode whose elimination takes most operations.
    Index costliest() const {
        Index found = 0;
        double most = 0.0;
        for (Index s = 0; s < supernodes; ++s) {
            const double w = width(s), ld = w + below(s), work = w * ld * ld - w * w * ld + w * w * w / 3.0;
            if (work > most) most = work, found = s;
        }
        return found;
    }

    // L from the values at the pattern; false at a pivot that is not positive.
    bool factorize(const double* values, double* L, int threads) {
        const Schedule schedule(*this, threads);
        Team team(schedule.threads);
        Assembly assembly(*this);
        stacks.resize(std::max(stacks.size(), static_cast<std::size_t>(team.size())));
        std::atomic<bool> positive{true};
        team.run(static_cast<int>(schedule.ranges.size()), [&](int index, int who) {
            const Schedule::Range& range = schedule.ranges[index];
            if (positive && !climb(range.begin, range.end, values, L, stacks[who], assembly)) positive = false;
        });
        const auto prepare = [&](Index s, double* U) { load(s, values, L + panel[s], U); };
        for (std::size_t i = 0; positive && i < schedule.top.size(); ++i) {
            const Index s = schedule.top[i];
            double* U = assembly.matrix(s, prepare);
            if (!front.eliminate(L + panel[s], U, width(s), below(s), child_count[s] > 0, team))
                positive = false;
            else if (below(s) > 0)
                deliver(s, U, values, L, assembly, team);
            assembly.release(s);
        }
        for (Stack& stack : stacks)
            if (stack.length > kept) stack = Stack();
        return positive;
    }

    // Values of the inverse at the pattern. A front is freed after its last child; no Z is ever stored.
    void selected_inverse(const double* L, double* out, int threads) const {
        const Schedule schedule(*this, threads);
        Team team(schedule.threads);
        Fronts fronts(*this);
        for (std::size_t i = schedule.top.size(); i-- > 0;) {
            const Index s = schedule.top[i];
            const Buffer scratch(new double[Front::scratch_size(width(s), below(s), team)]);
            double* F = fronts.allocate(s, *this);
            descend(s, L, F, scratch.get(), out, fronts, team);
            if (child_count[s] == 0) fronts.buffer[s].reset();
        }
        team.run(static_cast<int>(schedule.ranges.size()), [&](int index, int) {
            Team alone(1);
            const Schedule::Range& range = schedule.ranges[index];
            Offset leaf_size = 0, scratch_size = 0;
            for (Index s = range.begin; s < range.end; ++s) {
                if (child_count[s] == 0) leaf_size = std::max(leaf_size, front_size(s));
                scratch_size = std::max(scratch_size, Front::scratch_size(width(s), below(s), alone));
            }
            const Buffer leaf(new double[leaf_size]), scratch(new double[scratch_size]);
            for (Index s = range.end - 1; s >= range.begin; --s) {
                double* F = child_count[s] == 0 ? leaf.get() : fronts.allocate(s, *this);
                descend(s, L, F, scratch.get(), out, fronts, alone);
            }
        });
    }

private:
    Front front;

    // Update matrices on the way up: in postorder those of a supernode's children are on top when it is their turn.
    struct Stack {
        Buffer memory;
        Offset length = 0;
        double* reserve(Offset wanted) {
            if (wanted > length) {
                memory.reset();
                memory.reset(new double[wanted]);
                length = wanted;
            }
            return memory.get();
        }
    };
    std::vector<Stack> stacks;  // of every thread, kept from call to call: fresh memory costs more than the arithmetic of small fronts
    static constexpr Offset kept = Offset{1} << 26;  // unless longer than 512 MiB

    // Fronts on the way down, and how many children still need each.
    struct Fronts {
        std::vector<Buffer> buffer;
        std::unique_ptr<std::atomic<Index>[]> waiting;
        explicit Fronts(const Multifrontal& tree) : buffer(tree.supernodes), waiting(new std::atomic<Index>[tree.supernodes]) {
            for (Index s = 0; s < tree.supernodes; ++s) waiting[s] = tree.child_count[s];
        }
        double* allocate(Index s, const Multifrontal& tree) {
            buffer[s].reset(new double[tree.front_size(s)]);
            return buffer[s].get();
        }
    };

    Offset front_size(Index s) const {
        const Offset ld = width(s) + below(s);
        return ld * ld;
    }

    // Most doubles on the stack of `climb`.
    Offset stack_size(Index begin, Index end) const {
        Offset most = 0, top = 0;
        for (Index s = begin; s < end; ++s) {
            if (!eager[s]) {
                most = std::max(most, top + square(s));
                for (Index child = first_child[s]; child != -1; child = sibling[child]) top -= square(child);
                top += square(s);
            }
            const Index above = parent[s];
            if (above == -1 || above >= end || !eager[above]) continue;
            if (first_child[above] == s) {
                most = std::max(most, top + square(above));
                top += square(above);
            }
            top -= square(s);
        }
        return most;
    }

    void deliver(Index s, const double* U, const double* values, double* L, Assembly& assembly, Team& team) const {
        assembly.deliver(
            s, U, [&](Index above, double* target) { load(above, values, L + panel[above], target); },
            [&](Index child, const double* source, double* target) { extend_add(child, source, L + panel[parent[child]], target, team); });
    }

    // Factorises a range of whole subtrees; what their roots leave goes to `assembly`.
    bool climb(Index begin, Index end, const double* values, double* L, Stack& space, Assembly& assembly) const {
        Team alone(1);
        double* top = space.reserve(stack_size(begin, end));
        for (Index s = begin; s < end; ++s) {
            const int w = width(s), m = below(s);
            const Offset size = square(s);
            double *P = L + panel[s], *U = top;
            if (eager[s]) {
                U -= size;
            } else {
                load(s, values, P, U);
                for (Index child = first_child[s]; child != -1; child = sibling[child]) top -= square(child);
                const double* update = top;
                for (Index child = first_child[s]; child != -1; child = sibling[child]) {
                    extend_add(child, update, P, U, alone);
                    update += square(child);
                }
            }
            if (!front.eliminate(P, U, w, m, child_count[s] > 0, alone)) return false;
            if (m == 0) continue;
            if (!eager[s]) {
                if (U != top) std::memmove(top, U, sizeof(double) * size);
                top += size;
            }
            const Index above = parent[s];
            if (above >= end) {
                top -= size;
                deliver(s, top, values, L, assembly, alone);
            } else if (eager[above]) {
                top -= size;
                double* target = top - square(above);
                if (first_child[above] == s) {
                    target = top + size;
                    load(above, values, L + panel[above], target);
                }
                extend_add(s, top, L + panel[above], target, alone);
                if (first_child[above] == s) {
                    std::memmove(top, target, sizeof(double) * square(above));
                    top += square(above);
                }
            }
        }
        return true;
    }

    // Puts the matrix into the panel, and zeros into the update matrix when something will be added to it.
    void load(Index s, const double* values, double* P, double* U) const {
        const Offset w = width(s), m = below(s);
        std::fill(P, P + (w + m) * w, 0.0);
        for (Offset e = entry_start[s]; e < entry_start[s + 1]; ++e) P[slot[e]] = values[entry[e]];
        if (child_count[s] > 0)
            for (Offset j = 0; j < m; ++j) std::fill(U + j * m + j, U + (j + 1) * m, 0.0);
    }

    // Z_II of s out of its parent's front, Z_IJ and Z_JJ, and what the pattern wants of them.
    void descend(Index s, const double* L, double* F, double* scratch, double* out, Fronts& fronts, Team& team) const {
        const int w = width(s), m = below(s), ld = w + m;
        if (m > 0) {
            const Index above = parent[s];
            gather(s, fronts.buffer[above].get(), width(above) + below(above), F + static_cast<Offset>(w) * ld + w, ld, team);
            if (--fronts.waiting[above] == 0) fronts.buffer[above].reset();
        }
        front.invert(L + panel[s], F, scratch, w, m, team);
        for (Offset e = entry_start[s]; e < entry_start[s + 1]; ++e) out[entry[e]] = F[slot[e]];
    }

    // body(begin, end) over the columns of an (m, m) matrix, shared when there are many.
    template <class Body>
    static void columns(int m, Team& team, const Body& body) {
        constexpr int many = 512, slice = 64;
        if (m < many) return body(0, m);
        team.run((m + slice - 1) / slice, [&](int index, int) { body(index * slice, std::min(m, (index + 1) * slice)); });
    }

    // Adds a child's update matrix (lower triangle) to its parent's panel P (ld, w) and update matrix U (ld - w, ld - w).
    void extend_add(Index child, const double* source, double* P, double* U, Team& team) const {
        const int w = width(parent[child]), ld = w + below(parent[child]);
        const int m = below(child), from = tail[child];
        const Index* at = relative.data() + rows_start[child];
        columns(m, team, [&](int begin, int end) {
            for (int j = begin; j < end; ++j) {
                const double* column = source + static_cast<Offset>(j) * m;
                double* target = at[j] < w ? P + static_cast<Offset>(at[j]) * ld : U + static_cast<Offset>(at[j] - w) * (ld - w) - w;
                int i = j;
                for (; i < from; ++i) target[at[i]] += column[i];
                double* run = target + (at[from] - from);
                for (; i < m; ++i) run[i] += column[i];
            }
        });
    }

    // Copies the rows and columns of s out of its parent's front (lower triangle).
    void gather(Index s, const double* source, Offset source_ld, double* target, Offset target_ld, Team& team) const {
        const int m = below(s), from = tail[s];
        const Index* at = relative.data() + rows_start[s];
        columns(m, team, [&](int begin, int end) {
            for (int j = begin; j < end; ++j) {
                const double* column = source + at[j] * source_ld;
                double* to = target + j * target_ld;
                int i = j;
                for (; i < from; ++i) to[i] = column[at[i]];
                std::memcpy(to + i, column + at[from] + (i - from), sizeof(double) * (m - i));
            }
        });
    }
};

}  // namespace vcmodel
