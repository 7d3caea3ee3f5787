#include "nn/resnet50.hpp"

#include <string>
#include <utility>

namespace checkbox::nn {
namespace {

using Child = std::pair<std::string, std::shared_ptr<torch::nn::Module>>;

constexpr std::int64_t kStemChannels = 64;
constexpr std::int64_t kExpansion = 4;
struct Stage {
  std::int64_t width, blocks, stride;
};
constexpr Stage kStages[] = {{64, 3, 1}, {128, 4, 2}, {256, 6, 2}, {512, 3, 2}};

}  // namespace

BottleneckImpl::BottleneckImpl(std::int64_t input, std::int64_t width, std::int64_t stride, bool project)
    : conv1_(register_module("conv1", make_conv(input, width, {}))),
      conv2_(register_module("conv2", make_conv(width, width, ConvNormOptions{.kernel = 3, .stride = stride}))),
      conv3_(register_module("conv3", make_conv(width, width * kExpansion, {}))),
      bn1_(register_module("bn1", torch::nn::BatchNorm2d(width))),
      bn2_(register_module("bn2", torch::nn::BatchNorm2d(width))),
      bn3_(register_module("bn3", torch::nn::BatchNorm2d(width * kExpansion))) {
  if (project) {
    downsample_ = register_module("downsample", ConvNorm(input, width * kExpansion, ConvNormOptions{.stride = stride}));
  }
}

torch::Tensor BottleneckImpl::forward(const torch::Tensor& x) {
  return expand(reduce(x), x);
}

torch::Tensor BottleneckImpl::reduce(const torch::Tensor& x) {
  return torch::relu(bn1_(conv1_(x)));
}

torch::Tensor BottleneckImpl::expand(const torch::Tensor& reduced, const torch::Tensor& x) {
  const auto branch = bn3_(conv3_(torch::relu(bn2_(conv2_(reduced)))));
  return torch::relu(branch + (downsample_.is_empty() ? x : downsample_(x)));
}

ResNet50::ResNet50(std::int64_t class_count, FrozenBatchNorm frozen_batchnorm) : PartlyFrozenModel(frozen_batchnorm) {
  conv1_ = make_conv(3, kStemChannels, ConvNormOptions{.kernel = 7, .stride = 2});
  bn1_ = torch::nn::BatchNorm2d(kStemChannels);
  std::vector<Child> encoder_children{{"conv1", conv1_.ptr()}, {"bn1", bn1_.ptr()}};
  std::int64_t channels = kStemChannels;
  for (std::size_t stage = 0; stage < std::size(kStages); ++stage) {
    std::vector<Child> layer;
    for (std::int64_t i = 0; i < kStages[stage].blocks; ++i) {
      blocks_.emplace_back(channels, kStages[stage].width, i == 0 ? kStages[stage].stride : 1, i == 0);
      layer.emplace_back(std::to_string(i), blocks_.back().ptr());
      channels = kStages[stage].width * kExpansion;
    }
    encoder_children.emplace_back("layer" + std::to_string(stage + 1), torch::nn::ModuleDict(layer).ptr());
  }
  register_module("encoder", torch::nn::ModuleDict())->update(encoder_children);
  head_ = register_module("head", Head(channels, class_count));

  freeze(conv1_.ptr());
  freeze(bn1_.ptr());
  for (std::size_t i = 0; i + 1 < blocks_.size(); ++i) freeze(blocks_[i].ptr());
  for (const auto& layer : blocks_.back()->reduction()) freeze(layer);
}

std::vector<torch::Tensor> ResNet50::frozen_features(const torch::Tensor& images) {
  torch::Tensor x = torch::max_pool2d(torch::relu(bn1_(conv1_(images))), 3, 2, 1);
  for (std::size_t i = 0; i + 1 < blocks_.size(); ++i) x = blocks_[i](x);
  return {x, blocks_.back()->reduce(x)};
}

torch::Tensor ResNet50::trained_logits(const std::vector<torch::Tensor>& features) {
  return head_(blocks_.back()->expand(features.at(1), features.at(0)));
}

}  // namespace checkbox::nn
