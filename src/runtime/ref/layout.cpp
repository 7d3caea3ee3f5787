#include "runtime/operators/layout.hpp"

#include <algorithm>

#include "runtime/ref/kernels.hpp"

namespace checkbox::runtime::ref {

Result<ReferenceKernel> concat(const NodeContext& context) {
  CHECKBOX_TRY(const std::size_t axis, concat_axis(context));
  const std::int64_t rows = elements(std::span(context.inputs[0]).first(axis));
  std::vector<std::int64_t> run_lengths;  // values of each input that lie together in the output
  for (const Shape& input : context.inputs) run_lengths.push_back(elements(std::span(input).subspan(axis)));
  return ReferenceKernel([rows, run_lengths](std::span<const float* const> inputs, float* output) {
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::size_t i = 0; i < run_lengths.size(); ++i) {
        output = std::copy_n(inputs[i] + row * run_lengths[i], run_lengths[i], output);
      }
    }
  });
}

Result<ReferenceKernel> copy(const NodeContext& context) {
  return ReferenceKernel([count = elements(context.inputs[0])](std::span<const float* const> inputs, float* output) {
    std::copy_n(inputs[0], count, output);
  });
}

}  // namespace checkbox::runtime::ref
