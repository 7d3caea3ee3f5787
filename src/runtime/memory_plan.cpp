#include "runtime/memory_plan.hpp"

#include <algorithm>
#include <numeric>

namespace checkbox::runtime {
namespace {

std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

bool alive_together(const Lifetime& a, const Lifetime& b) {
  return a.first_step <= b.last_step && b.first_step <= a.last_step;
}

}  // namespace

MemoryPlan plan_memory(std::span<const Lifetime> values) {
  std::vector<std::size_t> by_size(values.size());
  std::iota(by_size.begin(), by_size.end(), std::size_t{0});
  std::ranges::stable_sort(by_size, [&](std::size_t a, std::size_t b) { return values[a].bytes > values[b].bytes; });

  MemoryPlan plan;
  plan.offsets.resize(values.size());
  std::vector<std::size_t> placed;  // by offset
  for (const std::size_t value : by_size) {
    const std::size_t bytes = aligned(values[value].bytes);
    std::size_t offset = 0;
    for (const std::size_t other : placed) {
      if (!alive_together(values[value], values[other])) continue;
      if (offset + bytes <= plan.offsets[other]) break;
      offset = std::max(offset, plan.offsets[other] + aligned(values[other].bytes));
    }
    plan.offsets[value] = offset;
    plan.bytes = std::max(plan.bytes, offset + bytes);
    const auto after = [&](std::size_t a, std::size_t b) { return plan.offsets[a] < plan.offsets[b]; };
    placed.insert(std::upper_bound(placed.begin(), placed.end(), value, after), value);
  }
  return plan;
}

}  // namespace checkbox::runtime
