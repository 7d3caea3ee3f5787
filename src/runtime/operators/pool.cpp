#include "runtime/operators/pool.hpp"

namespace checkbox::runtime {

Result<Shape> infer_global_pool(const NodeContext& context) {
  const Shape& input = context.inputs[0];
  if (input.size() != 4) {
    return context.fail(ErrorCode::kUnsupported, "input of shape {}, [N, C, H, W] expected", to_string(input));
  }
  return Shape{input[0], input[1], 1, 1};
}

}  // namespace checkbox::runtime
