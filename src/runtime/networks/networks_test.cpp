#include "runtime/networks/networks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>

#include "base/rng.hpp"

namespace checkbox::runtime {
namespace {

using ::testing::HasSubstr;

using weights::Tensor;
using weights::TensorMap;

// Tensors of the expected shapes; values so small and variances so large that nothing overflows on the way.
TensorMap random_tensors(std::string_view architecture, std::int64_t classes = 3) {
  Rng rng(11);
  TensorMap tensors;
  const std::vector<ExpectedTensor> all = expected_tensors(architecture, classes).value();
  for (const ExpectedTensor& expected : all) {
    const auto count =
        std::accumulate(expected.shape.begin(), expected.shape.end(), std::int64_t{1}, std::multiplies<>());
    std::vector<float> values(static_cast<std::size_t>(count));
    const bool variance = expected.name.ends_with("running_var");
    for (float& value : values) value = static_cast<float>(variance ? rng.uniform(0.5, 2) : rng.uniform(-0.1, 0.1));
    tensors.emplace(expected.name, Tensor::from_floats(expected.shape, values));
  }
  return tensors;
}

// The reference's counts for three classes.
TEST(Networks, HaveTheReferencesParameterCounts) {
  const auto count = [](std::string_view architecture) { return count_parameters(architecture, 3).value(); };
  EXPECT_EQ(count("baseline").total, 239'783);
  EXPECT_EQ(count("baseline").trainable, 239'783);
  EXPECT_EQ(count("mobilenet").total, 2'480'475);
  EXPECT_EQ(count("mobilenet").trainable, 1'142'683);
  EXPECT_EQ(count("resnet50").total, 23'918'235);
  EXPECT_EQ(count("resnet50").trainable, 3'823'195);
}

TEST(Networks, MoreClassesMakeOnlyTheLastLayerLarger) {
  for (const auto architecture : known_architectures()) {
    EXPECT_EQ(count_parameters(architecture, 5)->total - count_parameters(architecture, 3)->total, 2 * 101);
    const auto graph = build_network(architecture, random_tensors(architecture, 5));
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    EXPECT_EQ(graph->output.shape, (std::vector<std::int64_t>{kDynamic, 5}));
  }
}

TEST(Networks, RefuseAnUnknownArchitectureAndNameTheKnownOnes) {
  const auto result = build_network("vgg", {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(result.error().message, HasSubstr("baseline, mobilenet, resnet50"));
  EXPECT_EQ(expected_tensors("baseline", 0).error().code, ErrorCode::kInvalidArgument);
}

TEST(Networks, RefuseWeightsThatDoNotFitAndListThem) {
  TensorMap tensors = random_tensors("baseline");
  tensors.erase("encoder.3.weight");
  tensors["head.model.2.weight"].shape = {400, 100};
  tensors["stranger\n"] = {};
  const auto result = build_network("baseline", tensors);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(result.error().message, HasSubstr("1 missing: encoder.3.weight"));
  EXPECT_THAT(result.error().message, HasSubstr("1 unexpected: stranger?"));
  EXPECT_THAT(result.error().message, HasSubstr("head.model.2.weight [400, 100] instead of [100, 400]"));
}

TEST(Networks, ListOnlyTheFirstOfManyMisfits) {
  const auto result = build_network("resnet50", random_tensors("baseline"));
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, HasSubstr("265 missing: encoder.conv1.weight, "));
  EXPECT_THAT(result.error().message, HasSubstr(", ..."));
  EXPECT_LT(result.error().message.size(), 1500u);
}

TEST(Networks, NeedNoBatchCounters) {
  TensorMap tensors = random_tensors("mobilenet");
  std::erase_if(tensors, [](const auto& entry) { return entry.first.ends_with("num_batches_tracked"); });
  EXPECT_TRUE(build_network("mobilenet", tensors).ok());
}

TEST(Networks, RefuseWeightsThatAreNotFinite) {
  TensorMap tensors = random_tensors("baseline");
  const float negative = -1;
  std::memcpy(tensors["encoder.4.running_var"].bytes.data(), &negative, sizeof negative);
  const auto result = build_network("baseline", tensors);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(result.error().message, HasSubstr("encoder.3.weight"));
}

TEST(Networks, TakeIntegersForNoWeights) {
  TensorMap tensors = random_tensors("baseline");
  tensors["encoder.0.weight"].dtype = weights::DType::kI32;
  EXPECT_EQ(build_network("baseline", tensors).error().code, ErrorCode::kUnsupported);
}

TEST(Networks, TheEncoderAloneFitsWithoutAHead) {
  TensorMap tensors = random_tensors("resnet50");
  std::erase_if(tensors, [](const auto& entry) { return entry.first.starts_with("head."); });
  EXPECT_FALSE(check_tensors("resnet50", tensors).ok());
  EXPECT_TRUE(check_tensors("resnet50", tensors, Part::kEncoder).ok());
}

TEST(Networks, TorchvisionsNamesBecomeTheReferences) {
  const Tensor any = Tensor::from_floats({}, std::vector<float>{1});
  const TensorMap mobilenet{{"features.0.0.weight", any}, {"classifier.1.bias", any}};
  EXPECT_TRUE(with_reference_names("mobilenet", mobilenet).contains("encoder.features.0.0.weight"));
  EXPECT_EQ(with_reference_names("mobilenet", mobilenet).size(), 1u);
  const TensorMap resnet{{"layer4.2.conv2.weight", any}, {"conv1.weight", any}, {"fc.weight", any}};
  EXPECT_TRUE(with_reference_names("resnet50", resnet).contains("encoder.layer4.2.conv2.weight"));
  EXPECT_EQ(with_reference_names("resnet50", resnet).size(), 2u);
  const TensorMap reference{{"encoder.conv1.weight", any}, {"head.model.2.bias", any}};
  EXPECT_EQ(with_reference_names("resnet50", reference).size(), 2u);
  EXPECT_TRUE(with_reference_names("resnet50", reference).contains("head.model.2.bias"));
}

// y = gamma (w x - mean) / sqrt(var + epsilon) + beta, written out.
TEST(Networks, FoldBatchNormExactlyAsItIsDefined) {
  const TensorMap tensors = random_tensors("baseline");
  const Graph graph = build_network("baseline", tensors).value();
  const auto of = [&](const char* name) { return tensors.find(name)->second.floats(); };
  const auto weight = graph.initializers.find("encoder.3.weight")->second.floats();
  const auto bias = graph.initializers.find("encoder.3.bias")->second.floats();
  const std::size_t per_output = 20 * 3 * 3;
  for (std::size_t i = 0; i < 100; ++i) {
    const double scale = double{of("encoder.4.weight")[i]} / std::sqrt(double{of("encoder.4.running_var")[i]} + 1e-5);
    const double shift = double{of("encoder.4.bias")[i]} - double{of("encoder.4.running_mean")[i]} * scale;
    EXPECT_EQ(bias[i], static_cast<float>(shift));
    for (std::size_t j = 0; j < per_output; ++j) {
      const std::size_t at = i * per_output + j;
      EXPECT_EQ(weight[at], static_cast<float>(of("encoder.3.weight")[at] * scale));
    }
  }
}

}  // namespace
}  // namespace checkbox::runtime
