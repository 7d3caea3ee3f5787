#include "runtime/operators/window.hpp"

#include <algorithm>

#include "runtime/limits.hpp"
#include "runtime/operators/attributes.hpp"

namespace checkbox::runtime {
namespace {

// SAME: ceil(size / stride) outputs; an odd pixel of padding goes after (UPPER) or before (LOWER).
void pad_same(WindowAxis& axis, bool upper) {
  const std::int64_t output = (axis.size + axis.stride - 1) / axis.stride;
  const std::int64_t total = std::max<std::int64_t>((output - 1) * axis.stride + axis.reach() - axis.size, 0);
  axis.pad_before = upper ? total / 2 : total - total / 2;
  axis.pad_after = total - axis.pad_before;
}

Status apply_auto_pad(const NodeContext& context, Window& window) {
  CHECKBOX_TRY(const std::string mode, string_attribute(context, "auto_pad", "NOTSET"));
  if (mode == "NOTSET") return {};
  if (mode == "VALID") {
    for (WindowAxis* axis : {&window.y, &window.x}) axis->pad_before = axis->pad_after = 0;
    return {};
  }
  if (mode != "SAME_UPPER" && mode != "SAME_LOWER") {
    return context.fail(ErrorCode::kCorrupt, "auto_pad '{}' is none of NOTSET, VALID, SAME_UPPER, SAME_LOWER", mode);
  }
  for (WindowAxis* axis : {&window.y, &window.x}) pad_same(*axis, mode == "SAME_UPPER");
  return {};
}

}  // namespace

Result<Window> window_settings(const NodeContext& context, std::int64_t kernel_height, std::int64_t kernel_width) {
  CHECKBOX_TRY(const auto strides, integers_attribute(context, "strides", 2, 1, 1));
  CHECKBOX_TRY(const auto dilations, integers_attribute(context, "dilations", 2, 1, 1));
  CHECKBOX_TRY(const auto pads, integers_attribute(context, "pads", 4, 0, 0));
  const Shape& input = context.inputs[0];
  Window window{{input[2], kernel_height, strides[0], dilations[0], pads[0], pads[2]},
                {input[3], kernel_width, strides[1], dilations[1], pads[1], pads[3]}};
  CHECKBOX_CHECK(apply_auto_pad(context, window));
  for (const WindowAxis& axis : {window.y, window.x}) {
    if (axis.kernel > kMaxWindow) {
      return context.fail(ErrorCode::kLimitExceeded, "a window of {} pixels, at most {} expected", axis.kernel,
                          kMaxWindow);
    }
    if (axis.kernel < 1 || axis.reach() > axis.size + axis.pad_before + axis.pad_after) {
      return context.fail(ErrorCode::kCorrupt, "a kernel reaching over {} pixels does not fit an input of {} + {} + {}",
                          axis.reach(), axis.size, axis.pad_before, axis.pad_after);
    }
  }
  return window;
}

}  // namespace checkbox::runtime
