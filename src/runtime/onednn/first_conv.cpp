#include "runtime/onednn/first_conv.hpp"

#include <algorithm>
#include <cstring>

namespace checkbox::runtime::onednn {
namespace {

constexpr std::int64_t kMaxChannels = 4;
constexpr std::int64_t kLanes = 8;   // output channels at once: a vector of AVX-512, two of AVX2
constexpr std::int64_t kPixels = 6;  // output pixels at once; their sums stay in registers

using Lanes = double __attribute__((vector_size(kLanes * sizeof(double))));
using FloatLanes = float __attribute__((vector_size(kLanes * sizeof(float))));

std::int64_t tap_count(const ConvSettings& conv) {
  return conv.in_channels * conv.kernel_height * conv.kernel_width;
}

std::int64_t tile_count(const ConvSettings& conv) {
  return (conv.out_channels + kLanes - 1) / kLanes;
}

}  // namespace

// always_inline, so that each caller's instruction set counts.
struct FirstConv::Loops {
  // patch[tap][pixel]: what each tap of the filter sees at each of kPixels pixels of a row, 0 in the padding.
  [[gnu::always_inline]] static void gather(const ConvSettings& c, const float* image, std::int64_t y, std::int64_t x,
                                            double* patch) {
    for (std::int64_t channel = 0; channel < c.in_channels; ++channel) {
      for (std::int64_t ky = 0; ky < c.kernel_height; ++ky) {
        const std::int64_t iy = y * c.stride_y - c.pad_top + ky * c.dilation_y;
        const float* row = image + (channel * c.in_height + iy) * c.in_width;
        for (std::int64_t kx = 0; kx < c.kernel_width; ++kx, patch += kPixels) {
          const std::int64_t first = x * c.stride_x - c.pad_left + kx * c.dilation_x;
          const bool inside =
              iy >= 0 && iy < c.in_height && first >= 0 && first + (kPixels - 1) * c.stride_x < c.in_width;
          for (std::int64_t p = 0; p < kPixels; ++p) {
            const std::int64_t ix = first + p * c.stride_x;
            patch[p] = inside || (iy >= 0 && iy < c.in_height && ix >= 0 && ix < c.in_width) ? row[ix] : 0;
          }
        }
      }
    }
  }

  [[gnu::always_inline]] static void multiply(const double* weights, const double* bias, const double* patch,
                                              std::int64_t taps, Lanes* sums) {
    Lanes s0, s1, s2, s3, s4, s5;  // by name, as compilers keep arrays in memory
    std::memcpy(&s0, bias, sizeof s0);
    s1 = s2 = s3 = s4 = s5 = s0;
    for (std::int64_t tap = 0; tap < taps; ++tap, weights += kLanes, patch += kPixels) {
      Lanes filter;
      std::memcpy(&filter, weights, sizeof filter);
      s0 += filter * patch[0];
      s1 += filter * patch[1];
      s2 += filter * patch[2];
      s3 += filter * patch[3];
      s4 += filter * patch[4];
      s5 += filter * patch[5];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
    sums[4] = s4;
    sums[5] = s5;
  }

  [[gnu::always_inline]] static void store(const FirstConv& self, const Lanes& sums, std::int64_t count,
                                           float* output) {
    const FloatLanes values = __builtin_convertvector(sums, FloatLanes);
    float limited[kLanes];
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      // Written so that a NaN stays one.
      const float value = values[lane];
      limited[lane] = value < self.low_ ? self.low_ : value > self.high_ ? self.high_ : value;
    }
    if (count == kLanes) {
      std::memcpy(output, limited, sizeof limited);
    } else {
      std::memcpy(output, limited, static_cast<std::size_t>(count) * sizeof(float));
    }
  }

  [[gnu::always_inline]] static void run(const FirstConv& self, const float* input, float* output) {
    const ConvSettings& c = self.conv_;
    const std::int64_t taps = tap_count(c), tiles = tile_count(c);
    alignas(64) double patch[kMaxTaps * kPixels];
    for (std::int64_t n = 0; n < c.batch; ++n, input += c.in_channels * c.in_height * c.in_width) {
      for (std::int64_t y = 0; y < c.out_height; ++y) {
        for (std::int64_t x = 0; x < c.out_width; x += kPixels) {
          gather(c, input, y, x, patch);
          const std::int64_t pixels = std::min(kPixels, c.out_width - x);
          for (std::int64_t tile = 0; tile < tiles; ++tile) {
            Lanes sums[kPixels];
            multiply(self.weights_.data() + tile * taps * kLanes, self.bias_.data() + tile * kLanes, patch, taps, sums);
            const std::int64_t channels = std::min(kLanes, c.out_channels - tile * kLanes);
            for (std::int64_t p = 0; p < pixels; ++p) {
              store(self, sums[p], channels, output + p * c.out_channels + tile * kLanes);
            }
          }
          output += pixels * c.out_channels;
        }
      }
    }
  }

  static void run_anywhere(const FirstConv& self, const float* input, float* output) { run(self, input, output); }
#if defined(__x86_64__)
  [[gnu::target("avx2,fma")]] static void run_avx2(const FirstConv& self, const float* input, float* output) {
    run(self, input, output);
  }
  [[gnu::target("avx2,fma,avx512f")]] static void run_avx512(const FirstConv& self, const float* input, float* output) {
    run(self, input, output);
  }
#endif
};

FirstConv::Kernel FirstConv::find_kernel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return Loops::run_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Loops::run_avx2;
#endif
  return Loops::run_anywhere;
}

bool FirstConv::suits(const ConvSettings& conv) {
  return conv.groups == 1 && conv.in_channels <= kMaxChannels && tap_count(conv) <= kMaxTaps;
}

FirstConv::FirstConv(const ConvSettings& conv, std::span<const float> weights, std::span<const float> bias, float low,
                     float high)
    : conv_(conv), low_(low), high_(high), kernel_(find_kernel()) {
  const std::int64_t taps = tap_count(conv), tiles = tile_count(conv);
  weights_.resize(static_cast<std::size_t>(tiles * taps * kLanes));
  bias_.resize(static_cast<std::size_t>(tiles * kLanes));
  for (std::int64_t m = 0; m < conv.out_channels; ++m) {
    const std::int64_t tile = m / kLanes, lane = m % kLanes;
    if (!bias.empty()) bias_[static_cast<std::size_t>(m)] = bias[static_cast<std::size_t>(m)];
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      weights_[static_cast<std::size_t>((tile * taps + tap) * kLanes + lane)] =
          weights[static_cast<std::size_t>(m * taps + tap)];
    }
  }
}

}  // namespace checkbox::runtime::onednn
