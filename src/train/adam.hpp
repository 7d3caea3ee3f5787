// Adam (Kingma and Ba 2015) as torch.optim.Adam computes it, weight decay as L2 in the gradient, in one pass over each
// parameter instead of a dozen; the moments are plain tensors, so a checkpoint can hold them. One thread.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "weights/tensor.hpp"

namespace checkbox::train {

struct AdamOptions {
  double learning_rate = 0.00093;
  double weight_decay = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

class Adam {
 public:
  // Contiguous f32 tensors by name; those that do not require gradients are left out.
  Adam(const std::vector<std::pair<std::string, torch::Tensor>>& parameters, const AdamOptions& options);

  void set_learning_rate(double learning_rate) { options_.learning_rate = learning_rate; }
  // Drops the gradients, so that backward() need not add to them.
  void zero_grad();
  // A parameter without a gradient stays as it is.
  void step();

  [[nodiscard]] std::int64_t steps() const { return steps_; }
  [[nodiscard]] Result<weights::TensorMap> first_moments() const;
  [[nodiscard]] Result<weights::TensorMap> second_moments() const;
  // kCorrupt where names or shapes differ from the parameters'; `name` opens the message.
  [[nodiscard]] Status restore(std::int64_t steps, const weights::TensorMap& first, const weights::TensorMap& second,
                               std::string_view name);

 private:
  struct Slot {
    std::string name;
    torch::Tensor parameter, first, second;
  };
  std::vector<Slot> slots_;
  AdamOptions options_;
  std::int64_t steps_ = 0;
};

}  // namespace checkbox::train
