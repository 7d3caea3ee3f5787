// Where each intermediate value lies in one block of scratch memory, so that values which are never alive together
// share bytes. Greedy by size (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020):
// largest first, each at the lowest place where no value alive at the same time lies. O(values^2). Stateless.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace checkbox::runtime {

inline constexpr std::size_t kAlignment = 64;  // bytes: a cache line, and the widest vector register

struct Lifetime {
  std::size_t bytes;
  std::size_t first_step, last_step;  // inclusive
};

struct MemoryPlan {
  std::vector<std::size_t> offsets;  // by value, multiples of kAlignment
  std::size_t bytes = 0;             // of the whole block
};

[[nodiscard]] MemoryPlan plan_memory(std::span<const Lifetime> values);

}  // namespace checkbox::runtime
