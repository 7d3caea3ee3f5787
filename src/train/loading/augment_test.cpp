#include "train/loading/augment.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "base/files.hpp"
#include "base/json.hpp"
#include "image/decode.hpp"
#include "tests/support/support.hpp"

namespace checkbox::train {
namespace {

using image::Image;
using testing::shared_dir;
using testing::TempDir;

Image apply_named(const std::string& operation, const Json& value, const Image& source) {
  Image result = source;
  if (operation == "brightness") adjust_brightness(result, value.get<double>());
  if (operation == "hue") adjust_hue(result, value.get<double>());
  if (operation == "translate") translate(source, value[0].get<int>(), value[1].get<int>(), result);
  return result;
}

Image noise(int width, int height, std::uint64_t seed) {
  Image image{width, height, std::vector<std::uint8_t>(std::size_t{3} * width * height)};
  Rng rng(seed);
  for (auto& level : image.pixels) level = static_cast<std::uint8_t>(rng.below(256));
  return image;
}

// Every colour with a step of 5 per channel, and the ends.
Image many_colours() {
  Image image{52 * 52, 52, {}};
  for (int red = 0; red < 52; ++red) {
    for (int green = 0; green < 52; ++green) {
      for (int blue = 0; blue < 52; ++blue) {
        for (const int level : {red, green, blue}) image.pixels.push_back(static_cast<std::uint8_t>(level * 5));
      }
    }
  }
  return image;
}

TEST(Augment, EqualsTheReferenceImages) {
  CHECKBOX_NEED_SHARED();
  const auto folder = shared_dir() / "reference" / "augment";
  const Json cases = parse_json(read_text(folder / "augment.json").value(), "augment.json").value();
  ASSERT_FALSE(cases.empty());
  for (const Json& one : cases) {
    const auto source = image::load(shared_dir() / "data" / "autify" / one["file"].get<std::string>());
    const auto expected = image::load(folder / one["result"].get<std::string>());
    ASSERT_TRUE(source.ok() && expected.ok()) << one;
    EXPECT_TRUE(apply_named(one["operation"], one["value"], *source) == *expected) << one;
  }
}

TEST(Augment, EqualsTorchvisionOnPillowImages) {
  CHECKBOX_NEED_PYTHON("PIL, torchvision");
  const TempDir dir;
  const std::map<std::string, Image> images{
      {"colours", many_colours()}, {"noise", noise(301, 97, 1)}, {"dot", noise(1, 1, 2)}, {"line", noise(1, 40, 3)}};
  Json jobs = Json::array();
  for (const auto& [name, image] : images) {
    ASSERT_TRUE(write_file(dir.path() / name, image.pixels).ok());
    const auto add = [&](const std::string& operation, const Json& value) {
      jobs.push_back({{"pixels", name},
                      {"width", image.width},
                      {"height", image.height},
                      {"operation", operation},
                      {"value", value},
                      {"result", "result" + std::to_string(jobs.size())}});
    };
    for (const double factor : {0.0, 0.8, 0.83, 0.999, 1.0, 1.0001, 1.17, 1.2}) add("brightness", factor);
    for (const double shift : {-0.5, -0.1, -0.08, -0.003, 0.0, 0.003, 0.0421, 0.06, 0.1, 0.5}) add("hue", shift);
    for (const Json& shift : {Json{0, 0}, Json{5, -7}, Json{-3, 11}, Json{0, 1}, Json{-1, 0}, Json{400, 2}}) {
      add("translate", shift);
    }
  }
  ASSERT_TRUE(write_file(dir.path() / "jobs.json", jobs.dump()).ok());
  const auto judge = testing::run_command("python3 " + (testing::source_dir() / "tests/judges/augment.py").string() +
                                          " " + dir.path().string() + " 2>&1");
  ASSERT_EQ(judge.status, 0) << judge.output;
  for (const Json& job : jobs) {
    const Image& source = images.at(job["pixels"]);
    const auto expected = read_file(dir.path() / job["result"].get<std::string>()).value();
    EXPECT_TRUE(apply_named(job["operation"], job["value"], source).pixels == expected) << job;
  }
}

TEST(Augment, DrawsTheDocumentedRanges) {
  Rng rng(5);
  int hue_first = 0, far_right = 0, far_down = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Augmentation drawn = draw_augmentation(rng, 100, 50);
    ASSERT_GE(drawn.brightness, 0.8);
    ASSERT_LT(drawn.brightness, 1.2);
    ASSERT_GE(drawn.hue, -0.1);
    ASSERT_LT(drawn.hue, 0.1);
    ASSERT_LE(std::abs(drawn.shift_right_px), 10);
    ASSERT_LE(std::abs(drawn.shift_down_px), 10);
    hue_first += drawn.hue_first ? 1 : 0;
    far_right += drawn.shift_right_px >= 5 ? 1 : 0;
    far_down += drawn.shift_down_px <= -5 ? 1 : 0;
  }
  EXPECT_NEAR(hue_first, 10'000, 300);
  EXPECT_NEAR(far_right, 20'000 * 5.5 / 20, 300);
  EXPECT_NEAR(far_down, 20'000 * 5.5 / 20, 300);
}

TEST(Augment, AppliesColourInTheDrawnOrderAndThenShifts) {
  const Image source = noise(64, 48, 9);
  for (const bool hue_first : {false, true}) {
    const Augmentation drawn{
        .brightness = 1.19, .hue = 0.09, .hue_first = hue_first, .shift_right_px = -6, .shift_down_px = 4};
    Image step = source, expected, result;
    if (hue_first) adjust_hue(step, drawn.hue);
    adjust_brightness(step, drawn.brightness);
    if (!hue_first) adjust_hue(step, drawn.hue);
    translate(step, drawn.shift_right_px, drawn.shift_down_px, expected);
    apply(drawn, source, result);
    EXPECT_TRUE(result == expected);
  }
}

}  // namespace
}  // namespace checkbox::train
