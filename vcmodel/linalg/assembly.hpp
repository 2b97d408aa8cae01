// Fronts at the top of the tree while several threads bring their children's update matrices.
#pragma once

#include <memory>
#include <mutex>

#include "supernodes.hpp"

namespace vcmodel {

using Buffer = std::unique_ptr<double[]>;

// Adds the children of every supernode in ascending order, whatever order they come in, so that sums do not depend on timing.
// A child that comes before its turn is copied and waits; one thread at a time adds to a front.
class Assembly {
public:
    explicit Assembly(const Supernodes& pattern)
        : tree(pattern), update(pattern.supernodes), waiting(pattern.supernodes), turn(pattern.first_child), busy(pattern.supernodes, 0) {}

    // The update matrix of s, loaded by `load(s, U)` when its first child comes.
    template <class Load>
    double* matrix(Index s, const Load& load) {
        if (!update[s]) {
            update[s].reset(new double[tree.square(s)]);
            load(s, update[s].get());
        }
        return update[s].get();
    }

    // Hands over the update matrix of `child`; `add(child, source, U)` adds one to its parent's front.
    template <class Load, class Add>
    void deliver(Index child, const double* source, const Load& load, const Add& add) {
        const Index above = tree.parent[child];
        std::unique_lock<std::mutex> hold(lock);
        if (busy[above] || turn[above] != child) {
            hold.unlock();
            Buffer copy(new double[tree.square(child)]);
            std::copy(source, source + tree.square(child), copy.get());
            hold.lock();
            waiting[child] = std::move(copy);
            source = nullptr;
        }
        if (busy[above]) return;
        busy[above] = 1;
        for (Index next = turn[above]; next != -1 && (waiting[next] || (next == child && source)); next = turn[above]) {
            const Buffer own = std::move(waiting[next]);
            hold.unlock();
            add(next, own ? own.get() : source, matrix(above, load));
            hold.lock();
            turn[above] = tree.sibling[next];
        }
        busy[above] = 0;
    }

    void release(Index s) { update[s].reset(); }

private:
    const Supernodes& tree;
    std::mutex lock;
    std::vector<Buffer> update, waiting;
    std::vector<Index> turn;  // the child to be added next
    std::vector<char> busy;
};

}  // namespace vcmodel
