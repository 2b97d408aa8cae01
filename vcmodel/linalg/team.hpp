// Threads that share a loop.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace vcmodel {

class Team {
public:
    explicit Team(int threads) {
        for (int who = 1; who < threads; ++who) helpers.emplace_back([this, who] { serve(who); });
    }

    ~Team() {
        {
            const std::lock_guard<std::mutex> hold(lock);
            stopped = true;
        }
        begun.notify_all();
        for (std::thread& helper : helpers) helper.join();
    }

    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    int size() const { return static_cast<int>(helpers.size()) + 1; }

    // body(i, who) for i = 0, 1, ..., count - 1, each taken by the next member that is free; the caller is member 0.
    // The first exception of any of them is thrown again here, and iterations not yet begun are left out.
    template <class Body>
    void run(int count, const Body& body) {
        if (helpers.empty() || count < 2) {
            for (int i = 0; i < count; ++i) body(i, 0);
            return;
        }
        {
            const std::lock_guard<std::mutex> hold(lock);
            work = [&body](int i, int who) { body(i, who); };
            total = count;
            next = 0;
            busy = static_cast<int>(helpers.size());
            failure = nullptr;
            ++round;
        }
        begun.notify_all();
        take(0);
        std::unique_lock<std::mutex> hold(lock);
        ended.wait(hold, [this] { return busy == 0; });
        if (failure) std::rethrow_exception(failure);
    }

private:
    std::vector<std::thread> helpers;
    std::mutex lock;
    std::condition_variable begun, ended;
    std::function<void(int, int)> work;
    std::atomic<int> next{0};
    std::exception_ptr failure;
    int total = 0, busy = 0;
    long round = 0;
    bool stopped = false;

    void serve(int who) {
        long seen = 0;
        for (;;) {
            {
                std::unique_lock<std::mutex> hold(lock);
                begun.wait(hold, [&] { return stopped || round != seen; });
                if (stopped) return;
                seen = round;
            }
            take(who);
            const std::lock_guard<std::mutex> hold(lock);
            if (--busy == 0) ended.notify_one();
        }
    }

    void take(int who) {
        try {
            for (int i = next++; i < total; i = next++) work(i, who);
        } catch (...) {
            next = total;
            const std::lock_guard<std::mutex> hold(lock);
            if (!failure) failure = std::current_exception();
        }
    }
};

}  // namespace vcmodel
