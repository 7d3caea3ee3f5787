// GlobalMaxPool and GlobalAveragePool: [N, C, H, W] to [N, C, 1, 1]. MaxPool: the maximum of a sliding window.
// https://onnx.ai/onnx/operators/onnx__GlobalMaxPool.html, onnx__MaxPool.html
#pragma once

#include "runtime/operators/operator.hpp"
#include "runtime/operators/window.hpp"

namespace checkbox::runtime {

[[nodiscard]] Result<Shape> infer_global_pool(const NodeContext& context);

// kUnsupported where ceil_mode or storage_order is set, kCorrupt where a window could lie wholly in the padding.
[[nodiscard]] Result<Window> max_pool_window(const NodeContext& context);
[[nodiscard]] Result<Shape> infer_max_pool(const NodeContext& context);

}  // namespace checkbox::runtime
