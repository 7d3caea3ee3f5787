#include <iterator>

#include "runtime/networks/description.hpp"

namespace checkbox::runtime {
namespace {

// Table 1 of He et al. 2015, "Deep Residual Learning for Image Recognition"; as torchvision does, a stage's stride is
// in the 3x3 convolution of its first block.
struct Stage {
  std::int64_t width;
  int blocks;
  std::int64_t stride;
};
constexpr Stage kStages[] = {{64, 3, 1}, {128, 4, 2}, {256, 6, 2}, {512, 3, 2}};
constexpr std::int64_t kStemChannels = 64;
constexpr std::int64_t kExpansion = 4;

// 1x1 -> 3x3 -> 1x1, and the input added, through a 1x1 convolution where the shape changes. In the last block the
// reference trains all but the first convolution.
void add_bottleneck(Encoder& encoder, const std::string& name, std::int64_t in_channels, const Stage& stage,
                    std::int64_t stride, bool trained) {
  const std::int64_t out_channels = stage.width * kExpansion;
  const std::size_t input = encoder.layers.size() - 1;
  std::size_t shortcut = input;
  if (in_channels != out_channels) {
    shortcut = encoder.add(ConvNorm{.conv = name + ".downsample.0",
                                    .norm = name + ".downsample.1",
                                    .in_channels = in_channels,
                                    .out_channels = out_channels,
                                    .stride = stride,
                                    .activation = Activation::kNone,
                                    .trainable = false});
  }
  encoder.add(ConvNorm{.conv = name + ".conv1",
                       .norm = name + ".bn1",
                       .in_channels = in_channels,
                       .out_channels = stage.width,
                       .trainable = false},
              input);
  encoder.add(ConvNorm{.conv = name + ".conv2",
                       .norm = name + ".bn2",
                       .in_channels = stage.width,
                       .out_channels = stage.width,
                       .kernel = 3,
                       .stride = stride,
                       .padding = 1,
                       .trainable = trained});
  encoder.add(ConvNorm{.conv = name + ".conv3",
                       .norm = name + ".bn3",
                       .in_channels = stage.width,
                       .out_channels = out_channels,
                       .activation = Activation::kNone,
                       .trainable = trained});
  encoder.add(Sum{.name = name + ".add", .other = shortcut, .activation = Activation::kRelu});
}

}  // namespace

Encoder describe_resnet50() {
  Encoder encoder;
  encoder.add(ConvNorm{.conv = "encoder.conv1",
                       .norm = "encoder.bn1",
                       .in_channels = 3,
                       .out_channels = kStemChannels,
                       .kernel = 7,
                       .stride = 2,
                       .padding = 3,
                       .trainable = false});
  encoder.add(MaxPool{.name = "encoder.maxpool", .kernel = 3, .stride = 2, .padding = 1});
  std::int64_t channels = kStemChannels;
  int stage_number = 1;
  for (const Stage& stage : kStages) {
    for (int block = 0; block < stage.blocks; ++block) {
      const std::string name = "encoder.layer" + std::to_string(stage_number) + "." + std::to_string(block);
      const bool last = &stage == std::end(kStages) - 1 && block == stage.blocks - 1;
      add_bottleneck(encoder, name, channels, stage, block == 0 ? stage.stride : 1, last);
      channels = stage.width * kExpansion;
    }
    ++stage_number;
  }
  encoder.out_channels = channels;
  return encoder;
}

}  // namespace checkbox::runtime
