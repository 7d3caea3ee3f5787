#include "runtime/operators/conv.hpp"

#include "runtime/operators/attributes.hpp"
#include "runtime/operators/window.hpp"

namespace checkbox::runtime {
namespace {

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
  CHECKBOX_TRY(const std::int64_t groups, integer_attribute(context, "group", 1));
  CHECKBOX_CHECK(check_channels(context, input, weights, groups));

  CHECKBOX_TRY(const Window window, window_settings(context, weights[2], weights[3]));
  const WindowAxis &y = window.y, &x = window.x;
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
