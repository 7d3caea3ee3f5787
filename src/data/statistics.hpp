// Mean and standard deviation per channel over all pixels of many images, from integer sums: exact, and so independent
// of the order of images and of the number of threads. A PixelSums belongs to one thread; sums merge.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>

#include "base/result.hpp"
#include "data/dataset.hpp"
#include "image/image.hpp"

namespace checkbox::data {

// So that every sum below stays under 2^64: 65025 * 2^48.
inline constexpr std::uint64_t kMaxStatisticsPixels = std::uint64_t{1} << 48;

class PixelSums {
 public:
  void add(const image::Image& image);
  void add(const PixelSums& other);

  [[nodiscard]] std::uint64_t pixels() const { return pixels_; }

  // In 0..1, population standard deviation. kInvalidArgument without a pixel, kLimitExceeded above
  // kMaxStatisticsPixels.
  [[nodiscard]] Result<Statistics> statistics() const;

 private:
  std::uint64_t pixels_ = 0;
  std::array<std::uint64_t, 3> sum_{};          // of byte values
  std::array<std::uint64_t, 3> sum_squares_{};  // of their squares
};

// Decodes every file on up to `threads` threads. The error is that of the first file in order that does not decode.
[[nodiscard]] Result<Statistics> measure(std::span<const std::filesystem::path> files, int threads);

}  // namespace checkbox::data
