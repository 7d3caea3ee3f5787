// Any bytes through format detection, decoding and preprocessing, under limits small enough to keep an input fast.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "image/decode.hpp"
#include "image/preprocess.hpp"

namespace {

constexpr checkbox::image::DecodeLimits kLimits{.max_bytes = 1 << 20, .max_pixels = 1 << 16, .max_side = 4096};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace checkbox::image;
  const auto image = decode({data, size}, "fuzz", kLimits);
  if (!image.ok()) {
    if (!image.error().message.starts_with("fuzz: ")) std::abort();
    return 0;
  }
  // What every decoder promises.
  if (image->width < 1 || image->width > kLimits.max_side || image->height < 1 || image->height > kLimits.max_side ||
      image->pixels.size() != std::size_t{3} * static_cast<std::size_t>(image->width) * image->height) {
    std::abort();
  }
  const Preprocess settings{.width = 16, .height = 8, .mean = kImageNetMean, .std = kImageNetStd};
  std::vector<float> tensor(settings.tensor_size());
  if (!preprocess(*image, settings, tensor).ok()) std::abort();
  for (const float value : tensor) {
    if (!(value > -3 && value < 3)) std::abort();
  }
  return 0;
}
