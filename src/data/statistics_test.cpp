#include "data/statistics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/rng.hpp"
#include "data/dataset_files.hpp"
#include "image/encode.hpp"
#include "tests/support/support.hpp"

namespace checkbox::data {
namespace {

using ::testing::HasSubstr;

void expect_close(const Statistics& actual, const Statistics& expected, double tolerance) {
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(actual.mean[c], expected.mean[c], tolerance) << c;
    EXPECT_NEAR(actual.std[c], expected.std[c], tolerance) << c;
  }
}

image::Image noise(int width, int height, std::uint64_t seed) {
  image::Image image{width, height, std::vector<std::uint8_t>(std::size_t{3} * width * height)};
  Rng rng(seed);
  for (auto& value : image.pixels) value = static_cast<std::uint8_t>(rng.next() % (200 + seed % 56));
  return image;
}

TEST(PixelSums, GiveTheClosedFormOfTwoColours) {
  image::Image image{2, 1, {0, 255, 51, 255, 255, 153}};
  PixelSums sums;
  sums.add(image);
  expect_close(sums.statistics().value(), {{0.5, 1, 0.4}, {0.5, 0, 0.2}}, 1e-15);
}

TEST(PixelSums, AreExactForManyEqualPixels) {
  PixelSums sums;
  const image::Image white{1000, 1000, std::vector<std::uint8_t>(3'000'000, 255)};
  for (int i = 0; i < 20; ++i) sums.add(white);
  EXPECT_EQ(sums.statistics()->mean, (std::array{1.0, 1.0, 1.0}));
  EXPECT_EQ(sums.statistics()->std, (std::array{0.0, 0.0, 0.0}));
}

TEST(PixelSums, NeedAPixel) {
  EXPECT_EQ(PixelSums().statistics().error().code, ErrorCode::kInvalidArgument);
}

TEST(Measure, AgreesWithNumpyForAnyNumberOfThreads) {
  CHECKBOX_NEED_PYTHON("PIL, numpy");
  const testing::TempDir dir;
  std::vector<std::filesystem::path> files;
  std::string command = "python3 " + (testing::source_dir() / "tests/judges/pixel_statistics.py").string();
  for (std::uint64_t i = 0; i < 12; ++i) {
    files.push_back(dir.path() / fmt::format("{}.png", i));
    const auto bytes = image::encode_png(noise(static_cast<int>(300 + 7 * i), 300, i));
    ASSERT_TRUE(write_file(files.back(), *bytes).ok());
    command += " " + files.back().string();
  }
  const auto judge = parse_statistics(testing::run_command(command).output, "judge");
  ASSERT_TRUE(judge.ok()) << judge.error().message;
  const auto one = measure(files, 1);
  ASSERT_TRUE(one.ok()) << one.error().message;
  expect_close(*one, *judge, 1e-12);
  const auto four = measure(files, 4).value();
  EXPECT_EQ(one->mean, four.mean);
  EXPECT_EQ(one->std, four.std);
}

TEST(Measure, NamesTheFirstFileThatDoesNotDecode) {
  const testing::TempDir dir;
  ASSERT_TRUE(write_file(dir.path() / "b.png", "text").ok());
  ASSERT_TRUE(write_file(dir.path() / "c.png", "text").ok());
  const std::vector<std::filesystem::path> files{dir.path() / "b.png", dir.path() / "c.png"};
  EXPECT_THAT(measure(files, 2).error().message, HasSubstr("b.png"));
}

// The reference implementation's published numbers for these 413 images.
TEST(Measure, EqualsTheReferenceOnTheSharedImages) {
  CHECKBOX_NEED_SHARED();
  const auto dataset = load_dataset(testing::shared_dir() / "data/autify");
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  std::vector<std::filesystem::path> files;
  for (const auto& sample : dataset->samples) files.push_back(dataset->path_of(sample));
  ASSERT_EQ(files.size(), 413u);
  const auto statistics = measure(files, 2);
  ASSERT_TRUE(statistics.ok()) << statistics.error().message;
  expect_close(*statistics,
               {{0.6729732497964781, 0.6834957237894208, 0.7182920375409542},
                {0.3859350251033082, 0.3790705548313445, 0.3569582043929959}},
               1e-9);
}

}  // namespace
}  // namespace checkbox::data
