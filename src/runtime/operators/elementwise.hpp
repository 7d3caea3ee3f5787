// Operators that treat every value alike: Relu.
#pragma once

#include "runtime/operators/operator.hpp"

namespace checkbox::runtime {

[[nodiscard]] inline Result<Shape> infer_same_shape(const NodeContext& context) {
  return context.inputs[0];
}

}  // namespace checkbox::runtime
