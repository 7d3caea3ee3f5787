// The baseline network: 3 x [conv 3x3 stride 2, no bias, no padding -> BatchNorm -> ReLU], channels 3 -> 20 -> 100 ->
// 200, then the shared head. 239,783 parameters with three classes, all trained.
#pragma once

#include <memory>

#include "nn/baseline_encoder.hpp"
#include "nn/head.hpp"
#include "nn/model.hpp"

namespace checkbox::nn {

class Baseline : public Model {
 public:
  // own_kernels: BaselineEncoder where it can be used, else the torch modules alone.
  Baseline(std::int64_t class_count, bool own_kernels);
  torch::Tensor trained_logits(const std::vector<torch::Tensor>& features) override;

 private:
  torch::nn::Sequential encoder_;
  Head head_;
  std::unique_ptr<BaselineEncoder> fast_encoder_;  // null where torch has to do it
};

}  // namespace checkbox::nn
