// How many processors we may use, and a loop spread over that many threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>

namespace checkbox {

// Processors this process may use: the smallest of the hardware's, the affinity mask and the cgroup's CPU quota
// (rounded up). At least 1.
[[nodiscard]] int available_cpus();

// Calls body(i, worker) once for every i in 0..count-1, worker in 0..threads-1, in no particular order, and returns
// when all are done. With threads <= 1 everything runs on the calling thread, in order. body must not throw.
void parallel_for(std::size_t count, int threads, const std::function<void(std::size_t, int)>& body);

}  // namespace checkbox
