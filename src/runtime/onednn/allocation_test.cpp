// Counts what a run takes from the heap. Replaces operator new for this whole test program, so it is left out where a
// sanitizer does the same.
#include <gtest/gtest.h>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <atomic>
#include <cstdlib>
#include <new>

#include "runtime/model.hpp"
#include "tests/support/networks.hpp"

namespace {

std::atomic<std::size_t> allocations{0};
std::atomic<std::size_t> largest{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  std::size_t seen = largest;
  while (bytes > seen && !largest.compare_exchange_weak(seen, bytes)) {
  }
  void* block = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

void* operator new(std::size_t bytes) {
  return counted(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return counted(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
  std::free(block);
}
void operator delete(void* block, std::size_t, std::align_val_t) noexcept {
  std::free(block);
}

namespace checkbox::runtime {
namespace {

// oneDNN itself makes a few small maps of arguments in each call; nothing that grows with the image.
TEST(OneDnnModel, SteadyStateTakesNoMemoryForValues) {
  const Model model = Model::compile(testing::random_network(1)).value();
  Rng rng(1);
  const auto input = testing::random_values(rng, static_cast<std::size_t>(model.input_size()));
  std::vector<float> logits(3);
  ASSERT_TRUE(model.run(input, 1, logits).ok());
  allocations = largest = 0;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(model.run(input, 1, logits).ok());
  EXPECT_LE(allocations, 10u * 60) << "largest: " << largest << " bytes";
  EXPECT_LE(largest, 1024u);
  RecordProperty("allocations_per_run", static_cast<int>(allocations / 10));
}

}  // namespace
}  // namespace checkbox::runtime

#endif
