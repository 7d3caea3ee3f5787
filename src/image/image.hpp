// An 8-bit RGB picture in memory: what decoding yields and preprocessing takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace checkbox::image {

struct Image {
  int width = 0;                     // px, >= 1 in every Image that a function here returns
  int height = 0;                    // px, likewise
  std::vector<std::uint8_t> pixels;  // [height, width, 3], rows from the top, no padding between rows

  [[nodiscard]] std::uint8_t* row(int y) { return pixels.data() + std::size_t{3} * y * width; }
  [[nodiscard]] const std::uint8_t* row(int y) const { return pixels.data() + std::size_t{3} * y * width; }
  friend bool operator==(const Image&, const Image&) = default;
};

}  // namespace checkbox::image
