// The classification head that all three networks share:
// concat(global max pool, global average pool) -> Linear(2C, 100) -> BatchNorm -> ReLU -> Dropout(0.5) ->
// Linear(100, classes). Parameter names as in the reference's state dict: "model.2.weight" ... "model.6.bias".
// Not thread-safe, as torch modules are.
#pragma once

#include <torch/nn.h>

#include <cstdint>

namespace checkbox::nn {

inline constexpr std::int64_t kHeadWidth = 100;
inline constexpr double kHeadDropout = 0.5;

class HeadImpl : public torch::nn::Module {
 public:
  HeadImpl(std::int64_t encoder_channels, std::int64_t class_count);

  // features: [N, encoder_channels, h, w] f32 -> logits [N, class_count]. In training mode N must be at least 2
  // (BatchNorm over the batch).
  torch::Tensor forward(const torch::Tensor& features);
  // pooled: [N, 2 * encoder_channels], the maxima before the averages.
  torch::Tensor forward_pooled(const torch::Tensor& pooled);

 private:
  torch::nn::ModuleDict layers_;
  torch::nn::Linear widen_{nullptr}, classify_{nullptr};
  torch::nn::BatchNorm1d norm_{nullptr};
  torch::nn::Dropout dropout_{nullptr};
};
TORCH_MODULE(Head);

}  // namespace checkbox::nn
