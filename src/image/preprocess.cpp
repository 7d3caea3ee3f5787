#include "image/preprocess.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string_view>
#include <vector>

#include "image/resample.hpp"

namespace checkbox::image {
namespace {

constexpr int kMaxOutputSide = 4096;  // px; the largest input any known network takes is near 1000

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
  const auto rows = make_taps(image.height, (side - image.height) / 2, settings.height);
  Normalisation normalisation;
  for (std::size_t c = 0; c < 3; ++c) {
    normalisation.scale[c] = static_cast<float>(1 / (255 * settings.std[c]));
    normalisation.offset[c] = static_cast<float>(-settings.mean[c] / settings.std[c]);
  }

  // In the order of their source rows, however reflection mixes them.
  std::vector<std::uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return rows[a].low < rows[b].low; });

  const auto width = static_cast<std::size_t>(settings.width);
  Resampler resampler(image, make_taps(image.width, (side - image.width) / 2, settings.width), normalisation);
  for (const auto y : order) resampler.row(rows[y], width * rows.size(), output.data() + y * width);
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
