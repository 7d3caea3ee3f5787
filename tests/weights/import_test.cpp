// `checkbox import` end to end: checkpoints become artifacts that the other commands take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/rng.hpp"
#include "runtime/artifact.hpp"
#include "runtime/networks/networks.hpp"
#include "tests/support/support.hpp"
#include "weights/safetensors.hpp"

namespace checkbox {
namespace {

using testing::CommandResult;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TempDir;

CommandResult import(const std::string& arguments) {
  return testing::run_command("'" CHECKBOX_BINARY "' import " + arguments + " 2>&1");
}

weights::WeightFile random_weights(const char* architecture) {
  Rng rng(3);
  weights::WeightFile file;
  const auto expected = runtime::expected_tensors(architecture, 3).value();
  for (const runtime::ExpectedTensor& tensor : expected) {
    std::size_t count = 1;
    for (const std::int64_t extent : tensor.shape) count *= static_cast<std::size_t>(extent);
    std::vector<float> values(count);
    const bool variance = tensor.name.ends_with("running_var");
    for (float& value : values) value = static_cast<float>(variance ? rng.uniform(0.5, 2) : rng.uniform(-0.1, 0.1));
    file.tensors.emplace(tensor.name, weights::Tensor::from_floats(tensor.shape, values));
  }
  return file;
}

class Import : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* architecture : {"baseline", "mobilenet"}) {
      const auto bytes = weights::format_safetensors(random_weights(architecture));
      ASSERT_TRUE(write_file(path(std::string(architecture) + ".safetensors"), bytes).ok());
    }
    ASSERT_TRUE(write_file(path("stats.json"), R"({"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]})").ok());
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (dir_.path() / name).string(); }
  [[nodiscard]] std::string output() const { return path("model.onnx"); }
  [[nodiscard]] CommandResult import_baseline(const std::string& more) const {
    return import("'" + path("baseline.safetensors") + "' --model baseline --output '" + output() + "' " + more);
  }

  TempDir dir_;
};

TEST_F(Import, MakesAnArtifactWithTheReferencesLabels) {
  const auto done = import_baseline("--dataset-stats '" + path("stats.json") + "'");
  ASSERT_EQ(done.status, 0) << done.output;
  EXPECT_THAT(done.output, HasSubstr("239783 parameters"));
  const auto artifact = runtime::read_artifact(output());
  ASSERT_TRUE(artifact.ok()) << artifact.error().message;
  EXPECT_EQ(artifact->metadata.architecture, "baseline");
  EXPECT_THAT(artifact->metadata.labels, ElementsAre("other", "checked", "unchecked"));
  EXPECT_THAT(artifact->metadata.preprocess.mean, ElementsAre(0.1, 0.2, 0.3));
  EXPECT_THAT(artifact->metadata.preprocess.std, ElementsAre(0.4, 0.5, 0.6));
  EXPECT_EQ(artifact->metadata.training["imported_from"], "baseline.safetensors");
}

TEST_F(Import, TheSameWeightsGiveTheSameBytes) {
  ASSERT_EQ(import_baseline("--mean 0.1,0.2,0.3 --std 0.4,0.5,0.6").status, 0);
  const auto first = read_file(output()).value();
  ASSERT_EQ(import_baseline("--dataset-stats '" + path("stats.json") + "'").status, 0);
  EXPECT_EQ(read_file(output()).value(), first);
}

TEST_F(Import, PretrainedNetworksTakeImageNetsStatistics) {
  const auto done =
      import("'" + path("mobilenet.safetensors") + "' --model mobilenet --labels a,b,c --output '" + output() + "'");
  ASSERT_EQ(done.status, 0) << done.output;
  const auto artifact = runtime::read_artifact(output());
  ASSERT_TRUE(artifact.ok()) << artifact.error().message;
  EXPECT_EQ(artifact->metadata.preprocess.mean, image::kImageNetMean);
  EXPECT_EQ(artifact->metadata.preprocess.std, image::kImageNetStd);
  EXPECT_THAT(artifact->metadata.labels, ElementsAre("a", "b", "c"));
}

TEST_F(Import, WrongUsageExitsWithTwoAndWritesNothing) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "--dataset-stats"},
      {"--mean 0.1,0.2,0.3", "--std"},
      {"--mean 0.1,0.2 --std 1,1,1", "--mean '0.1,0.2'"},
      {"--mean 0.1,0.2,x --std 1,1,1", "three numbers"},
      {"--mean 0.1,0.2,0.3 --std 0,1,1", "three positive numbers"},
      {"--mean 0.1,0.2,nan --std 1,1,1", "three numbers"},
      {"--mean 0.1,0.2,0.3 --std 1,1,1 --labels a,b", "names 2 classes, the network has 3"},
      {"--mean 0.1,0.2,0.3 --std 1,1,1 --labels a,b,a", "distinct"},
      {"--mean 0.1,0.2,0.3 --std 1,1,1 --labels a,,b", "distinct"},
  };
  for (const auto& [arguments, message] : cases) {
    const auto failed = import_baseline(arguments);
    EXPECT_EQ(failed.status, 2) << arguments;
    EXPECT_THAT(failed.output, HasSubstr(message)) << arguments;
    EXPECT_FALSE(std::filesystem::exists(output())) << arguments;
  }
  EXPECT_EQ(import("'" + path("baseline.safetensors") + "' --model vgg --output x.onnx").status, 2);
}

TEST_F(Import, FilesThatDoNotFitExitWithOneAndSayWhy) {
  const auto other = import("'" + path("baseline.safetensors") + "' --model mobilenet --output '" + output() + "'");
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.output, HasSubstr("baseline.safetensors: the weights are not those of mobilenet; 260 missing"));
  EXPECT_EQ(import("'" + path("none.pth") + "' --model mobilenet --output '" + output() + "'").status, 1);

  // posix.system("...") as Python would unpickle it.
  const std::string evil_pickle =
      "\x80\x02"
      "cposix\nsystem\nU\x09touch own\x85R.";
  const std::string magic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
  ASSERT_TRUE(write_file(path("evil.pth"), magic + "\x80\x02M\xe9\x03.\x80\x02}." + evil_pickle).ok());
  const auto evil = import("'" + path("evil.pth") + "' --model mobilenet --output '" + output() + "'");
  EXPECT_EQ(evil.status, 1);
  EXPECT_THAT(evil.output, HasSubstr("posix.system"));
  EXPECT_FALSE(std::filesystem::exists(output()));
}

TEST_F(Import, ReferenceCheckpointClassifiesItsImages) {
  CHECKBOX_NEED_SHARED();
  const auto parity = testing::shared_dir() / "reference/parity";
  const auto done =
      import("'" + (parity / "mobilenet.ckpt").string() + "' --model mobilenet --output '" + output() + "'");
  ASSERT_EQ(done.status, 0) << done.output;
  const auto artifact = runtime::read_artifact(output());
  ASSERT_TRUE(artifact.ok()) << artifact.error().message;
  EXPECT_EQ(artifact->metadata.training["checkpoint"]["global_step"], "273");

  // Probabilities: the softmax of the reference's logits for that image.
  const Json document = parse_json(read_text(parity / "parity.json").value(), "parity.json").value();
  const auto logits = document["models"]["mobilenet"]["logits"][0].get<std::vector<double>>();
  double sum = 0;
  for (const double logit : logits) sum += std::exp(logit);
  const auto image = testing::shared_dir() / "data/autify" / document["files"][0].get<std::string>();
  const auto predicted = testing::run_command("'" CHECKBOX_BINARY "' predict '" + image.string() + "' --model '" +
                                              output() + "' --format jsonl");
  ASSERT_EQ(predicted.status, 0) << predicted.output;
  const Json row = parse_json(predicted.output, "predict").value();
  EXPECT_NEAR(row["probabilities"]["other"].get<double>(), std::exp(logits[0]) / sum, 2e-4);
  EXPECT_NEAR(row["probabilities"]["checked"].get<double>(), std::exp(logits[1]) / sum, 2e-4);
  EXPECT_NEAR(row["probabilities"]["unchecked"].get<double>(), std::exp(logits[2]) / sum, 2e-4);
}

}  // namespace
}  // namespace checkbox
