#include <algorithm>
#include <array>

#include "runtime/onednn/kernels.hpp"

namespace checkbox::runtime::onednn {
namespace {

// Values of one image, [pixels, channels].
struct Pixels {
  std::int64_t images, height, width, channels;
};

void max_pool(const Pixels& size, const float* input, float* output) {
  for (std::int64_t image = 0; image < size.images; ++image, output += size.channels) {
    std::copy_n(input, size.channels, output);
    for (std::int64_t pixel = 0; pixel < size.height * size.width; ++pixel, input += size.channels) {
      for (std::int64_t c = 0; c < size.channels; ++c) output[c] = output[c] < input[c] ? input[c] : output[c];
    }
  }
}

// Rows are summed before they are added up, so that the error grows with height + width, not with their product.
void average_pool(const Pixels& size, const float* input, float* row_sums, float* output) {
  const float scale = 1.0f / static_cast<float>(size.height * size.width);
  for (std::int64_t image = 0; image < size.images; ++image, output += size.channels) {
    std::fill_n(output, size.channels, 0.0f);
    for (std::int64_t y = 0; y < size.height; ++y) {
      std::fill_n(row_sums, size.channels, 0.0f);
      for (std::int64_t x = 0; x < size.width; ++x, input += size.channels) {
        for (std::int64_t c = 0; c < size.channels; ++c) row_sums[c] += input[c];
      }
      for (std::int64_t c = 0; c < size.channels; ++c) output[c] += row_sums[c];
    }
    for (std::int64_t c = 0; c < size.channels; ++c) output[c] *= scale;
  }
}

Result<bool> emit_global_pool(Builder& builder, const NodeContext& context, bool average) {
  const Shape& input = context.inputs[0];
  const Pixels size{input[0], input[2], input[3], input[1]};
  const Located source = builder.find(context.node.inputs[0], channels_last(input));
  const std::string& name = context.node.outputs[0];
  const Located destination = builder.make(name, channels_last(builder.shape(name)));
  if (average) {
    const Located sums = builder.make_scratch(row_major({size.channels}));
    builder.add(
        [=, from = source.storage, with = sums.storage, to = destination.storage](std::span<float* const> storages) {
          average_pool(size, storages[from], storages[with], storages[to]);
        },
        std::array{source, sums, destination});
  } else {
    builder.add([=, from = source.storage, to = destination.storage](
                    std::span<float* const> storages) { max_pool(size, storages[from], storages[to]); },
                std::array{source, destination});
  }
  return true;
}

}  // namespace

Result<bool> emit_global_max_pool(Builder& builder, const NodeContext& context) {
  return emit_global_pool(builder, context, false);
}

Result<bool> emit_global_average_pool(Builder& builder, const NodeContext& context) {
  return emit_global_pool(builder, context, true);
}

}  // namespace checkbox::runtime::onednn
