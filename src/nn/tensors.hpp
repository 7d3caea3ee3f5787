// torch's tensors and modules to and from weights::TensorMap, the common tongue of files, graphs and training.
#pragma once

#include <torch/nn.h>

#include <string_view>

#include "base/result.hpp"
#include "weights/tensor.hpp"

namespace checkbox::nn {

// Copies. Any layout or device of a dtype that weights::DType has; kUnsupported for others.
[[nodiscard]] Result<weights::Tensor> to_weights(const torch::Tensor& tensor);
// Copies. kCorrupt where bytes and shape disagree.
[[nodiscard]] Result<torch::Tensor> to_torch(const weights::Tensor& tensor);

// All parameters and buffers under the names of the reference's state dict.
[[nodiscard]] Result<weights::TensorMap> state_of(const torch::nn::Module& module);

// Fills every parameter and buffer. Other floating dtypes are converted. kCorrupt, with nothing changed, names the
// tensors that are missing, unexpected or of another shape; `name` (the file) opens the message. A missing
// num_batches_tracked is no error (PyTorch before 0.4.1 wrote none).
[[nodiscard]] Status load_state(torch::nn::Module& module, const weights::TensorMap& tensors, std::string_view name);

}  // namespace checkbox::nn
