#include "train/adam.hpp"

#include <torch/utils.h>

#include <cmath>
#include <cstddef>

#include "nn/tensors.hpp"

namespace checkbox::train {
namespace {

// The factors of one step, rounded as torch rounds its scalars.
struct StepFactors {
  float weight_decay, beta1, beta2, first_share, second_share, second_scale, epsilon, step_size;
};

void step_on_cpu(float* parameter, float* first, float* second, const float* gradient, std::size_t count,
                 const StepFactors& by) {
  for (std::size_t i = 0; i < count; ++i) {
    const float slope = gradient[i] + by.weight_decay * parameter[i];
    first[i] = first[i] * by.beta1 + slope * by.first_share;
    second[i] = second[i] * by.beta2 + slope * slope * by.second_share;
    parameter[i] -= by.step_size * (first[i] / (std::sqrt(second[i]) * by.second_scale + by.epsilon));
  }
}

void step_anywhere(torch::Tensor& parameter, torch::Tensor& first, torch::Tensor& second, torch::Tensor gradient,
                   const StepFactors& by) {
  gradient = gradient.add(parameter, by.weight_decay);
  first.mul_(by.beta1).add_(gradient, by.first_share);
  second.mul_(by.beta2).addcmul_(gradient, gradient, by.second_share);
  parameter.addcdiv_(first, second.sqrt().mul_(by.second_scale).add_(by.epsilon), -by.step_size);
}

}  // namespace

Adam::Adam(const std::vector<std::pair<std::string, torch::Tensor>>& parameters, const AdamOptions& options)
    : options_(options) {
  for (const auto& [name, parameter] : parameters) {
    if (!parameter.requires_grad()) continue;
    slots_.push_back({name, parameter, torch::zeros_like(parameter, torch::MemoryFormat::Contiguous),
                      torch::zeros_like(parameter, torch::MemoryFormat::Contiguous)});
  }
}

void Adam::zero_grad() {
  for (Slot& slot : slots_) slot.parameter.mutable_grad() = torch::Tensor();
}

void Adam::step() {
  ++steps_;
  const auto steps = static_cast<double>(steps_);
  const double first_correction = 1 - std::pow(options_.beta1, steps);
  const double second_correction = 1 - std::pow(options_.beta2, steps);
  const StepFactors by{
      .weight_decay = static_cast<float>(options_.weight_decay),
      .beta1 = static_cast<float>(options_.beta1),
      .beta2 = static_cast<float>(options_.beta2),
      .first_share = static_cast<float>(1 - options_.beta1),
      .second_share = static_cast<float>(1 - options_.beta2),
      .second_scale = static_cast<float>(1 / std::sqrt(second_correction)),
      .epsilon = static_cast<float>(options_.epsilon),
      .step_size = static_cast<float>(options_.learning_rate / first_correction),
  };
  const torch::NoGradGuard no_grad;
  for (Slot& slot : slots_) {
    if (!slot.parameter.grad().defined()) continue;
    const torch::Tensor gradient = slot.parameter.grad().contiguous();
    if (slot.parameter.is_cpu()) {
      step_on_cpu(slot.parameter.data_ptr<float>(), slot.first.data_ptr<float>(), slot.second.data_ptr<float>(),
                  gradient.data_ptr<float>(), static_cast<std::size_t>(gradient.numel()), by);
    } else {
      step_anywhere(slot.parameter, slot.first, slot.second, gradient, by);
    }
  }
}

Result<weights::TensorMap> Adam::first_moments() const {
  weights::TensorMap moments;
  for (const Slot& slot : slots_) {
    CHECKBOX_TRY(auto tensor, nn::to_weights(slot.first));
    moments.emplace(slot.name, std::move(tensor));
  }
  return moments;
}

Result<weights::TensorMap> Adam::second_moments() const {
  weights::TensorMap moments;
  for (const Slot& slot : slots_) {
    CHECKBOX_TRY(auto tensor, nn::to_weights(slot.second));
    moments.emplace(slot.name, std::move(tensor));
  }
  return moments;
}

Status Adam::restore(std::int64_t steps, const weights::TensorMap& first, const weights::TensorMap& second,
                     std::string_view name) {
  std::vector<std::pair<torch::Tensor, torch::Tensor>> copies;
  for (const Slot& slot : slots_) {
    for (const auto& [moments, target] : {std::pair(&first, slot.first), std::pair(&second, slot.second)}) {
      const auto found = moments->find(slot.name);
      if (found == moments->end() || found->second.shape != target.sizes().vec()) {
        return error(ErrorCode::kCorrupt, "{}: the optimizer's moments of {} are missing or of another shape", name,
                     slot.name);
      }
      CHECKBOX_TRY(auto source, nn::to_torch(found->second));
      copies.emplace_back(target, std::move(source));
    }
  }
  if (first.size() != slots_.size() || second.size() != slots_.size() || steps < 0) {
    return error(ErrorCode::kCorrupt, "{}: optimizer moments of {} parameters, expected {}", name, first.size(),
                 slots_.size());
  }
  for (auto& [target, source] : copies) target.copy_(source);
  steps_ = steps;
  return {};
}

}  // namespace checkbox::train
