// Operators that treat every value alike: Add, Clip, Relu.
// https://onnx.ai/onnx/operators/onnx__Clip.html
#pragma once

#include "runtime/operators/operator.hpp"

namespace checkbox::runtime {

[[nodiscard]] inline Result<Shape> infer_same_shape(const NodeContext& context) {
  return context.inputs[0];
}

// Both of the same shape; kUnsupported where one would have to be broadcast.
[[nodiscard]] Result<Shape> infer_add(const NodeContext& context);

struct ClipBounds {
  float low, high;  // infinite where there is none
};
// Inputs 1 and 2, which must be scalar initializers or omitted. kCorrupt for a NaN, or a low above the high.
[[nodiscard]] Result<ClipBounds> clip_bounds(const NodeContext& context);
[[nodiscard]] Result<Shape> infer_clip(const NodeContext& context);

}  // namespace checkbox::runtime
