#include "nn/frozen.hpp"

namespace checkbox::nn {

void PartlyFrozenModel::train(bool on) {
  Model::train(on);
  if (frozen_batchnorm_ == FrozenBatchNorm::kTrain) return;
  for (const auto& layer : frozen_) layer->eval();
}

void PartlyFrozenModel::freeze(const std::shared_ptr<torch::nn::Module>& layer) {
  for (auto& parameter : layer->parameters()) parameter.set_requires_grad(false);
  frozen_.push_back(layer);
  if (frozen_batchnorm_ == FrozenBatchNorm::kEval) layer->eval();
}

}  // namespace checkbox::nn
