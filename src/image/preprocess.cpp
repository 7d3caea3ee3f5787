#include "image/preprocess.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <vector>

namespace checkbox::image {
namespace {

constexpr int kMaxOutputSide = 4096;  // px; the largest input any known network takes is near 1000

// The two source samples that one output sample lies between, and their weights.
struct Tap {
  int low = 0;  // source index; the other sample is low + 1, unless the source has but one
  float low_weight = 0;
  float high_weight = 0;
};

// numpy's mode="reflect" repeated: 0 1 2 3 2 1 0 1 ..
int reflect(int index, int size) {
  if (size == 1) return 0;
  const int period = 2 * (size - 1);
  index %= period;
  if (index < 0) index += period;
  return index < size ? index : period - index;
}

// Bilinear resampling of `size` samples, reflected by `pad` on each side, to `count`, as torch 1.13's interpolate with
// align_corners=false does it: the scale in single precision, the positions in double.
std::vector<Tap> make_taps(int size, int pad, int count) {
  const int padded = size + 2 * pad;
  const float scale = static_cast<float>(padded) / static_cast<float>(count);
  std::vector<Tap> taps(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    const double position = std::max(0.0, static_cast<double>(scale) * (i + 0.5) - 0.5);
    const int before = std::min(static_cast<int>(position), padded - 1);
    const int after = std::min(before + 1, padded - 1);
    const float weight = static_cast<float>(std::clamp(position - before, 0.0, 1.0));
    const int a = reflect(before - pad, size), b = reflect(after - pad, size);
    Tap& tap = taps[static_cast<std::size_t>(i)];
    if (a < b) {
      tap = {a, 1 - weight, weight};
    } else if (b < a) {
      tap = {b, weight, 1 - weight};
    } else if (a + 1 < size || size == 1) {
      tap = {a, 1, 0};
    } else {
      tap = {a - 1, 0, 1};
    }
  }
  return taps;
}

// value * scale + offset takes a channel from 0..255 to its normalised value.
struct Normalisation {
  std::array<float, 3> scale{};
  std::array<float, 3> offset{};

  explicit Normalisation(const Preprocess& settings) {
    for (std::size_t c = 0; c < 3; ++c) {
      scale[c] = static_cast<float>(1 / (255 * settings.std[c]));
      offset[c] = static_cast<float>(-settings.mean[c] / settings.std[c]);
    }
  }
};

// One source row to [3][width] resampled, normalised samples. `step`: 3 bytes to the next pixel, 0 where there is none.
void resample_row(const std::uint8_t* row, std::size_t step, std::span<const Tap> taps, const Normalisation& norm,
                  float* out) {
  const std::size_t width = taps.size();
  for (std::size_t x = 0; x < width; ++x) {
    const Tap& tap = taps[x];
    const std::uint8_t* low = row + std::size_t{3} * static_cast<std::size_t>(tap.low);
    const std::uint8_t* high = low + step;
    for (std::size_t c = 0; c < 3; ++c) {
      const float value = tap.low_weight * static_cast<float>(low[c]) + tap.high_weight * static_cast<float>(high[c]);
      out[c * width + x] = value * norm.scale[c] + norm.offset[c];
    }
  }
}

}  // namespace

Status preprocess(const Image& image, const Preprocess& settings, std::span<float> output) {
  if (image.width < 1 || image.height < 1 ||
      image.pixels.size() != std::size_t{3} * static_cast<std::size_t>(image.width) * image.height) {
    return error(ErrorCode::kInvalidArgument, "preprocess: an image of {} x {} pixels with {} bytes", image.width,
                 image.height, image.pixels.size());
  }
  if (settings.width < 1 || settings.height < 1 || output.size() != settings.tensor_size()) {
    return error(ErrorCode::kInvalidArgument, "preprocess: an output of {} values for 3 x {} x {}", output.size(),
                 settings.height, settings.width);
  }
  const int side = std::max(image.width, image.height);
  const auto columns = make_taps(image.width, (side - image.width) / 2, settings.width);
  const auto rows = make_taps(image.height, (side - image.height) / 2, settings.height);
  const Normalisation norm(settings);

  // In the order of their source rows, however reflection mixes them, so that each source row is resampled once.
  std::vector<std::uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return rows[a].low < rows[b].low; });

  const std::size_t width = columns.size(), plane = width * rows.size();
  const std::size_t column_step = image.width > 1 ? 3 : 0;
  std::vector<float> buffer(6 * width);
  std::array<float*, 2> resampled{buffer.data(), buffer.data() + 3 * width};  // of source rows held[0], held[1]
  std::array<int, 2> held{-1, -1};
  const auto need = [&](std::size_t slot, int y) {
    if (held[slot] == y) return;
    resample_row(image.row(y), column_step, columns, norm, resampled[slot]);
    held[slot] = y;
  };
  for (const auto y : order) {
    const Tap& tap = rows[y];
    if (held[1] == tap.low) {
      std::swap(held[0], held[1]);
      std::swap(resampled[0], resampled[1]);
    }
    need(0, tap.low);
    if (image.height > 1) need(1, tap.low + 1);
    const float* low = resampled[0];
    const float* high = resampled[image.height > 1 ? 1 : 0];
    for (std::size_t c = 0; c < 3; ++c) {
      float* out = output.data() + c * plane + y * width;
      for (std::size_t x = 0; x < width; ++x) {
        out[x] = tap.low_weight * low[c * width + x] + tap.high_weight * high[c * width + x];
      }
    }
  }
  return {};
}

Json to_json(const Preprocess& settings) {
  return {{"color", "RGB"},       {"padding", "reflect"}, {"size", {settings.height, settings.width}},
          {"resize", "bilinear"}, {"antialias", false},   {"mean", settings.mean},
          {"std", settings.std}};
}

namespace {

Status expect(const Json& document, const char* key, const Json& value) {
  const auto found = document.find(key);
  if (found == document.end()) return error(ErrorCode::kCorrupt, "preprocess: \"{}\" is missing", key);
  if (*found != value) {
    return error(ErrorCode::kCorrupt, "preprocess: \"{}\" is {}, only {} can be done", key, found->dump(),
                 value.dump());
  }
  return {};
}

Result<std::vector<double>> read_numbers(const Json& document, const char* key, std::size_t count) {
  const auto found = document.find(key);
  if (found == document.end()) return error(ErrorCode::kCorrupt, "preprocess: \"{}\" is missing", key);
  const bool numbers = found->is_array() && found->size() == count &&
                       std::all_of(found->begin(), found->end(), [](const Json& item) { return item.is_number(); });
  if (!numbers) {
    return error(ErrorCode::kCorrupt, "preprocess: \"{}\" is {}, {} numbers expected", key,
                 found->dump(-1, ' ', true, Json::error_handler_t::replace), count);
  }
  return found->get<std::vector<double>>();
}

Result<int> read_side(double value) {
  if (value != std::floor(value) || value < 1 || value > kMaxOutputSide) {
    return error(ErrorCode::kCorrupt, "preprocess: \"size\" holds {}, whole numbers from 1 to {} expected", value,
                 kMaxOutputSide);
  }
  return static_cast<int>(value);
}

}  // namespace

Result<Preprocess> preprocess_from_json(const Json& document) {
  if (!document.is_object()) return error(ErrorCode::kCorrupt, "preprocess: not a JSON object");
  CHECKBOX_CHECK(expect(document, "color", "RGB"));
  CHECKBOX_CHECK(expect(document, "padding", "reflect"));
  CHECKBOX_CHECK(expect(document, "resize", "bilinear"));
  CHECKBOX_CHECK(expect(document, "antialias", false));
  CHECKBOX_TRY(const auto size, read_numbers(document, "size", 2));
  CHECKBOX_TRY(const auto mean, read_numbers(document, "mean", 3));
  CHECKBOX_TRY(const auto deviation, read_numbers(document, "std", 3));
  Preprocess settings;
  CHECKBOX_TRY(settings.height, read_side(size[0]));
  CHECKBOX_TRY(settings.width, read_side(size[1]));
  for (std::size_t c = 0; c < 3; ++c) {
    if (!std::isfinite(mean[c]) || !std::isfinite(deviation[c]) || deviation[c] <= 0) {
      return error(ErrorCode::kCorrupt, "preprocess: \"mean\" {} and \"std\" {}: finite and above zero expected",
                   mean[c], deviation[c]);
    }
    settings.mean[c] = mean[c];
    settings.std[c] = deviation[c];
  }
  return settings;
}

}  // namespace checkbox::image
