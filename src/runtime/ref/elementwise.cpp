#include "runtime/operators/elementwise.hpp"

#include "runtime/ref/kernels.hpp"

namespace checkbox::runtime::ref {

Result<ReferenceKernel> relu(const NodeContext& context) {
  return ReferenceKernel([count = elements(context.inputs[0])](std::span<const float* const> inputs, float* output) {
    // Written so that a NaN stays one.
    for (std::int64_t i = 0; i < count; ++i) output[i] = inputs[0][i] < 0 ? 0 : inputs[0][i];
  });
}

Result<ReferenceKernel> clip(const NodeContext& context) {
  CHECKBOX_TRY(const ClipBounds bounds, clip_bounds(context));
  return ReferenceKernel(
      [bounds, count = elements(context.inputs[0])](std::span<const float* const> inputs, float* output) {
        // Written so that a NaN stays one.
        for (std::int64_t i = 0; i < count; ++i) {
          const float value = inputs[0][i];
          output[i] = value < bounds.low ? bounds.low : value > bounds.high ? bounds.high : value;
        }
      });
}

Result<ReferenceKernel> add(const NodeContext& context) {
  return ReferenceKernel([count = elements(context.inputs[0])](std::span<const float* const> inputs, float* output) {
    for (std::int64_t i = 0; i < count; ++i) output[i] = inputs[0][i] + inputs[1][i];
  });
}

}  // namespace checkbox::runtime::ref
