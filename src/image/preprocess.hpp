// RGB8 to the network's input, the one copy that training, evaluation, predict and serve share: reflect-pad to a
// square, to float 0..1, bilinear resize without antialias (half-pixel centres), normalise per channel.
// Thread-safe; the padded image is never made.
#pragma once

#include <array>
#include <span>

#include "base/json.hpp"
#include "base/result.hpp"
#include "image/image.hpp"

namespace checkbox::image {

struct Preprocess {
  int width = 224;   // px
  int height = 224;  // px
  std::array<double, 3> mean{0, 0, 0};
  std::array<double, 3> std{1, 1, 1};  // each > 0

  [[nodiscard]] std::size_t tensor_size() const { return std::size_t{3} * width * height; }
  friend bool operator==(const Preprocess&, const Preprocess&) = default;
};

// ImageNet's statistics, which the pretrained models expect.
inline constexpr std::array<double, 3> kImageNetMean{0.485, 0.456, 0.406};
inline constexpr std::array<double, 3> kImageNetStd{0.229, 0.224, 0.225};

// `output`: [3, height, width] f32, written whole. kInvalidArgument for an empty image or another output size.
[[nodiscard]] Status preprocess(const Image& image, const Preprocess& settings, std::span<float> output);

// As the artifact's metadata holds it:
// {"color":"RGB","padding":"reflect","size":[height,width],"resize":"bilinear","antialias":false,"mean":[..],"std":[..]}
[[nodiscard]] Json to_json(const Preprocess& settings);
// kCorrupt where a key is missing or of another type or value than this code can do; the message names the key.
[[nodiscard]] Result<Preprocess> preprocess_from_json(const Json& document);

}  // namespace checkbox::image
