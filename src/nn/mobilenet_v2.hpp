// MobileNetV2 (Sandler et al. 2018) as torchvision builds it, without its classifier, under the shared head. The
// reference trains features.17, features.18 and the head: 1,142,683 of 2,480,475 parameters with three classes.
#pragma once

#include <vector>

#include "nn/conv_norm.hpp"
#include "nn/frozen.hpp"
#include "nn/head.hpp"

namespace checkbox::nn {

// torchvision's InvertedResidual: [expand 1x1] -> depthwise 3x3 -> project 1x1, the input added where shapes agree.
class InvertedResidualImpl : public torch::nn::Module {
 public:
  InvertedResidualImpl(std::int64_t input, std::int64_t output, std::int64_t stride, std::int64_t expansion);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  ConvNorm expand_{nullptr}, depthwise_{nullptr};
  torch::nn::Conv2d project_{nullptr};
  torch::nn::BatchNorm2d norm_{nullptr};
  bool residual_;
};
TORCH_MODULE(InvertedResidual);

class MobileNetV2 : public PartlyFrozenModel {
 public:
  MobileNetV2(std::int64_t class_count, FrozenBatchNorm frozen_batchnorm);

  // [N, 3, H, W] -> {[N, 160, H/32, W/32]}
  std::vector<torch::Tensor> frozen_features(const torch::Tensor& images) override;
  torch::Tensor trained_logits(const std::vector<torch::Tensor>& features) override;

 private:
  ConvNorm stem_{nullptr}, last_{nullptr};
  std::vector<InvertedResidual> blocks_;  // features.1 to features.17; the last one trains
  Head head_{nullptr};
};

}  // namespace checkbox::nn
