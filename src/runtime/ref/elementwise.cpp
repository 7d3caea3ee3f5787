#include <algorithm>

#include "runtime/ref/kernels.hpp"

namespace checkbox::runtime::ref {

Result<ReferenceKernel> relu(const NodeContext& context) {
  return ReferenceKernel([count = elements(context.inputs[0])](std::span<const float* const> inputs, float* output) {
    // Written so that a NaN stays one.
    for (std::int64_t i = 0; i < count; ++i) output[i] = inputs[0][i] < 0 ? 0 : inputs[0][i];
  });
}

}  // namespace checkbox::runtime::ref
