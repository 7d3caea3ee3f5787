#include <array>

#include "runtime/networks/description.hpp"

namespace checkbox::runtime {

// 3 x [conv 3x3 stride 2, no padding -> BatchNorm -> ReLU], all of it trained. Modules 0..8 of one nn.Sequential.
Encoder describe_baseline() {
  constexpr std::array<std::int64_t, 4> kChannels{3, 20, 100, 200};
  Encoder encoder;
  for (std::size_t i = 0; i + 1 < kChannels.size(); ++i) {
    encoder.add(ConvNorm{.conv = "encoder." + std::to_string(3 * i),
                         .norm = "encoder." + std::to_string(3 * i + 1),
                         .in_channels = kChannels[i],
                         .out_channels = kChannels[i + 1],
                         .kernel = 3,
                         .stride = 2});
  }
  encoder.out_channels = kChannels.back();
  return encoder;
}

}  // namespace checkbox::runtime
