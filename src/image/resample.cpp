#include "image/resample.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace checkbox::image {
namespace {

// 0 1 2 3 2 1 0 1 ..
int reflect(int index, int size) {
  if (size == 1) return 0;
  const int period = 2 * (size - 1);
  index %= period;
  if (index < 0) index += period;
  return index < size ? index : period - index;
}

// Four lanes: of one pixel (red, green, blue, and the next byte, unused) or of one channel of four pixels.
using Lanes = float __attribute__((vector_size(16)));
using LaneInts = std::int32_t __attribute__((vector_size(16)));
using Words = std::uint16_t __attribute__((vector_size(16)));
using Bytes = std::uint8_t __attribute__((vector_size(16)));

// Widened by interleaving with zeros: for __builtin_convertvector of bytes GCC 12 goes through scalars.
[[gnu::always_inline]] inline Lanes load_pixel(const std::uint8_t* rgb) {
  std::int32_t word = 0;
  std::memcpy(&word, rgb, sizeof(word));
  const auto bytes = reinterpret_cast<Bytes>(LaneInts{word, 0, 0, 0});
  const auto words = reinterpret_cast<Words>(
      __builtin_shufflevector(bytes, Bytes{}, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
  const auto ints = reinterpret_cast<LaneInts>(__builtin_shufflevector(words, Words{}, 0, 8, 1, 9, 2, 10, 3, 11));
  return __builtin_convertvector(ints, Lanes);
}

// One source row to [3][columns] resampled, normalised samples. Reads one byte past the row. `step`: 3 bytes to the
// next pixel, 0 where there is none. columns.size() is a multiple of 4.
[[gnu::always_inline]] inline void resample_row(const std::uint8_t* row, std::size_t step, std::span<const Tap> columns,
                                                const Normalisation& norm, float* out) {
  const std::size_t width = columns.size();
  const Lanes scale{norm.scale[0], norm.scale[1], norm.scale[2], 0};
  const Lanes offset{norm.offset[0], norm.offset[1], norm.offset[2], 0};
  for (std::size_t x = 0; x < width; x += 4) {
    std::array<Lanes, 4> pixels;
    for (std::size_t i = 0; i < 4; ++i) {
      const Tap& tap = columns[x + i];
      const std::uint8_t* low = row + std::size_t{3} * static_cast<std::size_t>(tap.low);
      const Lanes value = tap.low_weight * load_pixel(low) + tap.high_weight * load_pixel(low + step);
      pixels[i] = value * scale + offset;
    }
    const auto& [a, b, c, d] = pixels;
    const Lanes ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const Lanes ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const Lanes cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    const Lanes red = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
    const Lanes green = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
    const Lanes blue = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
    std::memcpy(out + x, &red, sizeof(red));
    std::memcpy(out + width + x, &green, sizeof(green));
    std::memcpy(out + 2 * width + x, &blue, sizeof(blue));
  }
}

[[gnu::always_inline]] inline void blend(const float* __restrict low, const float* __restrict high, const Tap& tap,
                                         std::size_t count, float* __restrict out) {
  const float low_weight = tap.low_weight, high_weight = tap.high_weight;
  for (std::size_t i = 0; i < count; ++i) out[i] = low_weight * low[i] + high_weight * high[i];
}

// The two loops for any processor and, from the same source, for those with AVX2. Every sample goes through the same
// roundings in both (no fused multiply-add), so all x86-64 machines give the same tensor.
struct Kernels {
  void (*resample_row)(const std::uint8_t*, std::size_t, std::span<const Tap>, const Normalisation&, float*);
  void (*blend)(const float*, const float*, const Tap&, std::size_t, float*);
};

void resample_row_any(const std::uint8_t* row, std::size_t step, std::span<const Tap> columns,
                      const Normalisation& norm, float* out) {
  resample_row(row, step, columns, norm, out);
}
void blend_any(const float* low, const float* high, const Tap& tap, std::size_t count, float* out) {
  blend(low, high, tap, count, out);
}
#if defined(__x86_64__)
[[gnu::target("avx2")]] void resample_row_avx2(const std::uint8_t* row, std::size_t step, std::span<const Tap> columns,
                                               const Normalisation& norm, float* out) {
  resample_row(row, step, columns, norm, out);
}
[[gnu::target("avx2")]] void blend_avx2(const float* low, const float* high, const Tap& tap, std::size_t count,
                                        float* out) {
  blend(low, high, tap, count, out);
}
#endif

const Kernels& kernels(bool portable) {
  static constexpr Kernels kPortable{resample_row_any, blend_any};
  static const Kernels kBest = [] {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) return Kernels{resample_row_avx2, blend_avx2};
#endif
    return kPortable;
  }();
  return portable ? kPortable : kBest;
}

}  // namespace

std::vector<Tap> make_taps(int size, int pad, int count) {
  const int padded = size + 2 * pad;
  const float scale = static_cast<float>(padded) / static_cast<float>(count);
  std::vector<Tap> taps(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const double position = std::max(0.0, static_cast<double>(scale) * (i + 0.5) - 0.5);
    const int before = std::min(static_cast<int>(position), padded - 1);
    const int after = std::min(before + 1, padded - 1);
    const auto weight = static_cast<float>(std::clamp(position - before, 0.0, 1.0));
    const int a = reflect(before - pad, size), b = reflect(after - pad, size);
    Tap& tap = taps[static_cast<std::size_t>(i)];
    if (a < b) {
      tap = {a, 1 - weight, weight};
    } else if (b < a) {
      tap = {b, weight, 1 - weight};
    } else if (a + 1 < size || size == 1) {
      tap = {a, 1, 0};
    } else {
      tap = {a - 1, 0, 1};
    }
  }
  return taps;
}

Resampler::Resampler(const Image& image, std::vector<Tap> columns, const Normalisation& normalisation,
                     Instructions instructions)
    : portable_(instructions == Instructions::kPortable),
      image_(image),
      width_(columns.size()),
      columns_(std::move(columns)),
      normalisation_(normalisation) {
  columns_.resize((width_ + 3) / 4 * 4);
  buffer_.resize(6 * columns_.size());
  rows_ = {buffer_.data(), buffer_.data() + 3 * columns_.size()};
  const std::uint8_t* last = image.row(image.height - 1);
  last_row_.assign(last, last + std::size_t{3} * static_cast<std::size_t>(image.width));
  last_row_.push_back(0);
}

void Resampler::hold(std::size_t slot, int y) {
  if (held_[slot] == y) return;
  const std::uint8_t* row = y + 1 < image_.height ? image_.row(y) : last_row_.data();
  kernels(portable_).resample_row(row, image_.width > 1 ? 3 : 0, columns_, normalisation_, rows_[slot]);
  held_[slot] = y;
}

void Resampler::row(const Tap& tap, std::size_t plane, float* out) {
  if (held_[1] == tap.low) {
    std::swap(held_[0], held_[1]);
    std::swap(rows_[0], rows_[1]);
  }
  hold(0, tap.low);
  const std::size_t high = image_.height > 1 ? 1 : 0;
  if (high == 1) hold(1, tap.low + 1);
  for (std::size_t c = 0; c < 3; ++c) {
    const std::size_t from = c * columns_.size();
    kernels(portable_).blend(rows_[0] + from, rows_[high] + from, tap, width_, out + c * plane);
  }
}

}  // namespace checkbox::image
