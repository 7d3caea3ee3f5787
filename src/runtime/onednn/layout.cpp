#include "runtime/operators/layout.hpp"

#include <algorithm>

#include "runtime/onednn/kernels.hpp"

namespace checkbox::runtime::onednn {
namespace {

// The shape as it lies in memory, outermost first.
Shape in_memory_order(const Shape& shape) {
  return shape.size() == 4 ? Shape{shape[0], shape[2], shape[3], shape[1]} : shape;
}

struct Run {
  std::size_t storage;
  std::int64_t values;  // that lie together in the output
};

}  // namespace

Result<bool> emit_concat(Builder& builder, const NodeContext& context) {
  CHECKBOX_TRY(const std::size_t axis, concat_axis(context));
  const bool image = context.inputs[0].size() == 4;
  const std::size_t memory_axis = !image || axis == 0 ? axis : axis == 1 ? 3 : axis - 1;
  const Shape first = in_memory_order(context.inputs[0]);
  const std::int64_t rows = elements(std::span(first).first(memory_axis));

  std::vector<Located> uses;
  std::vector<Run> runs;
  for (std::size_t i = 0; i < context.inputs.size(); ++i) {
    uses.push_back(builder.find(context.node.inputs[i], channels_last(context.inputs[i])));
    const Shape input = in_memory_order(context.inputs[i]);
    runs.push_back({uses.back().storage, elements(std::span(input).subspan(memory_axis))});
  }
  const std::string& name = context.node.outputs[0];
  uses.push_back(builder.make(name, channels_last(builder.shape(name))));
  builder.add(
      [rows, runs, to = uses.back().storage](std::span<float* const> storages) {
        float* output = storages[to];
        for (std::int64_t row = 0; row < rows; ++row) {
          for (const Run& run : runs) {
            output = std::copy_n(storages[run.storage] + row * run.values, run.values, output);
          }
        }
      },
      uses);
  return true;
}

Result<bool> emit_flatten(Builder& builder, const NodeContext& context) {
  const Located source = builder.find(context.node.inputs[0], row_major(context.inputs[0]));
  const std::string& name = context.node.outputs[0];
  builder.alias(name, source, row_major(builder.shape(name)));
  return true;
}

}  // namespace checkbox::runtime::onednn
