// Each network's graph from named tensors, shared by `train` (which exports its modules' parameters) and `import`.
// Tensor names are those of the reference's state dict ("encoder.0.weight", "head.model.2.weight" ...). Stateless.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "runtime/graph.hpp"
#include "weights/tensor.hpp"

namespace checkbox::runtime {

// BatchNorm folded into the convolution or Gemm before it, input [N, 3, 224, 224], output logits [N, classes].
// kInvalidArgument for an unknown architecture (lists the known ones); kCorrupt lists the tensors that are missing,
// unexpected or of another shape, and names one whose folded values are not finite.
[[nodiscard]] Result<Graph> build_network(std::string_view architecture, const weights::TensorMap& tensors);

// "baseline", "mobilenet", "resnet50".
[[nodiscard]] const std::vector<std::string_view>& known_architectures();

struct ExpectedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  bool parameter = true;   // false: a buffer (running statistics), which no optimizer touches
  bool trainable = false;  // a parameter that the reference trains
  bool optional = false;   // num_batches_tracked, which files from before PyTorch 0.4.1 have not
};

// Every tensor of the network's state dict, in the order of its layers. Errors as build_network's.
[[nodiscard]] Result<std::vector<ExpectedTensor>> expected_tensors(std::string_view architecture, std::int64_t classes);

struct ParameterCount {
  std::int64_t total = 0;
  std::int64_t trainable = 0;
};
[[nodiscard]] Result<ParameterCount> count_parameters(std::string_view architecture, std::int64_t classes);

enum class Part {
  kWhole,
  kEncoder,  // without "head.": what ImageNet weights give
};

// kCorrupt lists the tensors that are missing, unexpected or of another shape: the first few of each and their number.
// The number of classes is taken from the head. With kEncoder, the head is neither needed nor looked at.
[[nodiscard]] Status check_tensors(std::string_view architecture, const weights::TensorMap& tensors,
                                   Part part = Part::kWhole);

// Names as torchvision's MobileNetV2 and ResNet-50 have them become ours ("features.0.0.weight" to
// "encoder.features.0.0.weight"), and their classifier is dropped. The reference's names stay as they are.
[[nodiscard]] weights::TensorMap with_reference_names(std::string_view architecture, weights::TensorMap tensors);

}  // namespace checkbox::runtime
