// GlobalMaxPool and GlobalAveragePool: [N, C, H, W] to [N, C, 1, 1].
// https://onnx.ai/onnx/operators/onnx__GlobalMaxPool.html
#pragma once

#include "runtime/operators/operator.hpp"

namespace checkbox::runtime {

[[nodiscard]] Result<Shape> infer_global_pool(const NodeContext& context);

}  // namespace checkbox::runtime
