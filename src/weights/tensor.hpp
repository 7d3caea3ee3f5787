// Named tensors as weight files hold them: the common tongue of file readers, network graphs and training.
// Plain values, no torch. Copying copies the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace checkbox::weights {

enum class DType : std::uint8_t { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };

[[nodiscard]] std::size_t size_of(DType dtype);       // bytes per element
[[nodiscard]] std::string_view name_of(DType dtype);  // "F32", as safetensors spells it

struct Tensor {
  DType dtype = DType::kF32;
  std::vector<std::int64_t> shape;  // each >= 0; empty for a scalar
  std::vector<std::byte> bytes;     // C-contiguous, little endian: element_count() * size_of(dtype)

  [[nodiscard]] std::int64_t element_count() const;
  // The values as they are. Only for kF32.
  [[nodiscard]] std::span<const float> floats() const;
  // A kF32 copy of any floating dtype. kUnsupported for integers and bool.
  [[nodiscard]] Result<Tensor> to_f32() const;
  [[nodiscard]] static Tensor from_floats(std::vector<std::int64_t> shape, std::span<const float> values);
};

using TensorMap = std::map<std::string, Tensor, std::less<>>;

inline constexpr std::uint64_t kMaxTensorBytes = std::uint64_t{1} << 32;

// Bytes of a tensor of that shape, for shapes that come from outside: kCorrupt for a negative extent, kLimitExceeded
// above kMaxTensorBytes. `name` opens the error message.
[[nodiscard]] Result<std::size_t> checked_byte_size(std::span<const std::int64_t> shape, DType dtype,
                                                    std::string_view name);

}  // namespace checkbox::weights
