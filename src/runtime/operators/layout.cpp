#include "runtime/operators/layout.hpp"

#include "runtime/operators/attributes.hpp"

namespace checkbox::runtime {

Result<std::size_t> concat_axis(const NodeContext& context) {
  if (!context.node.attributes.contains("axis"))
    return context.fail(ErrorCode::kCorrupt, "attribute 'axis' is missing");
  CHECKBOX_TRY(const std::int64_t axis, integer_attribute(context, "axis", 0));
  return normal_axis(context, axis, context.inputs[0].size());
}

Result<Shape> infer_concat(const NodeContext& context) {
  CHECKBOX_TRY(const std::size_t axis, concat_axis(context));
  Shape result = context.inputs[0];
  for (std::size_t i = 1; i < context.inputs.size(); ++i) {
    const Shape& input = context.inputs[i];
    Shape expected = context.inputs[0];
    if (input.size() == expected.size()) expected[axis] = input[axis];
    if (input != expected) {
      return context.fail(ErrorCode::kCorrupt, "input {} of shape {} cannot follow {} along axis {}", i,
                          to_string(input), to_string(context.inputs[0]), axis);
    }
    result[axis] += input[axis];
  }
  return result;
}

Result<Shape> infer_flatten(const NodeContext& context) {
  const Shape& input = context.inputs[0];
  CHECKBOX_TRY(const std::int64_t requested, integer_attribute(context, "axis", 1));
  CHECKBOX_TRY(const std::size_t axis, normal_axis(context, requested, input.size(), true));
  const std::span<const std::int64_t> dimensions(input);
  return Shape{elements(dimensions.first(axis)), elements(dimensions.subspan(axis))};
}

}  // namespace checkbox::runtime
