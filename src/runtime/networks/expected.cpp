#include <algorithm>
#include <functional>
#include <numeric>

#include "runtime/networks/head.hpp"
#include "runtime/networks/networks.hpp"
#include "weights/text.hpp"

namespace checkbox::runtime {
namespace {

constexpr std::size_t kMaxListed = 8;  // tensors of each kind of mismatch that a message names
constexpr std::int64_t kUsualClasses = 3;
constexpr std::string_view kHeadPrefix = "head.";
constexpr std::string_view kEncoderPrefix = "encoder.";

void add_norm(std::vector<ExpectedTensor>& tensors, const std::string& name, std::int64_t channels, bool trainable) {
  tensors.push_back({name + ".weight", {channels}, true, trainable, false});
  tensors.push_back({name + ".bias", {channels}, true, trainable, false});
  tensors.push_back({name + ".running_mean", {channels}, false, false, false});
  tensors.push_back({name + ".running_var", {channels}, false, false, false});
  tensors.push_back({name + ".num_batches_tracked", {}, false, false, true});
}

void add_linear(std::vector<ExpectedTensor>& tensors, const std::string& name, std::int64_t inputs,
                std::int64_t outputs) {
  tensors.push_back({name + ".weight", {outputs, inputs}, true, true, false});
  tensors.push_back({name + ".bias", {outputs}, true, true, false});
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

// "; 12 missing: a, b, ... " or nothing.
std::string list(std::string_view what, const std::vector<std::string>& names) {
  if (names.empty()) return {};
  const std::vector<std::string> first(names.begin(), names.begin() + std::min(names.size(), kMaxListed));
  return fmt::format("; {} {}: {}{}", names.size(), what, fmt::join(first, ", "),
                     names.size() > kMaxListed ? ", ..." : "");
}

std::int64_t class_count(const weights::TensorMap& tensors) {
  const auto found = tensors.find(std::string(kHeadClassify) + ".weight");
  const bool usable = found != tensors.end() && found->second.shape.size() == 2 && found->second.shape[0] >= 1 &&
                      found->second.shape[0] <= kMaxClasses;
  return usable ? found->second.shape[0] : kUsualClasses;
}

}  // namespace

const std::vector<std::string_view>& known_architectures() {
  static const std::vector<std::string_view> names{"baseline", "mobilenet", "resnet50"};
  return names;
}

Result<Encoder> describe_encoder(std::string_view architecture) {
  if (architecture == "baseline") return describe_baseline();
  if (architecture == "mobilenet") return describe_mobilenet_v2();
  if (architecture == "resnet50") return describe_resnet50();
  return error(ErrorCode::kInvalidArgument, "unknown architecture \"{}\", expected one of {}", architecture,
               fmt::join(known_architectures(), ", "));
}

Result<std::vector<ExpectedTensor>> expected_tensors(std::string_view architecture, std::int64_t classes) {
  CHECKBOX_TRY(const Encoder encoder, describe_encoder(architecture));
  if (classes < 1 || classes > kMaxClasses) {
    return error(ErrorCode::kInvalidArgument, "{} classes, expected 1 to {}", classes, kMaxClasses);
  }
  std::vector<ExpectedTensor> tensors;
  for (const Layer& layer : encoder.layers) {
    const auto* unit = std::get_if<ConvNorm>(&layer.operation);
    if (unit == nullptr) continue;
    tensors.push_back({unit->conv + ".weight",
                       {unit->out_channels, unit->in_channels / unit->groups, unit->kernel, unit->kernel},
                       true,
                       unit->trainable,
                       false});
    add_norm(tensors, unit->norm, unit->out_channels, unit->trainable);
  }
  add_linear(tensors, std::string(kHeadWiden), 2 * encoder.out_channels, kHeadWidth);
  add_norm(tensors, std::string(kHeadNorm), kHeadWidth, true);
  add_linear(tensors, std::string(kHeadClassify), kHeadWidth, classes);
  return tensors;
}

Result<ParameterCount> count_parameters(std::string_view architecture, std::int64_t classes) {
  CHECKBOX_TRY(const auto expected, expected_tensors(architecture, classes));
  ParameterCount count;
  for (const ExpectedTensor& tensor : expected) {
    if (!tensor.parameter) continue;
    const auto size = std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1}, std::multiplies<>());
    count.total += size;
    if (tensor.trainable) count.trainable += size;
  }
  return count;
}

Status check_tensors(std::string_view architecture, const weights::TensorMap& tensors, Part part) {
  CHECKBOX_TRY(const auto expected, expected_tensors(architecture, class_count(tensors)));
  const auto of_interest = [part](std::string_view name) {
    return part == Part::kWhole || !name.starts_with(kHeadPrefix);
  };
  std::vector<std::string> missing, unexpected, misshapen;
  std::map<std::string_view, const ExpectedTensor*> by_name;
  for (const ExpectedTensor& tensor : expected) {
    by_name.emplace(tensor.name, &tensor);
    if (!of_interest(tensor.name)) continue;
    const auto found = tensors.find(tensor.name);
    if (found == tensors.end()) {
      if (!tensor.optional) missing.push_back(tensor.name);
    } else if (found->second.shape != tensor.shape && !tensor.optional) {
      misshapen.push_back(
          fmt::format("{} {} instead of {}", tensor.name, shape_text(found->second.shape), shape_text(tensor.shape)));
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (of_interest(name) && !by_name.contains(name)) unexpected.push_back(weights::shown(name));
  }
  if (missing.empty() && unexpected.empty() && misshapen.empty()) return {};
  return error(ErrorCode::kCorrupt, "the weights are not those of {}{}{}{}", architecture, list("missing", missing),
               list("unexpected", unexpected), list("of another shape", misshapen));
}

weights::TensorMap with_reference_names(std::string_view architecture, weights::TensorMap tensors) {
  const std::string_view classifier = architecture == "mobilenet"  ? "classifier."
                                      : architecture == "resnet50" ? "fc."
                                                                   : "";
  const bool reference_names = std::any_of(tensors.begin(), tensors.end(),
                                           [](const auto& entry) { return entry.first.starts_with(kEncoderPrefix); });
  if (classifier.empty() || reference_names) return tensors;
  weights::TensorMap renamed;
  while (!tensors.empty()) {
    auto node = tensors.extract(tensors.begin());
    if (node.key().starts_with(classifier)) continue;
    if (!node.key().starts_with(kHeadPrefix)) node.key().insert(0, kEncoderPrefix);
    renamed.insert(std::move(node));
  }
  return renamed;
}

}  // namespace checkbox::runtime
