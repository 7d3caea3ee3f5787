#include "runtime/operators/gemm.hpp"

#include "runtime/operators/attributes.hpp"

namespace checkbox::runtime {

Result<GemmSettings> gemm_settings(const NodeContext& context) {
  const Shape& a = context.inputs[0];
  const Shape& b = context.inputs[1];
  if (a.size() != 2 || b.size() != 2) {
    return context.fail(ErrorCode::kCorrupt, "A {} and B {} should both have 2 dimensions", to_string(a), to_string(b));
  }
  if (context.constants[1] == nullptr || (context.has_input(2) && context.constants[2] == nullptr)) {
    return context.fail(ErrorCode::kUnsupported, "B and C must be initializers");
  }
  CHECKBOX_TRY(const std::int64_t transpose_a, integer_attribute(context, "transA", 0));
  CHECKBOX_TRY(const std::int64_t transpose_b, integer_attribute(context, "transB", 0));
  CHECKBOX_TRY(const float alpha, float_attribute(context, "alpha", 1));
  CHECKBOX_TRY(const float beta, float_attribute(context, "beta", 1));
  if (transpose_a != 0) return context.fail(ErrorCode::kUnsupported, "transA mixes the images of a batch");

  const std::int64_t inner = transpose_b != 0 ? b[1] : b[0];
  const std::int64_t columns = transpose_b != 0 ? b[0] : b[1];
  if (inner != a[1]) {
    return context.fail(ErrorCode::kCorrupt, "B {} is for {} inputs, found {}", to_string(b), inner, a[1]);
  }
  std::int64_t bias_step = 0;
  if (context.has_input(2)) {
    const Shape& c = context.inputs[2];
    const bool per_column = c == Shape{columns} || c == Shape{1, columns};
    const bool scalar = c.empty() || c == Shape{1} || c == Shape{1, 1};
    if (!per_column && !scalar) {
      return context.fail(ErrorCode::kUnsupported, "C of shape {}, [{}] expected", to_string(c), columns);
    }
    bias_step = per_column ? 1 : 0;
  }
  return GemmSettings{.rows = a[0],
                      .inner = inner,
                      .columns = columns,
                      .transpose_b = transpose_b != 0,
                      .alpha = alpha,
                      .beta = beta,
                      .has_bias = context.has_input(2),
                      .bias_step = bias_step};
}

Result<Shape> infer_gemm(const NodeContext& context) {
  CHECKBOX_TRY(const GemmSettings gemm, gemm_settings(context));
  return Shape{gemm.rows, gemm.columns};
}

}  // namespace checkbox::runtime
