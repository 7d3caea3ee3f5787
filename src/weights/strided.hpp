// PyTorch's tensors are windows on a storage: offset, sizes and strides in elements. This copies one out as a plain
// C-contiguous tensor. Thread-safe; O(elements).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "weights/tensor.hpp"

namespace checkbox::weights {

inline constexpr std::size_t kMaxDimensions = 16;

struct Window {
  std::int64_t offset = 0;
  std::vector<std::int64_t> sizes;
  std::vector<std::int64_t> strides;
};

// kCorrupt where the window has a negative number in it or reaches beyond the storage, kLimitExceeded where the copy
// would take more than max_bytes; both before memory is taken.
[[nodiscard]] Result<Tensor> copy_window(std::span<const std::byte> storage, DType dtype, const Window& window,
                                         std::uint64_t max_bytes, std::string_view name);

}  // namespace checkbox::weights
