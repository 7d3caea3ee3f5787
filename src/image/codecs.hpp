// What the decoders of this room share: their common signature, the size check that stands before every allocation,
// and the sample conversions that Pillow's convert("RGB") makes. Internal to src/image; stateless and thread-safe.
// A decoder never throws but for std::bad_alloc, which decode() turns into an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "image/decode.hpp"
#include "image/image.hpp"

namespace checkbox::image {

// One encoded picture and what is allowed of it. Only for the length of a call.
struct Source {
  std::span<const std::uint8_t> bytes;
  std::string_view name;  // opens every message
  const DecodeLimits& limits;
};

[[nodiscard]] Result<Image> decode_png(const Source& source);
[[nodiscard]] Result<Image> decode_jpeg(const Source& source);
[[nodiscard]] Result<Image> decode_webp(const Source& source);
[[nodiscard]] Result<Image> decode_gif(const Source& source);
[[nodiscard]] Result<Image> decode_bmp(const Source& source);
[[nodiscard]] Result<Image> decode_tiff(const Source& source);

// kCorrupt for an empty side, kLimitExceeded over max_side or max_pixels.
[[nodiscard]] Status check_size(const Source& source, Format format, std::uint64_t width, std::uint64_t height);

// A black image of that size, after check_size.
[[nodiscard]] Result<Image> new_image(const Source& source, Format format, std::uint64_t width, std::uint64_t height);

// kCorrupt: "<name>: damaged or truncated PNG: <detail>".
[[nodiscard]] Error damaged(const Source& source, Format format, std::string_view detail);
// kUnsupported: "<name>: unsupported PNG: <detail>".
[[nodiscard]] Error unsupported(const Source& source, Format format, std::string_view detail);

// Sample x of a row of samples of 1, 2, 4 or 8 bits, packed from the high bit down.
[[nodiscard]] inline std::uint8_t packed_sample(const std::uint8_t* row, int x, int bits) {
  const std::size_t bit = static_cast<std::size_t>(x) * static_cast<std::size_t>(bits);
  const int shift = 8 - bits - static_cast<int>(bit % 8);
  return static_cast<std::uint8_t>((row[bit / 8] >> shift) & ((1 << bits) - 1));
}

inline void set_grey(std::uint8_t* rgb, std::uint8_t value) {
  rgb[0] = rgb[1] = rgb[2] = value;
}

// Pillow's CMYK to RGB: 255 - k, less that share of each ink, rounded; 255 is full ink.
inline void set_cmyk(std::uint8_t* rgb, const std::uint8_t* cmyk) {
  const int white = 255 - cmyk[3];
  for (int i = 0; i < 3; ++i) {
    const int product = cmyk[i] * white + 128;
    rgb[i] = static_cast<std::uint8_t>(white - (((product >> 8) + product) >> 8));
  }
}

}  // namespace checkbox::image
