#include "runtime/operators/conv.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "runtime/onednn/compat.hpp"
#include "runtime/onednn/kernels.hpp"

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

// Nothing where oneDNN has only its own plain loops for it.
std::optional<dnnl::convolution_forward::primitive_desc> find_kernel(const dnnl::engine& engine,
                                                                     const ConvSettings& conv, bool relu,
                                                                     const memory::desc& source,
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
  dnnl::primitive_attr attributes = user_scratchpad();
  if (relu) {
    dnnl::post_ops operations;
    append_relu(operations);
    attributes.set_post_ops(operations);
  }
  try {
    auto kernel = describe_convolution(engine, wanted, attributes);
    if (std::string_view(kernel.impl_info_str()).starts_with("ref")) return std::nullopt;
    return kernel;
  } catch (const dnnl::error& failure) {
    if (failure.status != dnnl_unimplemented) throw;
    return std::nullopt;
  }
}

}  // namespace

Result<bool> emit_conv(Builder& builder, const NodeContext& context) {
  CHECKBOX_TRY(const ConvSettings conv, conv_settings(context));
  if (!is_ordinary(conv)) return false;
  const Node* relu = builder.following_relu(context.node);
  const std::string& result = relu != nullptr ? relu->outputs[0] : context.node.outputs[0];
  const Shape output{conv.batch, conv.out_channels, conv.out_height, conv.out_width};

  auto kernel =
      find_kernel(builder.engine(), conv, relu != nullptr, channels_last(context.inputs[0]), channels_last(output));
  if (!kernel) {
    kernel = find_kernel(builder.engine(), conv, relu != nullptr,
                         memory::desc(context.inputs[0], kF32, memory::format_tag::any),
                         memory::desc(output, kF32, memory::format_tag::any));
  }
  if (!kernel) return false;

  const std::string key = context.node.outputs[0];
  std::vector<std::pair<int, memory>> constants{
      {DNNL_ARG_WEIGHTS, builder.weights().get(key + ".weights", row_major(weight_dims(conv)),
                                               context.constants[1]->floats().data(), kernel->weights_desc())}};
  if (conv.has_bias) {
    constants.emplace_back(DNNL_ARG_BIAS,
                           builder.weights().get(key + ".bias", row_major({conv.out_channels}),
                                                 context.constants[2]->floats().data(), kernel->bias_desc()));
  }
  const Located source = builder.find(context.node.inputs[0], kernel->src_desc());
  const Located destination = builder.make(result, kernel->dst_desc());
  builder.add({dnnl::convolution_forward(*kernel),
               {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, destination}},
               std::move(constants),
               kernel->scratchpad_desc()});
  if (relu != nullptr) builder.mark_done(*relu);
  return true;
}

}  // namespace checkbox::runtime::onednn
