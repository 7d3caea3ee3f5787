#include "common/ordered.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "base/rng.hpp"

namespace checkbox::cli {
namespace {

using Loop = Ordered<int, int>;

std::function<std::optional<int>()> count_to(int end) {
  return [end, i = 0]() mutable { return i < end ? std::optional(i++) : std::nullopt; };
}

// Work whose length has nothing to do with the order.
int uneven_work(int item) {
  Rng rng(static_cast<std::uint64_t>(item));
  const std::uint64_t steps = rng.below(3000);
  for (std::uint64_t i = 0; i < steps; ++i) rng.next();
  return item * 2 + static_cast<int>(rng.next() & 0);
}

TEST(Ordered, EmitsInTheOrderOfTheInputs) {
  for (const int threads : {1, 2, 7}) {
    std::vector<int> results;
    Loop::run(threads, {count_to(2000), uneven_work, [&](int out) {
                          results.push_back(out);
                          return true;
                        }});
    ASSERT_EQ(results.size(), 2000U);
    for (int i = 0; i < 2000; ++i) ASSERT_EQ(results[static_cast<std::size_t>(i)], 2 * i);
  }
}

TEST(Ordered, HoldsABoundedNumberOfResults) {
  std::atomic<int> taken{0};
  int emitted = 0, most = 0;
  Loop::run(4,
            {[&]() -> std::optional<int> { return taken < 5000 ? std::optional(taken++) : std::nullopt; }, uneven_work,
             [&](int) {
               most = std::max(most, taken - emitted);
               ++emitted;
               return true;
             }});
  EXPECT_EQ(emitted, 5000);
  EXPECT_LE(most, 4 * 32 + 1);
}

TEST(Ordered, StopsWhenTheReaderHasEnough) {
  int emitted = 0;
  std::atomic<int> worked{0};
  Loop::run(3, {count_to(1'000'000),
                [&](int item) {
                  ++worked;
                  return item;
                },
                [&](int) { return ++emitted < 10; }});
  EXPECT_EQ(emitted, 10);
  EXPECT_LE(worked, 10 + 3 * 32 + 3);
}

TEST(Ordered, PassesOnWhatAStepThrows) {
  const auto fail = [](int item) -> int { return item == 100 ? throw std::runtime_error("item 100") : item; };
  EXPECT_THROW(Loop::run(3, {count_to(100'000), fail, [](int) { return true; }}), std::runtime_error);
}

}  // namespace
}  // namespace checkbox::cli
