#include "runtime/operators/pool.hpp"

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

// False where oneDNN cannot do it.
bool emit_pool(Builder& builder, const NodeContext& context, const Pooling& pooling) {
  const auto kernel = find_kernel(builder.engine(), pooling);
  if (!kernel) return false;
  const Located source = builder.find(context.node.inputs[0], kernel->src_desc());
  const Located destination = builder.make(context.node.outputs[0], kernel->dst_desc());
  builder.add({dnnl::pooling_forward(*kernel),
               {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, destination}},
               {},
               kernel->scratchpad_desc()});
  return true;
}

// The whole image as one window.
bool emit_global_pool(Builder& builder, const NodeContext& context, dnnl::algorithm algorithm) {
  const Shape& input = context.inputs[0];
  return emit_pool(builder, context,
                   {.algorithm = algorithm,
                    .source = channels_last(input),
                    .destination = channels_last(builder.shape(context.node.outputs[0])),
                    .strides = {input[2], input[3]},
                    .kernel = {input[2], input[3]},
                    .pads_before = {0, 0},
                    .pads_after = {0, 0}});
}

}  // namespace

Result<bool> emit_global_max_pool(Builder& builder, const NodeContext& context) {
  return emit_global_pool(builder, context, dnnl::algorithm::pooling_max);
}

Result<bool> emit_global_average_pool(Builder& builder, const NodeContext& context) {
  return emit_global_pool(builder, context, dnnl::algorithm::pooling_avg_exclude_padding);
}

Result<bool> emit_max_pool(Builder& builder, const NodeContext& context) {
  CHECKBOX_TRY(const Window window, max_pool_window(context));
  const auto& [y, x] = window;
  if (y.dilation != 1 || x.dilation != 1) return false;
  return emit_pool(builder, context,
                   {.algorithm = dnnl::algorithm::pooling_max,
                    .source = channels_last(context.inputs[0]),
                    .destination = channels_last(builder.shape(context.node.outputs[0])),
                    .strides = {y.stride, x.stride},
                    .kernel = {y.kernel, x.kernel},
                    .pads_before = {y.pad_before, x.pad_before},
                    .pads_after = {y.pad_after, x.pad_after}});
}

}  // namespace checkbox::runtime::onednn
