#include <optional>
#include <string_view>

#include "runtime/onednn/compat.hpp"
#include "runtime/onednn/kernels.hpp"

namespace checkbox::runtime::onednn {
namespace {

// Nothing where oneDNN has only its own plain loops for it.
std::optional<dnnl::pooling_forward::primitive_desc> find_kernel(const dnnl::engine& engine, const Pooling& pooling) {
  try {
    auto kernel = describe_pooling(engine, pooling, user_scratchpad());
    if (std::string_view(kernel.impl_info_str()).starts_with("ref")) return std::nullopt;
    return kernel;
  } catch (const dnnl::error& failure) {
    if (failure.status != dnnl_unimplemented) throw;
    return std::nullopt;
  }
}

// The whole image as one window.
Result<bool> emit_global_pool(Builder& builder, const NodeContext& context, dnnl::algorithm algorithm) {
  const Shape& input = context.inputs[0];
  const std::string& name = context.node.outputs[0];
  const auto kernel = find_kernel(builder.engine(), {.algorithm = algorithm,
                                                     .source = channels_last(input),
                                                     .destination = channels_last(builder.shape(name)),
                                                     .strides = {input[2], input[3]},
                                                     .kernel = {input[2], input[3]},
                                                     .pads_before = {0, 0},
                                                     .pads_after = {0, 0}});
  if (!kernel) return false;
  const Located source = builder.find(context.node.inputs[0], kernel->src_desc());
  const Located destination = builder.make(name, kernel->dst_desc());
  builder.add({dnnl::pooling_forward(*kernel),
               {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, destination}},
               {},
               kernel->scratchpad_desc()});
  return true;
}

}  // namespace

Result<bool> emit_global_max_pool(Builder& builder, const NodeContext& context) {
  return emit_global_pool(builder, context, dnnl::algorithm::pooling_max);
}

Result<bool> emit_global_average_pool(Builder& builder, const NodeContext& context) {
  return emit_global_pool(builder, context, dnnl::algorithm::pooling_avg_exclude_padding);
}

}  // namespace checkbox::runtime::onednn
