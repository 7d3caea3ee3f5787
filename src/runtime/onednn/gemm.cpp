#include "runtime/operators/gemm.hpp"

#include "runtime/onednn/compat.hpp"
#include "runtime/onednn/kernels.hpp"

namespace checkbox::runtime::onednn {
namespace {

using dnnl::memory;

// `values` times `factor`, the first `count` of them `step` apart (0: one value repeated).
std::vector<float> scaled(std::span<const float> values, float factor, std::int64_t count, std::int64_t step) {
  std::vector<float> result(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    result[static_cast<std::size_t>(i)] = factor * values[static_cast<std::size_t>(i * step)];
  }
  return result;
}

}  // namespace

Result<bool> emit_gemm(Builder& builder, const NodeContext& context) {
  CHECKBOX_TRY(const GemmSettings gemm, gemm_settings(context));
  const Node* relu = builder.following_relu(context.node);
  const std::string& result = relu != nullptr ? relu->outputs[0] : context.node.outputs[0];

  // oneDNN wants [columns, inner]; B may be stored the other way round.
  const memory::dims weight_dims{gemm.columns, gemm.inner};
  const memory::desc stored = gemm.transpose_b
                                  ? memory::desc(weight_dims, memory::data_type::f32, memory::format_tag::ab)
                                  : memory::desc(weight_dims, memory::data_type::f32, memory::format_tag::ba);
  dnnl::primitive_attr attributes = user_scratchpad();
  if (relu != nullptr) {
    dnnl::post_ops operations;
    append_relu(operations);
    attributes.set_post_ops(operations);
  }
  const auto kernel =
      describe_inner_product(builder.engine(),
                             {.source = row_major({gemm.rows, gemm.inner}),
                              .weights = memory::desc(weight_dims, memory::data_type::f32, memory::format_tag::any),
                              .bias = gemm.has_bias ? row_major({gemm.columns}) : memory::desc(),
                              .destination = row_major({gemm.rows, gemm.columns})},
                             attributes);

  const std::string key = context.node.outputs[0];
  const auto weights = scaled(context.constants[1]->floats(), gemm.alpha, gemm.columns * gemm.inner, 1);
  std::vector<std::pair<int, memory>> constants{
      {DNNL_ARG_WEIGHTS, builder.weights().get(key + ".weights", stored, weights.data(), kernel.weights_desc())}};
  if (gemm.has_bias) {
    const auto bias = scaled(context.constants[2]->floats(), gemm.beta, gemm.columns, gemm.bias_step);
    constants.emplace_back(DNNL_ARG_BIAS, builder.weights().get(key + ".bias", row_major({gemm.columns}), bias.data(),
                                                                kernel.bias_desc()));
  }
  const Located source = builder.find(context.node.inputs[0], kernel.src_desc());
  const Located destination = builder.make(result, kernel.dst_desc());
  builder.add({dnnl::inner_product_forward(kernel),
               {{DNNL_ARG_SRC, source}, {DNNL_ARG_DST, destination}},
               std::move(constants),
               kernel.scratchpad_desc()});
  if (relu != nullptr) builder.mark_done(*relu);
  return true;
}

}  // namespace checkbox::runtime::onednn
