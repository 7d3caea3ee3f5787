// The baseline's encoder and global pooling as one differentiable operation over the kernels of kernels/conv3x3s2.hpp:
// the same mathematics as the torch modules, whose parameters and buffers it uses, in less than half the time. The
// gradients do not depend on the number of threads. Threads are LibTorch's; not thread-safe, as torch modules are.
#pragma once

#include <torch/nn.h>

#include <array>
#include <memory>

namespace checkbox::nn {

struct EncoderBlock {
  torch::nn::Conv2d convolution{nullptr};
  torch::nn::BatchNorm2d norm{nullptr};
};

class BaselineEncoder {
 public:
  // Null where the processor lacks the instructions: then the torch modules have to do it.
  [[nodiscard]] static std::unique_ptr<BaselineEncoder> make(const std::array<EncoderBlock, 3>& blocks);
  ~BaselineEncoder();

  // Whether encode can take them: f32 on the CPU, large enough, and no gradients wanted in evaluation mode.
  [[nodiscard]] bool takes(const torch::Tensor& images, bool training) const;

  // images: [N, 3, H, W] -> [N, 400], the maxima before the averages. With `training`, normalises by the batch's
  // statistics and updates the running ones; at most one result may be waiting for its backward pass.
  torch::Tensor encode(const torch::Tensor& images, bool training);

  struct State;

 private:
  explicit BaselineEncoder(c10::intrusive_ptr<State> state);
  c10::intrusive_ptr<State> state_;
};

}  // namespace checkbox::nn
