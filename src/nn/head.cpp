#include "nn/head.hpp"

namespace checkbox::nn {

namespace F = torch::nn::functional;

// 0 and 1 are the pooling and the flattening in the reference, 4 the ReLU: they have no parameters.
HeadImpl::HeadImpl(std::int64_t encoder_channels, std::int64_t class_count) {
  layers_ = register_module("model", torch::nn::ModuleDict());
  widen_ = torch::nn::Linear(2 * encoder_channels, kHeadWidth);
  norm_ = torch::nn::BatchNorm1d(kHeadWidth);
  dropout_ = torch::nn::Dropout(kHeadDropout);
  classify_ = torch::nn::Linear(kHeadWidth, class_count);
  layers_->update(std::vector<std::pair<std::string, std::shared_ptr<torch::nn::Module>>>{
      {"2", widen_.ptr()}, {"3", norm_.ptr()}, {"5", dropout_.ptr()}, {"6", classify_.ptr()}});
}

torch::Tensor HeadImpl::forward(const torch::Tensor& features) {
  const auto highest = F::adaptive_max_pool2d(features, F::AdaptiveMaxPool2dFuncOptions(1)).flatten(1);
  const auto average = F::adaptive_avg_pool2d(features, F::AdaptiveAvgPool2dFuncOptions(1)).flatten(1);
  return forward_pooled(torch::cat({highest, average}, 1));
}

torch::Tensor HeadImpl::forward_pooled(const torch::Tensor& pooled) {
  return classify_(dropout_(torch::relu(norm_(widen_(pooled)))));
}

}  // namespace checkbox::nn
