#include "runtime/operators/conv.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>

#include "runtime/onednn/background.hpp"
#include "runtime/onednn/compat.hpp"
#include "runtime/onednn/kernels.hpp"
#include "runtime/operators/elementwise.hpp"

namespace checkbox::runtime::onednn {
namespace {

using dnnl::memory;
constexpr auto kF32 = memory::data_type::f32;

memory::dims weight_dims(const ConvSettings& conv) {
  const std::int64_t inputs = conv.in_channels / conv.groups;
  if (conv.groups == 1) return {conv.out_channels, inputs, conv.kernel_height, conv.kernel_width};
  return {conv.groups, conv.out_channels / conv.groups, inputs, conv.kernel_height, conv.kernel_width};
}

// Whether the padding is less than the filter: what oneDNN's kernels are made for. A file may ask for anything.
bool is_ordinary(const ConvSettings& conv) {
  const std::int64_t reach_y = (conv.kernel_height - 1) * conv.dilation_y + 1;
  const std::int64_t reach_x = (conv.kernel_width - 1) * conv.dilation_x + 1;
  return std::max(conv.pad_top, conv.pad_bottom) < reach_y && std::max(conv.pad_left, conv.pad_right) < reach_x;
}

// What follows a convolution and can be done before its result is stored: adding an earlier value, limiting.
struct Tail {
  std::vector<const Node*> nodes;
  std::string result;              // what the last of them yields
  std::optional<std::string> sum;  // the value that is added
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();

  void take(const Node& node) {
    nodes.push_back(&node);
    result = node.outputs[0];
  }
};

Result<Tail> find_tail(const Builder& builder, const Node& conv, bool may_add) {
  Tail tail{.nodes = {}, .result = conv.outputs[0], .sum = {}};
  const Node* next = builder.only_user(tail.result);
  if (may_add && next != nullptr && next->op_type == "Add") {
    const std::string& other = next->inputs[next->inputs[0] == tail.result ? 1 : 0];
    if (builder.is_made(other)) {
      tail.sum = other;
      tail.take(*next);
      next = builder.only_user(tail.result);
    }
  }
  if (next == nullptr) return tail;
  if (next->op_type == "Relu") {
    tail.low = 0;
    tail.take(*next);
  } else if (next->op_type == "Clip" && next->inputs[0] == tail.result) {
    CHECKBOX_TRY(const ClipBounds bounds, clip_bounds(builder.context(*next)));
    if (!std::isfinite(bounds.low) || !std::isfinite(bounds.high)) return tail;
    tail.low = bounds.low;
    tail.high = bounds.high;
    tail.take(*next);
  }
  return tail;
}

dnnl::primitive_attr attributes_of(const Tail& tail, const memory::desc& sum) {
  dnnl::post_ops operations;
  if (tail.sum) operations.append_binary(dnnl::algorithm::binary_add, sum);
  if (std::isfinite(tail.high)) {
    append_clip(operations, tail.low, tail.high);
  } else if (tail.low == 0) {
    append_relu(operations);
  }
  dnnl::primitive_attr attributes = user_scratchpad();
  attributes.set_post_ops(operations);
  return attributes;
}

using Kernel = std::optional<dnnl::convolution_forward::primitive_desc>;

// Nothing where oneDNN has only its own plain loops for it.
Kernel find_kernel(const dnnl::engine& engine, const ConvSettings& conv, const Tail& tail, const memory::desc& source,
                   const memory::desc& destination) {
  const Convolution wanted{
      .source = source,
      .weights = memory::desc(weight_dims(conv), kF32, memory::format_tag::any),
      .bias = conv.has_bias ? memory::desc({conv.out_channels}, kF32, memory::format_tag::a) : memory::desc(),
      .destination = destination,
      .strides = {conv.stride_y, conv.stride_x},
      .dilations = {conv.dilation_y - 1, conv.dilation_x - 1},
      .pads_before = {conv.pad_top, conv.pad_left},
      .pads_after = {conv.pad_bottom, conv.pad_right}};
  try {
    auto kernel = describe_convolution(engine, wanted, attributes_of(tail, destination));
    if (std::string_view(kernel.impl_info_str()).starts_with("ref")) return std::nullopt;
    return kernel;
  } catch (const dnnl::error& failure) {
    if (failure.status != dnnl_unimplemented) throw;
    return std::nullopt;
  }
}

struct Choice {
  Kernel kernel;
  Tail tail;
};

// Channels-last, and the tail's sum only where it does not force a slower kind of kernel; any layout if need be.
Result<Choice> choose_kernel(const Builder& builder, const Node& node, const ConvSettings& conv) {
  const Shape input{conv.batch, conv.in_channels, conv.in_height, conv.in_width};
  const Shape output{conv.batch, conv.out_channels, conv.out_height, conv.out_width};
  CHECKBOX_TRY(Tail tail, find_tail(builder, node, false));
  Kernel kernel = find_kernel(builder.engine(), conv, tail, channels_last(input), channels_last(output));
  if (!kernel) {
    kernel = find_kernel(builder.engine(), conv, tail, memory::desc(input, kF32, memory::format_tag::any),
                         memory::desc(output, kF32, memory::format_tag::any));
    return Choice{std::move(kernel), std::move(tail)};
  }
  CHECKBOX_TRY(Tail with_sum, find_tail(builder, node, true));
  if (with_sum.sum) {
    Kernel summing = find_kernel(builder.engine(), conv, with_sum, channels_last(input), channels_last(output));
    if (summing && std::string_view(summing->impl_info_str()) == kernel->impl_info_str()) {
      return Choice{std::move(summing), std::move(with_sum)};
    }
  }
  return Choice{std::move(kernel), std::move(tail)};
}

// The same convolution of an image to which the padding has been added.
ConvSettings without_padding(ConvSettings conv) {
  conv.in_height += conv.pad_top + conv.pad_bottom;
  conv.in_width += conv.pad_left + conv.pad_right;
  conv.pad_top = conv.pad_left = conv.pad_bottom = conv.pad_right = 0;
  conv.has_bias = true;
  return conv;
}

// A step that makes the source and the bias from the network's input, with the background's colour taken out.
std::pair<Located, Located> add_background(Builder& builder, const NodeContext& context, const ConvSettings& conv,
                                           const memory::desc& source_layout) {
  const auto background = std::make_shared<const Background>(
      conv, context.constants[1]->floats(), conv.has_bias ? context.constants[2]->floats() : std::span<const float>());
  const Located input = builder.find(context.node.inputs[0], row_major(context.inputs[0]));
  const Located source = builder.make_scratch(source_layout);
  const Located bias = builder.make_scratch(row_major({conv.out_channels}));
  builder.add([background, from = input.storage, to = source.storage, with = bias.storage](
                  std::span<float* const> storages) { background->run(storages[from], storages[to], storages[with]); },
              std::array{input, source, bias});
  return {source, bias};
}

}  // namespace

Result<bool> emit_conv(Builder& builder, const NodeContext& context) {
  CHECKBOX_TRY(const ConvSettings conv, conv_settings(context));
  if (!is_ordinary(conv)) return false;
  Choice choice;
  bool of_image = builder.is_input(context.node.inputs[0]) && Background::suits(conv);
  if (of_image) {
    const ConvSettings padded = without_padding(conv);
    CHECKBOX_TRY(choice, choose_kernel(builder, context.node, padded));
    of_image = choice.kernel &&
               choice.kernel->src_desc() == channels_last({1, padded.in_channels, padded.in_height, padded.in_width});
  }
  if (!of_image) {
    CHECKBOX_TRY(choice, choose_kernel(builder, context.node, conv));
  }
  const auto& [kernel, tail] = choice;
  if (!kernel) return false;

  const std::string key = context.node.outputs[0];
  std::vector<std::pair<int, memory>> constants{
      {DNNL_ARG_WEIGHTS, builder.weights().get(key + ".weights", row_major(weight_dims(conv)),
                                               context.constants[1]->floats().data(), kernel->weights_desc())}};
  std::vector<std::pair<int, Located>> values;
  if (of_image) {
    const auto [source, bias] = add_background(builder, context, conv, kernel->src_desc());
    values = {{DNNL_ARG_SRC, source}, {DNNL_ARG_BIAS, bias}};
  } else {
    values = {{DNNL_ARG_SRC, builder.find(context.node.inputs[0], kernel->src_desc())}};
    if (conv.has_bias) {
      constants.emplace_back(DNNL_ARG_BIAS,
                             builder.weights().get(key + ".bias", row_major({conv.out_channels}),
                                                   context.constants[2]->floats().data(), kernel->bias_desc()));
    }
  }
  if (tail.sum) {
    values.emplace_back(DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1,
                        builder.find(*tail.sum, kernel->dst_desc()));
  }
  values.emplace_back(DNNL_ARG_DST, builder.make(tail.result, kernel->dst_desc()));
  builder.add({dnnl::convolution_forward(*kernel), std::move(values), std::move(constants), kernel->scratchpad_desc()});
  for (const Node* node : tail.nodes) builder.mark_done(*node);
  return true;
}

}  // namespace checkbox::runtime::onednn
