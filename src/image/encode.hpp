// RGB8 to PNG bytes, for samples, fixtures and reports. Thread-safe.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "image/image.hpp"

namespace checkbox::image {

// kInvalidArgument for an empty image or one whose pixels do not fit its size.
[[nodiscard]] Result<std::vector<std::uint8_t>> encode_png(const Image& image);

}  // namespace checkbox::image
