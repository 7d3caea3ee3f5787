#include "runtime/operators/conv.hpp"

#include <algorithm>

#include "runtime/operators/attributes.hpp"

namespace checkbox::runtime {
namespace {

struct Axis {
  std::int64_t size, kernel, stride, dilation;
  std::int64_t pad_before, pad_after;

  [[nodiscard]] std::int64_t reach() const { return (kernel - 1) * dilation + 1; }
  [[nodiscard]] std::int64_t output() const { return (size + pad_before + pad_after - reach()) / stride + 1; }
};

// SAME: ceil(size / stride) outputs; an odd pixel of padding goes after (UPPER) or before (LOWER).
void pad_same(Axis& axis, bool upper) {
  const std::int64_t output = (axis.size + axis.stride - 1) / axis.stride;
  const std::int64_t total = std::max<std::int64_t>((output - 1) * axis.stride + axis.reach() - axis.size, 0);
  axis.pad_before = upper ? total / 2 : total - total / 2;
  axis.pad_after = total - axis.pad_before;
}

Status apply_auto_pad(const NodeContext& context, Axis& y, Axis& x) {
  CHECKBOX_TRY(const std::string mode, string_attribute(context, "auto_pad", "NOTSET"));
  if (mode == "NOTSET") return {};
  if (mode == "VALID") {
    y.pad_before = y.pad_after = x.pad_before = x.pad_after = 0;
    return {};
  }
  if (mode != "SAME_UPPER" && mode != "SAME_LOWER") {
    return context.fail(ErrorCode::kCorrupt, "auto_pad '{}' is none of NOTSET, VALID, SAME_UPPER, SAME_LOWER", mode);
  }
  pad_same(y, mode == "SAME_UPPER");
  pad_same(x, mode == "SAME_UPPER");
  return {};
}

Status check_channels(const NodeContext& context, const Shape& input, const Shape& weights, std::int64_t groups) {
  if (groups < 1 || groups > input[1] || input[1] % groups != 0 || weights[0] % groups != 0) {
    return context.fail(ErrorCode::kCorrupt, "{} groups do not divide {} input and {} output channels", groups,
                        input[1], weights[0]);
  }
  if (weights[1] * groups != input[1]) {
    return context.fail(ErrorCode::kCorrupt, "weights {} with {} groups are for {} input channels, found {}",
                        to_string(weights), groups, weights[1] * groups, input[1]);
  }
  if (context.has_input(2) && context.inputs[2] != Shape{weights[0]}) {
    return context.fail(ErrorCode::kCorrupt, "bias of shape {}, [{}] expected", to_string(context.inputs[2]),
                        weights[0]);
  }
  return {};
}

}  // namespace

Result<ConvSettings> conv_settings(const NodeContext& context) {
  const Shape& input = context.inputs[0];
  const Shape& weights = context.inputs[1];
  if (input.size() != 4 || weights.size() != 4) {
    return context.fail(ErrorCode::kUnsupported, "input {} and weights {}: only 2-D images (4 dimensions) can be done",
                        to_string(input), to_string(weights));
  }
  if (context.constants[1] == nullptr || (context.has_input(2) && context.constants[2] == nullptr)) {
    return context.fail(ErrorCode::kUnsupported, "weights and bias must be initializers");
  }
  CHECKBOX_TRY(const auto kernel, integers_attribute(context, "kernel_shape", 2, 1, 0));
  if (context.node.attributes.contains("kernel_shape") && (kernel[0] != weights[2] || kernel[1] != weights[3])) {
    return context.fail(ErrorCode::kCorrupt, "kernel_shape [{}, {}] contradicts weights of shape {}", kernel[0],
                        kernel[1], to_string(weights));
  }
  CHECKBOX_TRY(const auto strides, integers_attribute(context, "strides", 2, 1, 1));
  CHECKBOX_TRY(const auto dilations, integers_attribute(context, "dilations", 2, 1, 1));
  CHECKBOX_TRY(const auto pads, integers_attribute(context, "pads", 4, 0, 0));
  CHECKBOX_TRY(const std::int64_t groups, integer_attribute(context, "group", 1));
  CHECKBOX_CHECK(check_channels(context, input, weights, groups));

  Axis y{input[2], weights[2], strides[0], dilations[0], pads[0], pads[2]};
  Axis x{input[3], weights[3], strides[1], dilations[1], pads[1], pads[3]};
  CHECKBOX_CHECK(apply_auto_pad(context, y, x));
  for (const Axis& axis : {y, x}) {
    if (axis.kernel < 1 || axis.reach() > axis.size + axis.pad_before + axis.pad_after) {
      return context.fail(ErrorCode::kCorrupt, "a kernel reaching over {} pixels does not fit an input of {} + {} + {}",
                          axis.reach(), axis.size, axis.pad_before, axis.pad_after);
    }
  }
  return ConvSettings{.batch = input[0],
                      .in_channels = input[1],
                      .in_height = input[2],
                      .in_width = input[3],
                      .out_channels = weights[0],
                      .out_height = y.output(),
                      .out_width = x.output(),
                      .kernel_height = y.kernel,
                      .kernel_width = x.kernel,
                      .stride_y = y.stride,
                      .stride_x = x.stride,
                      .dilation_y = y.dilation,
                      .dilation_x = x.dilation,
                      .pad_top = y.pad_before,
                      .pad_left = x.pad_before,
                      .pad_bottom = y.pad_after,
                      .pad_right = x.pad_after,
                      .groups = groups,
                      .has_bias = context.has_input(2)};
}

Result<Shape> infer_conv(const NodeContext& context) {
  CHECKBOX_TRY(const ConvSettings conv, conv_settings(context));
  return Shape{conv.batch, conv.out_channels, conv.out_height, conv.out_width};
}

}  // namespace checkbox::runtime
