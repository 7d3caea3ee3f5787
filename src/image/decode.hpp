// Encoded bytes to RGB8, for PNG, JPEG, WebP, GIF (first frame), BMP and TIFF, told apart by content, never by name.
// The pixels are those of Pillow's Image.open(f).convert("RGB"): alpha is dropped, not blended; grey of more than 8
// bits is clipped at 255, not scaled; EXIF's orientation is not applied, TIFF's own is. Thread-safe. All input is
// hostile: sizes are checked against the limits before memory is taken.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "image/image.hpp"

namespace checkbox::image {

struct DecodeLimits {
  std::uint64_t max_bytes = std::uint64_t{64} << 20;   // encoded
  std::uint64_t max_pixels = std::uint64_t{64} << 20;  // width * height
  int max_side = 32'768;                               // px
};

enum class Format { kPng, kJpeg, kWebp, kGif, kBmp, kTiff };

// By the leading bytes. kUnsupported where it is none of them.
[[nodiscard]] Result<Format> detect_format(std::span<const std::uint8_t> bytes);
[[nodiscard]] std::string_view format_name(Format format);  // "PNG"

// `name` (a file name or "request body") opens every error message. kUnsupported for other formats (also text),
// kCorrupt for truncated or damaged data, kLimitExceeded over a limit.
[[nodiscard]] Result<Image> decode(std::span<const std::uint8_t> bytes, std::string_view name,
                                   const DecodeLimits& limits = {});

// read_file, then decode.
[[nodiscard]] Result<Image> load(const std::filesystem::path& path, const DecodeLimits& limits = {});

}  // namespace checkbox::image
