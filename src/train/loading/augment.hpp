// The reference's training augmentation, on the unpadded RGB8 image: brightness, hue and translation, with the exact
// integer arithmetic of Pillow and torchvision (ColorJitter and RandomAffine on PIL images). Stateless and
// thread-safe; O(pixels).
#pragma once

#include "base/result.hpp"
#include "base/rng.hpp"
#include "image/image.hpp"

namespace checkbox::train {

// What one training image goes through.
struct Augmentation {
  double brightness = 1;   // factor; every channel is multiplied by it and clamped
  double hue = 0;          // shift in turns of the colour circle, -0.5 .. 0.5
  bool hue_first = false;  // else brightness first
  int shift_right_px = 0;  // the pixels that come into view are black
  int shift_down_px = 0;
  friend bool operator==(const Augmentation&, const Augmentation&) = default;
};

inline constexpr double kBrightnessSpread = 0.2;  // factor in 1 -/+ this
inline constexpr double kHueSpread = 0.1;         // shift in -/+ this
inline constexpr double kMaxShiftWidth = 0.1;     // share of the width
inline constexpr double kMaxShiftHeight = 0.2;    // share of the height

// The reference's distributions. The same state of `rng` and size give the same augmentation.
[[nodiscard]] Augmentation draw_augmentation(Rng& rng, int width_px, int height_px);

// Colour first, then translation. `result` keeps its memory between calls; it may not be `source`.
void apply(const Augmentation& augmentation, const image::Image& source, image::Image& result);

// PIL.ImageEnhance.Brightness(image).enhance(factor), in place. factor >= 0.
void adjust_brightness(image::Image& image, double factor);
// torchvision.transforms.functional.adjust_hue on a PIL image, in place. Pillow's 8-bit HSV loses a little colour.
void adjust_hue(image::Image& image, double shift);
// torchvision.transforms.functional.affine with translation alone, nearest, filled with black.
void translate(const image::Image& source, int shift_right_px, int shift_down_px, image::Image& result);

}  // namespace checkbox::train
