// Decoded images by index, read from disk once and kept up to a limit of bytes; what does not fit is decoded again each
// time. Different threads may ask for different indices at once, but not for the same one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "image/image.hpp"

namespace checkbox::train {

class PixelCache {
 public:
  // max_bytes counts pixels alone. 0 keeps nothing.
  PixelCache(std::vector<std::filesystem::path> files, std::uint64_t max_bytes);

  // image::load's errors.
  [[nodiscard]] Result<std::shared_ptr<const image::Image>> get(std::size_t index);

  [[nodiscard]] std::size_t size() const { return files_.size(); }
  [[nodiscard]] std::uint64_t kept_bytes() const { return kept_bytes_; }

 private:
  [[nodiscard]] bool reserve(std::uint64_t bytes);

  std::vector<std::filesystem::path> files_;
  std::vector<std::shared_ptr<const image::Image>> images_;
  std::uint64_t max_bytes_;
  std::atomic<std::uint64_t> kept_bytes_{0};
};

}  // namespace checkbox::train
