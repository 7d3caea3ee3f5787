// The baseline network: 3 x [conv 3x3 stride 2, no bias, no padding -> BatchNorm -> ReLU], channels 3 -> 20 -> 100 ->
// 200, then the shared head. 239,783 parameters with three classes, all trained.
#pragma once

#include "nn/head.hpp"
#include "nn/model.hpp"

namespace checkbox::nn {

class Baseline : public Model {
 public:
  explicit Baseline(std::int64_t class_count);
  torch::Tensor trained_logits(const std::vector<torch::Tensor>& features) override;

 private:
  torch::nn::Sequential encoder_;
  Head head_;
};

}  // namespace checkbox::nn
