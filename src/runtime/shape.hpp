// Tensor shapes: products that cannot overflow, and text for messages. Stateless.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace checkbox::runtime {

using Shape = std::vector<std::int64_t>;

// "[1, 3, 224, 224]"; a dynamic dimension is "N".
[[nodiscard]] std::string to_string(std::span<const std::int64_t> shape);

// The product of the dimensions (1 for a scalar). kCorrupt for a negative dimension, kLimitExceeded above kMaxRank,
// kMaxDimension or kMaxElements.
[[nodiscard]] Result<std::int64_t> checked_elements(std::span<const std::int64_t> shape);

// The same for a shape that has been checked.
[[nodiscard]] std::int64_t elements(std::span<const std::int64_t> shape);

}  // namespace checkbox::runtime
