#include "weights/tensor.hpp"

#include <bit>
#include <cstring>
#include <functional>
#include <numeric>

namespace checkbox::weights {
namespace {

static_assert(std::endian::native == std::endian::little, "Tensor::bytes are little endian and used in place");

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// IEEE 754 binary16, subnormals included. Every value is exact in binary32.
float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half & 0x8000u} << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1f;
  const std::uint32_t fraction = half & 0x3ff;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1.0p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide_exponent = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | (wide_exponent << 23) | (fraction << 13));
}

float bfloat_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

}  // namespace

std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::kF64:
    case DType::kI64:
      return 8;
    case DType::kF32:
    case DType::kI32:
      return 4;
    case DType::kF16:
    case DType::kBF16:
    case DType::kI16:
      return 2;
    case DType::kI8:
    case DType::kU8:
    case DType::kBool:
      return 1;
  }
  return 0;
}

std::string_view name_of(DType dtype) {
  switch (dtype) {
    case DType::kF64:
      return "F64";
    case DType::kF32:
      return "F32";
    case DType::kF16:
      return "F16";
    case DType::kBF16:
      return "BF16";
    case DType::kI64:
      return "I64";
    case DType::kI32:
      return "I32";
    case DType::kI16:
      return "I16";
    case DType::kI8:
      return "I8";
    case DType::kU8:
      return "U8";
    case DType::kBool:
      return "BOOL";
  }
  return "?";
}

std::int64_t Tensor::element_count() const {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::span<const float> Tensor::floats() const {
  // The allocator aligns for any scalar, and the values came into the buffer by memcpy.
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

Result<Tensor> Tensor::to_f32() const {
  if (dtype == DType::kF32) return *this;
  const auto count = static_cast<std::size_t>(element_count());
  Tensor result{DType::kF32, shape, std::vector<std::byte>(count * sizeof(float))};
  const auto convert = [&](auto read) {
    for (std::size_t i = 0; i < count; ++i) {
      const float value = read(bytes.data() + i * size_of(dtype));
      std::memcpy(result.bytes.data() + i * sizeof(float), &value, sizeof value);
    }
  };
  switch (dtype) {
    case DType::kF64:
      convert([](const std::byte* at) { return static_cast<float>(load<double>(at)); });
      return result;
    case DType::kF16:
      convert([](const std::byte* at) { return half_to_float(load<std::uint16_t>(at)); });
      return result;
    case DType::kBF16:
      convert([](const std::byte* at) { return bfloat_to_float(load<std::uint16_t>(at)); });
      return result;
    default:
      return error(ErrorCode::kUnsupported, "a tensor of type {} where a floating type was expected", name_of(dtype));
  }
}

Tensor Tensor::from_floats(std::vector<std::int64_t> shape, std::span<const float> values) {
  const auto bytes = std::as_bytes(values);
  return {DType::kF32, std::move(shape), {bytes.begin(), bytes.end()}};
}

Result<std::size_t> checked_byte_size(std::span<const std::int64_t> shape, DType dtype, std::string_view name) {
  std::uint64_t bytes = size_of(dtype);
  for (const std::int64_t extent : shape) {
    if (extent < 0) return error(ErrorCode::kCorrupt, "{}: negative extent {}", name, extent);
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(extent), &bytes) || bytes > kMaxTensorBytes) {
      return error(ErrorCode::kLimitExceeded, "{}: tensor larger than the limit of {} bytes", name, kMaxTensorBytes);
    }
  }
  return static_cast<std::size_t>(bytes);
}

}  // namespace checkbox::weights
