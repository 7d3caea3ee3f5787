#include "image/tiff_pixels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "image/codecs.hpp"

namespace checkbox::image {
namespace {

template <class T>
T load(const std::uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

template <class T>
std::uint8_t clipped(T value) {
  if (!(value > T{0})) return 0;  // NaN too
  return value >= T{255} ? std::uint8_t{255} : static_cast<std::uint8_t>(value);
}

std::uint8_t grey_sample(const TiffPixels& pixels, const std::uint8_t* row, std::size_t at) {
  switch (pixels.bits) {
    case 12: {
      const std::uint8_t* pair = row + at / 2 * 3;
      return clipped(at % 2 == 0 ? pair[0] << 4 | pair[1] >> 4 : (pair[1] & 15) << 8 | pair[2]);
    }
    case 16:
      return pixels.number == TiffNumber::kSigned ? clipped<int>(load<std::int16_t>(row + 2 * at))
                                                  : clipped<int>(load<std::uint16_t>(row + 2 * at));
    case 32:  // unsigned is read as signed: Pillow's mode I
      return pixels.number == TiffNumber::kFloat ? clipped(load<float>(row + 4 * at))
                                                 : clipped(load<std::int32_t>(row + 4 * at));
    default: {
      const int value = packed_sample(row, static_cast<int>(at), pixels.bits) * (255 / ((1 << pixels.bits) - 1));
      return static_cast<std::uint8_t>(pixels.min_is_white ? 255 - value : value);
    }
  }
}

// Samples of 8 or 16 bits to 8.
std::uint8_t narrow(const TiffPixels& pixels, const std::uint8_t* row, std::size_t at) {
  return pixels.bits == 8 ? row[at] : static_cast<std::uint8_t>(load<std::uint16_t>(row + 2 * at) >> 8);
}

void convert_rgb(const TiffPixels& pixels, const std::uint8_t* row, std::size_t first, std::uint8_t* rgb) {
  for (std::size_t c = 0; c < 3; ++c) rgb[c] = narrow(pixels, row, first + c);
  if (!pixels.premultiplied) return;
  const int alpha = narrow(pixels, row, first + 3);
  for (std::size_t c = 0; c < 3; ++c) {
    rgb[c] = alpha == 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(std::min(255, rgb[c] * 255 / alpha));
  }
}

}  // namespace

std::string refusal(const TiffPixels& pixels) {
  constexpr std::array<const char*, 4> kNames{"grey", "palette", "RGB", "CMYK"};
  constexpr std::array<const char*, 3> kNumbers{"unsigned", "signed", "floating point"};
  const auto described = [&] {
    return fmt::format("{} with {} {} samples of {} bits", kNames[static_cast<std::size_t>(pixels.colour)],
                       pixels.samples, kNumbers[static_cast<std::size_t>(pixels.number)], pixels.bits);
  };
  const int bits = pixels.bits;
  const bool packed = bits == 1 || bits == 2 || bits == 4 || bits == 8;
  const bool plain = pixels.number == TiffNumber::kUnsigned;
  bool known = false;
  switch (pixels.colour) {
    case TiffColour::kGrey:
      known = (plain && (packed || bits == 16)) || (pixels.number == TiffNumber::kFloat && bits == 32) ||
              (!pixels.min_is_white && ((plain && (bits == 12 || bits == 32)) ||
                                        (pixels.number == TiffNumber::kSigned && (bits == 16 || bits == 32))));
      break;
    case TiffColour::kPalette:
      known = plain && packed;
      break;
    case TiffColour::kRgb:
      known = plain && pixels.samples >= (pixels.premultiplied ? 4 : 3) && (bits == 8 || bits == 16);
      break;
    case TiffColour::kCmyk:
      known = plain && pixels.samples >= 4 && (bits == 8 || bits == 16);
      break;
  }
  return known ? std::string() : described();
}

void convert_row(const TiffPixels& pixels, const std::uint8_t* row, int count, std::uint8_t* rgb) {
  for (int x = 0; x < count; ++x, rgb += 3) {
    const std::size_t first = static_cast<std::size_t>(x) * static_cast<std::size_t>(pixels.samples);
    switch (pixels.colour) {
      case TiffColour::kGrey:
        set_grey(rgb, grey_sample(pixels, row, first));
        break;
      case TiffColour::kPalette:
        std::copy_n(pixels.palette[packed_sample(row, static_cast<int>(first), pixels.bits)].begin(), 3, rgb);
        break;
      case TiffColour::kRgb:
        convert_rgb(pixels, row, first, rgb);
        break;
      case TiffColour::kCmyk: {
        std::array<std::uint8_t, 4> inks{};
        for (std::size_t c = 0; c < 4; ++c) inks[c] = narrow(pixels, row, first + c);
        set_cmyk(rgb, inks.data());
        break;
      }
    }
  }
}

Image oriented(Image image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  // Where the first stored row and column lie (TIFF 6.0, Orientation).
  const bool transposed = orientation >= 5;
  const bool flip_x = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool flip_y = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  Image result;
  result.width = transposed ? image.height : image.width;
  result.height = transposed ? image.width : image.height;
  result.pixels.resize(image.pixels.size());
  for (int y = 0; y < result.height; ++y) {
    for (int x = 0; x < result.width; ++x) {
      const int u = flip_x ? result.width - 1 - x : x, v = flip_y ? result.height - 1 - y : y;
      const std::uint8_t* from = transposed ? image.row(u) + 3 * v : image.row(v) + 3 * u;
      std::copy_n(from, 3, result.row(y) + 3 * x);
    }
  }
  return result;
}

}  // namespace checkbox::image
