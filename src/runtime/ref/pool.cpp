#include "runtime/operators/pool.hpp"

#include <algorithm>
#include <limits>

#include "runtime/ref/kernels.hpp"

namespace checkbox::runtime::ref {
namespace {

float window_maximum(const Window& window, const float* plane, std::int64_t y, std::int64_t x) {
  float maximum = -std::numeric_limits<float>::infinity();
  for (std::int64_t ky = 0; ky < window.y.kernel; ++ky) {
    const std::int64_t iy = y * window.y.stride - window.y.pad_before + ky * window.y.dilation;
    if (iy < 0 || iy >= window.y.size) continue;
    for (std::int64_t kx = 0; kx < window.x.kernel; ++kx) {
      const std::int64_t ix = x * window.x.stride - window.x.pad_before + kx * window.x.dilation;
      if (ix >= 0 && ix < window.x.size) maximum = std::max(maximum, plane[iy * window.x.size + ix]);
    }
  }
  return maximum;
}

}  // namespace

Result<ReferenceKernel> global_max_pool(const NodeContext& context) {
  const Shape& input = context.inputs[0];
  return ReferenceKernel(
      [planes = input[0] * input[1], area = input[2] * input[3]](std::span<const float* const> inputs, float* output) {
        for (std::int64_t i = 0; i < planes; ++i) {
          const float* plane = inputs[0] + i * area;
          output[i] = *std::max_element(plane, plane + area);
        }
      });
}

Result<ReferenceKernel> global_average_pool(const NodeContext& context) {
  const Shape& input = context.inputs[0];
  return ReferenceKernel(
      [planes = input[0] * input[1], area = input[2] * input[3]](std::span<const float* const> inputs, float* output) {
        for (std::int64_t i = 0; i < planes; ++i) {
          double sum = 0;
          for (std::int64_t k = 0; k < area; ++k) sum += inputs[0][i * area + k];
          output[i] = static_cast<float>(sum / static_cast<double>(area));
        }
      });
}

Result<ReferenceKernel> max_pool(const NodeContext& context) {
  CHECKBOX_TRY(const Window window, max_pool_window(context));
  const Shape& input = context.inputs[0];
  return ReferenceKernel([window, planes = input[0] * input[1]](std::span<const float* const> inputs, float* output) {
    const float* plane = inputs[0];
    for (std::int64_t i = 0; i < planes; ++i, plane += window.y.size * window.x.size) {
      for (std::int64_t y = 0; y < window.y.output(); ++y) {
        for (std::int64_t x = 0; x < window.x.output(); ++x) *output++ = window_maximum(window, plane, y, x);
      }
    }
  });
}

}  // namespace checkbox::runtime::ref
