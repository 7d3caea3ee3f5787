#include "weights/strided.hpp"

#include <algorithm>
#include <cstring>

namespace checkbox::weights {
namespace {

bool any_negative(const std::vector<std::int64_t>& values) {
  return std::any_of(values.begin(), values.end(), [](std::int64_t value) { return value < 0; });
}

// One past the last element that the window touches; false if that is more than an int64 holds. No extent is 0.
bool find_end(const Window& window, std::int64_t& end) {
  end = window.offset;
  for (std::size_t i = 0; i < window.sizes.size(); ++i) {
    std::int64_t reach = 0;
    if (__builtin_mul_overflow(window.sizes[i] - 1, window.strides[i], &reach)) return false;
    if (__builtin_add_overflow(end, reach, &end)) return false;
  }
  return !__builtin_add_overflow(end, std::int64_t{1}, &end);
}

bool is_contiguous(const Window& window) {
  std::int64_t expected = 1;
  for (std::size_t i = window.sizes.size(); i-- > 0;) {
    if (window.sizes[i] != 1 && window.strides[i] != expected) return false;
    expected *= window.sizes[i];
  }
  return true;
}

// Walks the window in C order, the last dimension fastest.
void copy_elements(const std::byte* source, const Window& window, std::size_t element_size, std::span<std::byte> out) {
  std::vector<std::int64_t> index(window.sizes.size(), 0);
  std::int64_t at = window.offset;
  for (std::size_t done = 0; done < out.size(); done += element_size) {
    std::memcpy(out.data() + done, source + static_cast<std::size_t>(at) * element_size, element_size);
    for (std::size_t i = index.size(); i-- > 0;) {
      at += window.strides[i];
      if (++index[i] < window.sizes[i]) break;
      at -= window.strides[i] * window.sizes[i];
      index[i] = 0;
    }
  }
}

}  // namespace

Result<Tensor> copy_window(std::span<const std::byte> storage, DType dtype, const Window& window,
                           std::uint64_t max_bytes, std::string_view name) {
  if (window.sizes.size() != window.strides.size() || window.sizes.size() > kMaxDimensions) {
    return error(ErrorCode::kCorrupt, "{}: {} sizes and {} strides, expected as many of both and at most {}", name,
                 window.sizes.size(), window.strides.size(), kMaxDimensions);
  }
  if (window.offset < 0 || any_negative(window.sizes) || any_negative(window.strides)) {
    return error(ErrorCode::kCorrupt, "{}: negative offset, size or stride", name);
  }
  CHECKBOX_TRY(const std::size_t byte_size, checked_byte_size(window.sizes, dtype, name));
  Tensor tensor{dtype, window.sizes, {}};
  if (byte_size == 0) return tensor;
  if (byte_size > max_bytes) {
    return error(ErrorCode::kLimitExceeded, "{}: the file's tensors take far more memory than the file itself", name);
  }
  const std::size_t element_size = size_of(dtype);
  const std::size_t stored = storage.size() / element_size;
  std::int64_t end = 0;
  if (!find_end(window, end) || static_cast<std::uint64_t>(end) > stored) {
    return error(ErrorCode::kCorrupt, "{}: reaches beyond its storage of {} elements", name, stored);
  }
  tensor.bytes.resize(byte_size);
  if (is_contiguous(window)) {
    std::memcpy(tensor.bytes.data(), storage.data() + static_cast<std::size_t>(window.offset) * element_size,
                byte_size);
  } else {
    copy_elements(storage.data(), window, element_size, tensor.bytes);
  }
  return tensor;
}

}  // namespace checkbox::weights
