#include "nn/mobilenet_v2.hpp"

#include <string>
#include <utility>

namespace checkbox::nn {
namespace {

using Child = std::pair<std::string, std::shared_ptr<torch::nn::Module>>;

// Table 2 of the paper: expansion, output channels, repeats, stride of the first.
struct Stage {
  std::int64_t expansion, channels, repeats, stride;
};
constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                             {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
constexpr std::int64_t kStemChannels = 32;
constexpr std::int64_t kLastChannels = 1280;

}  // namespace

InvertedResidualImpl::InvertedResidualImpl(std::int64_t input, std::int64_t output, std::int64_t stride,
                                           std::int64_t expansion)
    : residual_(stride == 1 && input == output) {
  const std::int64_t hidden = input * expansion;
  std::vector<std::shared_ptr<torch::nn::Module>> layers;
  if (expansion != 1) {
    expand_ = ConvNorm(input, hidden, ConvNormOptions{.relu6 = true});
    layers.push_back(expand_.ptr());
  }
  depthwise_ =
      ConvNorm(hidden, hidden, ConvNormOptions{.kernel = 3, .stride = stride, .groups = hidden, .relu6 = true});
  project_ = make_conv(hidden, output, {});
  norm_ = torch::nn::BatchNorm2d(output);
  layers.insert(layers.end(), {depthwise_.ptr(), project_.ptr(), norm_.ptr()});

  auto conv = register_module("conv", torch::nn::ModuleDict());
  std::vector<Child> children;
  for (std::size_t i = 0; i < layers.size(); ++i) children.emplace_back(std::to_string(i), layers[i]);
  conv->update(children);
}

torch::Tensor InvertedResidualImpl::forward(const torch::Tensor& x) {
  const auto expanded = expand_.is_empty() ? x : expand_(x);
  const auto y = norm_(project_(depthwise_(expanded)));
  return residual_ ? x + y : y;
}

MobileNetV2::MobileNetV2(std::int64_t class_count, FrozenBatchNorm frozen_batchnorm)
    : PartlyFrozenModel(frozen_batchnorm) {
  stem_ = ConvNorm(3, kStemChannels, ConvNormOptions{.kernel = 3, .stride = 2, .relu6 = true});
  std::vector<Child> features{{"0", stem_.ptr()}};
  std::int64_t channels = kStemChannels;
  for (const Stage& stage : kStages) {
    for (std::int64_t i = 0; i < stage.repeats; ++i) {
      blocks_.emplace_back(channels, stage.channels, i == 0 ? stage.stride : 1, stage.expansion);
      features.emplace_back(std::to_string(features.size()), blocks_.back().ptr());
      channels = stage.channels;
    }
  }
  last_ = ConvNorm(channels, kLastChannels, ConvNormOptions{.relu6 = true});
  features.emplace_back(std::to_string(features.size()), last_.ptr());

  auto encoder = register_module("encoder", torch::nn::ModuleDict());
  const torch::nn::ModuleDict feature_dict(features);
  encoder->update(std::vector<Child>{{"features", feature_dict.ptr()}});
  head_ = register_module("head", Head(kLastChannels, class_count));

  freeze(stem_.ptr());
  for (std::size_t i = 0; i + 1 < blocks_.size(); ++i) freeze(blocks_[i].ptr());
}

std::vector<torch::Tensor> MobileNetV2::frozen_features(const torch::Tensor& images) {
  torch::Tensor x = stem_(images);
  for (std::size_t i = 0; i + 1 < blocks_.size(); ++i) x = blocks_[i](x);
  return {x};
}

torch::Tensor MobileNetV2::trained_logits(const std::vector<torch::Tensor>& features) {
  return head_(last_(blocks_.back()(features.at(0))));
}

}  // namespace checkbox::nn
