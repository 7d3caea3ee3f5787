// Operators that move values without computing: Concat, Flatten.
// https://onnx.ai/onnx/operators/onnx__Concat.html, onnx__Flatten.html
#pragma once

#include "runtime/operators/operator.hpp"

namespace checkbox::runtime {

// The axis, counted from the front.
[[nodiscard]] Result<std::size_t> concat_axis(const NodeContext& context);
[[nodiscard]] Result<Shape> infer_concat(const NodeContext& context);
[[nodiscard]] Result<Shape> infer_flatten(const NodeContext& context);

}  // namespace checkbox::runtime
