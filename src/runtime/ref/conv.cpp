#include "runtime/operators/conv.hpp"

#include "runtime/ref/kernels.hpp"

namespace checkbox::runtime::ref {
namespace {

// One output value: the window at (y, x) of the group's input channels times the filter of output channel m.
double window_sum(const ConvSettings& conv, const float* image, const float* weights, std::int64_t m, std::int64_t y,
                  std::int64_t x) {
  const std::int64_t group_inputs = conv.in_channels / conv.groups;
  const std::int64_t first_channel = m / (conv.out_channels / conv.groups) * group_inputs;
  const float* filter = weights + m * group_inputs * conv.kernel_height * conv.kernel_width;
  double sum = 0;
  for (std::int64_t c = 0; c < group_inputs; ++c) {
    const float* plane = image + (first_channel + c) * conv.in_height * conv.in_width;
    for (std::int64_t ky = 0; ky < conv.kernel_height; ++ky) {
      const std::int64_t iy = y * conv.stride_y - conv.pad_top + ky * conv.dilation_y;
      if (iy < 0 || iy >= conv.in_height) continue;
      for (std::int64_t kx = 0; kx < conv.kernel_width; ++kx) {
        const std::int64_t ix = x * conv.stride_x - conv.pad_left + kx * conv.dilation_x;
        if (ix < 0 || ix >= conv.in_width) continue;
        sum += double{plane[iy * conv.in_width + ix]} * filter[(c * conv.kernel_height + ky) * conv.kernel_width + kx];
      }
    }
  }
  return sum;
}

}  // namespace

Result<ReferenceKernel> conv(const NodeContext& context) {
  CHECKBOX_TRY(const ConvSettings settings, conv_settings(context));
  return ReferenceKernel([settings](std::span<const float* const> inputs, float* output) {
    const std::int64_t image_size = settings.in_channels * settings.in_height * settings.in_width;
    for (std::int64_t n = 0; n < settings.batch; ++n) {
      const float* image = inputs[0] + n * image_size;
      for (std::int64_t m = 0; m < settings.out_channels; ++m) {
        const double bias = settings.has_bias ? inputs[2][m] : 0;
        for (std::int64_t y = 0; y < settings.out_height; ++y) {
          for (std::int64_t x = 0; x < settings.out_width; ++x) {
            *output++ = static_cast<float>(bias + window_sum(settings, image, inputs[1], m, y, x));
          }
        }
      }
    }
  });
}

}  // namespace checkbox::runtime::ref
