#include "train/loading/augment.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace checkbox::train {
namespace {

struct Hsv {
  std::uint8_t hue, saturation, value;
};

struct Rgb {
  std::uint8_t red, green, blue;
};

// Pillow's rgb2hsv_row (Convert.c), for colours that are not grey. Float and double are mixed as there, so that every
// rounding is the same.
Hsv to_hsv(Rgb color) {
  const auto [red, green, blue] = color;
  const std::uint8_t highest = std::max({red, green, blue});
  const std::uint8_t lowest = std::min({red, green, blue});
  const float range = static_cast<float>(highest - lowest);
  const float saturation = range / static_cast<float>(highest);
  const float from_red = static_cast<float>(highest - red) / range;
  const float from_green = static_cast<float>(highest - green) / range;
  const float from_blue = static_cast<float>(highest - blue) / range;
  float hue;
  if (red == highest) {
    hue = from_blue - from_green;
  } else if (green == highest) {
    hue = static_cast<float>(2.0 + from_red - from_blue);
  } else {
    hue = static_cast<float>(4.0 + from_green - from_red);
  }
  // hue / 6 lies in -1/6 .. 5/6, so the remainder by 1 needs no division.
  const double turned = hue / 6.0 + 1.0;
  hue = static_cast<float>(turned >= 1.0 ? turned - 1.0 : turned);
  return {static_cast<std::uint8_t>(hue * 255.0), static_cast<std::uint8_t>(saturation * 255.0), highest};
}

// The sector of each hue and how far into it, as Pillow's hsv2rgb computes them.
struct HueSector {
  std::uint8_t sector;  // 0..5
  float remainder;
};

std::array<HueSector, 256> make_hue_sectors() {
  std::array<HueSector, 256> sectors{};
  for (int hue = 0; hue < 256; ++hue) {
    const double position = static_cast<double>(static_cast<float>(hue)) * 6.0 / 255.0;
    const int sector = static_cast<int>(std::floor(position));
    sectors[static_cast<std::size_t>(hue)] = {static_cast<std::uint8_t>(sector % 6),
                                              static_cast<float>(position - static_cast<double>(sector))};
  }
  return sectors;
}

std::uint8_t round_half_up(double positive) {
  return static_cast<std::uint8_t>(std::min(255, static_cast<int>(positive + 0.5)));
}

Rgb to_rgb(Hsv color) {
  static const std::array<HueSector, 256> kSectors = make_hue_sectors();
  if (color.saturation == 0) return {color.value, color.value, color.value};
  const auto [sector, remainder] = kSectors[color.hue];
  const double value = color.value;
  const float saturation = static_cast<float>(static_cast<double>(color.saturation) / 255.0);
  const std::uint8_t low = round_half_up(value * (1.0 - saturation));
  const std::uint8_t falling = round_half_up(value * (1.0 - static_cast<double>(saturation * remainder)));
  const std::uint8_t rising = round_half_up(value * (1.0 - saturation * (1.0 - remainder)));
  switch (sector) {
    case 0:
      return {color.value, rising, low};
    case 1:
      return {falling, color.value, low};
    case 2:
      return {low, color.value, rising};
    case 3:
      return {low, falling, color.value};
    case 4:
      return {rising, low, color.value};
    default:
      return {color.value, low, falling};
  }
}

}  // namespace

Augmentation draw_augmentation(Rng& rng, int width_px, int height_px) {
  Augmentation drawn;
  drawn.brightness = rng.uniform(1 - kBrightnessSpread, 1 + kBrightnessSpread);
  drawn.hue = rng.uniform(-kHueSpread, kHueSpread);
  drawn.hue_first = rng.below(2) == 1;
  // Halves round to even here as in Python's round().
  const double max_right = kMaxShiftWidth * width_px, max_down = kMaxShiftHeight * height_px;
  drawn.shift_right_px = static_cast<int>(std::nearbyint(rng.uniform(-max_right, max_right)));
  drawn.shift_down_px = static_cast<int>(std::nearbyint(rng.uniform(-max_down, max_down)));
  return drawn;
}

void apply(const Augmentation& augmentation, const image::Image& source, image::Image& result) {
  translate(source, augmentation.shift_right_px, augmentation.shift_down_px, result);
  // Black stays black under both colour changes, so they may come after the shift, where a pixel moved out costs none.
  if (augmentation.hue_first) adjust_hue(result, augmentation.hue);
  adjust_brightness(result, augmentation.brightness);
  if (!augmentation.hue_first) adjust_hue(result, augmentation.hue);
}

void adjust_brightness(image::Image& image, double factor) {
  std::array<std::uint8_t, 256> table{};
  const auto blend = static_cast<float>(factor);
  for (std::size_t level = 0; level < table.size(); ++level) {
    table[level] = static_cast<std::uint8_t>(std::clamp(blend * static_cast<float>(level), 0.0f, 255.0f));
  }
  for (auto& level : image.pixels) level = table[level];
}

void adjust_hue(image::Image& image, double shift) {
  // numpy's uint8(shift * 255): truncated, then modulo 256.
  const auto turn = static_cast<std::uint8_t>(static_cast<int>(shift * 255));
  std::array<std::uint8_t, 3> last_in{}, last_out{};
  std::uint8_t* const end = image.pixels.data() + image.pixels.size();
  for (std::uint8_t* pixel = image.pixels.data(); pixel != end; pixel += 3) {
    if (pixel[0] == pixel[1] && pixel[1] == pixel[2]) continue;
    // Drawn images have long runs of one colour.
    if (std::memcmp(pixel, last_in.data(), 3) != 0) {
      std::memcpy(last_in.data(), pixel, 3);
      Hsv hsv = to_hsv({pixel[0], pixel[1], pixel[2]});
      hsv.hue = static_cast<std::uint8_t>(hsv.hue + turn);
      const Rgb turned = to_rgb(hsv);
      last_out = {turned.red, turned.green, turned.blue};
    }
    std::memcpy(pixel, last_out.data(), 3);
  }
}

void translate(const image::Image& source, int shift_right_px, int shift_down_px, image::Image& result) {
  result.width = source.width;
  result.height = source.height;
  result.pixels.assign(source.pixels.size(), 0);
  const int kept_columns = source.width - std::min(std::abs(shift_right_px), source.width);
  if (kept_columns == 0) return;
  const std::size_t from_column = std::size_t{3} * static_cast<std::size_t>(std::max(-shift_right_px, 0));
  const std::size_t to_column = std::size_t{3} * static_cast<std::size_t>(std::max(shift_right_px, 0));
  const int first_row = std::max(shift_down_px, 0);
  const int end_row = std::min(source.height, source.height + shift_down_px);
  for (int y = first_row; y < end_row; ++y) {
    std::memcpy(result.row(y) + to_column, source.row(y - shift_down_px) + from_column,
                std::size_t{3} * static_cast<std::size_t>(kept_columns));
  }
}

}  // namespace checkbox::train
