#include "train/loading/pixel_cache.hpp"

#include <utility>

#include "image/decode.hpp"

namespace checkbox::train {

PixelCache::PixelCache(std::vector<std::filesystem::path> files, std::uint64_t max_bytes)
    : files_(std::move(files)), images_(files_.size()), max_bytes_(max_bytes) {}

Result<std::shared_ptr<const image::Image>> PixelCache::get(std::size_t index) {
  if (images_[index]) return images_[index];
  CHECKBOX_TRY(auto decoded, image::load(files_[index]));
  auto image = std::make_shared<const image::Image>(std::move(decoded));
  if (reserve(image->pixels.size())) images_[index] = image;
  return image;
}

bool PixelCache::reserve(std::uint64_t bytes) {
  std::uint64_t before = kept_bytes_;
  do {
    if (bytes > max_bytes_ - before) return false;
  } while (!kept_bytes_.compare_exchange_weak(before, before + bytes));
  return true;
}

}  // namespace checkbox::train
