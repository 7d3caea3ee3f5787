// A graph made ready by one backend: what Model hands its calls to, once their sizes are checked.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "runtime/graph.hpp"

namespace checkbox::runtime {

class Executor {
 public:
  virtual ~Executor() = default;
  // input: [images, channels, height, width]; logits: [images, classes]. Thread-safe.
  [[nodiscard]] virtual Status run(const float* input, std::int64_t images, float* logits) const = 0;
};

}  // namespace checkbox::runtime
