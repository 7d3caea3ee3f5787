// Each network's graph from named tensors, shared by `train` (which exports its modules' parameters) and `import`.
// Tensor names are those of the reference's state dict ("encoder.0.weight", "head.model.0.weight" ...).
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "runtime/graph.hpp"
#include "weights/tensor.hpp"

namespace checkbox::runtime {

// BatchNorm folded into the convolution or Gemm before it, input [N, 3, 224, 224], output logits [N, classes].
// kInvalidArgument for an unknown architecture (lists the known ones); kCorrupt lists the tensors that are missing,
// unexpected or of another shape.
[[nodiscard]] Result<Graph> build_network(std::string_view architecture, const weights::TensorMap& tensors);

[[nodiscard]] const std::vector<std::string_view>& known_architectures();

}  // namespace checkbox::runtime
