#include "runtime/networks/description.hpp"

namespace checkbox::runtime {
namespace {

constexpr int kFirstTrained = 17;  // features.17 and features.18 are trained, as in the reference

// Table 2 of Sandler et al. 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks".
struct Stage {
  std::int64_t expansion;
  std::int64_t channels;
  int repeats;
  std::int64_t stride;  // of the first repeat
};
constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                             {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
constexpr std::int64_t kFirstChannels = 32;
constexpr std::int64_t kLastChannels = 1280;

// torchvision's Conv2dNormActivation: modules "0" (convolution) and "1" (BatchNorm).
ConvNorm unit(const std::string& name, std::int64_t in_channels, std::int64_t out_channels, std::int64_t kernel,
              std::int64_t stride, std::int64_t groups, bool trainable) {
  return {.conv = name + ".0",
          .norm = name + ".1",
          .in_channels = in_channels,
          .out_channels = out_channels,
          .kernel = kernel,
          .stride = stride,
          .padding = kernel / 2,
          .groups = groups,
          .activation = Activation::kRelu6,
          .trainable = trainable};
}

// Expand 1x1 (left out where the expansion is 1) -> depthwise 3x3 -> project 1x1, and the input added where it fits.
void add_inverted_residual(Encoder& encoder, int index, std::int64_t in_channels, const Stage& stage,
                           std::int64_t stride) {
  const std::string name = "encoder.features." + std::to_string(index) + ".conv.";
  const bool trainable = index >= kFirstTrained;
  const std::size_t input = encoder.layers.size() - 1;
  const std::int64_t hidden = in_channels * stage.expansion;
  int module = 0;
  if (stage.expansion != 1) {
    encoder.add(unit(name + std::to_string(module++), in_channels, hidden, 1, 1, 1, trainable));
  }
  encoder.add(unit(name + std::to_string(module++), hidden, hidden, 3, stride, hidden, trainable));
  encoder.add(ConvNorm{.conv = name + std::to_string(module),
                       .norm = name + std::to_string(module + 1),
                       .in_channels = hidden,
                       .out_channels = stage.channels,
                       .activation = Activation::kNone,
                       .trainable = trainable});
  if (stride == 1 && in_channels == stage.channels) encoder.add(Sum{.name = name + "add", .other = input});
}

}  // namespace

Encoder describe_mobilenet_v2() {
  Encoder encoder;
  encoder.add(unit("encoder.features.0", 3, kFirstChannels, 3, 2, 1, false));
  int index = 1;
  std::int64_t channels = kFirstChannels;
  for (const Stage& stage : kStages) {
    for (int repeat = 0; repeat < stage.repeats; ++repeat) {
      add_inverted_residual(encoder, index++, channels, stage, repeat == 0 ? stage.stride : 1);
      channels = stage.channels;
    }
  }
  encoder.add(unit("encoder.features." + std::to_string(index), channels, kLastChannels, 1, 1, 1, true));
  encoder.out_channels = kLastChannels;
  return encoder;
}

}  // namespace checkbox::runtime
