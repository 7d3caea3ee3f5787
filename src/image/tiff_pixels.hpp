// From a TIFF's samples to RGB8, as Pillow's convert("RGB") goes: grey and colour of up to 8 bits are spread to 0..255,
// grey of more than 8 bits is clipped at 255 (not scaled), colour of 16 bits loses its low byte, premultiplied alpha is
// divided out, extra samples are dropped. Internal to src/image; stateless.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "image/image.hpp"

namespace checkbox::image {

enum class TiffColour { kGrey, kPalette, kRgb, kCmyk };
enum class TiffNumber { kUnsigned, kSigned, kFloat };

struct TiffPixels {
  TiffColour colour = TiffColour::kGrey;
  TiffNumber number = TiffNumber::kUnsigned;
  int bits = 1;     // of a sample
  int samples = 1;  // of a pixel, as they lie in a row
  bool min_is_white = false;
  bool premultiplied = false;  // kRgb: the fourth sample is alpha that the others were multiplied with
  std::array<std::array<std::uint8_t, 3>, 256> palette{};
};

// Why this cannot be turned into RGB, or "" where it can.
[[nodiscard]] std::string refusal(const TiffPixels& pixels);

// `count` pixels of a row, samples in the machine's byte order, to `rgb`. Only where refusal() is "".
void convert_row(const TiffPixels& pixels, const std::uint8_t* row, int count, std::uint8_t* rgb);

// The image as it is to be seen, for TIFF's orientation tag 1..8; others leave it as it is.
[[nodiscard]] Image oriented(Image image, int orientation);

}  // namespace checkbox::image
