#include <algorithm>

#include "runtime/ref/kernels.hpp"

namespace checkbox::runtime::ref {

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

}  // namespace checkbox::runtime::ref
