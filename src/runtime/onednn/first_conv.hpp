// The convolution that takes the image itself: few channels as they lie in the input (NCHW), many out in NHWC. Its sums
// are kept in double. The background of a screenshot or form is one colour, so in single precision every pixel of it
// gets the same rounding error, which pooling does not average out: with a MobileNetV2 of random weights, the first
// layer alone made 1.1e-4 of the logits' error of 1.2e-4. Immutable once made; thread-safe; allocates nothing in run.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "runtime/operators/conv.hpp"

namespace checkbox::runtime::onednn {

class FirstConv {
 public:
  // Up to four channels, one group, a filter of at most kMaxTaps values.
  [[nodiscard]] static bool suits(const ConvSettings& conv);
  static constexpr std::int64_t kMaxTaps = 256;

  // The result is limited to low..high. weights: [M, C, kh, kw]; bias: [M] or empty.
  FirstConv(const ConvSettings& conv, std::span<const float> weights, std::span<const float> bias, float low,
            float high);

  // input: [N, C, H, W]; output: [N, H', W', M].
  void run(const float* input, float* output) const { kernel_(*this, input, output); }

 private:
  struct Loops;  // the kernel's code, compiled for several instruction sets
  using Kernel = void (*)(const FirstConv& self, const float* input, float* output);
  [[nodiscard]] static Kernel find_kernel();

  ConvSettings conv_;
  float low_, high_;
  std::vector<double> weights_;  // [tiles, taps, lanes], zero beyond the last output channel
  std::vector<double> bias_;     // [tiles, lanes]
  Kernel kernel_;
};

}  // namespace checkbox::runtime::onednn
