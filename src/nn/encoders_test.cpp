// The networks with pretrained encoders, judged by torchvision's under the same weights and by the reference's logits.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cstdlib>
#include <string>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/rng.hpp"
#include "nn/model.hpp"
#include "nn/tensors.hpp"
#include "tests/support/support.hpp"
#include "weights/read.hpp"
#include "weights/safetensors.hpp"

namespace checkbox::nn {
namespace {

using testing::shared_dir;
using testing::TempDir;

constexpr std::int64_t kBatch = 4;
constexpr double kLearningRate = 0.00093;
constexpr double kWeightDecay = 0.000001514;

// With LibTorch's operators, whose rounding is Python's: baseline_encoder_test.cpp judges our own kernels.
std::shared_ptr<Model> make(const std::string& architecture, FrozenBatchNorm frozen_batchnorm) {
  return make_model({.architecture = architecture,
                     .class_count = 3,
                     .frozen_batchnorm = frozen_batchnorm,
                     .seed = 3,
                     .own_kernels = false})
      .value();
}

torch::Tensor random_images(std::uint64_t seed) {
  Rng rng(seed);
  auto images = torch::empty({kBatch, 3, 224, 224});
  float* values = images.data_ptr<float>();
  for (std::int64_t i = 0; i < images.numel(); ++i) values[i] = static_cast<float>(rng.uniform(-2, 2));
  return images;
}

std::span<const std::uint8_t> bytes_of(const torch::Tensor& tensor) {
  return {static_cast<const std::uint8_t*>(tensor.data_ptr()), static_cast<std::size_t>(tensor.nbytes())};
}

void switch_off_dropout(Model& model) {
  for (const auto& module : model.modules()) {
    if (auto* dropout = module->as<torch::nn::Dropout>()) dropout->options.p(0);
  }
}

// One step of Adam on cross entropy, as training takes it.
void step(Model& model, const torch::Tensor& images, const torch::Tensor& labels) {
  std::vector<torch::Tensor> trained;
  for (const auto& parameter : model.parameters()) {
    if (parameter.requires_grad()) trained.push_back(parameter);
  }
  torch::optim::Adam adam(trained, torch::optim::AdamOptions(kLearningRate).weight_decay(kWeightDecay));
  torch::nn::functional::cross_entropy(model.forward(images), labels).backward();
  adam.step();
}

// What tests/judges/training.py saves.
weights::TensorMap judge(const TempDir& dir, const std::string& command, const std::string& model,
                         const std::string& arguments) {
  const auto result = dir.path() / "result.pt";
  const auto run =
      testing::run_command("python3 " + (testing::source_dir() / "tests/judges/training.py").string() + " " + command +
                           " " + model + " " + (dir.path() / "state").string() + " " +
                           (dir.path() / "images").string() + " " + arguments + " " + result.string() + " 2>&1");
  EXPECT_EQ(run.status, 0) << run.output;
  auto file = weights::read_weights(result);
  EXPECT_TRUE(file.ok()) << file.error().message;
  return std::move(file).value().tensors;
}

void expect_near(const weights::Tensor& ours, const weights::Tensor& theirs, float tolerance, const std::string& name) {
  ASSERT_EQ(ours.shape, theirs.shape) << name;
  ASSERT_EQ(ours.dtype, theirs.dtype) << name;
  if (ours.dtype != weights::DType::kF32) {
    EXPECT_TRUE(ours.bytes == theirs.bytes) << name;
    return;
  }
  float worst = 0;
  for (std::size_t i = 0; i < ours.floats().size(); ++i) {
    worst = std::max(worst, std::abs(ours.floats()[i] - theirs.floats()[i]));
  }
  EXPECT_LE(worst, tolerance) << name;
}

class Encoders : public ::testing::TestWithParam<const char*> {};

TEST_P(Encoders, OneAdamStepGivesPyTorchsParametersAndStatistics) {
  CHECKBOX_NEED_PYTHON("torch, torchvision");
  const TempDir dir;
  const auto model = make(GetParam(), FrozenBatchNorm::kTrain);
  model->train();
  switch_off_dropout(*model);
  const auto images = random_images(1);
  ASSERT_TRUE(write_file(dir.path() / "images", bytes_of(images)).ok());
  ASSERT_TRUE(write_file(dir.path() / "state",
                         weights::format_safetensors({.tensors = state_of(*model).value(), .metadata = {}}))
                  .ok());
  step(*model, images, torch::tensor({0, 2, 1, 1}, torch::kLong));
  const auto ours = state_of(*model).value();
  const auto theirs = judge(dir, "step", GetParam(), fmt::format("0,2,1,1 {} {} 1", kLearningRate, kWeightDecay));
  ASSERT_EQ(ours.size(), theirs.size());
  for (const auto& [name, tensor] : ours) {
    ASSERT_TRUE(theirs.contains(name)) << name;
    expect_near(tensor, theirs.at(name), 1e-5f, name);
  }
}

TEST_P(Encoders, GivesTorchvisionsLogits) {
  CHECKBOX_NEED_PYTHON("torch, torchvision");
  const TempDir dir;
  const auto model = make(GetParam(), FrozenBatchNorm::kTrain);
  const auto images = random_images(2);
  {
    const torch::NoGradGuard no_grad;  // moves the running statistics away from 0 and 1
    model->train();
    model->forward(random_images(3));
  }
  model->eval();
  ASSERT_TRUE(write_file(dir.path() / "images", bytes_of(images)).ok());
  ASSERT_TRUE(write_file(dir.path() / "state",
                         weights::format_safetensors({.tensors = state_of(*model).value(), .metadata = {}}))
                  .ok());
  const torch::NoGradGuard no_grad;
  const auto ours = to_weights(model->forward(images)).value();
  expect_near(ours, judge(dir, "logits", GetParam(), std::to_string(kBatch)).at("logits"), 1e-4f, "logits");
}

INSTANTIATE_TEST_SUITE_P(Networks, Encoders, ::testing::Values("baseline", "mobilenet", "resnet50"));

TEST(MobileNetV2, HasThePublishedCounts) {
  const auto count = count_parameters(*make("mobilenet", FrozenBatchNorm::kEval));
  EXPECT_EQ(count.total, 2'480'475);
  EXPECT_EQ(count.trainable, 1'142'683);
}

TEST(ResNet50, HasThePublishedCounts) {
  const auto count = count_parameters(*make("resnet50", FrozenBatchNorm::kEval));
  EXPECT_EQ(count.total, 23'918'235);
  EXPECT_EQ(count.trainable, 3'823'195);
}

TEST(MobileNetV2, GivesTheReferencesLogits) {
  CHECKBOX_NEED_SHARED();
  const auto parity = shared_dir() / "reference" / "parity";
  const auto file = weights::read_weights(parity / "mobilenet.ckpt");
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto model = make("mobilenet", FrozenBatchNorm::kEval);
  const auto loaded = load_state(*model, file->tensors, "mobilenet.ckpt");
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  model->eval();
  auto input = testing::read_npy(parity / "input_image_net.npy");
  const Json expected =
      parse_json(read_text(parity / "parity.json").value(), "parity.json").value()["models"]["mobilenet"]["logits"];
  const torch::NoGradGuard no_grad;
  const auto logits = model->forward(torch::from_blob(input.values.data(), input.shape));
  ASSERT_EQ(logits.size(0), static_cast<std::int64_t>(expected.size()));
  for (std::int64_t i = 0; i < logits.size(0); ++i) {
    for (std::int64_t j = 0; j < 3; ++j) {
      EXPECT_NEAR(logits[i][j].item<float>(), expected[i][j].get<float>(), 1e-4) << "image " << i << ", class " << j;
    }
  }
}

TEST(FrozenBatchNorm, KeepsItsStatisticsInEvalModeAndMovesThemInTrainMode) {
  for (const auto mode : {FrozenBatchNorm::kEval, FrozenBatchNorm::kTrain}) {
    const auto model = make("mobilenet", mode);
    const auto before = state_of(*model).value();
    model->train();
    const torch::NoGradGuard no_grad;
    model->forward(random_images(4));
    const auto after = state_of(*model).value();
    const bool moved = before.at("encoder.features.3.conv.3.running_mean").bytes !=
                       after.at("encoder.features.3.conv.3.running_mean").bytes;
    EXPECT_EQ(moved, mode == FrozenBatchNorm::kTrain);
    EXPECT_FALSE(before.at("encoder.features.18.1.running_mean").bytes ==
                 after.at("encoder.features.18.1.running_mean").bytes);
  }
}

}  // namespace
}  // namespace checkbox::nn
