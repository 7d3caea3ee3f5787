#include "nn/tensors.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace checkbox::nn {
namespace {

constexpr std::pair<weights::DType, torch::ScalarType> kTypes[] = {
    {weights::DType::kF64, torch::kFloat64}, {weights::DType::kF32, torch::kFloat32},
    {weights::DType::kF16, torch::kFloat16}, {weights::DType::kBF16, torch::kBFloat16},
    {weights::DType::kI64, torch::kInt64},   {weights::DType::kI32, torch::kInt32},
    {weights::DType::kI16, torch::kInt16},   {weights::DType::kI8, torch::kInt8},
    {weights::DType::kU8, torch::kUInt8},    {weights::DType::kBool, torch::kBool},
};

constexpr std::string_view kBatchCounter = "num_batches_tracked";

using NamedTensors = torch::OrderedDict<std::string, torch::Tensor>;

NamedTensors named_tensors(const torch::nn::Module& module) {
  NamedTensors all = module.named_parameters();
  for (const auto& buffer : module.named_buffers()) all.insert(buffer.key(), buffer.value());
  return all;
}

// At most this many names of each kind are listed in a message.
constexpr std::size_t kNamesShown = 8;

std::string list_some(std::vector<std::string> names) {
  const std::size_t count = names.size();
  names.resize(std::min(count, kNamesShown));
  return fmt::format("{}{}", fmt::join(names, ", "),
                     count > kNamesShown ? fmt::format(" and {} more", count - kNamesShown) : "");
}

// Empty where everything fits.
std::string misfits(const NamedTensors& wanted, const weights::TensorMap& found) {
  std::vector<std::string> missing, unexpected, reshaped;
  for (const auto& item : wanted) {
    const auto match = found.find(item.key());
    if (match == found.end()) {
      if (!item.key().ends_with(kBatchCounter)) missing.push_back(item.key());
    } else if (match->second.shape != item.value().sizes().vec()) {
      reshaped.push_back(fmt::format("{} ([{}], expected [{}])", item.key(), fmt::join(match->second.shape, ", "),
                                     fmt::join(item.value().sizes().vec(), ", ")));
    }
  }
  for (const auto& [name, tensor] : found) {
    if (!wanted.contains(name)) unexpected.push_back(name);
  }
  std::string message;
  const auto add = [&message](std::string_view kind, const std::vector<std::string>& names) {
    if (names.empty()) return;
    message += fmt::format("{}{}: {}", message.empty() ? "" : "; ", kind, list_some(names));
  };
  add("missing", missing);
  add("unexpected", unexpected);
  add("of another shape", reshaped);
  return message;
}

}  // namespace

Result<weights::Tensor> to_weights(const torch::Tensor& tensor) {
  const auto* const type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                        [&](const auto& pair) { return pair.second == tensor.scalar_type(); });
  if (type == std::end(kTypes)) {
    return error(ErrorCode::kUnsupported, "tensors of type {} cannot be stored", c10::toString(tensor.scalar_type()));
  }
  const torch::Tensor plain = tensor.detach().to(torch::kCPU).contiguous();
  weights::Tensor result;
  result.dtype = type->first;
  result.shape = plain.sizes().vec();
  const auto* const begin = static_cast<const std::byte*>(plain.data_ptr());
  result.bytes.assign(begin, begin + plain.nbytes());
  return result;
}

Result<torch::Tensor> to_torch(const weights::Tensor& tensor) {
  const auto* const type =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& pair) { return pair.first == tensor.dtype; });
  CHECKBOX_TRY(const auto expected, weights::checked_byte_size(tensor.shape, tensor.dtype, "tensor"));
  if (type == std::end(kTypes) || tensor.bytes.size() != expected) {
    return error(ErrorCode::kCorrupt, "a tensor of shape [{}] has {} bytes, expected {}", fmt::join(tensor.shape, ", "),
                 tensor.bytes.size(), expected);
  }
  torch::Tensor result = torch::empty(tensor.shape, torch::TensorOptions(type->second));
  if (expected > 0) std::memcpy(result.data_ptr(), tensor.bytes.data(), expected);
  return result;
}

Result<weights::TensorMap> state_of(const torch::nn::Module& module) {
  weights::TensorMap state;
  for (const auto& item : named_tensors(module)) {
    CHECKBOX_TRY(auto tensor, to_weights(item.value()));
    state.emplace(item.key(), std::move(tensor));
  }
  return state;
}

Status load_state(torch::nn::Module& module, const weights::TensorMap& tensors, std::string_view name) {
  const NamedTensors wanted = named_tensors(module);
  if (const std::string problems = misfits(wanted, tensors); !problems.empty()) {
    return error(ErrorCode::kCorrupt, "{}: the weights do not fit the model: {}", name, problems);
  }
  std::vector<std::pair<torch::Tensor, torch::Tensor>> copies;
  for (const auto& item : wanted) {
    const auto match = tensors.find(item.key());
    if (match == tensors.end()) continue;
    CHECKBOX_TRY(auto source, to_torch(match->second));
    copies.emplace_back(item.value(), std::move(source));
  }
  const torch::NoGradGuard no_grad;
  for (auto& [target, source] : copies) target.copy_(source);
  return {};
}

}  // namespace checkbox::nn
