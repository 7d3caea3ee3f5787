#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/files.hpp"
#include "base/json.hpp"
#include "nn/model.hpp"
#include "nn/tensors.hpp"
#include "tests/support/support.hpp"
#include "weights/read.hpp"

namespace checkbox::nn {
namespace {

using ::testing::HasSubstr;
using testing::shared_dir;
using testing::TempDir;

std::shared_ptr<Model> make_baseline(std::uint64_t seed = 17) {
  return make_model({.architecture = "baseline", .class_count = 3, .seed = seed}).value();
}

// As NUMBERS and the reference's checkpoint list them.
const std::set<std::string> kBaselineNames{
    "encoder.0.weight",
    "encoder.1.weight",
    "encoder.1.bias",
    "encoder.1.running_mean",
    "encoder.1.running_var",
    "encoder.1.num_batches_tracked",
    "encoder.3.weight",
    "encoder.4.weight",
    "encoder.4.bias",
    "encoder.4.running_mean",
    "encoder.4.running_var",
    "encoder.4.num_batches_tracked",
    "encoder.6.weight",
    "encoder.7.weight",
    "encoder.7.bias",
    "encoder.7.running_mean",
    "encoder.7.running_var",
    "encoder.7.num_batches_tracked",
    "head.model.2.weight",
    "head.model.2.bias",
    "head.model.3.weight",
    "head.model.3.bias",
    "head.model.3.running_mean",
    "head.model.3.running_var",
    "head.model.3.num_batches_tracked",
    "head.model.6.weight",
    "head.model.6.bias",
};

TEST(Baseline, HasTheReferencesNamesAndCounts) {
  const auto model = make_baseline();
  std::set<std::string> names;
  const auto state = state_of(*model).value();
  for (const auto& [name, tensor] : state) names.insert(name);
  EXPECT_EQ(names, kBaselineNames);
  EXPECT_EQ(count_parameters(*model).total, 239'783);
  EXPECT_EQ(count_parameters(*model).trainable, 239'783);
  EXPECT_EQ(state.at("encoder.6.weight").shape, (std::vector<std::int64_t>{200, 100, 3, 3}));
  EXPECT_EQ(state.at("encoder.7.num_batches_tracked").dtype, weights::DType::kI64);
}

TEST(Baseline, GivesTheReferencesLogits) {
  CHECKBOX_NEED_SHARED();
  const auto parity = shared_dir() / "reference" / "parity";
  const auto file = weights::read_weights(parity / "baseline.ckpt");
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto model = make_baseline();
  const auto loaded = load_state(*model, file->tensors, "baseline.ckpt");
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  model->eval();

  auto input = testing::read_npy(parity / "input_baseline.npy");
  const Json expected =
      parse_json(read_text(parity / "parity.json").value(), "parity.json").value()["models"]["baseline"]["logits"];
  const torch::NoGradGuard no_grad;
  const auto logits = model->forward(torch::from_blob(input.values.data(), input.shape));
  ASSERT_EQ(logits.size(0), static_cast<std::int64_t>(expected.size()));
  for (std::int64_t i = 0; i < logits.size(0); ++i) {
    for (std::int64_t j = 0; j < 3; ++j) {
      EXPECT_NEAR(logits[i][j].item<float>(), expected[i][j].get<float>(), 1e-4) << "image " << i << ", class " << j;
    }
  }
}

TEST(Baseline, StartsFromPyTorchsInitialWeights) {
  CHECKBOX_NEED_PYTHON("torch, torchvision");
  const TempDir dir;
  const auto file = dir.path() / "init.pt";
  const auto judge = testing::run_command("python3 " + (testing::source_dir() / "tests/judges/training.py").string() +
                                          " init baseline 5 " + file.string() + " 2>&1");
  ASSERT_EQ(judge.status, 0) << judge.output;
  const auto expected = weights::read_weights(file);
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  const auto state = state_of(*make_baseline(5)).value();
  ASSERT_EQ(state.size(), expected->tensors.size());
  for (const auto& [name, tensor] : state) EXPECT_TRUE(tensor.bytes == expected->tensors.at(name).bytes) << name;
}

TEST(Baseline, IsDrawnFromTheSeedAlone) {
  const auto first = state_of(*make_baseline(1)).value();
  const auto again = state_of(*make_baseline(1)).value();
  const auto other = state_of(*make_baseline(2)).value();
  EXPECT_TRUE(first.at("encoder.0.weight").bytes == again.at("encoder.0.weight").bytes);
  EXPECT_FALSE(first.at("encoder.0.weight").bytes == other.at("encoder.0.weight").bytes);
}

TEST(Model, RefusesAnUnknownArchitectureAndListsTheKnown) {
  const auto model = make_model({.architecture = "alexnet"});
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(model.error().message, HasSubstr("alexnet"));
  EXPECT_THAT(model.error().message, HasSubstr("baseline"));
}

TEST(Model, RefusesASingleClass) {
  EXPECT_FALSE(make_model({.architecture = "baseline", .class_count = 1}).ok());
}

TEST(LoadState, NamesWhatDoesNotFitAndChangesNothing) {
  const auto model = make_baseline();
  const auto before = state_of(*model).value();
  auto state = before;
  state.erase("head.model.6.bias");
  state["fc.weight"] = weights::Tensor::from_floats({1}, std::vector<float>{1});
  state["encoder.0.weight"] = weights::Tensor::from_floats({2, 2}, std::vector<float>(4));
  const auto status = load_state(*model, state, "file.pth");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(status.error().message, HasSubstr("file.pth"));
  EXPECT_THAT(status.error().message, HasSubstr("missing: head.model.6.bias"));
  EXPECT_THAT(status.error().message, HasSubstr("unexpected: fc.weight"));
  EXPECT_THAT(status.error().message, HasSubstr("encoder.0.weight ([2, 2], expected [20, 3, 3, 3])"));
  const auto after = state_of(*model).value();
  for (const auto& [name, tensor] : before) EXPECT_TRUE(tensor.bytes == after.at(name).bytes) << name;
}

TEST(LoadState, TakesBackWhatStateOfGave) {
  const auto source = make_baseline(1), target = make_baseline(2);
  const auto state = state_of(*source).value();
  ASSERT_TRUE(load_state(*target, state, "state").ok());
  const auto taken = state_of(*target).value();
  for (const auto& [name, tensor] : taken) EXPECT_TRUE(tensor.bytes == state.at(name).bytes) << name;
}

TEST(LoadState, ConvertsHalfPrecision) {
  const auto model = make_baseline();
  auto state = state_of(*model).value();
  const auto half = to_weights(torch::full({3}, 0.25, torch::kFloat16)).value();
  state["head.model.6.bias"] = half;
  ASSERT_TRUE(load_state(*model, state, "state").ok());
  const auto loaded = state_of(*model).value().at("head.model.6.bias");
  EXPECT_EQ(loaded.dtype, weights::DType::kF32);
  EXPECT_EQ(loaded.floats()[1], 0.25f);
}

TEST(ToTorch, RefusesBytesThatDoNotFillTheShape) {
  weights::Tensor tensor = weights::Tensor::from_floats({2}, std::vector<float>{1, 2});
  tensor.shape = {3};
  EXPECT_FALSE(to_torch(tensor).ok());
}

}  // namespace
}  // namespace checkbox::nn
