#include "nn/model.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "nn/baseline.hpp"
#include "nn/mobilenet_v2.hpp"
#include "nn/resnet50.hpp"

namespace checkbox::nn {
namespace {

struct Architecture {
  std::string_view name;
  std::shared_ptr<Model> (*make)(const ModelOptions&);
};

constexpr Architecture kArchitectures[] = {
    {"baseline",
     [](const ModelOptions& options) -> std::shared_ptr<Model> {
       return std::make_shared<Baseline>(options.class_count, options.own_kernels);
     }},
    {"mobilenet",
     [](const ModelOptions& options) -> std::shared_ptr<Model> {
       return std::make_shared<MobileNetV2>(options.class_count, options.frozen_batchnorm);
     }},
    {"resnet50",
     [](const ModelOptions& options) -> std::shared_ptr<Model> {
       return std::make_shared<ResNet50>(options.class_count, options.frozen_batchnorm);
     }},
};

}  // namespace

std::vector<torch::Tensor> Model::frozen_features(const torch::Tensor& images) {
  return {images};
}

torch::Tensor Model::forward(const torch::Tensor& images) {
  std::vector<torch::Tensor> features;
  {
    const torch::NoGradGuard no_grad;
    features = frozen_features(images);
  }
  return trained_logits(features);
}

Result<std::shared_ptr<Model>> make_model(const ModelOptions& options) {
  const auto* const found = std::find_if(std::begin(kArchitectures), std::end(kArchitectures),
                                         [&](const Architecture& one) { return one.name == options.architecture; });
  if (found == std::end(kArchitectures)) {
    return error(ErrorCode::kInvalidArgument, "unknown model '{}': expected one of {}", options.architecture,
                 fmt::join(trainable_architectures(), ", "));
  }
  if (options.class_count < 2) {
    return error(ErrorCode::kInvalidArgument, "a model needs at least 2 classes, found {}", options.class_count);
  }
  torch::manual_seed(options.seed);
  return found->make(options);
}

const std::vector<std::string_view>& trainable_architectures() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> names;
    for (const Architecture& one : kArchitectures) names.push_back(one.name);
    return names;
  }();
  return kNames;
}

ParameterCount count_parameters(const torch::nn::Module& module) {
  ParameterCount count;
  for (const auto& parameter : module.parameters()) {
    count.total += parameter.numel();
    if (parameter.requires_grad()) count.trainable += parameter.numel();
  }
  return count;
}

}  // namespace checkbox::nn
