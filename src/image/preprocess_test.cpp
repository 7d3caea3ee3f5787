#include "image/preprocess.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "base/files.hpp"
#include "base/rng.hpp"
#include "image/decode.hpp"
#include "image/resample.hpp"
#include "tests/support/support.hpp"

namespace checkbox::image {
namespace {

using ::testing::HasSubstr;

constexpr float kTolerance = 2e-5F;  // of a normalised value

Image random_image(int width, int height, std::uint64_t seed) {
  Image image{width, height, {}};
  Rng rng(seed);
  image.pixels.resize(std::size_t{3} * static_cast<std::size_t>(width) * height);
  for (auto& value : image.pixels) value = static_cast<std::uint8_t>(rng.below(256));
  return image;
}

std::vector<float> preprocessed(const Image& image, const Preprocess& settings) {
  std::vector<float> output(settings.tensor_size(), std::numeric_limits<float>::quiet_NaN());
  const auto status = preprocess(image, settings, output);
  EXPECT_TRUE(status.ok());
  return output;
}

// The definition, step by step, in double precision.
std::vector<float> by_definition(const Image& image, const Preprocess& settings) {
  const int side = std::max(image.width, image.height);
  const int pad_x = (side - image.width) / 2, pad_y = (side - image.height) / 2;
  const int width = image.width + 2 * pad_x, height = image.height + 2 * pad_y;
  const auto mirrored = [](int index, int size) {
    while (size > 1 && (index < 0 || index >= size)) index = index < 0 ? -index : 2 * (size - 1) - index;
    return size > 1 ? index : 0;
  };
  std::vector<double> padded(std::size_t{3} * static_cast<std::size_t>(width) * height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto* pixel = image.row(mirrored(y - pad_y, image.height)) + 3 * mirrored(x - pad_x, image.width);
      for (int c = 0; c < 3; ++c) padded[3 * (std::size_t(y) * width + x) + c] = pixel[c] / 255.0;
    }
  }
  std::vector<float> output(settings.tensor_size());
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < settings.height; ++y) {
      for (int x = 0; x < settings.width; ++x) {
        const double v = std::max(0.0, (y + 0.5) * height / settings.height - 0.5);
        const double u = std::max(0.0, (x + 0.5) * width / settings.width - 0.5);
        const int y0 = static_cast<int>(v), x0 = static_cast<int>(u);
        const int y1 = std::min(y0 + 1, height - 1), x1 = std::min(x0 + 1, width - 1);
        const auto at = [&](int yy, int xx) { return padded[3 * (std::size_t(yy) * width + xx) + c]; };
        const double top = at(y0, x0) + (u - x0) * (at(y0, x1) - at(y0, x0));
        const double bottom = at(y1, x0) + (u - x0) * (at(y1, x1) - at(y1, x0));
        const auto channel = static_cast<std::size_t>(c);
        output[(channel * settings.height + y) * settings.width + x] =
            static_cast<float>((top + (v - y0) * (bottom - top) - settings.mean[channel]) / settings.std[channel]);
      }
    }
  }
  return output;
}

float largest_difference(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  float largest = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const float difference = std::abs(a[i] - b[i]);
    largest = difference <= largest ? largest : difference;  // NaN sticks
    if (std::isnan(difference)) return difference;
  }
  return largest;
}

struct Size {
  int width, height;
};
constexpr Size kSizes[] = {{1, 1},     {1, 50},    {50, 1},   {3, 50},   {2, 2},     {2, 9},
                           {37, 20},   {20, 37},   {301, 64}, {64, 301}, {224, 224}, {225, 224},
                           {224, 225}, {448, 448}, {2000, 7}, {7, 2000}, {640, 480}};

TEST(Preprocess, EqualsTheDefinitionForOddSizes) {
  for (const auto [width, height] : kSizes) {
    SCOPED_TRACE(std::to_string(width) + " x " + std::to_string(height));
    const Image image = random_image(width, height, 7);
    const Preprocess settings{.mean = kImageNetMean, .std = kImageNetStd};
    // Random pixels side by side magnify an error of the sampling position, which grows with the side: torch and we
    // compute it in single precision, the definition above in double.
    const float tolerance = kTolerance + 2e-6F * static_cast<float>(std::max(width, height));
    EXPECT_LE(largest_difference(preprocessed(image, settings), by_definition(image, settings)), tolerance);
  }
}

TEST(Preprocess, EqualsTheDefinitionForOtherOutputSizes) {
  const Image image = random_image(53, 31, 8);
  for (const auto [width, height] : {Size{1, 1}, Size{5, 3}, Size{32, 64}, Size{299, 299}, Size{17, 1}}) {
    SCOPED_TRACE(std::to_string(width) + " x " + std::to_string(height));
    const Preprocess settings{.width = width, .height = height, .mean = kImageNetMean, .std = kImageNetStd};
    EXPECT_LE(largest_difference(preprocessed(image, settings), by_definition(image, settings)), 2e-4F);
  }
}

TEST(Preprocess, IsBitwiseTheSameWithAndWithoutWideInstructions) {
  const Normalisation normalisation{{0.0171F, 0.0175F, 0.0174F}, {-2.118F, -2.036F, -1.804F}};
  for (const auto [width, height] : kSizes) {
    SCOPED_TRACE(std::to_string(width) + " x " + std::to_string(height));
    const Image image = random_image(width, height, 10);
    for (const int count : {1, 3, 8, 33, 224}) {
      const auto taps = make_taps(width, 5, count);
      Resampler best(image, taps, normalisation),
          portable(image, taps, normalisation, Resampler::Instructions::kPortable);
      const auto size = static_cast<std::size_t>(count);
      std::vector<float> a(3 * size), b(3 * size);
      for (const Tap& tap : make_taps(height, 5, 9)) {
        best.row(tap, size, a.data());
        portable.row(tap, size, b.data());
        ASSERT_EQ(a, b);
      }
    }
  }
}

TEST(Preprocess, LeavesA224SquareAsItIs) {
  const Image image = random_image(224, 224, 9);
  const auto output = preprocessed(image, {});
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    const std::size_t channel = i % 3, pixel = i / 3;
    ASSERT_NEAR(output[channel * 224 * 224 + pixel], static_cast<float>(image.pixels[i]) / 255.0F, 1e-7F);
  }
}

// torchvision's own pad, to_tensor, resize and normalize on the same pixels.
TEST(Preprocess, EqualsTorchvisionForOddSizes) {
  CHECKBOX_NEED_PYTHON("PIL, numpy, torch, torchvision");
  const testing::TempDir folder;
  std::string arguments;
  for (const auto [width, height] : kSizes) {
    const Image image = random_image(width, height, 11);
    const auto path = folder.path() / (std::to_string(width) + "x" + std::to_string(height) + ".ppm");
    std::ofstream file(path, std::ios::binary);
    file << "P6 " << width << " " << height << " 255\n";
    file.write(reinterpret_cast<const char*>(image.pixels.data()), static_cast<std::streamsize>(image.pixels.size()));
    arguments += " " + path.string();
  }
  const auto script = testing::source_dir() / "tests" / "judges" / "preprocess_images.py";
  const auto run = testing::run_command("python3 " + script.string() + " " + folder.path().string() + arguments);
  ASSERT_EQ(run.status, 0) << run.output;
  const auto expected = testing::read_npy(folder.path() / "expected.npy");
  const Preprocess settings{.mean = kImageNetMean, .std = kImageNetStd};
  ASSERT_EQ(expected.values.size(), std::size(kSizes) * settings.tensor_size());
  for (std::size_t i = 0; i < std::size(kSizes); ++i) {
    const auto [width, height] = kSizes[i];
    SCOPED_TRACE(std::to_string(width) + " x " + std::to_string(height));
    const auto output = preprocessed(random_image(width, height, 11), settings);
    const auto tensor = std::span(expected.values).subspan(i * settings.tensor_size(), settings.tensor_size());
    // torch 1.13 keeps the sampling position in double precision, as we do; torch 2 rounds it to single precision.
    const bool same_positions = run.output.starts_with("1.");
    const float tolerance = kTolerance + (same_positions ? 0 : 5e-7F * static_cast<float>(std::max(width, height)));
    EXPECT_LE(largest_difference(output, tensor), tolerance);
  }
}

// The reference implementation's own tensors, of its own files.
void expect_parity(const char* tensors, const Preprocess& settings) {
  const auto parity = testing::shared_dir() / "reference" / "parity";
  const auto text = read_text(parity / "parity.json");
  ASSERT_TRUE(text.ok());
  const auto document = parse_json(*text, "parity.json");
  ASSERT_TRUE(document.ok());
  const auto files = document->at("files").get<std::vector<std::string>>();
  const auto expected = testing::read_npy(parity / tensors);
  ASSERT_EQ(expected.values.size(), files.size() * settings.tensor_size());
  ASSERT_GE(files.size(), 9U);
  for (std::size_t i = 0; i < files.size(); ++i) {
    SCOPED_TRACE(files[i]);
    const auto image = load(testing::shared_dir() / "data" / "autify" / files[i]);
    ASSERT_TRUE(image.ok()) << image.error().message;
    const bool lossy = files[i].ends_with(".jpg");
    const float tolerance = lossy ? 2.0F / 255 / static_cast<float>(settings.std[0]) : kTolerance;
    const auto tensor = std::span(expected.values).subspan(i * settings.tensor_size(), settings.tensor_size());
    EXPECT_LE(largest_difference(preprocessed(*image, settings), tensor), tolerance);
  }
}

TEST(Preprocess, EqualsTheReferenceWithImageNetStatistics) {
  CHECKBOX_NEED_SHARED();
  expect_parity("input_image_net.npy", {.mean = kImageNetMean, .std = kImageNetStd});
}

TEST(Preprocess, EqualsTheReferenceWithDatasetStatistics) {
  CHECKBOX_NEED_SHARED();
  const auto text = read_text(testing::shared_dir() / "data" / "autify" / "ds_stats.json");
  ASSERT_TRUE(text.ok());
  const auto statistics = parse_json(*text, "ds_stats.json");
  ASSERT_TRUE(statistics.ok());
  Preprocess settings;
  settings.mean = statistics->at("mean").get<std::array<double, 3>>();
  settings.std = statistics->at("std").get<std::array<double, 3>>();
  expect_parity("input_baseline.npy", settings);
}

TEST(Preprocess, RefusesAnEmptyImageAndAnotherOutputSize) {
  const Preprocess settings;
  std::vector<float> output(settings.tensor_size());
  EXPECT_EQ(preprocess(Image{}, settings, output).error().code, ErrorCode::kInvalidArgument);
  Image short_of_pixels = random_image(4, 4, 1);
  short_of_pixels.pixels.pop_back();
  EXPECT_EQ(preprocess(short_of_pixels, settings, output).error().code, ErrorCode::kInvalidArgument);
  output.pop_back();
  EXPECT_EQ(preprocess(random_image(4, 4, 1), settings, output).error().code, ErrorCode::kInvalidArgument);
}

TEST(PreprocessJson, ComesBackAsItWent) {
  const Preprocess settings{.width = 96, .height = 64, .mean = {0.1, 0.2, 0.30000000000000004}, .std = {0.5, 1, 2}};
  const auto parsed = parse_json(to_json(settings).dump(), "text");
  ASSERT_TRUE(parsed.ok());
  const auto back = preprocess_from_json(*parsed);
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back, settings);
}

TEST(PreprocessJson, NamesTheKeyThatIsWrong) {
  const std::pair<const char*, Json> wrong[] = {
      {"color", "BGR"},      {"padding", "edge"},  {"resize", "bicubic"},  {"antialias", true},     {"size", {224}},
      {"size", {0, 224}},    {"size", {224, 1e9}}, {"size", {224.5, 224}}, {"size", "224"},         {"mean", {1, 2}},
      {"mean", {1, 2, "3"}}, {"std", {1, 0, 1}},   {"std", {1, -1, 1}},    {"std", Json::object()}, {"color", nullptr},
  };
  for (const auto& [key, value] : wrong) {
    SCOPED_TRACE(std::string(key) + ": " + value.dump());
    Json document = to_json(Preprocess{});
    document[key] = value;
    auto found = preprocess_from_json(document);
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().code, ErrorCode::kCorrupt);
    EXPECT_THAT(found.error().message, HasSubstr(key));
    document.erase(key);
    found = preprocess_from_json(document);
    ASSERT_FALSE(found.ok());
    EXPECT_THAT(found.error().message, HasSubstr(key));
  }
  EXPECT_FALSE(preprocess_from_json(Json::array()).ok());
}

}  // namespace
}  // namespace checkbox::image
