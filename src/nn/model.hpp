// A network to train, by the name of its architecture. Every network is split in two: the part that never trains,
// which runs without autograd and whose output may be kept where the input repeats, and the part that trains.
// Parameter names are those of the reference's state dict ("encoder.0.weight", "head.model.2.weight" ...), and so is
// the initialisation (PyTorch's defaults, drawn from torch's generator in the reference's order).
// Not thread-safe, as torch modules are.
#pragma once

#include <torch/nn.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace checkbox::nn {

// How the BatchNorms of layers that keep their weights behave while the rest trains.
enum class FrozenBatchNorm {
  kEval,   // normalise with the running statistics they came with
  kTrain,  // normalise with each batch's statistics and update the running ones, as the reference does
};

struct ModelOptions {
  std::string architecture = "baseline";
  std::int64_t class_count = 3;
  FrozenBatchNorm frozen_batchnorm = FrozenBatchNorm::kEval;
  std::uint64_t seed = 17;  // of the initial weights
  bool own_kernels = true;  // false: LibTorch's operators alone, the oracle of our faster ones
};

class Model : public torch::nn::Module {
 public:
  // images: [N, 3, H, W] f32, normalised -> what trained_logits takes: one tensor, or several where a residual branch
  // joins after the cut. The images themselves where every layer trains. Call it under torch::NoGradGuard.
  virtual std::vector<torch::Tensor> frozen_features(const torch::Tensor& images);
  // -> logits [N, class_count]. In training mode N must be at least 2.
  virtual torch::Tensor trained_logits(const std::vector<torch::Tensor>& features) = 0;

  // Both, the first without autograd.
  torch::Tensor forward(const torch::Tensor& images);
};

// kInvalidArgument for an unknown architecture (lists the known ones) or fewer than two classes. Seeds torch's
// generator.
[[nodiscard]] Result<std::shared_ptr<Model>> make_model(const ModelOptions& options);

[[nodiscard]] const std::vector<std::string_view>& trainable_architectures();

struct ParameterCount {
  std::int64_t total = 0;
  std::int64_t trainable = 0;
};
// Without buffers, as PyTorch counts.
[[nodiscard]] ParameterCount count_parameters(const torch::nn::Module& module);

}  // namespace checkbox::nn
