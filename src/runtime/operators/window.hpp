// The geometry of a window that slides over an image, which Conv and MaxPool share: strides, dilations, explicit or
// automatic padding. https://onnx.ai/onnx/operators/onnx__Conv.html
#pragma once

#include "runtime/operators/operator.hpp"

namespace checkbox::runtime {

// One axis, in pixels.
struct WindowAxis {
  std::int64_t size;    // of the input
  std::int64_t kernel;  // pixels that the window looks at
  std::int64_t stride;
  std::int64_t dilation;  // from one of those pixels to the next; 1: none between them
  std::int64_t pad_before, pad_after;

  [[nodiscard]] std::int64_t reach() const { return (kernel - 1) * dilation + 1; }
  [[nodiscard]] std::int64_t output() const { return (size + pad_before + pad_after - reach()) / stride + 1; }
};

struct Window {
  WindowAxis y, x;
};

// From the node's attributes auto_pad, dilations, pads and strides, for a window of that size over input 0, which is
// [N, C, H, W]. kCorrupt where the window does not fit the padded input.
[[nodiscard]] Result<Window> window_settings(const NodeContext& context, std::int64_t kernel_height,
                                             std::int64_t kernel_width);

}  // namespace checkbox::runtime
