#include "runtime/shape.hpp"

#include "runtime/graph.hpp"
#include "runtime/limits.hpp"

namespace checkbox::runtime {

std::string to_string(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += shape[i] == kDynamic ? "N" : std::to_string(shape[i]);
  }
  return text + "]";
}

Result<std::int64_t> checked_elements(std::span<const std::int64_t> shape) {
  if (shape.size() > kMaxRank) {
    return error(ErrorCode::kLimitExceeded, "{} dimensions, at most {} expected", shape.size(), kMaxRank);
  }
  std::int64_t count = 1;
  for (const std::int64_t dimension : shape) {
    if (dimension < 0) return error(ErrorCode::kCorrupt, "negative dimension {}", dimension);
    if (dimension > kMaxDimension) {
      return error(ErrorCode::kLimitExceeded, "dimension {} is over the limit of {}", dimension, kMaxDimension);
    }
    // count <= 2^28 and dimension <= 2^24, so the product fits.
    count *= dimension;
    if (count > kMaxElements) {
      return error(ErrorCode::kLimitExceeded, "more than the limit of {} elements", kMaxElements);
    }
  }
  return count;
}

std::int64_t elements(std::span<const std::int64_t> shape) {
  std::int64_t count = 1;
  for (const std::int64_t dimension : shape) count *= dimension;
  return count;
}

}  // namespace checkbox::runtime
