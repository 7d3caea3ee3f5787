// ResNet-50 (He et al. 2016; the stride in the 3x3 convolution, as torchvision has it), without pooling and classifier,
// under the shared head. The reference trains layer4.2's conv2, bn2, conv3, bn3 and the head: 3,823,195 of 23,918,235
// parameters with three classes.
#pragma once

#include <vector>

#include "nn/conv_norm.hpp"
#include "nn/frozen.hpp"
#include "nn/head.hpp"

namespace checkbox::nn {

// 1x1 -> 3x3 -> 1x1 with four times as many channels, the input (or its projection) added.
class BottleneckImpl : public torch::nn::Module {
 public:
  BottleneckImpl(std::int64_t input, std::int64_t width, std::int64_t stride, bool project);
  torch::Tensor forward(const torch::Tensor& x);
  // The two parts of forward: [N, input, h, w] -> [N, width, h, w], and that with the input -> the block's output.
  torch::Tensor reduce(const torch::Tensor& x);
  torch::Tensor expand(const torch::Tensor& reduced, const torch::Tensor& x);
  // conv1 and bn1, of which the block that trains keeps the weights too.
  [[nodiscard]] std::vector<std::shared_ptr<torch::nn::Module>> reduction() const { return {conv1_.ptr(), bn1_.ptr()}; }

 private:
  torch::nn::Conv2d conv1_, conv2_, conv3_;
  torch::nn::BatchNorm2d bn1_, bn2_, bn3_;
  ConvNorm downsample_{nullptr};
};
TORCH_MODULE(Bottleneck);

class ResNet50 : public PartlyFrozenModel {
 public:
  ResNet50(std::int64_t class_count, FrozenBatchNorm frozen_batchnorm);

  // [N, 3, H, W] -> {input of layer4.2 [N, 2048, H/32, W/32], its reduction [N, 512, H/32, W/32]}
  std::vector<torch::Tensor> frozen_features(const torch::Tensor& images) override;
  torch::Tensor trained_logits(const std::vector<torch::Tensor>& features) override;

 private:
  torch::nn::Conv2d conv1_{nullptr};
  torch::nn::BatchNorm2d bn1_{nullptr};
  std::vector<Bottleneck> blocks_;  // layer1.0 to layer4.2; of the last one conv2 to bn3 train
  Head head_{nullptr};
};

}  // namespace checkbox::nn
