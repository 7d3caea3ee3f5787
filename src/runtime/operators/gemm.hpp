// Gemm: alpha * A * B + beta * C, the fully connected layer. https://onnx.ai/onnx/operators/onnx__Gemm.html
#pragma once

#include "runtime/operators/operator.hpp"

namespace checkbox::runtime {

struct GemmSettings {
  std::int64_t rows, inner, columns;  // [rows, inner] x [inner, columns]
  bool transpose_b;                   // B is stored [columns, inner]
  float alpha, beta;
  bool has_bias;
  std::int64_t bias_step;  // 1: one bias per column, 0: one for all
};

// B and C must be initializers. transA would mix the images of a batch and is refused.
[[nodiscard]] Result<GemmSettings> gemm_settings(const NodeContext& context);
[[nodiscard]] Result<Shape> infer_gemm(const NodeContext& context);

}  // namespace checkbox::runtime
