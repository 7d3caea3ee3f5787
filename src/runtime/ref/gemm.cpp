#include "runtime/operators/gemm.hpp"

#include "runtime/ref/kernels.hpp"

namespace checkbox::runtime::ref {

Result<ReferenceKernel> gemm(const NodeContext& context) {
  CHECKBOX_TRY(const GemmSettings settings, gemm_settings(context));
  return ReferenceKernel([settings](std::span<const float* const> inputs, float* output) {
    const float* b = inputs[1];
    for (std::int64_t row = 0; row < settings.rows; ++row) {
      for (std::int64_t column = 0; column < settings.columns; ++column) {
        double sum = 0;
        for (std::int64_t k = 0; k < settings.inner; ++k) {
          const float weight = settings.transpose_b ? b[column * settings.inner + k] : b[k * settings.columns + column];
          sum += double{inputs[0][row * settings.inner + k]} * weight;
        }
        const double bias = settings.has_bias ? inputs[2][column * settings.bias_step] : 0;
        *output++ = static_cast<float>(settings.alpha * sum + settings.beta * bias);
      }
    }
  });
}

}  // namespace checkbox::runtime::ref
