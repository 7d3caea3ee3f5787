// A graph made ready by one backend. Model splits a call into steps of at most max_images() and hands them on.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "runtime/graph.hpp"

namespace checkbox::runtime {

class Executor {
 public:
  virtual ~Executor() = default;
  // Images that one run may take.
  [[nodiscard]] virtual std::int64_t max_images() const = 0;
  // input: [images, channels, height, width]; logits: [images, classes]. Thread-safe.
  [[nodiscard]] virtual Status run(const float* input, std::int64_t images, float* logits) const = 0;
};

}  // namespace checkbox::runtime
