#include "nn/conv_norm.hpp"

namespace checkbox::nn {

torch::nn::Conv2d make_conv(std::int64_t input, std::int64_t output, const ConvNormOptions& options) {
  torch::nn::Conv2d conv(torch::nn::Conv2dOptions(input, output, options.kernel)
                             .stride(options.stride)
                             .padding(options.kernel / 2)
                             .groups(options.groups)
                             .bias(false));
  torch::nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut, torch::kReLU);
  return conv;
}

ConvNormImpl::ConvNormImpl(std::int64_t input, std::int64_t output, const ConvNormOptions& options)
    : conv_(register_module("0", make_conv(input, output, options))),
      norm_(register_module("1", torch::nn::BatchNorm2d(output))),
      relu6_(options.relu6) {}

torch::Tensor ConvNormImpl::forward(const torch::Tensor& x) {
  const auto y = norm_(conv_(x));
  return relu6_ ? torch::relu6(y) : y;
}

}  // namespace checkbox::nn
