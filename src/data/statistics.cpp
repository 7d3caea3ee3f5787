#include "data/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

#include "base/threads.hpp"
#include "image/decode.hpp"

namespace checkbox::data {
namespace {

// A block's sums fit 32 bits: 65025 * 2^16 < 2^32.
constexpr std::size_t kBlockPixels = std::size_t{1} << 16;

}  // namespace

void PixelSums::add(const image::Image& image) {
  const std::size_t count = image.pixels.size() / 3;
  const std::uint8_t* at = image.pixels.data();
  for (std::size_t done = 0; done < count;) {
    const std::size_t block = std::min(kBlockPixels, count - done);
    std::array<std::uint32_t, 3> sum{};
    std::array<std::uint32_t, 3> squares{};
    for (std::size_t i = 0; i < block; ++i, at += 3) {
      for (std::size_t c = 0; c < 3; ++c) {
        const std::uint32_t value = at[c];
        sum[c] += value;
        squares[c] += value * value;
      }
    }
    for (std::size_t c = 0; c < 3; ++c) {
      sum_[c] += sum[c];
      sum_squares_[c] += squares[c];
    }
    done += block;
  }
  pixels_ += count;
}

void PixelSums::add(const PixelSums& other) {
  pixels_ += other.pixels_;
  for (std::size_t c = 0; c < 3; ++c) {
    sum_[c] += other.sum_[c];
    sum_squares_[c] += other.sum_squares_[c];
  }
}

Result<Statistics> PixelSums::statistics() const {
  if (pixels_ == 0) return error(ErrorCode::kInvalidArgument, "statistics: no pixels to measure");
  if (pixels_ > kMaxStatisticsPixels) {
    return error(ErrorCode::kLimitExceeded, "statistics: more than {} pixels", kMaxStatisticsPixels);
  }
  __extension__ using Wide = unsigned __int128;
  Statistics result;
  const double scale = 255.0 * static_cast<double>(pixels_);
  for (std::size_t c = 0; c < 3; ++c) {
    // n * sum(x^2) - sum(x)^2 = n^2 * variance, without cancellation because it is an integer.
    const Wide spread = Wide{pixels_} * sum_squares_[c] - Wide{sum_[c]} * sum_[c];
    result.mean[c] = static_cast<double>(sum_[c]) / scale;
    result.std[c] = std::sqrt(static_cast<double>(spread)) / scale;
  }
  return result;
}

Result<Statistics> measure(std::span<const std::filesystem::path> files, int threads) {
  PixelSums total;
  std::mutex mutex;
  std::size_t failed_at = files.size();
  std::optional<Error> failure;
  parallel_for(files.size(), threads, [&](std::size_t i, int) {
    const auto image = image::load(files[i]);
    PixelSums sums;
    if (image.ok()) sums.add(*image);
    const std::lock_guard lock(mutex);
    total.add(sums);
    if (!image.ok() && i < failed_at) {
      failed_at = i;
      failure = image.error();
    }
  });
  if (failure) return *std::move(failure);
  return total.statistics();
}

}  // namespace checkbox::data
