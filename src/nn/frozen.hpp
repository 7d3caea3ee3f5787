// What networks with a frozen part share. Not thread-safe, as torch modules are.
#pragma once

#include <torch/nn.h>

#include <vector>

#include "nn/model.hpp"

namespace checkbox::nn {

// A network of which some layers keep their weights: they get no gradients, and with FrozenBatchNorm::kEval their
// BatchNorms stay in evaluation mode whatever the mode of the rest.
class PartlyFrozenModel : public Model {
 public:
  void train(bool on = true) override;

 protected:
  explicit PartlyFrozenModel(FrozenBatchNorm frozen_batchnorm) : frozen_batchnorm_(frozen_batchnorm) {}
  // Once per layer, in the constructor.
  void freeze(const std::shared_ptr<torch::nn::Module>& layer);

 private:
  FrozenBatchNorm frozen_batchnorm_;
  std::vector<std::shared_ptr<torch::nn::Module>> frozen_;
};

}  // namespace checkbox::nn
