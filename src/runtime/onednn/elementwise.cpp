#include "runtime/operators/elementwise.hpp"

#include <array>

#include "runtime/onednn/kernels.hpp"

// What could not be fused into the node before it.
namespace checkbox::runtime::onednn {

Result<bool> emit_relu(Builder& builder, const NodeContext& context) {
  const Shape& shape = context.inputs[0];
  const Located source = builder.find(context.node.inputs[0], channels_last(shape));
  const Located destination = builder.make(context.node.outputs[0], channels_last(shape));
  builder.add(
      [from = source.storage, to = destination.storage, count = elements(shape)](std::span<float* const> storages) {
        const float* input = storages[from];
        float* output = storages[to];
        for (std::int64_t i = 0; i < count; ++i) output[i] = input[i] < 0 ? 0 : input[i];
      },
      std::array{source, destination});
  return true;
}

Result<bool> emit_clip(Builder& builder, const NodeContext& context) {
  CHECKBOX_TRY(const ClipBounds bounds, clip_bounds(context));
  const Shape& shape = context.inputs[0];
  const Located source = builder.find(context.node.inputs[0], channels_last(shape));
  const Located destination = builder.make(context.node.outputs[0], channels_last(shape));
  builder.add(
      [bounds, from = source.storage, to = destination.storage,
       count = elements(shape)](std::span<float* const> storages) {
        const float* input = storages[from];
        float* output = storages[to];
        for (std::int64_t i = 0; i < count; ++i) {
          output[i] = input[i] < bounds.low ? bounds.low : input[i] > bounds.high ? bounds.high : input[i];
        }
      },
      std::array{source, destination});
  return true;
}

Result<bool> emit_add(Builder& builder, const NodeContext& context) {
  const Shape& shape = context.inputs[0];
  const Located first = builder.find(context.node.inputs[0], channels_last(shape));
  const Located second = builder.find(context.node.inputs[1], channels_last(shape));
  const Located destination = builder.make(context.node.outputs[0], channels_last(shape));
  builder.add(
      [one = first.storage, two = second.storage, to = destination.storage,
       count = elements(shape)](std::span<float* const> storages) {
        const float *a = storages[one], *b = storages[two];
        float* output = storages[to];
        for (std::int64_t i = 0; i < count; ++i) output[i] = a[i] + b[i];
      },
      std::array{first, second, destination});
  return true;
}

}  // namespace checkbox::runtime::onednn
