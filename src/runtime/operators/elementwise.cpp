#include "runtime/operators/elementwise.hpp"

#include <limits>

namespace checkbox::runtime {
namespace {

Result<float> bound(const NodeContext& context, std::size_t index, float fallback) {
  if (!context.has_input(index)) return fallback;
  const weights::Tensor* constant = context.constants[index];
  if (constant == nullptr || constant->element_count() != 1) {
    return context.fail(ErrorCode::kUnsupported, "its bounds must be initializers of one value");
  }
  return constant->floats()[0];
}

}  // namespace

Result<Shape> infer_add(const NodeContext& context) {
  if (context.inputs[0] == context.inputs[1]) return context.inputs[0];
  return context.fail(ErrorCode::kUnsupported, "adds {} to {}: only equal shapes can be done",
                      to_string(context.inputs[1]), to_string(context.inputs[0]));
}

Result<ClipBounds> clip_bounds(const NodeContext& context) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  CHECKBOX_TRY(const float low, bound(context, 1, -kInfinity));
  CHECKBOX_TRY(const float high, bound(context, 2, kInfinity));
  if (!(low <= high)) return context.fail(ErrorCode::kCorrupt, "clips to [{}, {}]", low, high);
  return ClipBounds{low, high};
}

Result<Shape> infer_clip(const NodeContext& context) {
  CHECKBOX_CHECK(clip_bounds(context));
  return context.inputs[0];
}

}  // namespace checkbox::runtime
