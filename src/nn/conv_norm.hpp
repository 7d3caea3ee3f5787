// Convolution without bias and the BatchNorm after it, as children "0" and "1": the unit that torchvision's networks
// are made of. Not thread-safe, as torch modules are.
#pragma once

#include <torch/nn.h>

#include <cstdint>

namespace checkbox::nn {

struct ConvNormOptions {
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t groups = 1;
  bool relu6 = false;  // clamp the result to 0..6
};

// [N, input, h, w] -> [N, output, ceil(h / stride), ceil(w / stride)], padded by kernel / 2. The convolution's weights
// are drawn as torchvision does: normal, He's variance over the fan out (He et al. 2015).
class ConvNormImpl : public torch::nn::Module {
 public:
  ConvNormImpl(std::int64_t input, std::int64_t output, const ConvNormOptions& options = {});
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Conv2d conv_;
  torch::nn::BatchNorm2d norm_;
  bool relu6_;
};
TORCH_MODULE(ConvNorm);

// A convolution of `kernel` x `kernel` without bias, padded by kernel / 2, drawn as above.
[[nodiscard]] torch::nn::Conv2d make_conv(std::int64_t input, std::int64_t output, const ConvNormOptions& options);

}  // namespace checkbox::nn
