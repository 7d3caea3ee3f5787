#include "runtime/memory_plan.hpp"

#include <gtest/gtest.h>

#include "base/rng.hpp"

namespace checkbox::runtime {
namespace {

TEST(MemoryPlan, ValuesAliveTogetherNeverShareBytes) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed);
    std::vector<Lifetime> values(40);
    for (Lifetime& value : values) {
      value.bytes = rng.below(5000);
      value.first_step = rng.below(30);
      value.last_step = value.first_step + rng.below(8);
    }
    const MemoryPlan plan = plan_memory(values);
    for (std::size_t a = 0; a < values.size(); ++a) {
      EXPECT_EQ(plan.offsets[a] % kAlignment, 0u);
      EXPECT_LE(plan.offsets[a] + values[a].bytes, plan.bytes);
      for (std::size_t b = 0; b < a; ++b) {
        const bool together =
            values[a].first_step <= values[b].last_step && values[b].first_step <= values[a].last_step;
        const bool overlap =
            plan.offsets[a] < plan.offsets[b] + values[b].bytes && plan.offsets[b] < plan.offsets[a] + values[a].bytes;
        EXPECT_FALSE(together && overlap) << "seed " << seed << ", values " << a << " and " << b;
      }
    }
  }
}

TEST(MemoryPlan, ChainTakesTheLargestNeighboursOnly) {
  std::vector<Lifetime> chain;
  for (std::size_t step = 0; step < 20; ++step) chain.push_back({640 * (step % 5 + 1), step, step + 1});
  EXPECT_EQ(plan_memory(chain).bytes, 640u * (4 + 5));
}

TEST(MemoryPlan, NothingTakesNothing) {
  EXPECT_EQ(plan_memory({}).bytes, 0u);
}

}  // namespace
}  // namespace checkbox::runtime
