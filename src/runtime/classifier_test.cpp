#include <checkbox/classifier.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <thread>

#include "base/files.hpp"
#include "image/encode.hpp"
#include "runtime/model.hpp"
#include "tests/support/networks.hpp"
#include "tests/support/support.hpp"

namespace checkbox {
namespace {

using ::testing::HasSubstr;
using testing::kSmallNetwork;
using testing::TempDir;

image::Image random_image(std::uint64_t seed, int width, int height) {
  Rng rng(seed);
  image::Image image{width, height, std::vector<std::uint8_t>(std::size_t{3} * width * height)};
  for (std::uint8_t& value : image.pixels) value = static_cast<std::uint8_t>(rng.below(256));
  return image;
}

class ClassifierTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(runtime::write_artifact(path(), artifact_).ok());
    auto loaded = Classifier::load(path());
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    classifier_ = std::make_unique<Classifier>(std::move(loaded).value());
  }
  [[nodiscard]] std::string path() const { return (dir_.path() / "model.onnx").string(); }

  // By the plain kernels and the definition of softmax.
  [[nodiscard]] std::vector<double> expected_probabilities(const image::Image& image) const {
    std::vector<float> input(artifact_.metadata.preprocess.tensor_size());
    EXPECT_TRUE(image::preprocess(image, artifact_.metadata.preprocess, input).ok());
    const auto model = runtime::Model::compile(artifact_.graph, {.backend = runtime::Backend::kReference}).value();
    std::vector<float> logits(3);
    EXPECT_TRUE(model.run(input, 1, logits).ok());
    std::vector<double> probabilities;
    double total = 0;
    for (const float logit : logits) total += std::exp(logit / artifact_.metadata.temperature);
    for (const float logit : logits) probabilities.push_back(std::exp(logit / artifact_.metadata.temperature) / total);
    return probabilities;
  }

  const TempDir dir_;
  const runtime::Artifact artifact_ = testing::random_artifact(9, kSmallNetwork);
  std::unique_ptr<Classifier> classifier_;
};

void expect_same(const Prediction& a, const Prediction& b) {
  EXPECT_EQ(a.label_index, b.label_index);
  EXPECT_EQ(a.label, b.label);
  EXPECT_EQ(a.confidence, b.confidence);
  EXPECT_EQ(a.probabilities, b.probabilities);
}

TEST_F(ClassifierTest, KnowsItsArtifact) {
  EXPECT_THAT(classifier_->labels(), ::testing::ElementsAre("other", "checked", "unchecked"));
  EXPECT_EQ(classifier_->architecture(), "baseline");
}

TEST_F(ClassifierTest, ProbabilitiesAreTheSoftmaxOfTheReferenceLogits) {
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const image::Image image = random_image(seed, 31 + static_cast<int>(seed), 20);
    const auto prediction = classifier_->classify_pixels(image.pixels, image.width, image.height);
    ASSERT_TRUE(prediction.ok()) << prediction.error().message;
    const auto expected = expected_probabilities(image);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(prediction->probabilities[i], expected[i], 1e-5);
    const auto best = std::ranges::max_element(expected) - expected.begin();
    EXPECT_EQ(prediction->label_index, static_cast<std::size_t>(best));
    EXPECT_EQ(prediction->label, classifier_->labels()[prediction->label_index]);
    EXPECT_EQ(prediction->confidence, prediction->probabilities[prediction->label_index]);
    EXPECT_NEAR(std::accumulate(prediction->probabilities.begin(), prediction->probabilities.end(), 0.0), 1, 1e-6);
  }
}

TEST_F(ClassifierTest, FileBytesAndPixelsGiveTheSame) {
  const image::Image image = random_image(3, 40, 23);
  const auto png = image::encode_png(image).value();
  const auto file = (dir_.path() / "image.png").string();
  ASSERT_TRUE(write_file(file, png).ok());
  const Prediction pixels = classifier_->classify_pixels(image.pixels, 40, 23).value();
  expect_same(classifier_->classify_file(file).value(), pixels);
  expect_same(classifier_->classify_bytes(png).value(), pixels);
}

TEST_F(ClassifierTest, RowsMayBePadded) {
  const image::Image image = random_image(4, 17, 9);
  constexpr std::size_t kRowBytes = 64;
  std::vector<std::uint8_t> padded(kRowBytes * 8 + 17 * 3, 0xee);  // the last row needs no padding
  for (int y = 0; y < 9; ++y) std::copy_n(image.row(y), 17 * 3, padded.begin() + y * kRowBytes);
  expect_same(classifier_->classify_pixels(padded, 17, 9, kRowBytes).value(),
              classifier_->classify_pixels(image.pixels, 17, 9).value());
}

TEST_F(ClassifierTest, PixelsThatDoNotFitAreRefused) {
  const std::vector<std::uint8_t> pixels(300);
  EXPECT_TRUE(classifier_->classify_pixels(pixels, 10, 10).ok());
  for (const auto& [width, height, row] : std::vector<std::tuple<int, int, std::size_t>>{{0, 10, 0},
                                                                                         {10, -1, 0},
                                                                                         {10, 11, 0},
                                                                                         {10, 10, 31},
                                                                                         {10, 10, 29},
                                                                                         {1 << 30, 1 << 30, 0},
                                                                                         {10, 10, SIZE_MAX},
                                                                                         {11, 10, 0}}) {
    const auto result = classifier_->classify_pixels(pixels, width, height, row);
    ASSERT_FALSE(result.ok()) << width << " x " << height << ", " << row;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST_F(ClassifierTest, LimitsAreTheCallers) {
  auto strict = Classifier::load(path(), {.threads = 1, .max_bytes = 100, .max_pixels = 50});
  ASSERT_TRUE(strict.ok());
  const image::Image image = random_image(1, 8, 8);
  EXPECT_EQ(strict->classify_bytes(image::encode_png(image).value()).error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(strict->classify_pixels(image.pixels, 8, 8).error().code, ErrorCode::kLimitExceeded);
}

TEST_F(ClassifierTest, ErrorsNameTheInput) {
  const std::vector<std::uint8_t> text{'h', 'e', 'l', 'l', 'o'};
  EXPECT_THAT(classifier_->classify_bytes(text, "request body").error().message, HasSubstr("request body"));
  EXPECT_THAT(classifier_->classify_file("/none.png").error().message, HasSubstr("/none.png"));
  EXPECT_THAT(Classifier::load("/none.onnx").error().message, HasSubstr("/none.onnx"));
  EXPECT_EQ(Classifier::load(path(), {.threads = 0}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ClassifierTest, LogitsThatAreNotNumbersAreAnError) {
  runtime::Artifact broken = artifact_;
  auto& bias = broken.graph.initializers["logits.bias"];
  const std::vector<float> values{1, NAN, 2};
  bias = weights::Tensor::from_floats({3}, values);
  ASSERT_TRUE(runtime::write_artifact(path(), broken).ok());
  const auto result = Classifier::load(path())->classify_pixels(random_image(1, 8, 8).pixels, 8, 8);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
}

TEST_F(ClassifierTest, EightThreadsGiveTheBitsOfOne) {
  std::vector<image::Image> images;
  std::vector<Prediction> expected;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    images.push_back(random_image(seed, 30 + static_cast<int>(seed), 30));
    expected.push_back(classifier_->classify_pixels(images.back().pixels, images.back().width, 30).value());
  }
  std::vector<int> equal(8, 0);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < equal.size(); ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < 50; ++i) {
          const image::Image& image = images[(i + t) % 10];
          const auto result = classifier_->classify_pixels(image.pixels, image.width, image.height);
          equal[t] += result.ok() && result->probabilities == expected[(i + t) % 10].probabilities ? 1 : 0;
        }
      });
    }
  }
  EXPECT_THAT(equal, ::testing::Each(50));
}

}  // namespace
}  // namespace checkbox
