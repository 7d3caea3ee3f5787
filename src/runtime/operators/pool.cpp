#include "runtime/operators/pool.hpp"

#include <algorithm>

#include "runtime/operators/attributes.hpp"

namespace checkbox::runtime {
namespace {

Status check_image(const NodeContext& context) {
  const Shape& input = context.inputs[0];
  if (input.size() == 4) return {};
  return context.fail(ErrorCode::kUnsupported, "input of shape {}, [N, C, H, W] expected", to_string(input));
}

}  // namespace

Result<Shape> infer_global_pool(const NodeContext& context) {
  CHECKBOX_CHECK(check_image(context));
  return Shape{context.inputs[0][0], context.inputs[0][1], 1, 1};
}

Result<Window> max_pool_window(const NodeContext& context) {
  CHECKBOX_CHECK(check_image(context));
  for (const char* name : {"ceil_mode", "storage_order"}) {
    CHECKBOX_TRY(const std::int64_t value, integer_attribute(context, name, 0));
    if (value != 0) return context.fail(ErrorCode::kUnsupported, "{} {}: only 0 can be done", name, value);
  }
  CHECKBOX_TRY(const auto kernel, integers_attribute(context, "kernel_shape", 2, 1, 0));
  CHECKBOX_TRY(const Window window, window_settings(context, kernel[0], kernel[1]));
  for (const WindowAxis& axis : {window.y, window.x}) {
    if (std::max(axis.pad_before, axis.pad_after) >= axis.reach()) {
      return context.fail(ErrorCode::kCorrupt, "padding of {} and {} pixels for a window of {}", axis.pad_before,
                          axis.pad_after, axis.reach());
    }
  }
  return window;
}

Result<Shape> infer_max_pool(const NodeContext& context) {
  CHECKBOX_TRY(const Window window, max_pool_window(context));
  return Shape{context.inputs[0][0], context.inputs[0][1], window.y.output(), window.x.output()};
}

}  // namespace checkbox::runtime
