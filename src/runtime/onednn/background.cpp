#include "runtime/onednn/background.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace checkbox::runtime::onednn {
namespace {

constexpr std::size_t kMaxChannels = 4;
constexpr std::int64_t kRowStep = 4;  // of the rows that vote for the colour

}  // namespace

bool Background::suits(const ConvSettings& conv) {
  return conv.batch == 1 && conv.groups == 1 && conv.in_channels <= static_cast<std::int64_t>(kMaxChannels);
}

Background::Background(const ConvSettings& conv, std::span<const float> weights, std::span<const float> bias)
    : conv_(conv), bias_(bias.begin(), bias.end()) {
  const auto outputs = static_cast<std::size_t>(conv.out_channels),
             channels = static_cast<std::size_t>(conv.in_channels);
  const auto taps = static_cast<std::size_t>(conv.kernel_height * conv.kernel_width);
  bias_.resize(outputs, 0);
  filter_sums_.resize(channels * outputs, 0);
  for (std::size_t m = 0; m < outputs; ++m) {
    for (std::size_t c = 0; c < channels; ++c) {
      for (const float weight : weights.subspan((m * channels + c) * taps, taps))
        filter_sums_[c * outputs + m] += weight;
    }
  }
}

// Boyer and Moore's majority vote (1981).
void Background::find_colour(const float* input, std::span<float> colour) const {
  const std::int64_t plane = conv_.in_height * conv_.in_width;
  std::int64_t votes = 0;
  for (std::int64_t y = 0; y < conv_.in_height; y += kRowStep) {
    for (const float *pixel = input + y * conv_.in_width, *end = pixel + conv_.in_width; pixel < end; ++pixel) {
      bool same = true;
      for (std::size_t c = 0; c < colour.size(); ++c) same &= pixel[static_cast<std::int64_t>(c) * plane] == colour[c];
      if (votes == 0) {
        for (std::size_t c = 0; c < colour.size(); ++c) colour[c] = pixel[static_cast<std::int64_t>(c) * plane];
        votes = 1;
      } else {
        votes += same ? 1 : -1;
      }
    }
  }
  if (!std::all_of(colour.begin(), colour.end(), [](float value) { return std::isfinite(value); })) {
    std::fill(colour.begin(), colour.end(), 0.0f);
  }
}

void Background::run(const float* input, float* shifted, float* bias) const {
  std::array<float, kMaxChannels> storage{};
  const std::span colour = std::span(storage).first(static_cast<std::size_t>(conv_.in_channels));
  find_colour(input, colour);

  const std::int64_t channels = conv_.in_channels, plane = conv_.in_height * conv_.in_width;
  const std::int64_t width = conv_.pad_left + conv_.in_width + conv_.pad_right;
  const auto fill_padding = [&](std::int64_t pixels) {
    for (; pixels > 0; --pixels) {
      for (const float value : colour) *shifted++ = -value;
    }
  };
  fill_padding(conv_.pad_top * width);
  for (std::int64_t y = 0; y < conv_.in_height; ++y) {
    fill_padding(conv_.pad_left);
    const float* row = input + y * conv_.in_width;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float value = colour[static_cast<std::size_t>(c)];
      for (std::int64_t x = 0; x < conv_.in_width; ++x) shifted[x * channels + c] = row[c * plane + x] - value;
    }
    shifted += conv_.in_width * channels;
    fill_padding(conv_.pad_right);
  }
  fill_padding(conv_.pad_bottom * width);

  for (std::size_t m = 0; m < bias_.size(); ++m) {
    double sum = bias_[m];
    for (std::size_t c = 0; c < colour.size(); ++c) sum += double{colour[c]} * filter_sums_[c * bias_.size() + m];
    bias[m] = static_cast<float>(sum);
  }
}

}  // namespace checkbox::runtime::onednn
