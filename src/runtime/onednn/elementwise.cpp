#include <array>

#include "runtime/onednn/kernels.hpp"

namespace checkbox::runtime::onednn {

// A Relu that could not be fused into the node before it.
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

}  // namespace checkbox::runtime::onednn
