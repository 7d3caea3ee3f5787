#include "image/decode.hpp"

#include <algorithm>
#include <array>
#include <new>

#include "base/files.hpp"
#include "image/codecs.hpp"

namespace checkbox::image {
namespace {

bool starts_with(std::span<const std::uint8_t> bytes, std::string_view magic, std::size_t offset = 0) {
  return bytes.size() >= offset + magic.size() &&
         std::equal(magic.begin(), magic.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset),
                    [](char expected, std::uint8_t found) { return static_cast<std::uint8_t>(expected) == found; });
}

Result<Image> decode_as(Format format, const Source& source) {
  switch (format) {
    case Format::kPng:
      return decode_png(source);
    case Format::kJpeg:
      return decode_jpeg(source);
    case Format::kWebp:
      return decode_webp(source);
    case Format::kGif:
      return decode_gif(source);
    case Format::kBmp:
      return decode_bmp(source);
    case Format::kTiff:
      return decode_tiff(source);
  }
  return error(ErrorCode::kInternal, "{}: unknown format", source.name);
}

}  // namespace

Result<Format> detect_format(std::span<const std::uint8_t> bytes) {
  using namespace std::string_view_literals;
  if (starts_with(bytes, "\x89PNG\r\n\x1a\n"sv)) return Format::kPng;
  if (starts_with(bytes, "\xff\xd8\xff"sv)) return Format::kJpeg;
  if (starts_with(bytes, "RIFF"sv) && starts_with(bytes, "WEBP"sv, 8)) return Format::kWebp;
  if (starts_with(bytes, "GIF87a"sv) || starts_with(bytes, "GIF89a"sv)) return Format::kGif;
  if (starts_with(bytes, "BM"sv)) return Format::kBmp;
  for (const auto magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv}) {
    if (starts_with(bytes, magic)) return Format::kTiff;
  }
  return error(ErrorCode::kUnsupported, "not a PNG, JPEG, WebP, GIF, BMP or TIFF image");
}

std::string_view format_name(Format format) {
  constexpr std::array<std::string_view, 6> kNames{"PNG", "JPEG", "WebP", "GIF", "BMP", "TIFF"};
  return kNames[static_cast<std::size_t>(format)];
}

Status check_size(const Source& source, Format format, std::uint64_t width, std::uint64_t height) {
  const auto& limits = source.limits;
  if (width == 0 || height == 0) {
    return damaged(source, format, fmt::format("{} x {} pixels", width, height));
  }
  const auto max_side = static_cast<std::uint64_t>(std::max(limits.max_side, 0));
  if (width > max_side || height > max_side) {
    return error(ErrorCode::kLimitExceeded, "{}: {} x {} pixels: more than the limit of {} on a side", source.name,
                 width, height, limits.max_side);
  }
  if (width * height > limits.max_pixels) {
    return error(ErrorCode::kLimitExceeded, "{}: {} x {} pixels: more than the limit of {} in all", source.name, width,
                 height, limits.max_pixels);
  }
  return {};
}

Result<Image> new_image(const Source& source, Format format, std::uint64_t width, std::uint64_t height) {
  CHECKBOX_CHECK(check_size(source, format, width, height));
  Image image;
  image.width = static_cast<int>(width);
  image.height = static_cast<int>(height);
  image.pixels.resize(std::size_t{3} * width * height);
  return image;
}

Error damaged(const Source& source, Format format, std::string_view detail) {
  return error(ErrorCode::kCorrupt, "{}: damaged or truncated {}: {}", source.name, format_name(format), detail);
}

Error unsupported(const Source& source, Format format, std::string_view detail) {
  return error(ErrorCode::kUnsupported, "{}: unsupported {}: {}", source.name, format_name(format), detail);
}

Result<Image> decode(std::span<const std::uint8_t> bytes, std::string_view name, const DecodeLimits& limits) {
  if (bytes.empty()) return error(ErrorCode::kCorrupt, "{}: empty, an image was expected", name);
  if (bytes.size() > limits.max_bytes) {
    return error(ErrorCode::kLimitExceeded, "{}: {} bytes: more than the limit of {}", name, bytes.size(),
                 limits.max_bytes);
  }
  const auto format = detect_format(bytes);
  if (!format.ok()) return error(format.error().code, "{}: {}", name, format.error().message);
  try {
    return decode_as(*format, Source{bytes, name, limits});
  } catch (const std::bad_alloc&) {
    return error(ErrorCode::kLimitExceeded, "{}: not enough memory to decode it", name);
  }
}

Result<Image> load(const std::filesystem::path& path, const DecodeLimits& limits) {
  CHECKBOX_TRY(const auto bytes, read_file(path, limits.max_bytes));
  return decode(bytes, path.string(), limits);
}

}  // namespace checkbox::image
