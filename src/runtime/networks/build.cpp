#include <cmath>

#include "runtime/networks/head.hpp"
#include "runtime/networks/networks.hpp"

namespace checkbox::runtime {
namespace {

using weights::Tensor;
using weights::TensorMap;

constexpr double kBatchNormEpsilon = 1e-5;  // PyTorch's default, which all these networks use
constexpr std::int64_t kImageSide = 224;    // px
constexpr std::string_view kInputName = "input";
constexpr std::string_view kOutputName = "logits";
constexpr std::string_view kClipLow = "clip_low";
constexpr std::string_view kClipHigh = "clip_high";

std::vector<std::int64_t> pair_of(std::int64_t value) {
  return {value, value};
}

// Adds nodes one after another; each returns the name of the value it yields. Names of nodes and values are those of
// the modules they come from.
class GraphBuilder {
 public:
  explicit GraphBuilder(const TensorMap& tensors) : tensors_(tensors) {
    graph_.input = {std::string(kInputName), {kDynamic, 3, kImageSide, kImageSide}};
  }

  Status add_encoder(const Encoder& encoder) {
    std::vector<std::string> outputs;
    for (const Layer& layer : encoder.layers) {
      const std::string& input = layer.input == kImage ? graph_.input.name : outputs[layer.input];
      if (const auto* unit = std::get_if<ConvNorm>(&layer.operation)) {
        CHECKBOX_TRY(std::string output, add_conv(*unit, input));
        outputs.push_back(std::move(output));
      } else if (const auto* pool = std::get_if<MaxPool>(&layer.operation)) {
        outputs.push_back(add(pool->name, "MaxPool", {input},
                              {{"kernel_shape", pair_of(pool->kernel)},
                               {"strides", pair_of(pool->stride)},
                               {"pads", std::vector<std::int64_t>(4, pool->padding)}}));
      } else {
        const auto& sum = std::get<Sum>(layer.operation);
        outputs.push_back(activate(sum.activation, sum.name, add(sum.name, "Add", {input, outputs[sum.other]})));
      }
    }
    features_ = outputs.back();
    return {};
  }

  Status add_head() {
    const std::string maximum = add("head.max_pool", "GlobalMaxPool", {features_});
    const std::string average = add("head.average_pool", "GlobalAveragePool", {features_});
    const std::string pooled = add("head.concat", "Concat", {maximum, average}, {{"axis", std::int64_t{1}}});
    const std::string flat = add("head.flatten", "Flatten", {pooled}, {{"axis", std::int64_t{1}}});
    CHECKBOX_TRY(const std::string wide, add_linear(kHeadWiden, kHeadNorm, flat));
    const std::string active = activate(Activation::kRelu, std::string(kHeadWiden), wide);
    CHECKBOX_TRY(graph_.output.name, add_linear(kHeadClassify, "", active));
    graph_.nodes.back().outputs[0] = graph_.output.name = kOutputName;
    graph_.output.shape = {kDynamic, tensors_.find(std::string(kHeadClassify) + ".bias")->second.shape[0]};
    return {};
  }

  Graph take() { return std::move(graph_); }

 private:
  std::string add(const std::string& name, std::string op_type, std::vector<std::string> inputs,
                  std::map<std::string, Attribute, std::less<>> attributes = {}) {
    std::string output = name + ".out";
    graph_.nodes.push_back({name, std::move(op_type), std::move(inputs), {output}, std::move(attributes)});
    return output;
  }

  std::string activate(Activation activation, const std::string& name, std::string value) {
    switch (activation) {
      case Activation::kNone:
        return value;
      case Activation::kRelu:
        return add(name + ".relu", "Relu", {std::move(value)});
      case Activation::kRelu6:
        add_scalar(kClipLow, 0);
        add_scalar(kClipHigh, 6);
        return add(name + ".relu6", "Clip", {std::move(value), std::string(kClipLow), std::string(kClipHigh)});
    }
    return value;
  }

  void add_scalar(std::string_view name, float value) {
    if (!graph_.initializers.contains(name)) {
      graph_.initializers.emplace(name, Tensor::from_floats({}, std::span(&value, 1)));
    }
  }

  Result<std::string> add_conv(const ConvNorm& unit, const std::string& input) {
    CHECKBOX_CHECK(add_folded(unit.conv, unit.norm, false));
    std::string output = add(unit.conv, "Conv", {input, unit.conv + ".weight", unit.conv + ".bias"},
                             {{"kernel_shape", pair_of(unit.kernel)},
                              {"strides", pair_of(unit.stride)},
                              {"pads", std::vector<std::int64_t>(4, unit.padding)},
                              {"dilations", pair_of(1)},
                              {"group", unit.groups}});
    return activate(unit.activation, unit.conv, std::move(output));
  }

  Result<std::string> add_linear(std::string_view linear, std::string_view norm, const std::string& input) {
    const std::string name(linear);
    CHECKBOX_CHECK(add_folded(name, std::string(norm), true));
    return add(name, "Gemm", {input, name + ".weight", name + ".bias"}, {{"transB", std::int64_t{1}}});
  }

  [[nodiscard]] Result<std::vector<double>> values(const std::string& name) const {
    auto converted = tensors_.find(name)->second.to_f32();
    if (!converted.ok()) return error(converted.error().code, "{}: {}", name, converted.error().message);
    const auto floats = converted->floats();
    return std::vector<double>(floats.begin(), floats.end());
  }

  // Initializers `layer`.weight [outputs, ...] and `layer`.bias [outputs], with the BatchNorm `norm` (if any) in them:
  // y = (w x + b - mean) * gamma / sqrt(var + epsilon) + beta, in double.
  Status add_folded(const std::string& layer, const std::string& norm, bool has_bias) {
    const Tensor& original = tensors_.find(layer + ".weight")->second;
    CHECKBOX_TRY(std::vector<double> weight, values(layer + ".weight"));
    std::vector<double> bias(static_cast<std::size_t>(original.shape[0]), 0);
    if (has_bias) {
      CHECKBOX_TRY(bias, values(layer + ".bias"));
    }
    if (!norm.empty()) {
      CHECKBOX_TRY(const auto gamma, values(norm + ".weight"));
      CHECKBOX_TRY(const auto beta, values(norm + ".bias"));
      CHECKBOX_TRY(const auto mean, values(norm + ".running_mean"));
      CHECKBOX_TRY(const auto variance, values(norm + ".running_var"));
      const std::size_t per_output = weight.size() / bias.size();
      for (std::size_t i = 0; i < bias.size(); ++i) {
        const double scale = gamma[i] / std::sqrt(variance[i] + kBatchNormEpsilon);
        bias[i] = (bias[i] - mean[i]) * scale + beta[i];
        for (std::size_t j = 0; j < per_output; ++j) weight[i * per_output + j] *= scale;
      }
    }
    CHECKBOX_CHECK(add_initializer(layer + ".weight", original.shape, weight));
    return add_initializer(layer + ".bias", {original.shape[0]}, bias);
  }

  Status add_initializer(const std::string& name, std::vector<std::int64_t> shape, std::span<const double> values) {
    std::vector<float> floats;
    floats.reserve(values.size());
    for (const double value : values) {
      floats.push_back(static_cast<float>(value));
      if (!std::isfinite(floats.back())) {
        return error(ErrorCode::kCorrupt, "{}: not finite after folding its BatchNorm into it", name);
      }
    }
    graph_.initializers.emplace(name, Tensor::from_floats(std::move(shape), floats));
    return {};
  }

  const TensorMap& tensors_;
  Graph graph_;
  std::string features_;
};

}  // namespace

Result<Graph> build_network(std::string_view architecture, const TensorMap& tensors) {
  CHECKBOX_CHECK(check_tensors(architecture, tensors, Part::kWhole));
  CHECKBOX_TRY(const Encoder encoder, describe_encoder(architecture));
  GraphBuilder builder(tensors);
  CHECKBOX_CHECK(builder.add_encoder(encoder));
  CHECKBOX_CHECK(builder.add_head());
  return builder.take();
}

}  // namespace checkbox::runtime
