// Convolution 3x3, stride 2, no padding, no bias, with its gradients, and the BatchNorm that follows it: the loops of
// the baseline's training, without torch. Activations are NHWC; the reduction runs over contiguous memory, so nothing
// is gathered or blocked. Compiled once per instruction set (kernels_for picks); each function works on one image or
// part of one and leaves the threads to the caller. All tensors f32.
#pragma once

#include <cstddef>

namespace checkbox::nn {

// Kernels read up to this many floats past the end of an activation, and of a channel's sums, and may write them back.
inline constexpr std::size_t kSlack = 16;

// For one pair of channel counts. h, w: input; oh, ow: output, (h - 3) / 2 + 1 and likewise.
struct ConvKernels {
  int in_channels = 0;
  int out_channels = 0;
  std::size_t packed_forward = 0;   // floats
  std::size_t packed_backward = 0;  // floats
  std::size_t gradient_size = 0;    // floats of `gradient` below
  int gradient_tiles = 0;           // into which the weights' gradient is cut

  // weights: [out, in, 3, 3], as torch holds them.
  void (*pack_forward)(const float* weights, float* packed);
  void (*pack_backward)(const float* weights, float* packed);

  // Output rows first_row .. end_row-1 of one image; adds each channel's sum over them to sums [out].
  void (*forward)(const float* input, int w, const float* packed, float* output, int ow, int first_row, int end_row,
                  float* sums);
  // Adds one image's share to the tiles first_tile .. end_tile-1 of the weights' gradient.
  void (*weight_gradient)(const float* input, int w, const float* output_gradient, int oh, int ow, int first_tile,
                          int end_tile, float* gradient);
  // -> [out, in, 3, 3]
  void (*unpack_gradient)(const float* gradient, float* weights);
  // Adds to input_gradient, of one image. Null for the first layer, whose input needs none.
  void (*input_gradient)(const float* output_gradient, int oh, int ow, const float* packed, float* input_gradient,
                         int w);
};

// BatchNorm and ReLU over `pixels` pixels of one image, per channel c: z = x * scale + shift, y = max(z, 0).
struct NormKernels {
  int channels = 0;
  // Adds the sum of (x - mean)^2 to squares.
  void (*square_sums)(const float* x, std::size_t pixels, const float* mean, float* squares);
  void (*normalise)(const float* x, std::size_t pixels, const float* scale, const float* shift, float* y);
  // Each channel's largest y, the first pixel that has it, and the sum of y.
  void (*pool)(const float* x, std::size_t pixels, const float* scale, const float* shift, float* maxima, int* places,
               float* sums);
  // dz = dy where z > 0, else 0. Adds the sums of dz and of dz * (x - mean).
  void (*gradient_sums)(const float* dy, const float* x, std::size_t pixels, const float* scale, const float* shift,
                        const float* mean, float* sums, float* products);
  // dx = dz * scale - (x - mean) * slope - offset; may be in place of dy.
  void (*input_gradient)(const float* dy, const float* x, std::size_t pixels, const float* scale, const float* shift,
                         const float* mean, const float* slope, const float* offset, float* dx);
};

struct KernelSet {
  const char* instruction_set = "";
  ConvKernels conv[3];  // 3 -> 20, 20 -> 100, 100 -> 200
  NormKernels norm[3];  // 20, 100, 200
};

// The fastest that this processor can run; null where there is none.
[[nodiscard]] const KernelSet* best_kernels();

// One per instruction set, to be called only where the processor has it.
namespace avx2 {
[[nodiscard]] const KernelSet& kernels();
}
namespace avx512 {
[[nodiscard]] const KernelSet& kernels();
}

}  // namespace checkbox::nn
