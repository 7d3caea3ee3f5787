// Conv: 2-D convolution over [N, C, H, W], with groups, strides, dilations, explicit or automatic padding.
// https://onnx.ai/onnx/operators/onnx__Conv.html
#pragma once

#include "runtime/operators/operator.hpp"

namespace checkbox::runtime {

struct ConvSettings {
  std::int64_t batch, in_channels, in_height, in_width;
  std::int64_t out_channels, out_height, out_width;
  std::int64_t kernel_height, kernel_width;
  std::int64_t stride_y, stride_x;
  std::int64_t dilation_y, dilation_x;  // 1: none
  std::int64_t pad_top, pad_left, pad_bottom, pad_right;
  std::int64_t groups;
  bool has_bias;
};

// Weights [M, C / groups, kh, kw] and bias [M] must be initializers. The message says what does not fit.
[[nodiscard]] Result<ConvSettings> conv_settings(const NodeContext& context);
[[nodiscard]] Result<Shape> infer_conv(const NodeContext& context);

}  // namespace checkbox::runtime
